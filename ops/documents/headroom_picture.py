"""The picture in docs/capacity.md: how many times one load each stage's resources take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.stages import STAGES
from ops import stackfile
from ops.capacity.headroom import StageAnswer, answer
from ops.capacity.resources import RESOURCES
from ops.demand import demand_of
from ops.documents.picture import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STACK = "prod"
LOAD = "users=4000,egress=300"
_TIGHT = 2  # times the load: less is a month or two of growth
_TOO_FEW, _LITTLE, _ENOUGH, _NONE = "#f5c9b3", "#fbe8b5", "#cfe8dd", "#f6f8fa"


def draw() -> Figure:
    """A row for each resource, a column for each stage, and in each field how many times the load it takes."""
    from matplotlib.patches import Patch, Rectangle

    from ops.plots import figure

    found = [answer(stackfile.settings(STACK, stage, judged=False), demand_of(LOAD)) for stage in STAGES]
    names = [one.name for one in RESOURCES if any(_factor(each, one.name) is not None for each in found)]
    made, (axes,) = figure(height=0.36 * len(names) + 1.9)
    for column, each in enumerate(found):
        for row, name in enumerate(names):
            factor = _factor(each, name)
            axes.add_patch(Rectangle((column, row), 0.97, 0.94, color=_color(factor)))
            axes.text(column + 0.485, row + 0.48, _text(factor), ha="center", va="center")
    axes.set_xlim(0, len(found))
    axes.set_ylim(len(names), 0)
    axes.set_xticks([column + 0.485 for column in range(len(found))], [_title(each) for each in found])
    axes.set_yticks([row + 0.48 for row in range(len(names))], names)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.grid(visible=False)
    for side in axes.spines.values():
        side.set_visible(False)
    handles = [
        Patch(color=color, label=label)
        for color, label in (
            (_TOO_FEW, "too little for this load"),
            (_LITTLE, f"less than {_TIGHT} times it"),
            (_ENOUGH, "more"),
            (_NONE, "none, or it does not grow with the load"),
        )
    ]
    made.legend(handles=handles, loc="outside lower center", ncols=4)
    made.suptitle("How many times 4,000 users and 300 GB a month each resource takes, with a zone lost")
    return made


def _title(found: StageAnswer) -> str:
    word = "carries it" if found.carried else "does not"
    return f"{found.stage} {STAGES[found.stage].name}\n{word}"


def _factor(found: StageAnswer, name: str) -> float | None:
    """How many times the load it takes; None where the stage has none, or where no limit is published."""
    factor = next((room.factor for room in found.rooms if room.resource.name == name), float("inf"))
    return None if factor == float("inf") else factor


def _color(factor: float | None) -> str:
    if factor is None:
        return _NONE
    return _TOO_FEW if factor < 1 else _LITTLE if factor < _TIGHT else _ENOUGH


def _text(factor: float | None) -> str:
    """Rounded down: what is just too little is not shown as enough."""
    if factor is None:
        return "-"
    if factor >= 10:
        return f"{int(factor):,}x"
    return f"{int(factor * 100 + 1e-6) / 100:g}x" if factor < 1 else f"{int(factor * 10 + 1e-6) / 10:g}x"


DOCUMENT = Picture("docs/pictures/headroom.svg", draw)
