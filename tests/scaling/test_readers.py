"""Aurora's readers, against what AWS documents, sentence by sentence.

APPLICATION is the Application Auto Scaling User Guide, "How target tracking scaling works", and AURORA the Amazon
Aurora User Guide, "Amazon Aurora Auto Scaling with Aurora Replicas". Expected values are worked out by hand.
"""

from __future__ import annotations

import pytest

from ops.scaling.readers import ReaderRules, ReaderScaling
from ops.scaling.target_tracking import TrackingReason

RULES = ReaderRules(minimum=2, maximum=8, target=60.0, out_cooldown=300, in_cooldown=900)
MINUTE = 60.0


class Cluster:
    """A cluster that does what its policy says, minute by minute."""

    def __init__(self, readers: int) -> None:
        self.readers = readers
        self.now = 0.0
        self.scaling = ReaderScaling(RULES)
        self.reason = TrackingReason.STEADY

    def minute(self, cpu: float | None, making: int = 0) -> int:
        self.now += MINUTE
        decision = self.scaling.decide(self.now, self.readers, cpu, making=making)
        self.readers, self.reason = decision.capacity, decision.reason
        return self.readers

    def minutes(self, cpu: float | None, count: int) -> list[int]:
        return [self.minute(cpu) for _ in range(count)]


def test_out_after_three_datapoints_and_in_after_fifteen() -> None:
    """aws-samples/amazon-aurora-labs-for-mysql, issue 3, where people of AWS name both."""
    assert Cluster(4).minutes(75.0, 3) == [4, 4, 5]
    assert Cluster(4).minutes(30.0, 15) == [*[4] * 14, 2]


def test_in_only_ten_percent_below_the_target() -> None:
    """APPLICATION, How it works: well below the target, usually by more than a tenth."""
    assert Cluster(8).minutes(54.0, 30) == [8] * 30
    # 8 x 52 / 60 = 6.9
    assert Cluster(8).minutes(52.0, 15)[-1] == 7


def test_rounded_so_that_the_target_is_not_passed() -> None:
    """APPLICATION, Considerations: neither too little added nor too much removed."""
    # 3 x 61 / 60 = 3.05, and 5 x 43 / 60 = 3.6.
    assert Cluster(3).minutes(61.0, 3)[-1] == 4
    assert Cluster(5).minutes(43.0, 15)[-1] == 4


def test_within_the_cooldown_out_no_more_is_added() -> None:
    """APPLICATION, Define cooldown periods: more only for a larger step, or after the cooldown."""
    cluster = Cluster(4)
    cluster.minutes(75.0, 3)
    assert cluster.readers == 5
    # Completed a minute later, and then for five minutes.
    assert cluster.minutes(70.0, 5) == [5] * 5
    assert cluster.reason is TrackingReason.COOLDOWN
    assert cluster.minute(70.0) == 6


def test_within_the_cooldown_out_a_larger_step_adds_the_difference() -> None:
    """The same section: what the first step added is part of what the next one wants."""
    cluster = Cluster(4)
    cluster.minutes(75.0, 3)
    # Four readers before it: 4 x 100 / 60 = 6.7.
    assert cluster.minute(100.0) == 7


def test_the_cooldown_out_begins_when_the_reader_is_there() -> None:
    """APPLICATION, Define cooldown periods: the time begins after it has scaled out with success."""
    cluster = Cluster(4)
    cluster.minutes(75.0, 3)
    for _ in range(10):
        cluster.minute(75.0, making=1)
    assert cluster.minutes(75.0, 5) == [5] * 5
    assert cluster.minute(75.0) == 7


def test_nothing_while_a_replica_is_not_available() -> None:
    """AURORA, Before you begin: all replicas have to be available."""
    cluster = Cluster(4)
    assert [cluster.minute(100.0, making=1) for _ in range(10)] == [4] * 10
    assert cluster.reason is TrackingReason.NOT_AVAILABLE
    assert cluster.minute(100.0) == 7


def test_within_the_cooldown_in_nothing_is_removed() -> None:
    """APPLICATION, Define cooldown periods: nothing is removed until it is over."""
    cluster = Cluster(8)
    cluster.minutes(40.0, 15)
    assert cluster.readers == 6
    assert cluster.minutes(40.0, 15) == [6] * 15
    assert cluster.reason is TrackingReason.COOLDOWN
    assert cluster.minute(40.0) == 4


def test_the_cooldown_in_does_not_hold_up_a_step_out_and_ends_with_it() -> None:
    """The same section: out at once, and the cooldown in stops there."""
    cluster = Cluster(8)
    cluster.minutes(40.0, 15)
    assert cluster.readers == 6
    assert cluster.minutes(70.0, 3)[-1] == 7
    # Fifteen minutes low: the cooldown that began before the step out would have had two more to go.
    assert cluster.minutes(40.0, 15)[-1] == 5


def test_without_data_nothing_happens() -> None:
    """APPLICATION, Considerations: no scaling while the alarm has insufficient data."""
    cluster = Cluster(4)
    assert cluster.minutes(None, 20) == [4] * 20
    assert cluster.reason is TrackingReason.NO_DATA


@pytest.mark.parametrize(("readers", "cpu", "expected"), [(6, 100.0, 8), (8, 100.0, 8), (3, 1.0, 2), (2, 1.0, 2)])
def test_bounds_hold(readers: int, cpu: float, expected: int) -> None:
    """AURORA, Minimum and maximum capacity."""
    assert Cluster(readers).minutes(cpu, 15)[-1] == expected


@pytest.mark.parametrize(("readers", "expected"), [(1, 2), (9, 8)])
def test_a_number_outside_of_its_bounds_goes_there_at_once(readers: int, expected: int) -> None:
    """Application Auto Scaling API Reference, RegisterScalableTarget: MinCapacity and MaxCapacity."""
    assert Cluster(readers).minute(None) == expected
