"""docs/pictures/advise.svg: growth and an incident beside the thresholds of a move up and of one down."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.triggers import TRIGGERS
from ops.advise.judge import judge
from ops.advise.measures import UP_OF_DAYS, lower
from ops.advise.model import Judgment
from ops.advise.reading import Metrics, read
from ops.advise.series import DAY, Series
from ops.documents.advise import AT
from ops.documents.picture import Picture
from ops.stackfile import ROOT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TEXT = "#57606a"
LABEL = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5}
STAGE, MEASURE = 2, "database-cpu"
LIMIT = next(one.above.value for one in TRIGGERS if one.measure == MEASURE and one.stage > STAGE)
SHOWN = {"traffic-doubles": "More requests", "incident": "As many requests as before"}
FOUND = {True: "An incident: docs/procedures.md, and no other stage", False: "Growth: stage {}"}


def draw() -> Figure:
    """Requests and the database's CPU of both, with what is said of them."""
    from ops.plots import figure

    made, axes = figure(2 * len(SHOWN), height=8.4)
    now = datetime.fromisoformat(AT).astimezone(UTC).timestamp()
    for index, (name, says) in enumerate(SHOWN.items()):
        metrics = read(ROOT / "examples" / "metrics" / f"{name}.json", now)
        found = judge(metrics, STAGE, now)
        _load(axes[2 * index], metrics, now, f"{says}, per minute ({name}.json)")
        _cpu(axes[2 * index + 1], metrics, now, found)
    axes[-1].set_xlabel("days before the judgment")
    axes[-1].set_xlim(-10, 0)
    days = range(-10, 1)
    axes[-1].set_xticks(days, [str(-day) for day in days])
    return made


def _points(series: Series, now: float) -> tuple[list[float], list[float]]:
    return [(one.start - now) / DAY for one in series.samples], [one.value for one in series.samples]


def _load(axes: Axes, metrics: Metrics, now: float, title: str) -> None:
    from ops.plots import BLUE

    axes.plot(*_points(metrics.series["requests"], now), color=BLUE, linewidth=1)
    axes.set_ylim(bottom=0)
    axes.set_title(title, loc="left")


def _cpu(axes: Axes, metrics: Metrics, now: float, found: Judgment) -> None:
    from ops.plots import BLUE, GREEN, GREY, ORANGE, RED

    axes.axhspan(lower(LIMIT), LIMIT, color=GREY, alpha=0.15, linewidth=0)
    for age, level in enumerate(metrics.series[MEASURE].days(now, UP_OF_DAYS.value)):
        if level is not None and level > LIMIT:
            axes.axvspan(-age - 1, -age, color=ORANGE, alpha=0.25, linewidth=0)
            axes.text(-age - 0.5, 105, "an hour\nabove", ha="center", va="center", color=TEXT, fontsize=8)
    axes.plot(*_points(metrics.series[MEASURE], now), color=BLUE, linewidth=1.2)
    axes.axhline(LIMIT, color=RED, linewidth=1)
    axes.axhline(lower(LIMIT), color=GREEN, linewidth=1)
    for height, text, color in (
        (LIMIT + 4, f"up: above {LIMIT} for an hour on two of three days", RED),
        (LIMIT - 13, "between the two, nothing moves", TEXT),
        (2, f"down: at most {lower(LIMIT):.0f} for a week", GREEN),
    ):
        axes.text(-9.9, height, text, color=color, fontsize=9, bbox=LABEL)
    axes.set_ylim(0, 122)
    axes.set_title(f"Database CPU, percent. {FOUND[bool(found.incidents)].format(found.recommended)}", loc="left")


DOCUMENT = Picture("docs/pictures/advise.svg", draw)
