"""A quantity that holds from one change to the next."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ops.simulate.run import Reaching, Surroundings
from ops.simulate.serving import Serving, ServingTimeline
from ops.simulate.traffic import MINUTE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


class Pieces:
    """Values, each from its start, in seconds, to the next one's. The first start is 0."""

    def __init__(self, starts: list[int], values: list[float]) -> None:
        self._starts, self._values = starts, values

    @classmethod
    def of(cls, timeline: ServingTimeline, value: Callable[[Serving], float]) -> Pieces:
        """A value for each change of a timeline."""
        return cls([one.second for one in timeline.changes], [value(one) for one in timeline.changes])

    def times(self, around: Surroundings) -> Pieces:
        """Multiplied by the regions that there are."""
        seconds = sorted({*self._starts, *around.changes})
        return Pieces(seconds, [self._at(one) * around.count(one) for one in seconds])

    def _at(self, second: int) -> float:
        return self._values[bisect_right(self._starts, second) - 1]

    def total(self, end: int) -> float:
        """Value times seconds, to before `end`."""
        return float(self._lengths(end) @ np.array(self._values, dtype=np.float64))

    def minutes(self, end: int) -> Array:
        """The mean of each minute to before `end`, which is a whole one."""
        edges = np.minimum([*self._starts, end], end)
        sums = np.append(0.0, np.cumsum(self._lengths(end) * np.array(self._values, dtype=np.float64)))
        found: Array = np.diff(np.interp(np.arange(0, end + 1, MINUTE), edges, sums)) / MINUTE
        return found

    def array(self, start: int, end: int) -> Array | None:
        """Second by second, from `start` to before `end`; None where it is 0 all along."""
        first = bisect_right(self._starts, start) - 1
        last = bisect_left(self._starts, end)
        if not any(self._values[first:last]):
            return None
        edges = np.clip([*self._starts[first:last], end], start, end)
        return np.repeat(np.array(self._values[first:last], dtype=np.float64), np.diff(edges))

    def reaching(self, end: int) -> Reaching:
        """When and how long it is not 0, to before `end`."""
        on = [(start, length) for start, length, value in self._with_lengths(end) if value and length]
        return Reaching(on[0][0] if on else None, sum(length for _, length in on))

    def _lengths(self, end: int) -> Array:
        return np.diff(np.minimum([*self._starts, end], end)).astype(np.float64)

    def _with_lengths(self, end: int) -> list[tuple[int, int, float]]:
        return [
            (start, int(length), value)
            for start, length, value in zip(self._starts, self._lengths(end), self._values, strict=True)
        ]
