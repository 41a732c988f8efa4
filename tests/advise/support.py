"""Made-up series: a value by hours before the end, or by days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ops.advise.judge import judge
from ops.advise.model import JudgedTrigger, Judgment
from ops.advise.reading import Metrics
from ops.advise.series import DAY, Sample, Series

NOW = datetime(2026, 12, 1, 18, tzinfo=UTC).timestamp()
PERIOD = 600.0
DAYS = 14


def series(measure: str, at: Callable[[float], float], days: float = DAYS, period: float = PERIOD) -> Series:
    """A series whose values follow from the hours that are left until the end."""
    count = int(days * DAY / period)
    starts = (NOW - period * (count - index) for index in range(count))
    return Series(measure, tuple(Sample(start, period, at((NOW - start - period) / 3600)) for start in starts))


def constant(value: float) -> Callable[[float], float]:
    """The same value at all times."""
    return lambda _: value


def since(hours: float, high: float, low: float) -> Callable[[float], float]:
    """`high` in the last hours, `low` before."""
    return lambda left: high if left < hours else low


def judged(stage: int, days: float = DAYS, period: float = PERIOD, **values: Any) -> Judgment:
    """The judgment about these measures, whose names have underscores here: numbers, or functions of hours."""
    made: Mapping[str, Series] = {
        (measure := name.replace("_", "-")): series(measure, at if callable(at) else constant(at), days, period)
        for name, at in values.items()
    }
    return judge(Metrics(made), stage, NOW)


def trigger(found: Judgment, measure: str, stage: int) -> JudgedTrigger:
    """The judged trigger of a measure for a stage."""
    return next(one for one in found.triggers if one.trigger.measure == measure and one.trigger.stage == stage)
