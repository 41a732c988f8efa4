"""The settings of each autoscaler, as infra/ makes them. tests/scaling/test_rules.py compares them with a render."""

from __future__ import annotations

from infra.thresholds import (
    CPU_TARGET,
    INSTANCE_WARMUP,
    POD_CPU_TARGET,
    POD_DOWN_PERCENT,
    POD_DOWN_WINDOW,
    POD_MEMORY_TARGET,
    POD_SCALE_PERIOD,
    POD_UP_PERCENT,
    POD_UP_WINDOW,
    READER_CPU_TARGET,
    READER_SCALE_IN_COOLDOWN,
    READER_SCALE_OUT_COOLDOWN,
    REQUESTS_PER_TARGET,
    Threshold,
)
from ops.scaling.hpa import PERCENT, HpaDirection, HpaMetric, HpaPolicy, HpaRules
from ops.scaling.pods import CPU, MEMORY
from ops.scaling.readers import ReaderRules
from ops.scaling.target_tracking import TrackingPolicy, TrackingRules

CPU_POLICY, REQUESTS_POLICY = "cpu", "requests"
"""Names of a fleet's two policies, for `TargetTracking.decide`."""


def pod_rules(minimum: int, maximum: int, *, by_memory: bool) -> HpaRules:
    """Of the autoscaler over a Deployment: infra/autoscaling.py."""
    memory = (HpaMetric(resource=MEMORY, utilization=POD_MEMORY_TARGET.value),) if by_memory else ()
    return HpaRules(
        minimum=minimum,
        maximum=maximum,
        metrics=(HpaMetric(resource=CPU, utilization=POD_CPU_TARGET.value), *memory),
        up=_direction(POD_UP_WINDOW, POD_UP_PERCENT),
        down=_direction(POD_DOWN_WINDOW, POD_DOWN_PERCENT),
    )


def fleet_rules(minimum: int, maximum: int) -> TrackingRules:
    """Of a fleet of instances: infra/components/compute/fleet.py."""
    return TrackingRules(
        minimum=minimum,
        maximum=maximum,
        policies=(
            TrackingPolicy(name=CPU_POLICY, target=float(CPU_TARGET.value)),
            TrackingPolicy(name=REQUESTS_POLICY, target=float(REQUESTS_PER_TARGET.value)),
        ),
        warmup=INSTANCE_WARMUP.value,
    )


def reader_rules(minimum: int, maximum: int) -> ReaderRules:
    """Of a cluster's readers: infra/components/data/database.py. `minimum` are those that are always there."""
    return ReaderRules(
        minimum=minimum,
        maximum=maximum,
        target=float(READER_CPU_TARGET.value),
        out_cooldown=READER_SCALE_OUT_COOLDOWN.value,
        in_cooldown=READER_SCALE_IN_COOLDOWN.value,
    )


def _direction(window: Threshold, percent: Threshold) -> HpaDirection:
    policy = HpaPolicy(kind=PERCENT, value=percent.value, period=POD_SCALE_PERIOD.value)
    return HpaDirection(window=window.value, policies=(policy,))
