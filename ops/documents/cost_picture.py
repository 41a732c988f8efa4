"""The picture in docs/cost.md of what each stage costs by its load, and where one stage ends and the next begins."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from infra.stages import STAGES
from ops import stackfile
from ops.capacity.headroom import answer, users_at
from ops.cost.break_even import at_load
from ops.cost.span import CostSpan
from ops.demand import Demand, derived
from ops.documents.picture import Picture
from ops.engine.render import RenderedStack, render

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STACK = "prod"
_LEAST = 20  # users
_POINTS = 60


@cache
def plan(stage: int) -> RenderedStack:
    """The stack's resources at a stage."""
    return render(stackfile.settings(STACK, stage), STACK)


def cost(stage: int, wants: Demand) -> CostSpan:
    """What the stack costs at a stage and a load."""
    return at_load(plan(stage), stackfile.settings(STACK, stage), wants).cost


def most(stage: int) -> int:
    """The most users that the stack carries at a stage."""
    wants = derived({"users": 100})
    first = answer(stackfile.settings(STACK, stage), wants).first
    return (users_at(wants, first.factor) if first else None) or 0


def draw() -> Figure:
    """A band for each stage, from the least to the most of a month, up to the users that it carries."""
    from ops.plots import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, figure

    made, (axes,) = figure(height=5.4)
    for stage, color in zip(STAGES, (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, GREY), strict=True):
        end = most(stage)
        users = [_LEAST * (end / _LEAST) ** (step / _POINTS) for step in range(_POINTS + 1)]
        spans = [cost(stage, derived({"users": one})) for one in users]
        axes.fill_between(users, [one.low for one in spans], [one.high for one in spans], color=color, alpha=0.22, lw=0)
        middles = [(one.low + one.high) / 2 for one in spans]
        axes.plot(users, middles, color=color, lw=2)
        axes.plot(users[-1], middles[-1], "o", color=color, ms=6)
        axes.annotate(
            f"{stage} {STAGES[stage].name}\nto {end:,}",
            (users[-1], middles[-1]),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            color=color,
            fontsize=9,
            fontweight="bold",
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(_LEAST, 100_000)
    axes.set_xlabel("concurrent users; the rest of the load derived from them")
    axes.set_ylabel("US dollars a month")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_yticks([200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000])
    axes.minorticks_off()
    axes.set_title("A stage's month by its load: from an average hour to the busiest around the clock")
    return made


DOCUMENT = Picture("docs/pictures/cost-by-load.svg", draw)
