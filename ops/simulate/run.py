"""What comes of a load over a stack, in numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from infra.thresholds import DATABASE_PROMOTION
from ops.simulate.assumptions import Assumptions
from ops.simulate.requests import CAUSES
from ops.simulate.serving import LossTimes
from ops.simulate.stack import SimulatedStack
from ops.simulate.traffic import TrafficCurve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# What a stack may be at the end of, beside the causes of dropped requests.
ENDS = MappingProxyType(
    {
        "fleet-maximum": "the fleet is at its maximum, and above its CPU target",
        "pods-maximum": "the pods are at their maximum, and above their CPU target",
        "nodes": "pods wait for nodes, which are at their limit",
        "writer-maximum": "the writer is at its maximum capacity",
        "readers-maximum": "the readers are at their maximum, and above their CPU target",
    }
)
LIMITS = MappingProxyType({**CAUSES, **ENDS})


@dataclass(slots=True)
class Reaching:
    """A limit that was reached. first: in which second; None where it never was. seconds: how long in all."""

    first: int | None = None
    seconds: int = 0

    def note(self, now: NDArray[np.bool_], start: int) -> None:
        """In which of these seconds it is, the first of which is `start`."""
        count = int(np.count_nonzero(now))
        self.seconds += count
        if count and self.first is None:
            self.first = start + int(now.argmax())


@dataclass(slots=True)
class SimulatedRun:
    """What came of it. Requests and hours are of all regions together.

    minutes: by column: arrived, served, dropped (requests); capacity (requests a second that the application could
        take); p95 (ms); instances, pods, readers (in all regions); writer, reader (capacity units of one);
        connections, pool (of one region).
    totals: requests arrived, served and slow, which took more than a second; seconds of instances, spot (instances
        on Spot capacity), pods, nodes, readers; acu_seconds of all database instances.
    dropped: requests by cause.
    reached: by limit.
    """

    stack: SimulatedStack
    traffic: TrafficCurve
    numbers: Assumptions
    lost: LossTimes
    minutes: dict[str, Array] = field(default_factory=dict)
    totals: dict[str, float] = field(default_factory=dict)
    dropped: dict[str, float] = field(default_factory=dict)
    reached: dict[str, Reaching] = field(default_factory=dict)


class Surroundings:
    """What is around a region, second by second: others that share the load, and a database that takes writes.

    part: share of all requests that is sent to this region.
    regions: like it.
    astray: share of all requests that is sent to a region that is lost.
    up: 1 where there is a writer, otherwise 0.
    changes: the seconds in which the regions become fewer, and 0.
    """

    def __init__(self, stack: SimulatedStack, numbers: Assumptions, lost: LossTimes, seconds: int) -> None:
        count = stack.regions
        self._stack, self._lost = stack, lost
        self.changes = [0] if lost.region is None else [0, lost.region]
        if lost.zone is None and lost.region is None:
            # The same number all along takes no memory.
            values = (1 / count, float(count), 0.0, 1.0)
            self.part, self.regions, self.astray, self.up = (np.broadcast_to(one, seconds) for one in values)
            return
        self.part, self.regions = np.full(seconds, 1 / count), np.full(seconds, float(count))
        self.astray, self.up = np.zeros(seconds), np.ones(seconds)
        if lost.zone is not None:
            without = numbers.failover_seconds if stack.database.standby else numbers.recreate_seconds
            self.up[lost.zone : lost.zone + int(without)] = 0
        if lost.region is not None:
            self.regions[lost.region :] = count - 1
            if count == 1:
                self.part[lost.region :] = 0
                self.astray[lost.region :] = 1
                return
            seen = lost.region + stack.monitor_seconds
            self.astray[lost.region : seen] = 1 / count
            self.part[seen:] = 1 / (count - 1)
            self.up[lost.region : lost.region + int(numbers.person_seconds) + DATABASE_PROMOTION.value] = 0

    def count(self, second: int) -> int:
        """Regions like it in this second."""
        lost = self._lost.region
        return self._stack.regions - (lost is not None and second >= lost)
