"""What one metric asks for: the ratio of what pods use to what they should use, applied to their number."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ops.scaling.pods import PodGroup, tally


@dataclass(frozen=True, slots=True, kw_only=True)
class HpaMetric:
    """A resource and how much of their request pods should use of it, in percent, 1 or more."""

    resource: str
    utilization: int


class Tolerances(NamedTuple):
    """How far from 1 the ratio may be without a change, downwards and upwards."""

    down: float
    up: float

    def allow(self, ratio: float) -> bool:
        """Whether such a ratio changes nothing: Tolerances.isWithin."""
        return 1.0 - self.down <= ratio <= 1.0 + self.up


class Asked(NamedTuple):
    """Pods that a metric asks for, and the utilization that it saw, in whole percent."""

    replicas: int
    utilization: int


# A missing figure counts as the whole request on the way down, or as the target where that is more.
_WHOLE_REQUEST = 100


def asked(metric: HpaMetric, replicas: int, groups: Iterable[PodGroup], tolerances: Tolerances) -> Asked | None:
    """What a metric asks for when there are `replicas`; None where it cannot be computed: GetResourceReplicas."""
    pods = tally(groups, metric.resource, max(_WHOLE_REQUEST, metric.utilization))
    # No pods, no figure of one that counts, a request that is not known, or requests of nothing.
    if not (pods.listed and pods.measured) or pods.unknown_request or not pods.requested:
        return None
    utilization, ratio = _ratio(pods.usage, pods.requested, metric.utilization)
    up_with_unready = pods.unready > 0 and ratio > 1.0
    if not (up_with_unready or pods.missing):
        if tolerances.allow(ratio):
            return Asked(replicas, utilization)
        return Asked(math.ceil(ratio * pods.measured), utilization)

    usage, requested, counted = pods.usage, pods.requested, pods.measured
    # At a ratio of exactly 1 there is no direction, and what is missing stays out of it.
    if pods.missing and ratio != 1.0:
        # Nothing on the way up, a whole request on the way down: both make the change smaller.
        usage += pods.missing_at_fallback if ratio < 1.0 else 0
        requested += pods.missing_requested
        counted += pods.missing
    if up_with_unready:
        requested += pods.unready_requested
        counted += pods.unready
    _, damped = _ratio(usage, requested, metric.utilization)
    turned = (ratio < 1.0 < damped) or (damped < 1.0 < ratio)
    if tolerances.allow(damped) or turned:
        return Asked(replicas, utilization)
    wanted = math.ceil(damped * counted)
    if (damped < 1.0 and wanted > replicas) or (damped > 1.0 and wanted < replicas):
        return Asked(replicas, utilization)
    return Asked(wanted, utilization)


def _ratio(usage: int, requested: int, target: int) -> tuple[int, float]:
    """Utilization in whole percent, rounded down, and its ratio to the target: GetResourceUtilizationRatio."""
    utilization = usage * 100 // requested
    return utilization, utilization / target
