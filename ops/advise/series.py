"""A measure over time, and what it says of a day."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from ops.advise.measures import COVERED, HELD_MINUTES

DAY = 86_400.0  # seconds
MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One value.

    start: when its period begins, in seconds since 1970. seconds: how long that is.
    """

    start: float
    seconds: float
    value: float

    @property
    def end(self) -> float:
        """When its period ends."""
        return self.start + self.seconds


@dataclass(frozen=True, slots=True)
class Series:
    """Samples of one measure, the oldest first, of which no two overlap."""

    measure: str
    samples: tuple[Sample, ...]

    @property
    def end(self) -> float:
        """When the last sample ends."""
        return self.samples[-1].end

    def within(self, since: float, until: float) -> list[Sample]:
        """The samples in this time, cut where they reach out of it."""
        first = bisect_right(self.samples, since, key=attrgetter("end"))
        end = bisect_left(self.samples, until, key=attrgetter("start"))
        return [
            Sample(max(one.start, since), min(one.end, until) - max(one.start, since), one.value)
            for one in self.samples[first:end]
        ]

    def seconds_above(self, limit: float, since: float, until: float) -> float:
        """For how long it was above `limit` in this time."""
        return sum(one.seconds for one in self.within(since, until) if one.value > limit)

    def level(self, since: float, until: float) -> float | None:
        """The most that it was for an hour in total; None where less than half of the time is known."""
        parts = sorted(self.within(since, until), key=lambda one: one.value, reverse=True)
        if sum(one.seconds for one in parts) < (until - since) * COVERED.value / 100:
            return None
        held = 0.0
        for one in parts:
            held += one.seconds
            if held >= HELD_MINUTES.value * MINUTE:
                return one.value
        return None

    def days(self, until: float, count: int) -> list[float | None]:
        """The level of each of the last days, the latest first. A day is 24 hours, counted back from `until`."""
        return [self.level(until - DAY * (age + 1), until - DAY * age) for age in range(count)]


def scaled(series: Series, measure: str, by: float) -> Series:
    """Another measure that follows from this one."""
    return Series(measure, tuple(Sample(one.start, one.seconds, one.value * by) for one in series.samples))


def combined(measure: str, parts: Sequence[Series], how: Callable[[Sequence[float]], float]) -> Series:
    """One series of several, where all of them have a sample of the same time."""
    by_time: list[Mapping[float, Sample]] = [{one.start: one for one in part.samples} for part in parts]
    shared: Iterable[float] = sorted(set.intersection(*(set(one) for one in by_time))) if by_time else ()
    return Series(
        measure,
        tuple(Sample(start, by_time[0][start].seconds, how([one[start].value for one in by_time])) for start in shared),
    )
