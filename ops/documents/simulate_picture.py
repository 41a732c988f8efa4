"""docs/pictures/simulate.svg: the example of docs/simulate.md in charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.documents.picture import Picture
from ops.documents.simulate import STACK, STAGE, TRACE
from ops.stackfile import ROOT

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw() -> Figure:
    """Load and capacity, instances, the database, and the answers, in the hours that matter."""
    from ops.simulate import charts
    from ops.simulate.assumptions import Assumptions
    from ops.simulate.serving import LossTimes
    from ops.simulate.simulation import simulate
    from ops.simulate.stack import of_file
    from ops.simulate.traffic import read

    run = simulate(of_file(STACK, STAGE, None), read(ROOT / TRACE), Assumptions(), LossTimes())
    plots = (charts.load, charts.serving, charts.database, charts.slowness, charts.drops)
    return charts.drawn(run, plots, hours=(8.75, 10.25))


DOCUMENT = Picture(file="docs/pictures/simulate.svg", draw=draw)
