"""How long autoscalers take, worked out by hand from the rules that are named beside each."""

from __future__ import annotations

import numpy as np
import pytest

from ops.simulate.assumptions import Assumptions
from ops.simulate.fleet import FleetScaling
from ops.simulate.looks import pods_over
from ops.simulate.minutes import fleet_over, readers_over
from ops.simulate.pods import PodScaling
from ops.simulate.readers import ReaderFleet
from ops.simulate.serving import LossTimes, ServingTimeline
from tests.simulate.stacks import database, fleet, pods

NUMBERS = Assumptions(
    cpu_ms=50, boot_seconds=210, warm_seconds=60, target_seconds=30, pod_seconds=30, image_seconds=30, node_seconds=60
)
STEP = 600  # the second in which the load changes: a whole minute, and a whole look


def _step(before: float, after: float, seconds: int = 3600) -> np.ndarray:
    rates = np.full(seconds, after, dtype=np.float64)
    rates[:STEP] = before
    return rates


def _alive(timeline: ServingTimeline) -> list[tuple[int, int]]:
    """When how many began to answer."""
    found: list[tuple[int, int]] = []
    for one in timeline.changes:
        if not found or found[-1][1] != one.alive:
            found.append((one.second, one.alive))
    return found


def test_instances_come_after_three_minutes_of_alarm_a_boot_and_a_check() -> None:
    # 60 requests a second on two are 1800 a minute each, of a target of 1000: 2 x 1.8, so four. Three datapoints of a
    # minute each above it (EC2 Auto Scaling's alarms), 210 s until it serves, 30 s until the balancer has checked it.
    scaled = FleetScaling(fleet(), 3, NUMBERS, LossTimes(), 5)
    fleet_over(scaled, _step(5, 60))
    assert _alive(scaled.timeline)[:2] == [(0, 2), (STEP + 180 + 210 + 30, 4)]


def test_instances_of_a_warm_pool_come_sooner() -> None:
    scaled = FleetScaling(fleet(minimum=3, warm=3), 3, NUMBERS, LossTimes(), 5)
    # 90 a second on three are 1800 a minute each: six. Three of them wait in the pool: 60 s, and 30 s for the check.
    fleet_over(scaled, _step(5, 90))
    assert _alive(scaled.timeline)[:2] == [(0, 3), (STEP + 180 + 60 + 30, 6)]


def test_instances_go_after_fifteen_minutes_below() -> None:
    # Six for 90 requests a second at first. 30 are 300 a minute each, less than 70 % of the target and of the CPU's: in
    # fifteen minutes, to 6 x 0.3 = 1.8, so the minimum of two.
    scaled = FleetScaling(fleet(), 3, NUMBERS, LossTimes(), 90)
    fleet_over(scaled, _step(90, 30))
    assert _alive(scaled.timeline) == [(0, 6), (STEP + 900, 2)]


def test_a_lost_zone_is_seen_after_three_checks_and_replaced_after_a_boot() -> None:
    scaled = FleetScaling(fleet(minimum=3), 3, NUMBERS, LossTimes(zone=STEP), 30)
    fleet_over(scaled, np.full(3600, 30.0))
    # One of three in each zone. Three checks, 30 s apart (the balancer's unhealthy threshold and interval).
    assert _alive(scaled.timeline) == [(0, 3), (STEP, 2), (STEP + 90 + 210 + 30, 3)]
    assert [one.second for one in scaled.timeline.changes if one.routed == 2] == [STEP + 90]


def test_pods_come_after_a_window_of_a_minute_a_start_and_a_check() -> None:
    # A pod asks for 500 millicores. 15 requests a second on three pods are 5 each, at 50 ms: 250 millicores, 50 %.
    # 30 are 500, 100 %: 3 x 100 / 70 = 4.3, so five. A look sees the window that ended 15 s before: the first to see it
    # whole is at 630. The window of a minute on the way up holds those at 645, 660 and 675 beside it, and no older one.
    # Five are two more; a node of three is full, so they wait for one: 60 s, an image 30 s, a start 30 s, a check 30 s.
    scaled = PodScaling(pods(), 3, NUMBERS, LossTimes(), 15)
    assert scaled.replicas == 3
    pods_over(scaled, _step(15, 30))
    assert _alive(scaled.timeline)[:2] == [(0, 3), (STEP + 75 + 60 + 30 + 30 + 30, 5)]


def test_pods_on_a_node_with_room_come_sooner() -> None:
    scaled = PodScaling(pods(each_node=10), 3, NUMBERS, LossTimes(), 15)
    pods_over(scaled, _step(15, 30))
    assert _alive(scaled.timeline)[:2] == [(0, 3), (STEP + 75 + 30 + 30, 5)]


def test_pods_that_find_no_node_wait() -> None:
    scaled = PodScaling(pods(nodes=1), 3, NUMBERS, LossTimes(), 15)
    pods_over(scaled, _step(15, 30))
    assert _alive(scaled.timeline) == [(0, 3)]
    last = scaled.timeline.changes[-1]
    assert (last.wanted, last.counted, scaled.pending) == (last.counted + scaled.pending, 3, scaled.pending)
    assert scaled.pending


def test_pods_go_after_five_minutes_below_and_a_quarter_at_a_time() -> None:
    # Eight for 40 requests a second: 40 x 50 / 350 = 5.7, so six at first. 10 are 83 millicores each, 16 %: two, so the
    # minimum of three. The first look that sees all of it is at 630; the one at 615 saw the time before. Those within
    # the 300 s of the window are below from 630 to 915. A quarter a minute: 6 x 0.75 = 4.5, so five go to four first.
    scaled = PodScaling(pods(), 3, NUMBERS, LossTimes(), 40)
    assert scaled.replicas == 6
    pods_over(scaled, _step(40, 10))
    changes = _alive(scaled.timeline)
    assert changes[1][0] == STEP + 30 + 300 - 15
    assert changes[1][1] in (4, 5)
    assert changes[-1][1] == 3


def test_a_reader_comes_after_three_minutes_of_alarm_and_ten_to_make() -> None:
    # 60 % of 32 units of a quarter vCPU is 4.8 seconds of CPU a second. 6 are 75 %: 1 x 75 / 60, so two readers.
    scaled = ReaderFleet(database(readers=(1, 4)), NUMBERS, LossTimes())
    readers_over(scaled, _step(1, 6))
    assert _alive(scaled.timeline)[:2] == [(0, 1), (STEP + 180 + 600, 2)]


@pytest.mark.parametrize("work", [0.1, 7.5])
def test_readers_are_not_scaled_while_one_is_in_a_lost_zone(work: float) -> None:
    # Amazon Aurora User Guide, Auto Scaling with Aurora Replicas, Before you begin: only while all are available.
    # 6 seconds of CPU a second are 75 % of one reader, and bring a second. 0.1 would let it go, and 7.5 ask for more.
    scaled = ReaderFleet(database(readers=(1, 4)), NUMBERS, LossTimes(zone=2 * STEP))
    load = np.full(6 * STEP, 6.0)
    load[2 * STEP :] = work
    readers_over(scaled, load)
    assert [one.alive for one in scaled.timeline.changes if one.second >= 2 * STEP] == [1]


def test_a_reader_becomes_the_writer_that_is_lost() -> None:
    scaled = ReaderFleet(database(readers=(2, 4)), NUMBERS, LossTimes(zone=STEP))
    readers_over(scaled, np.full(3600, 1.0))
    assert _alive(scaled.timeline) == [(0, 2), (STEP, 1)]


@pytest.mark.parametrize("rate", [0.0, 5.0, 1e6])
def test_a_fleet_stays_within_its_bounds(rate: float) -> None:
    scaled = FleetScaling(fleet(maximum=4), 3, NUMBERS, LossTimes(), rate)
    fleet_over(scaled, np.full(7200, rate))
    assert all(2 <= one.wanted <= 4 for one in scaled.timeline.changes)
