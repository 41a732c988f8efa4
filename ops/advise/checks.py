"""Whether a value, a time or a whole series can be true."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from ops.advise.measures import PERCENT, RATIO, STALE_MINUTES, UP_DAYS, UP_OF_DAYS, Measure
from ops.advise.series import DAY, MINUTE, Sample, Series

_FIRST_YEAR, _LAST_YEAR = 1970, 2999
SLACK = 60.0  # seconds that two clocks may differ by


class Complaint(Exception):  # noqa: N818  it is told as part of an AscentError
    """What is wrong with a metric: at which key, what was given, and what is allowed."""

    def __init__(self, key: str, given: str, allowed: str) -> None:
        super().__init__(f"{key}: given {given}; allowed: {allowed}")
        self.key, self.given, self.allowed = key, given, allowed


def unit(measure: Measure, given: Any) -> None:
    """Refuse another unit than the measure's.

    Raises:
        Complaint: with what to do.
    """
    if given == measure.unit:
        return
    hint = ""
    if measure.unit == PERCENT and str(given).lower() in (RATIO, "1", "fraction", "share"):
        hint = ": multiply each value by 100"
    raise Complaint(".unit", "no unit" if given is None else repr(given), f"{measure.unit} for {measure.name}{hint}")


def statistic(measure: Measure, given: Any, *, needed: bool) -> None:
    """Refuse another statistic than the measure's, and where it is `needed`, none.

    Raises:
        Complaint: with the reason.
    """
    if given == measure.statistic or (given is None and not needed):
        return
    text = "no statistic" if given is None else repr(given)
    raise Complaint(
        ".statistic", text, f"{measure.statistic} for {measure.name}: another one does not say how long it was so"
    )


def number(measure: Measure, given: Any, key: str) -> float:
    """A value of the measure.

    Raises:
        Complaint: where it is no number, or one that cannot be.
    """
    allowed = f"a number from 0 to {measure.most:g} {measure.unit}" if measure.most else "a number of at least 0"
    value = _plain(given)
    if not math.isfinite(value) or value < 0 or (measure.most is not None and value > measure.most):
        raise Complaint(key, f"{given!r} {measure.unit} of {measure.name}", f"{allowed}; null where there is none")
    return value


def seconds(given: Any) -> float:
    """A period.

    Raises:
        Complaint: where it is no number of seconds up to a day.
    """
    value = _plain(given)
    if not 1 <= value <= DAY:
        raise Complaint(".period", repr(given), f"seconds of each value, from 1 to {DAY:g}")
    return value


def _plain(given: Any) -> float:
    """A number of JSON, not a number where it is none: Python also counts True, and reads "1_000"."""
    try:
        return float(given) if type(given) in (int, float) else math.nan
    except OverflowError:
        return math.nan


def instant(given: Any, key: str) -> float:
    """A time, in seconds since 1970.

    Raises:
        Complaint: where it is no time, or one without its time zone.
    """
    allowed = "ISO 8601 with a time zone, such as 2026-12-01T10:00:00Z"
    try:
        found = datetime.fromisoformat(given)
    except (TypeError, ValueError):
        raise Complaint(key, repr(given), allowed) from None
    if found.tzinfo is None:
        raise Complaint(key, f"{given}, which may be any time zone's", allowed)
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise Complaint(key, given, f"a year from {_FIRST_YEAR} to {_LAST_YEAR}")
    return found.timestamp()


def written(time: float) -> str:
    """A time as people read it."""
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%dT%H:%M:%SZ}"


def checked_series(measure: Measure, samples: Sequence[Sample], now: float, *, typed: bool = True) -> Series:
    """The samples as a series, where they can be one.

    Args:
        measure: what they are of.
        samples: the oldest first.
        now: the time of the judgment, in seconds since 1970.
        typed: whether somebody wrote the unit, who may have meant a ratio. AWS does not: with a large most of capacity
            units, of which it is a share, an idle Aurora Serverless v2 is below 1 percent (Amazon Aurora User Guide,
            Important Amazon CloudWatch metrics for Aurora Serverless v2).

    Raises:
        Complaint: where they are out of order, twice there, in the future, too old, too few, or a ratio.
    """
    name = measure.name
    if not samples:
        raise Complaint("", f"no value of {name} that is not null", "leave the metric out where nothing was measured")
    for one, other in pairwise(samples):
        if other.start == one.start:
            raise Complaint("", f"{name} twice at {written(one.start)}", "one value for each time")
        if other.start < one.start:
            raise Complaint("", f"{name} at {written(other.start)} after {written(one.start)}", "the oldest first")
        if other.start < one.end:
            raise Complaint(
                "", f"{name} at {written(other.start)}, while the value before lasts until {written(one.end)}",
                "periods that do not overlap",
            )  # fmt: skip
    series = Series(name, tuple(samples))
    if series.samples[-1].start > now + SLACK:
        last = written(series.samples[-1].start)
        raise Complaint("", f"{name} at {last}, which is in the future", f"times up to {written(now)}")
    if now - series.end > STALE_MINUTES.value * MINUTE:
        raise Complaint(
            "", f"{name} that ends at {written(series.end)}, {_ago(now - series.end)} before {written(now)}",
            f"at most {STALE_MINUTES.value} minutes old; export it again, or judge as of then with --at",
        )  # fmt: skip
    known = [one for one in series.days(now, UP_OF_DAYS.value) if one is not None]
    if len(known) < UP_DAYS.value:
        raise Complaint(
            "", f"{name} on {len(known)} of the last {UP_OF_DAYS.value} days",
            f"{UP_DAYS.value} of them at least, with values for half of each; and a week before, to tell growth",
        )  # fmt: skip
    if typed and measure.never_idle and 0 < max(one.value for one in samples) <= 1:
        raise Complaint("", f"{name} of at most 1 percent for days", "percent, not a ratio: multiply each value by 100")
    return series


def _ago(time: float) -> str:
    return f"{time / DAY:.0f} days" if time >= 2 * DAY else f"{time / MINUTE / MINUTE:.0f} hours"
