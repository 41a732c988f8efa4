"""Where a condition changes, found by halving."""

from __future__ import annotations

from collections.abc import Callable


def halved(holds: Callable[[float], bool], low: float, high: float, times: int) -> tuple[float, float]:
    """The ends of what is left of an interval after so many halvings: at the first `holds` is true, at the second not.

    Args:
        holds: true up to some value, and false from there on.
        low, high: a value at which it is true, and a larger one at which it is not.
        times: how often the interval is halved; 60 leave less of it than a number has digits.
    """
    for _ in range(times):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low, high
