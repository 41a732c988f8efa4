"""The steps of a failover, and what they cost."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ops.failover.plan import Plan, RefusedError, plan
from tests.unit.configs import settings

HOME, OTHER, THIRD = "us-east-1", "eu-west-1", "ap-southeast-2"


def planned(to: str = OTHER, *, lost: bool = False, lag: float = 1, **changes: Any) -> Plan:
    return plan(settings(**{"stage": 7, **changes}), "test", to, lost=lost, lag=lag)


def test_a_switchover_checks_first_and_loses_nothing() -> None:
    one = planned()
    assert [step.id for step in one.steps] == ["check", "database", "cache", "config", "update", "restart", "verify"]
    assert (one.rpo.database, one.rpo.cache, one.rpo.objects) == (0, 0, 0)
    assert "switchover-global-cluster --region us-east-1" in one.steps[1].command
    assert "allow-data-loss" not in str(one)
    assert one.rto == sum(step.seconds for step in one.steps) == 120 + 60 + 600 + 120


def test_a_failover_asks_nothing_of_the_lost_region_and_may_lose_the_lag() -> None:
    one = planned(lost=True, lag=2.5)
    assert [step.id for step in one.steps] == ["database", "cache", "config", "update", "restart", "verify"]
    assert (one.rpo.database, one.rpo.cache, one.rpo.objects) == (2.5, 2.5, 15 * 60)
    assert one.rto == 60 + 60 + 600 + 120
    assert "--region us-east-1" not in str(one)
    assert one.file == {"ascent:writer": OTHER, "ascent:unreachable": HOME}
    assert "--exclude=**$aws:**::test-use1*" in next(step.command for step in one.steps if step.id == "update")


def test_what_is_not_ours_is_not_moved() -> None:
    urls = {"directUrl": "postgresql://a:b@db.example.com/a", "pooledUrl": "postgresql://a:b@pool.example.com/a"}
    one = planned(externalDatabase=urls, externalCache={"url": "rediss://:b@cache.example.com:6379"})
    assert [step.id for step in one.steps] == ["check", "config", "update", "restart", "verify"]
    assert (one.rpo.database, one.rpo.cache) == (None, None)


def test_the_way_back_takes_the_key_out_again() -> None:
    back = planned(HOME, writer=OTHER)
    assert (back.source, back.target) == (OTHER, HOME)
    assert back.file == {"ascent:writer": None, "ascent:unreachable": None}
    assert next(step.command for step in back.steps if step.id == "config") == (
        "pulumi config rm ascent:writer --stack test"
    )


def test_what_was_interrupted_after_the_file_still_knows_who_is_lost() -> None:
    again = planned(lost=True, writer=OTHER, unreachable=HOME)
    assert (again.source, again.target, again.lost) == (OTHER, OTHER, HOME)


@pytest.mark.parametrize(
    ("to", "lost", "changes", "said"),
    [
        (OTHER, False, {"stage": 6}, "stage 6 runs in us-east-1 alone"),
        ("us-west-2", False, {}, "no standby of test; those are us-east-1, eu-west-1, ap-southeast-2"),
        (OTHER, True, {"writer": OTHER}, "no region is lost"),
        (HOME, False, {"writer": OTHER, "unreachable": HOME}, "ascent:unreachable: given us-east-1"),
        (THIRD, True, {"writer": OTHER, "unreachable": HOME}, "ascent:unreachable: given us-east-1"),
    ],
)
def test_what_cannot_be_is_refused_with_a_way_out(to: str, lost: bool, changes: Any, said: str) -> None:  # noqa: FBT001
    with pytest.raises(RefusedError, match=re.escape(said)):
        planned(to, lost=lost, **changes)
