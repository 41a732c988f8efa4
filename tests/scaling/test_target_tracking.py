"""Target tracking of EC2 Auto Scaling, against what AWS documents, sentence by sentence.

TRACKING is the Amazon EC2 Auto Scaling User Guide, "Target tracking scaling policies for Amazon EC2 Auto Scaling", and
WARMUP its "Set the default instance warmup for an Auto Scaling group". Expected values are worked out by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from ops.scaling.target_tracking import (
    TargetTracking,
    TrackingDecision,
    TrackingPolicy,
    TrackingReason,
    TrackingRules,
)

RULES = TrackingRules(
    minimum=2,
    maximum=20,
    policies=(TrackingPolicy(name="cpu", target=50.0), TrackingPolicy(name="requests", target=1000.0)),
    warmup=300,
)
CPU_ONLY = TrackingRules(minimum=2, maximum=20, policies=(RULES.policies[0],), warmup=300)
MINUTE = 60.0


class Group:
    """A group that does what its policies say, minute by minute."""

    def __init__(self, rules: TrackingRules, capacity: int) -> None:
        self.capacity = capacity
        self.now = 0.0
        self.tracking = TargetTracking(rules)

    def minute(
        self, cpu: float | None, requests: float | None = None, *, warming: int = 0, ending: int = 0
    ) -> TrackingDecision:
        self.now += MINUTE
        decision = self.tracking.decide(
            self.now, self.capacity, warming, {"cpu": cpu, "requests": requests}, ending=ending
        )
        self.capacity = decision.capacity
        return decision

    def minutes(self, values: Iterable[float | None], requests: float | None = None) -> list[int]:
        return [self.minute(value, requests).capacity for value in values]


def test_it_scales_out_after_three_minutes_above_the_target() -> None:
    """Alarms that EC2 Auto Scaling has made: 3 datapoints within 3 minutes."""
    assert Group(CPU_ONLY, 4).minutes([60, 60, 60]) == [4, 4, 5]


def test_at_the_target_is_not_above_it() -> None:
    """The alarm's comparison is GreaterThanThreshold."""
    group = Group(CPU_ONLY, 4)
    assert [group.minute(50.0).reason for _ in range(5)] == [TrackingReason.STEADY] * 5


def test_one_minute_below_begins_the_count_anew() -> None:
    assert Group(CPU_ONLY, 4).minutes([60, 60, 49, 60, 60, 60]) == [4, 4, 4, 4, 4, 5]


def test_it_scales_in_after_fifteen_minutes_far_below_the_target() -> None:
    """Alarms that EC2 Auto Scaling has made: for a target of 50, below 35 for 15 datapoints within 15 minutes."""
    assert Group(CPU_ONLY, 10).minutes([30.0] * 15) == [*[10] * 14, 6]
    assert Group(CPU_ONLY, 10).minutes([35.0] * 30) == [10] * 30


def test_below_the_target_but_near_it_nothing_goes() -> None:
    """TRACKING, Considerations: it removes only where the metric is well below the target, by a tenth at least."""
    assert Group(CPU_ONLY, 10).minutes([44.9] * 30) == [10] * 30


def test_it_adds_in_proportion_to_the_metric() -> None:
    """TRACKING, Considerations: out in proportion to the metric, at once."""
    assert Group(CPU_ONLY, 4).minutes([100, 100, 100])[-1] == 8
    # The latest datapoint decides how many.
    assert Group(CPU_ONLY, 4).minutes([100, 100, 75])[-1] == 6


def test_of_one_and_a_half_more_it_adds_two() -> None:
    """TRACKING, Considerations: its own example of rounding up."""
    assert Group(CPU_ONLY, 3).minutes([75, 75, 75])[-1] == 3 + 2


def test_of_one_and_a_half_fewer_it_removes_one() -> None:
    """TRACKING, Considerations: its own example of rounding down."""
    # 5 x 34 / 50 = 3.4, which is 1.6 fewer.
    assert Group(CPU_ONLY, 5).minutes([34.0] * 15)[-1] == 5 - 1


def test_what_comes_out_whole_is_not_rounded_up_by_the_arithmetic_of_floats() -> None:
    rules = replace(CPU_ONLY, maximum=50, policies=(TrackingPolicy(name="cpu", target=70.0),))
    # 50 x 19.6 / 70 is 14, and to floats a little more.
    assert Group(rules, 50).minutes([19.6] * 15)[-1] == 14


def test_any_policy_scales_out() -> None:
    """TRACKING, Multiple target tracking scaling policies: one that is ready to scale out is enough."""
    group = Group(RULES, 4)
    assert group.minutes([10.0] * 3, requests=1500.0)[-1] == 6


def test_the_largest_of_several_wins() -> None:
    """Dynamic scaling for Amazon EC2 Auto Scaling, Multiple dynamic scaling policies: the largest capacity."""
    group = Group(RULES, 4)
    group.minutes([75.0] * 2, requests=2000.0)
    decision = group.minute(75.0, 2000.0)
    assert (decision.capacity, decision.policy) == (8, "requests")


def test_in_only_if_all_policies_agree() -> None:
    """TRACKING, Multiple target tracking scaling policies: in only if all of them are ready to."""
    group = Group(RULES, 10)
    assert group.minutes([10.0] * 20, requests=800.0) == [10] * 20
    assert group.minute(10.0, 800.0).reason is TrackingReason.DISAGREE


def test_in_to_the_largest_that_a_policy_wants() -> None:
    """The same as on the way out: the largest capacity."""
    group = Group(RULES, 10)
    assert group.minutes([10.0] * 15, requests=600.0)[-1] == 6


def test_while_one_scales_out_none_scales_in() -> None:
    group = Group(RULES, 10)
    group.minutes([10.0] * 14, requests=1100.0)
    assert group.capacity > 10


def test_without_data_nothing_is_removed() -> None:
    """TRACKING, Considerations: no scaling in on insufficient data."""
    group = Group(RULES, 10)
    assert group.minutes([10.0] * 20, requests=None) == [10] * 20
    assert group.minute(10.0, None).reason is TrackingReason.NO_DATA


def test_a_minute_without_data_begins_the_count_anew() -> None:
    assert Group(CPU_ONLY, 4).minutes([60, 60, None, 60, 60, 60]) == [4, 4, 4, 4, 4, 5]


def test_minutes_left_out_have_no_data() -> None:
    group = Group(CPU_ONLY, 4)
    group.minutes([60, 60])
    group.now += 5 * MINUTE
    assert group.minutes([60, 60, 60]) == [4, 4, 5]


def test_requests_of_none_are_data() -> None:
    """TRACKING, Considerations: ALBRequestCountPerTarget emits zeros, by which a group can scale in."""
    assert Group(RULES, 10).minutes([0.0] * 15, requests=0.0)[-1] == RULES.minimum


def test_what_warms_up_is_not_added_again() -> None:
    """WARMUP, Scaling performance considerations: they count as capacity for the next activity, so that breaches of
    the same size add once."""
    group = Group(CPU_ONLY, 4)
    group.minutes([60, 60, 60])
    assert group.capacity == 5
    assert [group.minute(60, warming=1).reason for _ in range(5)] == [TrackingReason.ENOUGH] * 5
    assert group.capacity == 5


def test_a_larger_breach_adds_the_difference() -> None:
    """The same section: it scales out continuously, but not excessively."""
    group = Group(CPU_ONLY, 4)
    group.minutes([60, 60, 60])
    # Four warm ones at 75 are 300, so six are wanted, of which one is on its way.
    assert group.minute(75, warming=1).capacity == 6


def test_nothing_is_removed_while_instances_warm_up() -> None:
    """WARMUP, Scaling performance considerations: scaling in is blocked until they are warm."""
    group = Group(CPU_ONLY, 10)
    decisions = [group.minute(10.0, warming=1) for _ in range(20)]
    assert {decision.capacity for decision in decisions} == {10}
    assert decisions[-1].reason is TrackingReason.WARMING
    assert group.minute(10.0).reason is TrackingReason.IN


def test_what_is_on_its_way_out_counts_as_capacity() -> None:
    """TRACKING, Instance warmup: instances that are terminating count as capacity while it scales in."""
    group = Group(CPU_ONLY, 10)
    group.minutes([30.0] * 15)
    assert group.capacity == 6
    # Four still run, so ten share the load: six are as right as a minute before, and more is no scaling in.
    assert group.minute(30.0, ending=4).capacity == 6
    assert group.minute(34.0, ending=4).capacity == 6
    # With them gone, six carry what was ten times 30.
    assert group.minute(50.0).capacity == 6


@pytest.mark.parametrize(("capacity", "cpu", "expected"), [(15, 100.0, 20), (20, 100.0, 20), (4, 1.0, 2), (2, 1.0, 2)])
def test_bounds_hold(capacity: int, cpu: float, expected: int) -> None:
    """TRACKING, Create a target tracking scaling policy: never below the minimum capacity or above the maximum."""
    assert Group(CPU_ONLY, capacity).minutes([cpu] * 15)[-1] == expected


@pytest.mark.parametrize(
    ("capacity", "expected", "reason"),
    [(1, 2, TrackingReason.BELOW_MINIMUM), (21, 20, TrackingReason.ABOVE_MAXIMUM)],
)
def test_a_capacity_outside_of_its_bounds_goes_there_at_once(
    capacity: int, expected: int, reason: TrackingReason
) -> None:
    """Set scaling limits for your Auto Scaling group: the desired capacity has to fall within them."""
    decision = Group(CPU_ONLY, capacity).minute(None)
    assert (decision.capacity, decision.reason) == (expected, reason)


def test_an_alarm_acts_again_each_minute_that_it_is_on() -> None:
    """Amazon CloudWatch User Guide, Alarm actions: other actions happen on a change of state only, those of Auto
    Scaling go on."""
    group = Group(CPU_ONLY, 4)
    assert group.minutes([60, 60, 60, 60, 60]) == [4, 4, 5, 6, 8]
