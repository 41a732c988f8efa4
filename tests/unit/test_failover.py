"""The steps of a failover, and what they cost."""

from __future__ import annotations

import re
import shlex
import subprocess
from typing import Any

import jmespath  # type: ignore[import-untyped]
import pytest

from ops.failover.keys import elsewhere
from ops.failover.plan import FailoverPlan, FailoverRefusedError, plan
from tests.unit.configs import settings

HOME, OTHER, THIRD = "us-east-1", "eu-west-1", "ap-southeast-2"


BACKFILLED = {region: {"date": "2026-11-29", "buckets": "b0123456789ab"} for region in (OTHER, THIRD)}


def planned(
    to: str = OTHER, *, lost: bool = False, lag: float = 1, without_old_objects: bool = False, **changes: Any
) -> FailoverPlan:
    chosen = settings(**{"stage": 7, "backfilled": BACKFILLED, **changes})
    return plan(chosen, "test", to, lost=lost, lag=lag, without_old_objects=without_old_objects)


def test_a_switchover_checks_first_and_loses_nothing() -> None:
    one = planned()
    assert [step.id for step in one.steps] == [
        "check", "objects", "database", "cache", "config", "update", "restart", "verify",
    ]  # fmt: skip
    assert (one.rpo.database, one.rpo.cache, one.rpo.objects) == (0, 0, 0)
    assert "switchover-global-cluster --region us-east-1" in one.steps[2].command
    assert "allow-data-loss" not in str(one)
    assert one.rto == sum(step.seconds for step in one.steps) == 120 + 60 + 600 + 360


def test_a_failover_asks_nothing_of_the_lost_region_and_may_lose_the_lag() -> None:
    one = planned(lost=True, lag=2.5)
    assert [step.id for step in one.steps] == [
        "objects", "fence", "database", "cache", "config", "update", "restart", "verify", "readers",
    ]  # fmt: skip
    assert (one.rpo.database, one.rpo.cache, one.rpo.objects) == (2.5, 2.5, 15 * 60)
    assert one.rto == 60 + 60 + 600 + 360
    # But to keep clients away from its database, which is done without where it does not answer.
    assert [step.id for step in one.steps if "--region us-east-1" in step.command] == ["fence"]
    assert one.file == {"ascent:writer": OTHER, "ascent:unreachable": HOME, "ascent:drained": (THIRD,)}
    assert "--exclude=**$aws:**::test-use1*" in next(step.command for step in one.steps if step.id == "update")


KEY = "awskms://alias/ascent-prod?region=us-east-1"


@pytest.mark.parametrize(
    ("url", "moved"),
    [
        (KEY, "awskms://alias/ascent-prod?region=eu-west-1"),
        (
            "awskms:///arn:aws:kms:us-east-1:123456789012:key/mrk-1?awssdk=v2&region=us-east-1&context_a=us-east-1",
            "awskms:///arn:aws:kms:eu-west-1:123456789012:key/mrk-1?awssdk=v2&region=eu-west-1&context_a=us-east-1",
        ),
        ("awskms://alias/us-east-1?region=us-east-10", None),
        ("awskms://alias/a?region=eu-central-1", None),
    ],
)
def test_the_key_of_the_secrets_is_taken_from_another_region_of_the_same_key(url: str, moved: str | None) -> None:
    assert elsewhere(url, HOME, OTHER) == (moved or url)


def test_secrets_are_decrypted_elsewhere_before_anything_else_needs_them() -> None:
    one = plan(settings(stage=7, backfilled=BACKFILLED), "test", OTHER, lost=True, lag=1, key=KEY)
    assert one.steps[0].id == "key"
    swap = one.steps[0].command.partition("sed ")[2].partition(" -i")[0]
    done = subprocess.run(["sed", *shlex.split(swap)], input=KEY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == elsewhere(KEY, HOME, OTHER)
    assert [step.id for step in planned().steps + planned(lost=True).steps if step.id == "key"] == []


def test_what_is_not_ours_is_not_moved() -> None:
    urls = {"directUrl": "postgresql://a:b@db.example.com/a", "pooledUrl": "postgresql://a:b@pool.example.com/a"}
    external: dict[str, Any] = {
        "externalDatabase": urls,
        "externalCache": {"url": "rediss://:b@cache.example.com:6379"},
    }
    one = planned(**external)
    assert [step.id for step in one.steps] == ["check", "objects", "config", "update", "restart", "verify"]
    # Its copies are its owner's: whom people drained stays drained, and nobody else is.
    assert planned(lost=True, **external).drained == ()
    assert planned(lost=True, drained=[THIRD], **external).drained == (THIRD,)
    assert (one.rpo.database, one.rpo.cache) == (None, None)


def test_a_lost_region_that_answers_again_is_taken_back_before_it_gets_visitors() -> None:
    one = planned(writer=OTHER, unreachable=HOME, drained=[THIRD])
    assert [step.id for step in one.steps] == [
        "check", "objects", "returned", "database", "cache", "config", "update", "restart", "verify", "readers",
    ]  # fmt: skip
    assert (one.returned, one.fenced, one.lost) == (HOME, HOME, None)
    assert one.file == {"ascent:writer": OTHER, "ascent:unreachable": None, "ascent:drained": (THIRD, HOME)}
    assert "--exclude" not in str(one)
    assert "pulumi config rm ascent:unreachable" in next(step.command for step in one.steps if step.id == "config")


@pytest.mark.parametrize("lost", [True, False])
def test_a_network_that_others_may_use_is_not_fenced(lost: bool) -> None:  # noqa: FBT001
    chosen = settings(stage=7, backfilled=BACKFILLED)
    # Only the keys are looked at: whose network it is.
    network = chosen.network.model_copy(update={"vpcs": {HOME: None}})
    said = {"writer": OTHER, "unreachable": HOME}
    theirs = chosen.model_copy(update={"network": network, **said})
    one = plan(theirs, "test", OTHER, lost=lost, lag=1)
    assert one.fenced is None
    assert "fence" not in [step.id for step in one.steps]


def test_the_way_back_says_so_and_does_not_only_fall_silent() -> None:
    back = planned(HOME, writer=OTHER)
    assert (back.source, back.target) == (OTHER, HOME)
    assert back.file == {"ascent:writer": HOME, "ascent:unreachable": None, "ascent:drained": None}
    assert next(step.command for step in back.steps if step.id == "config") == (
        f"pulumi config set ascent:writer {HOME} --stack test"
    )


@pytest.mark.parametrize("region", [OTHER, THIRD])
def test_a_region_without_the_old_objects_is_refused_with_what_to_do(region: str) -> None:
    others = {name: one for name, one in BACKFILLED.items() if name != region}
    with pytest.raises(FailoverRefusedError, match="First: ascent backfill --stack test --wait"):
        planned(region, backfilled=others)
    with pytest.raises(FailoverRefusedError, match=r"use --without-old-objects$") as refused:
        planned(region, lost=True, backfilled=others)
    assert f"These have them: {next(iter(others))}." in str(refused.value)
    assert "ascent backfill" not in str(refused.value)


def test_without_them_it_goes_on_and_says_that_any_object_may_be_missing() -> None:
    one = planned(lost=True, without_old_objects=True, backfilled={})
    assert "objects" not in [step.id for step in one.steps]
    assert one.rpo.objects is None


def test_the_home_has_all_objects() -> None:
    back = planned(HOME, writer=OTHER, backfilled={})
    assert "objects" not in [step.id for step in back.steps]
    assert back.rpo.objects == 0


def test_copies_that_are_made_anew_get_no_visitors_until_they_are_there() -> None:
    regions = [HOME, OTHER, THIRD, "us-west-2"]
    lost = planned(lost=True, regions=regions)
    assert lost.drained == (THIRD, "us-west-2")
    config, readers = (next(step for step in lost.steps if step.id == name) for name in ("config", "readers"))
    assert "pulumi config set --path 'ascent:drained[1]' us-west-2 --stack test" in config.command
    assert readers.seconds == 0
    # Run again, it goes by what the file says: what has visitors again is not drained once more.
    said: dict[str, Any] = {"writer": OTHER, "unreachable": HOME, "regions": regions}
    assert planned(lost=True, drained=["us-west-2"], **said).drained == ("us-west-2",)
    assert planned(lost=True, **said).drained == ()
    # A switchover keeps all copies; with a region drained it has to wait, and the way to have it back is said.
    assert planned(regions=regions).drained == ()
    with pytest.raises(FailoverRefusedError, match="ascent failover --stack test --to us-east-1 --apply"):
        planned(drained=[THIRD])
    assert planned(HOME, drained=[THIRD]).drained == (THIRD,)


def test_what_was_interrupted_after_the_file_still_knows_who_is_lost() -> None:
    again = planned(lost=True, writer=OTHER, unreachable=HOME)
    assert (again.source, again.target, again.lost) == (OTHER, OTHER, HOME)


@pytest.mark.parametrize(
    ("to", "lost", "changes", "said"),
    [
        (OTHER, False, {"stage": 6}, "stage 6 runs in us-east-1 alone"),
        ("us-west-2", False, {}, "no standby of test; those are us-east-1, eu-west-1, ap-southeast-2"),
        (OTHER, True, {"writer": OTHER}, "no region is lost"),
        (
            HOME,
            False,
            {"writer": OTHER, "unreachable": HOME},
            "first put it back into service: ascent failover --stack test --to eu-west-1 --apply",
        ),
        (THIRD, True, {"writer": OTHER, "unreachable": HOME}, "ascent:unreachable: given us-east-1"),
    ],
)
def test_what_cannot_be_is_refused_with_a_way_out(to: str, lost: bool, changes: Any, said: str) -> None:  # noqa: FBT001
    with pytest.raises(FailoverRefusedError, match=re.escape(said)):
        planned(to, lost=lost, **changes)


@pytest.mark.parametrize("changes", [{}, {"writer": HOME}, {"drained": [THIRD]}])
def test_whoever_writes_already_is_refused_unless_a_failover_may_be_under_way(changes: dict[str, Any]) -> None:
    if changes:
        assert planned(HOME, **changes).steps
        return
    with pytest.raises(
        FailoverRefusedError, match="us-east-1 takes the writes of test already, so there is nothing to do"
    ):
        planned(HOME)


WORLD = {
    "GlobalReplicationGroups": [
        {"GlobalReplicationGroupId": "ldgnf-other-global", "Members": []},
        {
            "GlobalReplicationGroupId": "ldgnf-test-use1-global",
            "Members": [
                {"ReplicationGroupRegion": HOME, "ReplicationGroupId": "a"},
                {"ReplicationGroupRegion": OTHER, "ReplicationGroupId": "b"},
            ],
        },
    ],
    "DBClusters": [{"DBClusterArn": "arn:of:it", "DBSubnetGroup": "its-group"}],
    "DBSubnetGroups": [{"Subnets": [{"SubnetIdentifier": "subnet-1"}]}],
    "NetworkAcls": [{"NetworkAclId": "acl-1"}],
}


@pytest.mark.parametrize("lost", [True, False])
def test_nothing_is_left_to_fill_in_of_what_a_person_would_type(lost: bool) -> None:  # noqa: FBT001
    def answered(found: re.Match[str]) -> str:
        return str(jmespath.search(found[1], WORLD))

    said = {}
    for step in planned(lost=lost).steps:
        command = step.command
        # From the innermost question on.
        while (inner := re.sub(r'\$\(aws [^$]*? --output text --query "([^"]*)"\)', answered, command)) != command:
            command = inner
        said[step.id] = command
    assert not re.search(r"ARN_OF|ID_OF|OF_ITS|None|\$\(", str(said))
    assert "--target-db-cluster-identifier arn:of:it" in said["database"]
    assert said["cache"].endswith(
        "--global-replication-group-id ldgnf-test-use1-global --primary-replication-group-id b"
    )
    if lost:
        assert said["fence"].endswith("--network-acl-id acl-1")
