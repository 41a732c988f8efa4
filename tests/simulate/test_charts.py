"""Charts: the same bytes each time, and what a reader needs on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ops.simulate.assumptions import Assumptions
from ops.simulate.charts import CHARTS, write
from ops.simulate.run import SimulatedRun
from ops.simulate.serving import LossTimes
from ops.simulate.simulation import simulate
from ops.simulate.traffic import TrafficCurve
from tests.simulate.stacks import database, fleet, pods, stack

DAY = 86_400


def _run(days: int = 1, zone: int | None = 40_000) -> SimulatedRun:
    rates = 20 + 15 * np.sin(np.arange(days * DAY) / DAY * 2 * np.pi)
    made = stack(
        instances=fleet(share=0.5), on_pods=pods(share=0.5, maximum=12), data=database(acus=(1, 16), readers=(1, 4))
    )
    return simulate(made, TrafficCurve("a wave", rates), Assumptions(), LossTimes(zone=zone))


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """All charts of a run."""
    return write(_run(), tmp_path_factory.mktemp("charts"))


def test_two_runs_draw_the_same_bytes(charts: list[Path], tmp_path: Path) -> None:
    first, second = charts, write(_run(), tmp_path)
    assert [one.name for one in first] == [one.name for one in second]
    assert len(first) == 2 * len(CHARTS)
    assert all(one.read_bytes() == other.read_bytes() for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize("name", CHARTS)
def test_each_says_what_it_is_in_which_unit_and_what_is_lost(name: str, charts: list[Path]) -> None:
    text = next(path for path in charts if path.name == f"{name}.svg").read_text()
    words = {
        "load": ("requests a second", "capacity", "load"),
        "serving": ("Instances and pods, those that start among them", "most instances", "most pods"),
        "connections": ("connections", "in use", "at most"),
        "database": ("capacity units", "writer", "each reader", "readers"),
        "answers": ("milliseconds", "objective", "dropped"),
    }[name]
    for word in (*words, "zone lost", "hours from the start", "test at stage 4 on ec2, a wave"):
        assert f">{word}</text>" in text, word


def test_a_long_run_is_shown_in_days_and_few_points(tmp_path: Path) -> None:
    files = {path.name: path for path in write(_run(days=10, zone=None), tmp_path)}
    text = files["load.svg"].read_text()
    assert ">days from the start</text>" in text
    assert len(text) < 300_000
