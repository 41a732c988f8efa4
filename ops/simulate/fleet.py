"""A fleet of instances over time: what target tracking asks for, and when it is there."""

from __future__ import annotations

import heapq
import math

from infra.thresholds import CPU_TARGET, INSTANCE_WARMUP, REQUESTS_PER_TARGET
from ops.scaling.rules import CPU_POLICY, REQUESTS_POLICY, fleet_rules
from ops.scaling.target_tracking import LOW_SHARE, TargetTracking
from ops.simulate.assumptions import Assumptions
from ops.simulate.serving import LossTimes, Serving, ServingTimeline
from ops.simulate.stack import ZONE_DETECTED, SimulatedFleet
from ops.simulate.traffic import MINUTE

_READY, _WARM, _LOST, _SEEN, _STOCKED = "ready", "warm", "lost", "seen", "stocked"
_MS = 1000


class FleetScaling:
    """The fleet of one region. It begins at rest, with as many instances as the first load needs.

    timeline: what served until now.
    desired: instances that the group is to have.
    at_most: pieces of time in which it had its maximum.
    """

    def __init__(
        self, fleet: SimulatedFleet, zones: int, numbers: Assumptions, lost: LossTimes, first_rate: float
    ) -> None:
        self.fleet, self._zones, self._numbers = fleet, zones, numbers
        self.minimum, self.maximum = fleet.minimum, fleet.maximum
        self.target, self.low_share = float(CPU_TARGET.value), LOW_SHARE.value / 100
        self._tracking = TargetTracking(fleet_rules(fleet.minimum, fleet.maximum))
        needed = math.ceil(first_rate * MINUTE / REQUESTS_PER_TARGET.value)
        self.desired = min(max(needed, fleet.minimum), fleet.maximum)
        self._alive = self._routed = self.desired
        self._warming = 0
        self._stock = self._stock_wanted()
        self._events: list[tuple[int, str, int]] = []
        if lost.zone is not None:
            self._later(lost.zone, _LOST, 0)
        self.timeline = ServingTimeline()
        self._note(0)

    @property
    def per_target(self) -> float:
        """Requests a second with which an instance is at 100 %."""
        return self.fleet.vcpus / (self._numbers.cpu_ms / _MS)

    @property
    def alive(self) -> int:
        """Instances that answer."""
        return self._alive

    @property
    def next_event(self) -> int | None:
        """The second of the next thing that happens by itself."""
        return self._events[0][0] if self._events else None

    def advance(self, now: int) -> bool:
        """Let everything happen that is due until this second. Gives False: no policy waits for any of it."""
        while self._events and self._events[0][0] <= now:
            second, kind, count = heapq.heappop(self._events)
            if kind == _READY:
                self._alive += count
                self._routed += count
                self._later(second + INSTANCE_WARMUP.value, _WARM, count)
            elif kind == _WARM:
                self._warming -= count
            elif kind == _STOCKED:
                self._stock = min(self._stock + count, self._stock_wanted())
            elif kind == _LOST:
                gone = math.ceil(self._alive / self._zones)
                self._alive -= gone
                self._later(second + ZONE_DETECTED, _SEEN, gone)
            else:
                self._routed -= count
                self._launch(second, count)
            self._note(second)
        return False

    def remember(self, now: int, cpu: float | None, requests: float | None) -> None:
        """A minute in which the policies have nothing to change, and of which they only keep the metrics."""
        self._tracking.decide(now, self.desired, self._warming, {CPU_POLICY: cpu, REQUESTS_POLICY: requests})

    def decide(self, now: int, cpu: float | None, requests: float | None) -> None:
        """The end of a minute: the policies see its metrics, in percent and in requests a minute and target."""
        metrics = {CPU_POLICY: cpu, REQUESTS_POLICY: requests}
        wanted = self._tracking.decide(now, self.desired, self._warming, metrics).capacity
        change = wanted - self.desired
        self.desired = wanted
        if change > 0:
            self._launch(now, change)
        elif change < 0:
            self._alive = max(self._alive + change, 0)
            self._routed = max(self._routed + change, 0)
        if change:
            self._note(now)

    def _launch(self, now: int, count: int) -> None:
        numbers = self._numbers
        stocked = min(self._stock, count)
        self._stock -= stocked
        self._warming += count
        if stocked:
            self._later(now + int(numbers.warm_seconds + numbers.target_seconds), _READY, stocked)
            self._later(now + int(numbers.boot_seconds), _STOCKED, stocked)
        if count > stocked:
            self._later(now + int(numbers.boot_seconds + numbers.target_seconds), _READY, count - stocked)

    def _stock_wanted(self) -> int:
        return max(self.fleet.prepared - self.desired, self.fleet.warm)

    def _later(self, second: int, kind: str, count: int) -> None:
        heapq.heappush(self._events, (second, kind, count))

    def _note(self, second: int) -> None:
        counted = max(self.desired, self._routed)
        self.timeline.add(Serving(second, self._alive, self._routed, counted, self.desired))
