"""A range from least to most: every quantity and every sum of money here is one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CostSpan:
    """A range, both ends inclusive. The unit is that of the field that holds it."""

    low: float
    high: float

    def __add__(self, other: CostSpan) -> CostSpan:
        return CostSpan(self.low + other.low, self.high + other.high)

    def __mul__(self, other: CostSpan | float) -> CostSpan:
        """Least times least and most times most: for quantities that grow together, as load and capacity do."""
        if isinstance(other, CostSpan):
            return CostSpan(self.low * other.low, self.high * other.high)
        return CostSpan(self.low * other, self.high * other)

    __rmul__ = __mul__

    def at_least(self, least: float) -> CostSpan:
        """This range, with no end below `least`."""
        return CostSpan(max(self.low, least), max(self.high, least))

    def within(self, bounds: CostSpan) -> CostSpan:
        """This range, with no end outside `bounds`."""
        return CostSpan(*(min(max(end, bounds.low), bounds.high) for end in (self.low, self.high)))


NOTHING = CostSpan(0, 0)


def exactly(value: float) -> CostSpan:
    """A range of one value."""
    return CostSpan(value, value)


def total(spans: Iterable[CostSpan]) -> CostSpan:
    """The sum of ranges."""
    return sum(spans, NOTHING)


def dollars(span: CostSpan) -> str:
    """US dollars as text, without cents: `$949 to $17,971`, or one number where both ends are the same."""
    same = round(span.low) == round(span.high)
    return f"${span.high:,.0f}" if same else f"${span.low:,.0f} to ${span.high:,.0f}"
