"""The pods of a Deployment over time: what the HorizontalPodAutoscaler asks for, and when nodes and pods are there."""

from __future__ import annotations

import heapq
import math

from infra.thresholds import POD_CPU_TARGET
from ops.scaling.hpa import SYNC_SECONDS, HorizontalPodAutoscaler
from ops.scaling.pods import CPU, PodGroup, PodState
from ops.scaling.rules import pod_rules
from ops.simulate.assumptions import Assumptions
from ops.simulate.serving import LossTimes, Serving, ServingTimeline
from ops.simulate.stack import NODE_DETECTED, POD_TOLERATION, SimulatedPods

_LOST, _SEEN, _REPLACED = "lost", "seen", "replaced"
_MS = _MILLI = 1000
# What a look sees begins two scrapes before it, and ends one before it: metrics-server, --metric-resolution, is 15 s by
# default, as long as the time between two looks.
WINDOW = SYNC_SECONDS
SEEN_FROM = 2 * WINDOW


class PodScaling:
    """The pods of one region. They begin at rest, with as many as the first load needs.

    timeline: what served until now; its `counted` are the pods that are on a node.
    replicas: pods that the Deployment is to have.
    pending: pods for which the nodes' limit leaves no room.
    """

    def __init__(
        self, pods: SimulatedPods, zones: int, numbers: Assumptions, lost: LossTimes, first_rate: float
    ) -> None:
        self.pods, self._zones, self._numbers = pods, zones, numbers
        self.rules = pod_rules(pods.minimum, pods.maximum, by_memory=False)
        self._scaler = HorizontalPodAutoscaler(self.rules)
        wanted = first_rate * numbers.cpu_ms / (pods.request * POD_CPU_TARGET.value / 100)
        self.replicas = min(max(math.ceil(wanted), pods.minimum), pods.maximum)
        self.pending = max(self.replicas - pods.nodes * pods.each_node, 0)
        self._ready = self._routed = self.replicas - self.pending
        self._dead = 0
        self._fresh: list[tuple[int, int]] = []  # since when ready, and how many: not believed by the autoscaler yet
        self._starting: list[tuple[int, int]] = []  # when they will be ready, and how many
        self._events: list[tuple[int, str, int]] = []
        if lost.zone is not None:
            self._events = [(lost.zone, _LOST, 0)]
        self.timeline = ServingTimeline()
        self._note(0)

    @property
    def per_target(self) -> float:
        """Requests a second with which a pod uses all the CPU that it can have."""
        return self.pods.vcpus / (self._numbers.cpu_ms / _MS)

    @property
    def millicores_a_request(self) -> float:
        """Millicores of a pod, over a window, for each request in it."""
        return self._numbers.cpu_ms / _MS * _MILLI / WINDOW

    def millicores(self, requests: float) -> int:
        """What a pod that answers so many requests in a window uses, in whole millicores."""
        return round(round(requests * self.millicores_a_request, 6))

    @property
    def alive(self) -> int:
        """Pods that answer."""
        return self._ready

    @property
    def at_rest(self) -> bool:
        """Whether all pods are there, and have been for so long that the autoscaler counts them."""
        return not (self._starting or self._fresh or self._dead or self.pending)

    @property
    def next_event(self) -> int | None:
        """The second of the next thing that happens by itself."""
        times = [one[0] for one in self._starting[:1]] + [one[0] for one in self._events[:1]]
        return min(times, default=None)

    def advance(self, now: int) -> None:
        """Let everything happen that is due until this second."""
        while (due := self.next_event) is not None and due <= now:
            if self._starting and self._starting[0][0] == due:
                _, count = heapq.heappop(self._starting)
                self._ready += count
                self._routed += count
                self._fresh.append((due, count))
            else:
                self._happen(*heapq.heappop(self._events))
            self._note(due)

    def _happen(self, second: int, kind: str, count: int) -> None:
        if kind == _LOST:
            self._dead = math.ceil(self._ready / self._zones)
            self._ready -= self._dead
            heapq.heappush(self._events, (second + NODE_DETECTED, _SEEN, self._dead))
            heapq.heappush(self._events, (second + NODE_DETECTED + POD_TOLERATION, _REPLACED, self._dead))
        elif kind == _SEEN:
            self._routed -= min(count, self._routed)
        else:
            gone, self._dead = self._dead, 0
            self._place(second, gone)

    def decide(self, now: int, usage: int) -> int | None:
        """A look of the autoscaler.

        usage: millicores of each pod that was ready, over the window that the look sees.

        Returns what the metrics asked for, before windows, policies and bounds.
        """
        self._fresh = [one for one in self._fresh if one[0] > now - SEEN_FROM]
        fresh = min(sum(count for _, count in self._fresh), self._ready)
        request = {CPU: self.pods.request}
        groups = [PodGroup(count=self._ready - fresh, request=request, usage={CPU: usage})]
        groups.append(PodGroup(count=self._dead, request=request))
        starting = fresh + sum(count for _, count in self._starting)
        groups.append(PodGroup(count=starting, request=request, state=PodState.STARTING))
        groups.append(PodGroup(count=self.pending, request=request, state=PodState.PENDING))
        decision = self._scaler.decide(now, self.replicas, [one for one in groups if one.count])
        change = decision.replicas - self.replicas
        self.replicas = decision.replicas
        if change > 0:
            self._place(now, change)
        elif change < 0:
            self._remove(-change)
        if change:
            self._note(now)
        return decision.proposed

    def _placed(self) -> int:
        return self._ready + sum(count for _, count in self._starting)

    def _place(self, now: int, count: int) -> None:
        """Pods that are new: on nodes with room at once, on new nodes later, and the rest nowhere."""
        pods, numbers, placed = self.pods, self._numbers, self._placed()
        room = math.ceil(placed / pods.each_node) * pods.each_node - placed
        here = min(room, count)
        there = min(pods.nodes * pods.each_node - placed - here, count - here)
        start = int(numbers.pod_seconds + numbers.target_seconds)
        self._start(now + start, here)
        self._start(now + start + int(numbers.node_seconds + numbers.image_seconds), max(there, 0))
        self.pending += count - here - max(there, 0)

    def _start(self, second: int, count: int) -> None:
        if count:
            heapq.heappush(self._starting, (second, count))

    def _remove(self, count: int) -> None:
        """Those without a node go first, then those that start, the last ones first: as ReplicaSets choose."""
        waiting = min(self.pending, count)
        self.pending -= waiting
        count -= waiting
        for second, starting in sorted(self._starting, reverse=True):
            if count:
                self._starting.remove((second, starting))
                self._start(second, max(starting - count, 0))
                count -= min(starting, count)
        heapq.heapify(self._starting)
        self._ready = max(self._ready - count, 0)
        self._routed = max(self._routed - count, 0)

    def _note(self, second: int) -> None:
        self.timeline.add(Serving(second, self._ready, self._routed, self._placed() + self._dead, self.replicas))
