"""Charts of a simulation: load and capacity, what serves, connections, the database, and the answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MultipleLocator

from infra.thresholds import LATENCY_HEALTHY_MS
from ops.errors import AscentError
from ops.plots import BLUE, FORMATS, GREEN, GREY, ORANGE, PURPLE, RED, figure, save
from ops.simulate.run import SimulatedRun
from ops.simulate.traffic import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_MOST_POINTS = 720  # of a line: more than a chart has pixels for
_DAYS_FROM = 3
_TICKS = 13  # at most, and the hours that may be between two
_STEPS = (1 / 12, 0.25, 0.5, 1, 2, 3, 6, 12)
_BIG = 1000
_ROOM = 1.12  # above the highest value, for the legend's sake


class _Chart:
    """What the charts of a run share: its time axis, and how many minutes a point stands for."""

    def __init__(self, run: SimulatedRun, hours: tuple[float, float] | None) -> None:
        self.run, self.stack, self._hours = run, run.stack, hours
        minutes = len(run.minutes["arrived"])
        self._step = 1 if hours else -(-minutes // _MOST_POINTS)
        self._unit, self._words = (HOUR, "hours") if run.traffic.seconds <= _DAYS_FROM * DAY else (DAY, "days")
        starts = np.arange(0, minutes, self._step) * MINUTE
        times = np.append(starts, run.traffic.seconds) / self._unit
        low, high = hours or (0, times[-1])
        self._part = slice(int(np.searchsorted(times, low)), int(np.searchsorted(times, high, side="right")))
        self.times = times[self._part]

    def line(self, name: str, fold: Callable[..., Array] = np.maximum.reduceat) -> Array:
        """A column for a step plot: of the minutes of a point, the most, or what `fold` makes of them."""
        values = self.run.minutes[name]
        folded = fold(values, np.arange(0, len(values), self._step))
        return np.append(folded, folded[-1])[self._part]

    def rate(self, name: str) -> Array:
        """Requests a second of a column that counts them by the minute."""
        return self.line(name) / MINUTE

    def draw(self, axes: Axes, values: Array, color: str, label: str) -> None:
        """A line that holds from one point to the next."""
        axes.step(self.times, values, where="post", color=color, label=label, linewidth=1.4)

    def bound(self, axes: Axes, value: float, label: str) -> None:
        """A dashed line across: a limit of the stack."""
        axes.axhline(value, color=GREY, linestyle="--", linewidth=1.2, label=label)

    def title(self, axes: Axes, text: str, unit: str) -> None:
        """What a plot shows, in which unit, with a legend and what is lost."""
        axes.set_title(text, loc="left")
        axes.set_ylabel(unit)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.4g}" if value < _BIG else f"{value:,.0f}")
        top = axes.get_ylim()[1]
        axes.set_ylim(0, max(top * _ROOM, 1e-9))
        lost = self.run.lost
        for at, what in ((lost.zone, "zone lost"), (lost.region, "region lost")):
            if at is not None:
                axes.axvline(at / self._unit, color=RED, linestyle=":", linewidth=1.2, label=what)
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2, fontsize=9, frameon=False)

    def ends(self, axes: Axes) -> None:
        """The time axis, below the last plot."""
        axes.set_xlabel(f"{self._words} from the start")
        axes.set_xlim(*(self._hours or (0, self.times[-1])))
        if self._unit == HOUR:
            low, high = axes.get_xlim()
            step = next(one for one in _STEPS if (high - low) / one <= _TICKS)
            axes.xaxis.set_major_locator(MultipleLocator(step))
            axes.xaxis.set_major_formatter(lambda at, _: f"{int(at)}:{round(at % 1 * MINUTE):02}")

    @property
    def subject(self) -> str:
        """Whose run it is."""
        return f"{self.stack.name} at stage {self.stack.stage} on {self.stack.runtime}, {self.run.traffic.name}"


def load(chart: _Chart, axes: Axes) -> None:
    """Requests that come, and those that the application could take."""
    chart.draw(axes, chart.line("capacity", np.minimum.reduceat), GREEN, "capacity")
    chart.draw(axes, chart.rate("arrived"), BLUE, "load")
    chart.title(axes, "Load, and what the application can take", "requests a second")


def serving(chart: _Chart, axes: Axes) -> None:
    """Instances and pods, with their maximum."""
    stack = chart.stack
    if stack.fleet is not None:
        chart.draw(axes, chart.line("instances"), BLUE, "instances")
        chart.bound(axes, stack.fleet.maximum * stack.regions, "most instances")
    if stack.pods is not None:
        chart.draw(axes, chart.line("pods"), ORANGE, "pods")
        if stack.fleet is None or stack.fleet.maximum != stack.pods.maximum:
            chart.bound(axes, stack.pods.maximum * stack.regions, "most pods")
    names = [name for name, size in (("instances", stack.fleet), ("pods", stack.pods)) if size is not None]
    chart.title(axes, f"{' and '.join(names).capitalize()}, those that start among them", "number")


def connections(chart: _Chart, axes: Axes) -> None:
    """Connections to the database, and how many there may be."""
    chart.draw(axes, chart.line("pool", np.minimum.reduceat), GREEN, "at most")
    chart.draw(axes, chart.line("connections"), BLUE, "in use")
    chart.title(axes, "Database connections of one region", "connections")


def database(chart: _Chart, axes: Axes) -> None:
    """Capacity of the writer and of a reader."""
    stack = chart.stack
    chart.draw(axes, chart.line("writer"), BLUE, "writer")
    if stack.database.readers is not None:
        chart.draw(axes, chart.line("reader"), ORANGE, "each reader")
    if stack.database.serverless:
        chart.bound(axes, stack.database.max_acu, "at most")
    chart.title(axes, "Aurora's capacity", "capacity units")


def readers(chart: _Chart, axes: Axes) -> None:
    """Readers that answer."""
    bounds = chart.stack.database.readers
    chart.draw(axes, chart.line("readers"), PURPLE, "readers")
    if bounds is not None:
        chart.bound(axes, bounds[1] * chart.stack.regions, "at most")
    chart.title(axes, "Readers that answer", "number")


def slowness(chart: _Chart, axes: Axes) -> None:
    """The 95th percentile of answers, and the objective."""
    chart.draw(axes, chart.line("p95"), BLUE, "p95")
    axes.axhline(LATENCY_HEALTHY_MS.value, color=GREY, linestyle="--", linewidth=1.2, label="objective")
    chart.title(axes, "Answers: 95th percentile", "milliseconds")


def drops(chart: _Chart, axes: Axes) -> None:
    """Requests that get no answer."""
    values = chart.rate("dropped")
    axes.fill_between(chart.times, values, step="post", color=RED, alpha=0.25, linewidth=0)
    chart.draw(axes, values, RED, "dropped")
    if not values.any():
        axes.set_ylim(0, 1)
    chart.title(axes, "Dropped requests", "requests a second")


CHARTS: dict[str, tuple[Callable[[_Chart, Axes], None], ...]] = {
    "load": (load,),
    "serving": (serving,),
    "connections": (connections,),
    "database": (database, readers),
    "answers": (slowness, drops),
}


def drawn(
    run: SimulatedRun, plots: tuple[Callable[[_Chart, Axes], None], ...], hours: tuple[float, float] | None = None
) -> Figure:
    """One chart with these plots below each other: of the whole time, or between these hours of it."""
    chart = _Chart(run, hours)
    made, axes = figure(len(plots), height=2.6 * len(plots) + 0.4)
    for plot, one in zip(plots, axes, strict=True):
        plot(chart, one)
    chart.ends(axes[-1])
    made.suptitle(chart.subject, x=0.01, ha="left", fontsize=12)
    return made


def write(run: SimulatedRun, folder: Path) -> list[Path]:
    """Write all charts as PNG and SVG, and give their paths.

    Raises:
        AscentError: where the directory cannot be written.
    """
    written: list[Path] = []
    for name, plots in CHARTS.items():
        made = drawn(run, plots)
        for ending in FORMATS:
            path = folder / f"{name}{ending}"
            try:
                save(made, path)
            except OSError as error:
                raise AscentError(f"--out: {path}: {error.strerror}; give a directory that can be written") from None
            written.append(path)
    return written
