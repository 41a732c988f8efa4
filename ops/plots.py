"""Plots: one look for all of them, and files that are the same bytes each time they are drawn.

matplotlib takes most of a second to import: import this module where a plot is drawn, not when a command starts.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

mpl.use("Agg")  # draws to files; needs no screen

from matplotlib.figure import Figure  # (after the backend is chosen)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito, Color Universal Design (2008): told apart by readers with any kind of color vision.
BLUE, ORANGE, GREEN, RED = "#0072b2", "#e69f00", "#009e73", "#d55e00"
PURPLE, SKY, YELLOW, GREY = "#cc79a7", "#56b4e9", "#f0e442", "#7f7f7f"
COLORS = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW, GREY)
FORMATS = (".png", ".svg")
_STYLE: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#8c959f",
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "font.size": 10,
    "grid.color": "#d8dee4",
    "legend.frameon": False,
    "svg.fonttype": "none",  # text stays text: it can be searched, and read aloud
    "svg.hashsalt": "ascent",  # the same ids each time
}

# For the process: titles and legends look it up when they are set.
mpl.rcParams.update(_STYLE)


def figure(rows: int = 1, *, width: float = 9.6, height: float | None = None) -> tuple[Figure, list[Axes]]:
    """An empty figure with `rows` plots below each other that share their x axis, and those plots.

    width, height: inches, of 100 pixels each; without a height, 2.4 for each row.
    """
    made = Figure(figsize=(width, height or 2.4 * rows), layout="constrained", facecolor="white")
    axes = made.subplots(rows, 1, sharex=True, squeeze=False)
    return made, [row[0] for row in axes]


def save(made: Figure, path: Path) -> None:
    """Write a figure as PNG or SVG, by the ending of `path`. Two writes of one figure give the same bytes.

    Raises:
        ValueError: where the ending is neither.
    """
    if path.suffix not in FORMATS:
        raise ValueError(f"{path.name}: a plot is written as {' or '.join(FORMATS)}")
    metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    made.savefig(path, dpi=100, metadata=metadata)
