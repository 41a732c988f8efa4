"""The HorizontalPodAutoscaler of Kubernetes, autoscaling/v2: how many pods it asks for at one look.

It follows k8s.io/kubernetes v1.36.3, pkg/controller/podautoscaler (horizontal.go and replica_calculator.go), which is
Apache-2.0; each rule names the function that has it. tests/scaling/test_hpa_upstream.py holds both to the same answers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from ops.scaling.pods import ObservedPod, PodGroup

PERCENT, PODS = "Percent", "Pods"


class Select(Enum):
    """Which of several policies of a direction holds: the one that changes most, the one that changes least, or none,
    which forbids the direction. autoscaling/v2, HPAScalingRules.selectPolicy."""

    MAX = "Max"
    MIN = "Min"
    DISABLED = "Disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class HpaPolicy:
    """How much may change in a while.

    kind: PERCENT of the pods at the beginning of the period, or PODS.
    value: percent or pods, above 0.
    period: seconds, 1 to 1800.
    """

    kind: str
    value: int
    period: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HpaDirection:
    """One direction of a behavior.

    window: stabilization in seconds: up takes the least, down the most that was recommended in it. None is the default:
        none on the way up, `HpaRules.downscale_window` on the way down.
    policies, select: how fast. An empty tuple is the default of autoscaling/v2.
    tolerance: of this direction alone, in place of `HpaRules.tolerance`.
    """

    window: int | None = None
    policies: tuple[HpaPolicy, ...] = ()
    select: Select = Select.MAX
    tolerance: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HpaMetric:
    """A resource and how much of their request pods should use of it, in percent, 1 or more."""

    resource: str
    utilization: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HpaRules:
    """What an autoscaler is set to.

    minimum, maximum: pods, the least being 1.
    metrics: at least one.
    up, down: the behavior. With both None the autoscaler has none, and follows the older rules; with one of them the
        other has its defaults.
    tolerance, downscale_window, initialization, readiness_delay: flags of kube-controller-manager, with its defaults:
        --horizontal-pod-autoscaler-tolerance, -downscale-stabilization, -cpu-initialization-period and
        -initial-readiness-delay, the latter three in seconds. Source: Kubernetes documentation, kube-controller-manager.
    """

    minimum: int
    maximum: int
    metrics: tuple[HpaMetric, ...]
    up: HpaDirection | None = None
    down: HpaDirection | None = None
    tolerance: float = 0.1
    downscale_window: int = 300
    initialization: float = 300.0
    readiness_delay: float = 30.0


SYNC_SECONDS = 15
"""Between two looks: kube-controller-manager, --horizontal-pod-autoscaler-sync-period, its default."""


class HpaReason(Enum):
    """Why a decision is what it is. The values are those that the conditions of a real autoscaler give as reasons."""

    WITHIN = "DesiredWithinRange"
    TOO_MANY = "TooManyReplicas"
    TOO_FEW = "TooFewReplicas"
    UP_LIMIT = "ScaleUpLimit"
    DOWN_LIMIT = "ScaleDownLimit"
    METRIC_FAILED = "FailedGetResourceMetric"
    DISABLED = "ScalingDisabled"
    ABOVE_MAXIMUM = "AboveMaximum"
    BELOW_MINIMUM = "BelowMinimum"


@dataclass(frozen=True, slots=True, kw_only=True)
class HpaDecision:
    """What comes of one look.

    replicas: pods to have from now on; the same as before where nothing changes.
    proposed: what the metrics asked for, before windows, policies and bounds; None where they were not looked at or
        failed.
    stabilized: what the windows left of that.
    reason: what limited it, or why there was nothing to decide.
    utilization: by resource, in whole percent as `kubectl get hpa` shows it. A metric that failed is not in it.
    """

    replicas: int
    proposed: int | None = None
    stabilized: int | None = None
    reason: HpaReason
    utilization: Mapping[str, int] = field(default_factory=dict)


class HorizontalPodAutoscaler:
    """One autoscaler and what it remembers: its recommendations, and what it changed."""

    def __init__(self, rules: HpaRules) -> None:
        self._rules = rules

    def decide(
        self,
        now: float,
        replicas: int,
        pods: Iterable[PodGroup | ObservedPod],
        failed: Collection[str] = frozenset(),
    ) -> HpaDecision:
        """One look, of which a real autoscaler takes one every SYNC_SECONDS.

        now: seconds of a clock that does not go back.
        replicas: pods that the Deployment asks for, which is what the last decision said unless somebody else set it.
        pods: those that are there.
        failed: resources whose figures cannot be had at all.
        """
        raise NotImplementedError
