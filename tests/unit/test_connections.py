"""The connection budget, for every stage and runtime that ships."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.capacity.connections import (
    CLASSES,
    ConnectionBudget,
    budget,
    max_connections,
    pool_percent,
    pooler,
    server_limit,
)
from infra.capacity.load import pool_size
from infra.stages import STAGES
from ops import stackfile
from tests.unit.configs import settings
from tests.unit.runtime import built, of_type

TARGETS = "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup"


@pytest.mark.parametrize("runtime", ["ec2", "kubernetes", "both"])
@pytest.mark.parametrize("stage", STAGES)
def test_the_budget_holds_at_every_stage_and_runtime_with_both_colors(stage: int, runtime: str) -> None:
    color = {"image": "registry.example.com/app:1.0.0", "weight": 50}
    connections = settings(stage=stage, runtime=runtime, rollout={"blue": color, "green": color}).connections
    assert connections.holds, str(connections)


@pytest.mark.parametrize("stack", stackfile.names())
def test_the_budget_of_every_shipped_stack_holds(stack: str) -> None:
    assert stackfile.settings(stack).connections.holds


@pytest.mark.parametrize(
    ("max_acu", "limit"), [(1, 189), (4, 823), (6, 823), (8, 1669), (16, 3360), (32, 5000), (128, 5000)]
)
def test_the_memory_carries_what_aws_documents_and_the_server_takes_no_more_than_it_is_told(
    max_acu: float, limit: int
) -> None:
    assert max_connections("db.serverless", max_acu, 5000) == limit
    assert max_connections("db.serverless", max_acu) == min(limit, 2000)


def test_a_server_is_told_the_same_at_every_stage_and_a_class_has_aws_default() -> None:
    told = {settings(stage=stage).sizes.database.max_connections for stage in STAGES}
    assert told == {2000}
    assert server_limit("db.serverless") == 2000
    assert server_limit("db.r7g.large") is None


def test_a_provisioned_class_has_the_limit_of_its_memory() -> None:
    """Whatever the serverless instances are told, and whatever capacity they may have."""
    assert {name: max_connections(name, 0.5, 90) for name in CLASSES if name != "db.serverless"} == {
        "db.t4g.medium": 189,
        "db.t4g.large": 823,
        "db.r7g.large": 1669,
        "db.r7g.xlarge": 3360,
        "db.r7g.2xlarge": 5000,
        "db.r7g.4xlarge": 5000,
        "db.r7g.8xlarge": 5000,
    }


def test_with_less_capacity_than_any_row_there_is_no_connection_to_plan_with() -> None:
    assert max_connections("db.serverless", 0.5) == 0


FULL = ConnectionBudget(application=500, poolers=100, workers=40, jobs=5, reserve=15, forwarded=340, limit=1000)
# A fifth of 1000 is left for the proxy: no more, and no less.
TIGHT = ConnectionBudget(application=61, workers=780, jobs=5, reserve=15, limit=1000, pooled=True)


def test_a_budget_holds_to_the_last_connection_of_its_clients_and_no_further() -> None:
    assert FULL.total == FULL.limit
    assert FULL.holds
    for name in ("application", "poolers", "workers", "jobs", "reserve", "forwarded"):
        assert not replace(FULL, **{name: getattr(FULL, name) + 1}).holds, name


def test_a_proxy_has_what_the_others_leave_and_needs_a_fifth_of_all() -> None:
    assert (TIGHT.proxy, TIGHT.holds) == (200, True)
    fuller = replace(TIGHT, workers=781)
    assert (fuller.proxy, fuller.holds) == (199, False)
    assert fuller.total < fuller.limit
    # Where no instance uses it, it needs none.
    assert replace(fuller, application=0).holds
    assert replace(TIGHT, workers=2000).proxy == 0


def test_a_budget_says_who_has_how_many() -> None:
    assert str(FULL) == (
        "application 500 + poolers 100 + workers 40 + jobs 5 + reserve 15 + forwarded 340 = 1000, of 1000 connections"
    )
    assert str(TIGHT) == "application 61 + workers 780 + jobs 5 + reserve 15 = 861, of 1000 connections"


def test_other_regions_and_poolers_count_where_there_are_any() -> None:
    alone = budget(instances=0, pooled=True, workers=10, limit=2000)
    assert (alone.application, alone.poolers, alone.workers, alone.forwarded) == (0, 0, 20, 0)
    more = budget(instances=0, pooled=True, workers=10, limit=2000, poolers=40, forwarding=True)
    assert more.total == alone.total + 40 + 500


@given(st.integers(0, 300))
def test_two_pooler_pods_have_the_pool_between_them_and_four_are_counted(pods: int) -> None:
    """An update has two more for a moment."""
    cap = pooler(pods, 0).cap
    assert cap * 2 >= pool_size(pods) > (cap - 1) * 2
    assert pooler(pods, 0).connections == cap * 4


@pytest.mark.parametrize(
    ("pods", "workers", "clients"), [(0, 0, 100), (60, 0, 1200), (60, 20, 1240), (900, 900, 19_800), (5000, 0, 20_000)]
)
def test_one_pooler_pod_takes_the_clients_of_the_whole_cluster(pods: int, workers: int, clients: int) -> None:
    assert pooler(pods, workers).clients == clients


def test_a_pooler_bounds_what_a_fleet_may_open() -> None:
    assert budget(instances=30, pooled=False, workers=0, limit=2000).application == 600
    assert budget(instances=30, pooled=True, workers=0, limit=2000).application == 61
    assert budget(instances=500, pooled=True, workers=0, limit=2000).application == 200


@given(st.integers(0, 300), st.booleans(), st.integers(0, 100), st.integers(1, 5000))
def test_a_budget_holds_exactly_when_its_sum_fits(instances: int, pooled: bool, workers: int, limit: int) -> None:  # noqa: FBT001
    one = budget(instances=instances, pooled=pooled, workers=workers, limit=limit)
    fits = one.application + one.workers + one.jobs + one.reserve <= limit
    assert one.holds == (fits and (not pooled or one.application == 0 or one.proxy >= limit // 5))
    assert one.proxy <= limit
    assert str(one.total) in str(one)


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_the_proxys_share_is_no_more_than_the_pool_and_hardly_less(pool: int, limit: int) -> None:
    percent = pool_percent(pool, limit)
    assert 1 <= percent <= 100
    if pool <= limit:
        assert percent * limit <= pool * 100 or percent == 1
        assert (percent + 1) * limit > pool * 100


@pytest.mark.parametrize("runtime", ["ec2", "both"])
@pytest.mark.parametrize("stage", [2, 3, 4, 5, 6, 7])
def test_the_proxy_has_at_least_what_aws_recommends_and_takes_nothing_from_others(stage: int, runtime: str) -> None:
    for resource in of_type(built(live=True, stage=stage, runtime=runtime), TARGETS).values():
        percent = resource.inputs["connectionPoolConfig"]["maxConnectionsPercent"]
        assert percent >= 20
        one = settings(stage=stage, runtime=runtime).connections
        assert percent * 2000 // 100 + one.total - one.application <= one.limit
