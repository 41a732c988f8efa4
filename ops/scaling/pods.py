"""Pods as the HorizontalPodAutoscaler sees them: one by one, or many that are alike as a group."""

from __future__ import annotations

from collections.abc import Mapping
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
    pending, failed: its phase.
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
