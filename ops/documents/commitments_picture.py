"""The picture in docs/cost.md of from which use a commitment costs less than paying on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.cost.break_even import COMMITMENTS, level_of
from ops.cost.prices import shipped
from ops.documents.picture import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw() -> Figure:
    """On-demand cost by the share of hours, each commitment's as a level line, and where they cross."""
    from ops.plots import COLORS, GREY, figure

    made, (axes,) = figure(height=4.6)
    axes.plot([0, 100], [0, 100], color=GREY, lw=2)
    axes.annotate("on demand", (88, 88), xytext=(8, -8), textcoords="offset points", color=GREY)
    discounts = shipped().discounts
    for name, color in zip(COMMITMENTS, COLORS, strict=False):
        one = discounts[name]
        pays = 100 * (1 - one.share)
        axes.axhline(pays, color=color, lw=1.5)
        axes.plot(pays, pays, "o", color=color, ms=7)
        what = one.on.removesuffix(", nothing upfront")
        axes.annotate(
            f"{what}: {pays:.0f}% of hours, load above {level_of(1 - one.share):.0%} of the peak".replace("%", " %"),
            (109.5, pays),
            xytext=(0, 4),
            textcoords="offset points",
            ha="right",
            color=color,
            fontsize=9,
        )
    axes.set_xlim(40, 110)  # beyond all hours, for the words
    axes.set_xticks(range(40, 101, 10))
    axes.set_ylim(46, 92)
    axes.set_xlabel("hours of the month in which it runs, %")
    axes.set_ylabel("cost, % of on demand around the clock")
    axes.set_title(
        "A commitment with nothing upfront costs the same whether it is used or not: it pays right of the dot"
    )
    return made


DOCUMENT = Picture("docs/pictures/commitments.svg", draw)
