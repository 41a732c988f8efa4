"""A restore's plan: names, what is refused, and what a shape is read from."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.regions import REGIONS
from infra.thresholds import STACK_NAME
from ops.restore.cloud import DatabaseCluster, Snapshot
from ops.restore.names import IDENTIFIER, Names, stamp
from ops.restore.plan import RestoreInventory, RestoreRefusedError, Wish, source, wish
from ops.restore.shape import NoDatabaseError, Shape, shape
from tests.restore.aurora import NOW, REGION
from tests.restore.support import CALL, KEY, NAME, PROXY, SCALED, SECRET, STAMP, TO, state

TIME = datetime(2026, 11, 29, 10, 30, 15, tzinfo=UTC)
# Amazon RDS API Reference, ModifyDBCluster, NewDBClusterIdentifier: constraints.
RIGHT = re.compile(r"[a-z](-?[a-z0-9])*")


@pytest.mark.parametrize("code", sorted({region.code for region in REGIONS.values()}))
@pytest.mark.parametrize("stack", ["p", "a" * STACK_NAME.value, "a-b" * (STACK_NAME.value // 3)])
def test_there_is_room_for_every_name(stack: str, code: str) -> None:
    names = Names(cluster=f"{stack}-{code}-db", stamp=STAMP)
    things = [names.cluster, *(f"{names.cluster}-{role}" for role in ("writer", "reader", "reader-15"))]
    all_ = [*things, *(names.beside(one) for one in things), *(names.before(one) for one in things)]
    assert len(set(all_)) == len(all_)
    assert all(len(one) <= IDENTIFIER and RIGHT.fullmatch(one) for one in all_)


def test_names_follow_from_the_time_and_so_are_known_again() -> None:
    assert stamp(TIME) == stamp(TIME.astimezone()) == STAMP
    assert Names(cluster=NAME, stamp=STAMP).restored == f"{NAME}-restore-20261129103015"


@pytest.mark.parametrize("told", [TO, "2026-11-29T11:30:15+01:00", "2026-11-29T10:30:15.9Z", "20261129T103015Z"])
def test_a_time_is_the_same_in_every_zone(told: str) -> None:
    assert wish(told, None, NOW).time == TIME


def shaped(**other: Any) -> Shape:
    return shape(state(**other), "test", REGION)


def test_a_shape_is_what_the_state_has() -> None:
    one = shaped(roles=True)
    assert [instance.name for instance in one.instances] == [f"{NAME}-writer", f"{NAME}-reader"]
    assert [(proxy.name, proxy.group) for proxy in one.proxies] == [(PROXY, "default")]
    assert (one.scaled, one.secret, one.calls, one.http) == (SCALED, SECRET, (CALL,), True)
    assert [urn.rpartition("::")[2] for urn in one.urns] == [
        NAME, f"{NAME}-writer", f"{NAME}-reader", "test-use1-proxy", NAME, NAME,
    ]  # fmt: skip
    assert "masterPassword" not in str(one)


def test_what_an_update_is_about_to_delete_is_none_of_it() -> None:
    resources = state(readers=0)
    gone = {**resources[0], "delete": True}
    assert len(shape([gone, *resources], "test", REGION).instances) == 1


@pytest.mark.parametrize("missing", ["aws:rds/cluster:Cluster", "aws:secretsmanager/secret:Secret"])
def test_a_state_without_a_database_or_its_secret_is_refused(missing: str) -> None:
    with pytest.raises(NoDatabaseError, match="first: pulumi up --stack test"):
        shape([one for one in state() if one["type"] != missing], "test", REGION)


def cluster(**has: Any) -> DatabaseCluster:
    known: dict[str, Any] = {
        "name": NAME,
        "id": "cluster-1",
        "arn": "arn",
        "endpoint": "e",
        "mark": None,
        "about": {},
        "http": False,
        "earliest": NOW - timedelta(days=35),
        "latest": NOW - timedelta(minutes=5),
        "settled": True,
    }
    return DatabaseCluster(**{**known, **has})


def found(**has: Any) -> RestoreInventory:
    nothing: dict[str, Any] = dict.fromkeys(("cluster", "restored", "kept", "backups", "snapshot", "world"))
    return RestoreInventory(**{**nothing, **has})


NAMES = Names(cluster=NAME, stamp=STAMP)


@pytest.mark.parametrize("begun", [{"restored": cluster()}, {"kept": cluster()}, {"cluster": cluster(mark=STAMP)}])
def test_one_that_was_begun_is_not_held_to_what_the_new_cluster_reaches(begun: dict[str, Any]) -> None:
    late = cluster(earliest=NOW, latest=NOW, mark=begun.get("cluster", cluster()).mark)
    assert source(Wish(time=TIME, snapshot=None), found(**{"cluster": late, **begun}), NAMES, shaped()).time == TIME


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({"cluster": cluster(earliest=None, latest=None)}, "wait until it is available"),
        ({"cluster": cluster(), "world": "w"}, "belongs to the global database w"),
        ({}, "AWS has kept no automated backups of it"),
        ({"cluster": cluster(), "restored": cluster(), "kept": cluster()}, "are all there"),
    ],
)
def test_what_is_there_may_rule_it_out(there: dict[str, Any], said: str) -> None:
    with pytest.raises(RestoreRefusedError, match=said):
        source(Wish(time=TIME, snapshot=None), found(**there), NAMES, shaped())


def snapshot(**has: Any) -> Snapshot:
    known: dict[str, Any] = {
        "name": "s",
        "cluster": NAME,
        "engine": "aurora-postgresql",
        "version": "16.8",
        "user": "ascent",
        "encrypted": True,
        "status": "available",
        "time": TIME,
    }
    return Snapshot(**{**known, **has})


@pytest.mark.parametrize(
    ("has", "said"),
    [
        ({"engine": "aurora-mysql"}, "is of aurora-mysql; it should be of aurora-postgresql"),
        ({"engine": "postgres"}, "is of postgres; it should be"),
        ({"encrypted": False}, "is not encrypted; copy it with the stack's key"),
        ({"status": "creating"}, "is creating; wait until it is available"),
        ({"user": "root"}, "is of a database whose master user is root; it should be ascent, which no update can"),
        ({"version": "15.4"}, "is of version 15.4; it should be of 16.8, or of an earlier one of 16"),
        ({"version": "17.1"}, "is of version 17.1; it should be of 16.8"),
        ({"version": "16.10"}, "is of version 16.10; it should be of 16.8"),
    ],
)
def test_a_snapshot_that_does_not_fit_is_refused(has: dict[str, Any], said: str) -> None:
    with pytest.raises(RestoreRefusedError, match=re.escape(f"--snapshot: given s, which {said}")):
        source(Wish(time=None, snapshot="s"), found(cluster=cluster(), snapshot=snapshot(**has)), NAMES, shaped())


def test_a_snapshot_that_another_account_shares_is_copied_first() -> None:
    theirs, ours = (f"arn:aws:rds:{REGION}:{one}:cluster-snapshot:s" for one in ("210987654321", "123456789012"))
    there = found(cluster=cluster(), snapshot=snapshot())
    with pytest.raises(RestoreRefusedError, match=f"--source-db-cluster-snapshot-identifier {theirs} ") as refused:
        source(Wish(time=None, snapshot=theirs), there, NAMES, shaped())
    assert f"--kms-key-id {KEY}" in str(refused.value)
    assert source(Wish(time=None, snapshot=ours), there, NAMES, shaped()).snapshot == ours


@pytest.mark.parametrize("version", ["16.8", "16.4", "16.6.1"])
def test_a_snapshot_of_an_earlier_minor_version_fits(version: str) -> None:
    there = found(cluster=cluster(), snapshot=snapshot(version=version))
    assert source(Wish(time=None, snapshot="s"), there, NAMES, shaped()).snapshot == "s"
