"""The stage table itself: it only grows, but where it says so."""

from __future__ import annotations

from itertools import pairwise

import pytest

from infra.stages import STAGES, Capability, Stage

PAIRS = list(pairwise(STAGES.values()))


def test_there_are_seven_stages_in_order() -> None:
    assert list(STAGES) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(("lower", "higher"), PAIRS)
def test_a_stage_has_all_that_is_below_it_but_what_it_drops(lower: Stage, higher: Stage) -> None:
    assert lower.capabilities - higher.capabilities == set(higher.drops)
    assert higher.capabilities - lower.capabilities == set(higher.adds)


@pytest.mark.parametrize(("lower", "higher"), PAIRS)
def test_no_size_shrinks_on_the_way_up(lower: Stage, higher: Stage) -> None:
    low, high = lower.sizes, higher.sizes
    assert low.fleet.minimum <= high.fleet.minimum
    assert low.fleet.maximum <= high.fleet.maximum
    assert low.database.min_acu <= high.database.min_acu
    assert low.database.max_acu <= high.database.max_acu
    assert low.budget.monthly_usd < high.budget.monthly_usd
    for name in ("hpa", "readers", "workers"):
        ours, theirs = getattr(low, name), getattr(high, name)
        assert ours is None or (ours.minimum <= theirs.minimum and ours.maximum <= theirs.maximum)


@pytest.mark.parametrize(("lower", "higher"), PAIRS)
def test_a_warm_pool_never_turns_into_spot_in_one_step(lower: Stage, higher: Stage) -> None:
    both = lower.capabilities | higher.capabilities
    assert not {Capability.WARM_POOL, Capability.SPOT} <= both


def test_every_capability_is_added_once() -> None:
    added = [capability for stage in STAGES.values() for capability in stage.adds]
    assert sorted(added) == sorted(Capability)


def test_sizes_exist_where_the_capability_does() -> None:
    for stage in STAGES.values():
        assert (stage.sizes.readers is not None) == stage.has(Capability.READERS)
        assert (stage.sizes.cache is not None) == stage.has(Capability.CACHE)
        assert (stage.sizes.workers is not None) == stage.has(Capability.QUEUES)


def test_an_override_replaces_only_what_it_names() -> None:
    sizes = STAGES[4].sizes.overridden({"fleet": {"maximum": 50}, "readers": {}})
    assert sizes.fleet.maximum == 50
    assert sizes.fleet.minimum == STAGES[4].sizes.fleet.minimum
    assert sizes.readers == STAGES[4].sizes.readers
