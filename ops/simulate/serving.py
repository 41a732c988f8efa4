"""What serves over time: how many targets the balancer sends requests to, and how many of those answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class LossTimes:
    """What is lost, and in which second: a zone of each region's three, or the region that takes the writes."""

    zone: int | None = None
    region: int | None = None


class Serving(NamedTuple):
    """From this second on.

    alive: targets that answer. routed: targets that requests are sent to, with those not yet seen to be lost.
    counted: targets that exist and cost, those still starting among them.
    wanted: targets that the autoscaler asks for.
    """

    second: int
    alive: int
    routed: int
    counted: int
    wanted: int


class ServingTimeline:
    """All changes, in order."""

    def __init__(self) -> None:
        self.changes: list[Serving] = []

    def add(self, now: Serving) -> None:
        """What serves from that second on. Of several changes in one second, the last counts."""
        second = now.second
        if self.changes and self.changes[-1].second == second:
            self.changes[-1] = now
        elif not self.changes or self.changes[-1][1:] != now[1:]:
            self.changes.append(now)

    def between(self, start: int, end: int) -> list[tuple[int, int, Serving]]:
        """The pieces of these seconds, each from its first second to before its last, in order."""
        pieces: list[tuple[int, int, Serving]] = []
        stop = end
        for one in reversed(self.changes):
            first = max(one.second, start)
            if first < stop:
                pieces.append((first, stop, one))
                stop = first
            if stop <= start:
                break
        return pieces[::-1]

    def array(self, field: str, seconds: int) -> NDArray[np.float64]:
        """A field of `Serving`, second by second."""
        import numpy as np

        starts = [min(one.second, seconds) for one in self.changes]
        lengths = np.diff([*starts, seconds])
        return np.repeat(np.array([getattr(one, field) for one in self.changes], dtype=np.float64), lengths)
