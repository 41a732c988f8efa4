"""The connection budget, for every stage and runtime that ships."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.connections import CLASSES, budget, max_connections, pool_percent
from infra.stages import STAGES
from ops import stackfile
from tests.unit.configs import settings


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
    ("min_acu", "max_acu", "limit"),
    [(0.5, 1, 189), (1, 4, 823), (1, 6, 823), (2, 8, 1669), (0.5, 16, 2000), (2, 16, 3360), (4, 128, 5000)],
)
def test_the_limit_is_the_one_aws_documents(min_acu: float, max_acu: float, limit: int) -> None:
    assert max_connections("db.serverless", min_acu, max_acu) == limit


def test_a_provisioned_class_has_the_limit_of_its_memory() -> None:
    limits = [max_connections(name, 0.5, 0.5) for name in CLASSES if name != "db.serverless"]
    assert limits == sorted(limits)
    assert max_connections("db.r7g.large", 0.5, 0.5) == 1669


def test_a_pooler_bounds_what_a_fleet_may_open() -> None:
    assert budget(instances=30, pooled=False, workers=0, limit=2000).application == 600
    assert budget(instances=30, pooled=True, workers=0, limit=2000).application == 61
    assert budget(instances=500, pooled=True, workers=0, limit=2000).application == 200


@given(st.integers(0, 300), st.booleans(), st.integers(0, 100), st.integers(1, 5000))
def test_a_budget_holds_exactly_when_its_sum_fits(instances: int, pooled: bool, workers: int, limit: int) -> None:  # noqa: FBT001
    one = budget(instances=instances, pooled=pooled, workers=workers, limit=limit)
    assert one.holds == (one.application + one.workers + one.jobs + one.reserve <= limit)
    assert str(one.total) in str(one)


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_the_proxys_share_is_at_least_the_pool_and_hardly_more(pool: int, limit: int) -> None:
    percent = pool_percent(pool, limit)
    assert 1 <= percent <= 100
    if pool <= limit:
        assert percent * limit >= pool * 100
        assert (percent - 1) * limit < pool * 100 or percent == 1
