"""From the least to the most of something: every quantity and every sum of money here is one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A range, both ends inclusive. Its unit is its owner's."""

    low: float
    high: float

    def __add__(self, other: Span) -> Span:
        return Span(self.low + other.low, self.high + other.high)

    def __mul__(self, other: Span | float) -> Span:
        """Each end times the other's same end: quantities that grow together, as load and capacity do."""
        if isinstance(other, Span):
            return Span(self.low * other.low, self.high * other.high)
        return Span(self.low * other, self.high * other)

    __rmul__ = __mul__

    def at_least(self, least: float) -> Span:
        """This range, with no end below `least`."""
        return Span(max(self.low, least), max(self.high, least))


NOTHING = Span(0, 0)


def exactly(value: float) -> Span:
    """A range of one value."""
    return Span(value, value)


def total(spans: Iterable[Span]) -> Span:
    """The sum of ranges."""
    return sum(spans, NOTHING)
