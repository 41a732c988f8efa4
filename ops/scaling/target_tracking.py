"""Target tracking of EC2 Auto Scaling: how many instances its policies ask for, minute by minute.

The rules are those of the Amazon EC2 Auto Scaling User Guide: "Target tracking scaling policies for Amazon EC2 Auto
Scaling" (here: Target tracking) and "Set the default instance warmup for an Auto Scaling group" (here: Warmup). What
the guide leaves open is said where it is decided. tests/scaling/test_target_tracking.py goes through them one by one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from infra.thresholds import Threshold
from ops.scaling.alarms import TrackingAlarms

# Target tracking, Considerations, gives no number: usually more than a tenth below the target. The alarms that EC2 Auto
# Scaling makes are at 30 % less: AWS' own sample "Voice Focus AMI Asynchronous File Processing Infrastructure CDK" has
# 52.5 for a target of 75; others read 35 for 50, 28 for 40, 21 for 30. Those of Application Auto Scaling are at 10 %
# less: readers.py.
LOW_SHARE = Threshold(
    70, "percent of the target", "AWS, alarms that EC2 Auto Scaling has made: < 52.5 for a target of 75"
)


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
    ENOUGH = "what has been added is enough"
    WARMING = "scaling in waits for instances that warm up"
    DISAGREE = "a policy does not scale in"
    NO_DATA = "a metric has no data"
    BOUND = "at the minimum or the maximum"
    COOLDOWN = "a cooldown has not ended"
    NOT_AVAILABLE = "a reader is being made or deleted"
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


def wanted(capacity: int, value: float, target: float) -> int:
    """Capacity that brings a metric to its target or just below: in proportion, and rounded up.

    Rounded up on the way out, and so few removed that the target is not passed on the way in. Target tracking,
    Considerations: of 1.5 instances more it adds two, of 1.5 fewer it removes one.
    """
    # Rounded first: 50 instances at 19.6 of 70 are 14, and to floats a little more, which would be 15.
    return math.ceil(round(capacity * value / target, 9))


class TargetTracking:
    """The policies of one group and what their alarms remember."""

    def __init__(self, rules: TrackingRules) -> None:
        self._rules = rules
        self._alarms = {
            policy.name: TrackingAlarms(policy.target, policy.target * LOW_SHARE.value / 100)
            for policy in rules.policies
        }

    def decide(
        self, now: float, capacity: int, warming: int, metrics: Mapping[str, float | None], *, ending: int = 0
    ) -> TrackingDecision:
        """One minute: a datapoint of each metric, and what its alarms do then.

        now: seconds; calls come 60 s apart, the period of the alarms. After a longer gap, minutes have no data.
        capacity: the group's desired capacity.
        warming: how many of those are launching or warm up. They count as capacity and do not count in the metrics.
        metrics: by policy, over the instances that are warm: an average of a minute for CPU (percent), and requests a
            minute and target for requests. None or not given is no datapoint.
        ending: how many instances beyond the capacity are still on their way out.
        """
        rules = self._rules
        for name, alarms in self._alarms.items():
            alarms.add(now, metrics.get(name))
        if capacity < rules.minimum:
            return TrackingDecision(capacity=rules.minimum, reason=TrackingReason.BELOW_MINIMUM)
        if capacity > rules.maximum:
            return TrackingDecision(capacity=rules.maximum, reason=TrackingReason.ABOVE_MAXIMUM)
        # Target tracking, Multiple target tracking scaling policies: out if any is ready, in only if all of them are.
        if any(alarms.out for alarms in self._alarms.values()):
            return self._out(capacity, capacity - warming)
        if not any(alarms.inwards for alarms in self._alarms.values()):
            return TrackingDecision(capacity=capacity, reason=self._idle())
        return self._in(capacity, warming, capacity + ending)

    def _idle(self) -> TrackingReason:
        without = any(alarms.value is None for alarms in self._alarms.values())
        return TrackingReason.NO_DATA if without else TrackingReason.STEADY

    def _out(self, capacity: int, warm: int) -> TrackingDecision:
        """To the largest that a policy wants.

        Warmup, Scaling performance considerations: instances that warm up count as part of what is added. So it is
        computed from those that the metric is about, and what is on its way is not added again.
        """
        largest, policy = max(
            (wanted(warm, alarms.value, one.target), one.name)
            for one in self._rules.policies
            if (alarms := self._alarms[one.name]).out and alarms.value is not None
        )
        if largest <= capacity:
            return TrackingDecision(capacity=capacity, reason=TrackingReason.ENOUGH, policy=policy)
        bounded = min(largest, self._rules.maximum)
        reason = TrackingReason.OUT if bounded > capacity else TrackingReason.BOUND
        return TrackingDecision(capacity=bounded, reason=reason, policy=policy)

    def _in(self, capacity: int, warming: int, running: int) -> TrackingDecision:
        """To the largest that a policy wants, if every one wants less.

        Target tracking, Considerations: not while a metric has insufficient data. Warmup, Scaling performance
        considerations: not while instances warm up. Target tracking, Instance warmup: those on their way out still
        count as capacity.
        """
        if any(alarms.value is None for alarms in self._alarms.values()):
            return TrackingDecision(capacity=capacity, reason=TrackingReason.NO_DATA)
        if not all(alarms.inwards for alarms in self._alarms.values()):
            return TrackingDecision(capacity=capacity, reason=TrackingReason.DISAGREE)
        if warming:
            return TrackingDecision(capacity=capacity, reason=TrackingReason.WARMING)
        largest, policy = max(
            (wanted(running, self._alarms[one.name].value or 0.0, one.target), one.name) for one in self._rules.policies
        )
        bounded = max(min(largest, capacity), self._rules.minimum)
        reason = TrackingReason.IN if bounded < capacity else TrackingReason.BOUND
        return TrackingDecision(capacity=bounded, reason=reason, policy=policy)
