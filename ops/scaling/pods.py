"""Pods as the HorizontalPodAutoscaler sees them: one by one, or many that are alike as a group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

CPU, MEMORY = "cpu", "memory"


class PodState(Enum):
    """How the autoscaler counts a pod.

    Kubernetes, k8s.io/kubernetes v1.36.3, pkg/controller/podautoscaler/replica_calculator.go: groupPods.
    """

    RUNNING = "running"
    """It counts with what it uses, or as missing where there is no figure."""
    STARTING = "starting"
    """It runs, but its CPU is not believed yet: it counts as not ready for CPU, and as running for all else."""
    PENDING = "pending"
    """It has no node or no container yet: not ready for every metric."""
    ENDING = "ending"
    """It is deleted or has failed: it does not count at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodGroup:
    """Pods that are alike.

    count: how many.
    request: what each has asked for, by resource, in whole millicores or thousandths of a byte. A resource that a
        metric needs and that is not here makes that metric fail, as upstream.
    usage: what each uses, in the same units. A resource that is not here is a missing figure.
    """

    count: int
    request: Mapping[str, int]
    usage: Mapping[str, int] = field(default_factory=dict)
    state: PodState = PodState.RUNNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A figure of one pod.

    value: whole millicores, or thousandths of a byte.
    at: end of the window that it is over, in seconds of the same clock as `decide`'s.
    window: its length in seconds; metrics-server's is the time between two scrapes, about 15 s.
    """

    value: int
    at: float
    window: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedPod:
    """One pod.

    request: as in PodGroup.
    usage: figures by resource.
    started: when the kubelet took it; None before.
    ready: its condition Ready; None where it has none yet.
    ready_since: when that condition last changed.
    pending, failed: its phase; neither is running.
    deleted: whether it is on its way out.
    """

    request: Mapping[str, int]
    usage: Mapping[str, Measurement] = field(default_factory=dict)
    started: float | None = None
    ready: bool | None = None
    ready_since: float = 0.0
    pending: bool = False
    failed: bool = False
    deleted: bool = False

    def as_group(self, now: float, initialization: float, readiness_delay: float) -> PodGroup:
        """As the autoscaler counts it at a time. The periods are `HpaRules`' of the same names."""
        return PodGroup(
            count=1,
            request=self.request,
            usage={resource: figure.value for resource, figure in self.usage.items()},
            state=self._state(now, initialization, readiness_delay),
        )

    def _state(self, now: float, initialization: float, readiness_delay: float) -> PodState:
        if self.deleted or self.failed:
            return PodState.ENDING
        if self.pending:
            return PodState.PENDING
        figure = self.usage.get(CPU)
        if figure is None:
            return PodState.RUNNING
        if self.ready is None or self.started is None:
            return PodState.STARTING
        if self.started + initialization > now:
            # Young: its figure counts from the first window that is wholly after it got ready.
            early = not self.ready or figure.at < self.ready_since + figure.window
        else:
            # Later, what is not ready counts unless it has never been ready.
            early = not self.ready and self.started + readiness_delay > self.ready_since
        return PodState.STARTING if early else PodState.RUNNING


@dataclass(slots=True)
class Tally:
    """Pods of a Deployment for one metric: how many, what they asked for, and what they use."""

    listed: int = 0
    measured: int = 0
    usage: int = 0
    requested: int = 0
    unready: int = 0
    unready_requested: int = 0
    missing: int = 0
    missing_requested: int = 0
    missing_at_fallback: int = 0
    unknown_request: bool = False


def tally(groups: Iterable[PodGroup], resource: str, fallback: int) -> Tally:
    """Count pods for a metric: groupPods and calculateRequests.

    fallback: percent of its request that a pod without a figure is assumed to use on the way down.
    """
    total = Tally()
    for group in groups:
        count = group.count
        if count <= 0:
            continue
        total.listed += count
        request = group.request.get(resource)
        if request is None:
            total.unknown_request = True
            continue
        used = group.usage.get(resource)
        if group.state is PodState.ENDING:
            continue
        if group.state is PodState.PENDING:
            total.unready += count
            total.unready_requested += count * request
        elif used is None:
            total.missing += count
            total.missing_requested += count * request
            total.missing_at_fallback += count * (request * fallback // 100)
        elif group.state is PodState.STARTING and resource == CPU:
            total.unready += count
            total.unready_requested += count * request
        else:
            total.measured += count
            total.usage += count * used
            total.requested += count * request
    return total
