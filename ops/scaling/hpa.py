"""The HorizontalPodAutoscaler of Kubernetes, autoscaling/v2: how many pods it asks for at one look.

It follows k8s.io/kubernetes v1.36.3, pkg/controller/podautoscaler (horizontal.go, replica_calculator.go and
metrics/utilization.go); the rules name the functions that have them. tests/scaling/test_hpa_upstream.py holds both to
the same answers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import NamedTuple

from ops.scaling import behavior
from ops.scaling.behavior import PERCENT, PODS, Changes, HpaDirection, HpaPolicy, Select
from ops.scaling.pods import ObservedPod, PodGroup
from ops.scaling.proposals import HpaMetric, Tolerances, asked

__all__ = [
    "PERCENT",
    "PODS",
    "SYNC_SECONDS",
    "HorizontalPodAutoscaler",
    "HpaDecision",
    "HpaDirection",
    "HpaMetric",
    "HpaPolicy",
    "HpaReason",
    "HpaRules",
    "Select",
]

SYNC_SECONDS = 15
"""Between two looks: kube-controller-manager, --horizontal-pod-autoscaler-sync-period, its default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HpaRules:
    """What an autoscaler is set to.

    minimum, maximum: pods, the least being 1.
    metrics: at least one.
    up, down: the behavior. With both None the autoscaler has none, and follows the older rules; with one of them the
        other has its defaults.
    tolerance, downscale_window, initialization, readiness_delay: flags of kube-controller-manager, with its defaults:
        --horizontal-pod-autoscaler-tolerance, -downscale-stabilization, -cpu-initialization-period and
        -initial-readiness-delay, the latter three in seconds. Source: Kubernetes, kube-controller-manager.
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


class HpaReason(Enum):
    """Why a decision is what it is. The values are the reasons in a real autoscaler's conditions, but for the last two,
    which it gives none for."""

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


class _Recommended(NamedTuple):
    at: float
    replicas: int


class _Behavior(NamedTuple):
    """A behavior with its defaults filled in: SetDefaults_HorizontalPodAutoscalerBehavior."""

    up: HpaDirection
    down: HpaDirection
    up_window: int
    down_window: int

    @classmethod
    def of(cls, rules: HpaRules) -> _Behavior | None:
        if rules.up is None and rules.down is None:
            return None
        up, down = rules.up or HpaDirection(), rules.down or HpaDirection()
        return cls(
            up=replace(up, policies=up.policies or behavior.DEFAULT_UP),
            down=replace(down, policies=down.policies or behavior.DEFAULT_DOWN),
            up_window=behavior.DEFAULT_UP_WINDOW if up.window is None else up.window,
            down_window=rules.downscale_window if down.window is None else down.window,
        )


# Without a behavior: twice the pods, or these, at one look. calculateScaleUpLimit.
_UP_FACTOR, _UP_LEAST = 2, 4


class HorizontalPodAutoscaler:
    """One autoscaler and what it remembers: its recommendations, and what it changed."""

    def __init__(self, rules: HpaRules) -> None:
        self._rules = rules
        self._behavior = _Behavior.of(rules)
        self._recommended: list[_Recommended] = []
        self._came = Changes(self._behavior.up.policies if self._behavior else ())
        self._went = Changes(self._behavior.down.policies if self._behavior else ())
        self._tolerances = Tolerances(
            *(
                rules.tolerance if way is None or way.tolerance is None else way.tolerance
                for way in (rules.down, rules.up)
            )
        )

    def decide(
        self,
        now: float,
        replicas: int,
        pods: Iterable[PodGroup | ObservedPod],
        failed: Collection[str] = frozenset(),
    ) -> HpaDecision:
        """One look, of which a real autoscaler takes one every SYNC_SECONDS: reconcileAutoscaler.

        now: seconds of a clock that does not go back.
        replicas: pods that the Deployment asks for, which is what the last decision said unless somebody else set it.
        pods: those that are there.
        failed: resources whose figures cannot be had at all.
        """
        rules = self._rules
        if not self._recommended:
            self._recommended.append(_Recommended(now, replicas))
        if replicas == 0:
            return HpaDecision(replicas=0, reason=HpaReason.DISABLED)
        if replicas > rules.maximum:
            decision = HpaDecision(replicas=rules.maximum, reason=HpaReason.ABOVE_MAXIMUM)
        elif replicas < rules.minimum:
            decision = HpaDecision(replicas=rules.minimum, reason=HpaReason.BELOW_MINIMUM)
        else:
            decision = self._by_metrics(now, replicas, pods, failed)
        if decision.replicas > replicas:
            self._came.add(now, decision.replicas - replicas)
        elif decision.replicas < replicas:
            self._went.add(now, replicas - decision.replicas)
        return decision

    def _by_metrics(
        self, now: float, replicas: int, pods: Iterable[PodGroup | ObservedPod], failed: Collection[str]
    ) -> HpaDecision:
        """computeReplicasForMetrics, and then the windows and policies."""
        rules = self._rules
        groups = [
            pod if isinstance(pod, PodGroup) else pod.as_group(now, rules.initialization, rules.readiness_delay)
            for pod in pods
        ]
        utilization: dict[str, int] = {}
        proposed, broken = 0, False
        for metric in rules.metrics:
            found = None if metric.resource in failed else asked(metric, replicas, groups, self._tolerances)
            if found is None:
                broken = True
                continue
            utilization[metric.resource] = found.utilization
            proposed = max(proposed, found.replicas)
        # A metric that fails might have asked for more, so it forbids less. All of them failing forbids everything.
        if not utilization or (broken and proposed < replicas):
            return HpaDecision(replicas=replicas, reason=HpaReason.METRIC_FAILED, utilization=utilization)
        if self._behavior is None:
            stabilized = self._highest(now, proposed)
            wanted, reason = self._bounded(replicas, stabilized)
        else:
            stabilized = self._stabilized(now, replicas, proposed, self._behavior)
            wanted, reason = self._paced(now, replicas, stabilized, self._behavior)
        return HpaDecision(
            replicas=wanted, proposed=proposed, stabilized=stabilized, reason=reason, utilization=utilization
        )

    def _highest(self, now: float, proposed: int) -> int:
        """The highest recommendation of the window: stabilizeRecommendation."""
        cutoff = now - self._rules.downscale_window
        highest = max([proposed, *(one.replicas for one in self._recommended if one.at >= cutoff)])
        self._remember(
            _Recommended(now, proposed), [index for index, one in enumerate(self._recommended) if one.at < cutoff]
        )
        return highest

    def _bounded(self, replicas: int, wanted: int) -> tuple[int, HpaReason]:
        """Bounds without a behavior: convertDesiredReplicasWithRules."""
        rules = self._rules
        limit = max(_UP_FACTOR * replicas, _UP_LEAST)
        highest, reason = (limit, HpaReason.UP_LIMIT) if rules.maximum > limit else (rules.maximum, HpaReason.TOO_MANY)
        if wanted < rules.minimum:
            return rules.minimum, HpaReason.TOO_FEW
        return (highest, reason) if wanted > highest else (wanted, HpaReason.WITHIN)

    def _stabilized(self, now: float, replicas: int, proposed: int, rules: _Behavior) -> int:
        """Between the lowest of the one window and the highest of the other: stabilizeRecommendationWithBehaviors."""
        lowest, highest, old = proposed, proposed, []
        up_cutoff, down_cutoff = now - rules.up_window, now - rules.down_window
        for index, one in enumerate(self._recommended):
            if one.at > up_cutoff:
                lowest = min(lowest, one.replicas)
            if one.at > down_cutoff:
                highest = max(highest, one.replicas)
            if one.at < up_cutoff and one.at < down_cutoff:
                old.append(index)
        self._remember(_Recommended(now, proposed), old)
        return min(max(replicas, lowest), highest)

    def _remember(self, recommended: _Recommended, old: list[int]) -> None:
        if old:
            self._recommended[old[-1]] = recommended
        else:
            self._recommended.append(recommended)

    def _paced(self, now: float, replicas: int, wanted: int, rules: _Behavior) -> tuple[int, HpaReason]:
        """As fast as the policies allow: convertDesiredReplicasWithBehaviorRate."""
        if wanted > replicas:
            limit = max(behavior.most(now, replicas, rules.up, self._came, self._went), replicas)
            highest, reason = (
                (limit, HpaReason.UP_LIMIT)
                if self._rules.maximum > limit
                else (self._rules.maximum, HpaReason.TOO_MANY)
            )
            return (highest, reason) if wanted > highest else (wanted, HpaReason.WITHIN)
        if wanted < replicas:
            limit = min(behavior.least(now, replicas, rules.down, self._came, self._went), replicas)
            lowest, reason = (
                (limit, HpaReason.DOWN_LIMIT)
                if self._rules.minimum < limit
                else (self._rules.minimum, HpaReason.TOO_FEW)
            )
            return (lowest, reason) if wanted < lowest else (wanted, HpaReason.WITHIN)
        return wanted, HpaReason.WITHIN
