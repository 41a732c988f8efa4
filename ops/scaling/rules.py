"""The settings of each autoscaler, as infra/ makes them."""

from __future__ import annotations

from ops.scaling.hpa import HpaRules
from ops.scaling.readers import ReaderRules
from ops.scaling.target_tracking import TrackingRules

CPU_POLICY, REQUESTS_POLICY = "cpu", "requests"
"""Names of a fleet's two policies, for `TargetTracking.decide`."""


def pod_rules(minimum: int, maximum: int, *, by_memory: bool) -> HpaRules:
    """Of the autoscaler over a Deployment: infra/autoscaling.py."""
    raise NotImplementedError


def fleet_rules(minimum: int, maximum: int) -> TrackingRules:
    """Of a fleet of instances: infra/components/compute/fleet.py."""
    raise NotImplementedError


def reader_rules(minimum: int, maximum: int) -> ReaderRules:
    """Of a cluster's readers: infra/components/data/database.py. `minimum` are those that are always there."""
    raise NotImplementedError
