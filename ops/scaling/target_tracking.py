"""Target tracking of EC2 Auto Scaling: how many instances its policies ask for, minute by minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingPolicy:
    """A policy.

    name: under which `decide` gets its metric.
    target: what the metric should be, above 0, in the metric's unit.
    """

    name: str
    target: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingRules:
    """What a group is set to.

    minimum, maximum: instances.
    policies: at least one, with different names.
    warmup: seconds, the group's default instance warmup. The caller tells `decide` how many are within it.
    """

    minimum: int
    maximum: int
    policies: tuple[TrackingPolicy, ...]
    warmup: int


class TrackingReason(Enum):
    """Why a decision is what it is."""

    STEADY = "no alarm"
    OUT = "a policy scales out"
    IN = "every policy scales in"
    WARMING = "scaling in waits for instances that warm up"
    DISAGREE = "a policy does not scale in"
    NO_DATA = "a metric has no data"
    BOUND = "at the minimum or the maximum"
    BELOW_MINIMUM = "below the minimum"
    ABOVE_MAXIMUM = "above the maximum"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingDecision:
    """What comes of one minute.

    capacity: the desired capacity from now on.
    reason: why.
    policy: name of the policy that decided, where one did.
    """

    capacity: int
    reason: TrackingReason
    policy: str | None = None


class TargetTracking:
    """The policies of one group and what their alarms remember."""

    def __init__(self, rules: TrackingRules) -> None:
        self._rules = rules

    def decide(self, now: float, capacity: int, warming: int, metrics: Mapping[str, float | None]) -> TrackingDecision:
        """One minute: a datapoint of each metric, and what its alarms do then.

        now: seconds; calls come 60 s apart, the period of the alarms. After a longer gap, minutes have no data.
        capacity: the group's desired capacity.
        warming: how many of those are launching or warm up. They count as capacity and do not count in the metrics.
        metrics: by policy, over the instances that are warm: an average of a minute for CPU (percent), and requests a
            minute and target for requests. None or not given is no datapoint.
        """
        raise NotImplementedError
