"""Arithmetic on load, instances and connections, and that every stage carries what it says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.capacity.load import carries, load_of, pool_size, survivors, targets_for
from infra.stages import STAGES, Stage

ZONES = 3


@pytest.mark.parametrize("stage", STAGES.values(), ids=lambda stage: stage.name)
def test_a_stage_carries_its_users_with_a_zone_lost(stage: Stage) -> None:
    assert carries(stage.sizes.fleet.maximum, ZONES, stage.users)


def test_a_stage_carries_no_fewer_users_than_the_one_below() -> None:
    users = [stage.users for stage in STAGES.values()]
    assert users == sorted(users)


@pytest.mark.parametrize(
    ("instances", "size"), [(0, 20), (9, 20), (10, 21), (30, 61), (99, 199), (100, 200), (500, 200)]
)
def test_the_pool_follows_the_guide_within_the_runbooks_bounds(instances: int, size: int) -> None:
    assert pool_size(instances) == size


@given(st.integers(0, 1000), st.integers(1, 6))
def test_losing_a_zone_loses_no_more_than_its_share_and_one(instances: int, zones: int) -> None:
    left = survivors(instances, zones)
    assert 0 <= left <= instances
    assert instances - left <= instances / zones + 1
    # Spread evenly, no zone holds more than one instance above another; the fullest is the one that is lost.
    fullest = max(len(range(zone, instances, zones)) for zone in range(zones))
    assert left == instances - fullest


@given(st.integers(0, 100_000), st.integers(0, 500))
def test_more_instances_never_carry_less(users: int, instances: int) -> None:
    if carries(instances, ZONES, users):
        assert carries(instances + 1, ZONES, users)
    assert carries(instances, ZONES, users) == (survivors(instances, ZONES) * 1000 >= users * 2)
    assert targets_for(users) * 1000 >= users * 2 > (targets_for(users) - 1) * 1000


@given(st.integers(0, 100_000), st.integers(0, 100), st.integers(0, 100))
def test_a_share_of_a_share_of_the_users_loses_none_by_rounding(users: int, weight: int, share: int) -> None:
    load = load_of(users, weight, share)
    assert load * 100 * 100 >= users * weight * share > (load - 1) * 100 * 100
    assert load_of(users, weight, 100) + load_of(users, 100 - weight, 100) >= users


@pytest.mark.parametrize(
    "call", [lambda: pool_size(-1), lambda: survivors(1, 0), lambda: survivors(-1, 3), lambda: targets_for(-1)]
)
def test_nonsense_is_refused(call: Callable[[], int]) -> None:
    with pytest.raises(ValueError, match="cannot"):
        call()
