"""A restore's steps, taken: in order, each once, and taken up again wherever they were left."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from ops.failover.errors import StepError
from ops.restore.calls import MARK
from tests.restore.aurora import Aurora
from tests.restore.support import (
    ADDED,
    CALL,
    KEPT,
    NAME,
    PROXY,
    RESTORED,
    SCALED,
    STAMP,
    TODAYS,
    Machine,
    Under,
    aws,
    state,
    under,
)

ROLES = ("writer", "reader")
OLD = "everything but what was deleted"
NEW = f"{NAME} at 10:30:15"


def outcome(sky: Aurora) -> dict[str, Any]:
    """What there is in the end: what each cluster holds, who is in it, and what leads to it."""
    sky.settle()
    return {
        "clusters": {
            name: (sky.data[one["DbClusterResourceId"]], one["Endpoint"].partition(".")[0], one["DeletionProtection"])
            for name, one in sky.clusters.items()
        },
        "instances": {name: one["DBClusterIdentifier"] for name, one in sky.instances.items()},
        "proxies": sky.proxies,
        "held": sky.scaled,
        "password": {name: sky.passwords.get(one["DbClusterResourceId"]) for name, one in sky.clusters.items()},
    }


WELL: dict[str, Any] = {
    "clusters": {KEPT: (OLD, KEPT, True), NAME: (NEW, NAME, True)},
    "instances": {f"{NAME}-{role}": NAME for role in ROLES} | {f"{NAME}-{role}-before-{STAMP}": KEPT for role in ROLES},
    "proxies": {PROXY: [NAME]},
    "held": {SCALED: False},
    "password": {KEPT: None, NAME: TODAYS},
}
TOLD = [
    "restore_db_cluster_to_point_in_time",
    "create_db_instance",
    "create_db_instance",
    "modify_db_cluster",
    "register_scalable_target",
    *["modify_db_instance"] * 4,
    "deregister_db_proxy_targets",
    "modify_db_cluster",
    # With the reader that autoscaling has added.
    *["reboot_db_instance"] * 3,
    "modify_db_cluster",
    "register_db_proxy_targets",
    "delete_db_instance",
    "register_scalable_target",
]


@pytest.mark.parametrize("follows", [False, True])
def test_a_restored_database_takes_the_place_of_the_other_which_stays(follows: bool) -> None:  # noqa: FBT001
    resources = state()
    one = under(aws(resources, follows=follows), resources)
    results = one.all()
    assert outcome(one.sky) == WELL
    assert one.sky.operations() == TOLD
    assert one.asked == [f"{RESTORED}.cluster-abc.us-east-1.rds.amazonaws.com"]
    assert one.machine.told == [("refresh", one.shape.urns), ("update", ())]
    assert results["verify"] == "https://app.example.com/api/health answers"


def test_it_is_made_as_the_program_has_it() -> None:
    resources = state()
    sky = under(aws(resources), resources)
    sky.all()
    restored, *instances = [given for operation, given in sky.sky.told if operation.startswith(("restore", "create"))]
    assert {key: restored[key] for key in restored if key not in ("Tags", "RestoreToTime")} == {
        "DBClusterIdentifier": RESTORED,
        "SourceDBClusterIdentifier": NAME,
        "DBSubnetGroupName": "test-use1-db-subnets",
        "VpcSecurityGroupIds": ["sg-1", "sg-2"],
        "DBClusterParameterGroupName": "test-use1-db-params",
        "KmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/mrk-1",
        "Port": 5432,
        "EnableIAMDatabaseAuthentication": True,
        "EnableCloudwatchLogsExports": ["postgresql"],
        "BackupRetentionPeriod": 35,
        "CopyTagsToSnapshot": True,
        "DeletionProtection": True,
        "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 32},
    }
    assert {one["Key"]: one["Value"] for one in restored["Tags"]} == {
        "ascent:project": "ascent",
        "ascent:stack": "test",
        "team": "a, b",
        MARK: STAMP,
    }
    assert [(one["DBInstanceIdentifier"], one["AvailabilityZone"], one["PromotionTier"]) for one in instances] == [
        (f"{NAME}-writer-restore-{STAMP}", "us-east-1b", 0),
        (f"{NAME}-reader-restore-{STAMP}", "us-east-1c", 1),
    ]
    assert not instances[0]["PubliclyAccessible"]
    assert MARK not in str(instances)


def test_the_writer_is_there_before_its_readers_are_made() -> None:
    resources = state(readers=2)
    sky = aws(resources)
    seen: list[list[str]] = []

    def stop(_number: int, when: str) -> None:
        if when == "before":
            seen.append([one["DBInstanceStatus"] for name, one in sky.instances.items() if "-restore-" in name])

    sky.stop = stop
    one = under(sky, resources)
    one.run.take("restore")
    one.run.take("instances")
    assert seen == [[], [], ["available"], ["available", "creating"]]


class Cut(BaseException):
    """Somebody pressed Ctrl-C, or the machine went down."""


def cut(number: int, when: str) -> Callable[[int, str], None]:
    def stop(now: int, there: str) -> None:
        if (now, there) == (number, when):
            raise Cut

    return stop


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, len(TOLD) + 1))
def test_cut_off_at_any_call_it_is_taken_up_and_nothing_is_done_twice(number: int, when: str) -> None:
    resources = state()
    sky = aws(resources, follows=number % 2 == 0)
    sky.stop = cut(number, when)
    one = under(sky, resources)
    with pytest.raises(Cut):
        one.all()
    assert len(sky.told) == number - (when == "before")
    sky.stop = lambda *_: None
    # What AWS was told goes on while nobody looks, for a while or not at all.
    for _ in range(number % 4):
        sky.step()
    again = under(sky, resources)
    assert again.run.plan.begun is (len(sky.told) > 0)
    again.all()
    assert outcome(sky) == WELL
    # A password is set anew, since AWS does not tell which it is; nor does it tell who is connected.
    repeated = [one for one in sky.told if "MasterUserPassword" not in one[1] and one[0] != "reboot_db_instance"]
    assert [operation for operation, _ in repeated] == [
        operation
        for index, operation in enumerate(TOLD)
        if index != TOLD.index("modify_db_cluster") and operation != "reboot_db_instance"
    ]
    # Once the renaming has begun, the answer is known.
    begun = number > TOLD.index("modify_db_instance") + (when == "before")
    assert len(one.asked) + len(again.asked) == (1 if begun else max(1, len(one.asked) + 1))


@pytest.mark.parametrize("number", range(1, 40, 3))
def test_cut_off_while_it_waits_it_is_taken_up(number: int) -> None:
    resources = state()
    sky = aws(resources)
    one, waits = under(sky, resources), 0

    def wait(seconds: float) -> None:
        nonlocal waits
        waits += 1
        if waits == number:
            raise Cut
        sky.step(seconds)

    one.run.wait = wait
    try:
        one.all()
    except Cut:
        under(sky, resources).all()
    assert outcome(sky) == WELL
    assert sky.operations().count("modify_db_instance") == 4


def test_done_already_nothing_is_asked_or_renamed_again() -> None:
    resources = state()
    sky = aws(resources)
    under(sky, resources).all()
    before = len(sky.told)
    # The update has taken the mark away, as it is none of the program's.
    sky.clusters[NAME]["TagList"] = []
    again = under(sky, resources)
    results = again.all()
    assert [step for step, said in results.items() if said == "already so"] == [
        "check", "restore", "instances", "look", "names", "swap", "readers",
    ]  # fmt: skip
    assert [operation for operation, given in sky.told[before:] if "MasterUserPassword" not in given] == []
    assert again.asked == []


@pytest.mark.parametrize("gone", [True, False])
def test_whatever_has_become_of_the_kept_one_the_rest_is_done(gone: bool) -> None:  # noqa: FBT001
    resources = state()
    sky = aws(resources)
    under(sky, resources).all()
    sky.settle()
    if gone:
        del sky.clusters[KEPT]
        sky.instances = {name: one for name, one in sky.instances.items() if one["DBClusterIdentifier"] != KEPT}
    else:
        sky.clusters[KEPT]["Status"] = "stopped"
    before = len(sky.told)
    under(sky, resources).all()
    assert [operation for operation, given in sky.told[before:] if "MasterUserPassword" not in given] == []


def test_no_leaves_it_beside_and_the_same_command_goes_on() -> None:
    resources = state()
    sky = aws(resources)
    one = under(sky, resources, yes=False)
    for step in ("check", "restore", "instances", "password"):
        one.run.take(step)
    with pytest.raises(StepError, match=f"{RESTORED} stays beside {NAME}"):
        one.run.take("look")
    assert set(sky.clusters) == {NAME, RESTORED}
    assert sky.proxies == {PROXY: [NAME]}
    assert sky.scaled == {SCALED: False}
    under(sky, resources).all()
    assert outcome(sky)["clusters"] == WELL["clusters"]


def test_the_application_has_a_database_but_in_the_swap() -> None:
    resources = state()
    sky = aws(resources)
    one = under(sky, resources)
    without: set[str] = set()
    now = ""

    def stop(*_: object) -> None:
        if NAME not in sky.clusters or sky.proxies != {PROXY: [NAME]}:
            without.add(now)

    sky.stop = stop
    for step in one.run.plan.steps:
        now = step.id
        one.run.take(now)
    assert without == {"swap"}


@pytest.mark.parametrize("number", [None, *range(TOLD.index("deregister_db_proxy_targets") + 1, len(TOLD) + 1)])
def test_nobody_writes_to_the_old_one_once_the_other_has_its_name(number: int | None) -> None:
    resources = state()
    sky = aws(resources)
    sky.app = NAME
    sky.step()
    assert sky.connected == "cluster-OLD"
    here: list[tuple[str, str]] = []

    def look(now: int, when: str) -> None:
        here.append((sky.clusters.get(NAME, {}).get("DbClusterResourceId", ""), sky.connected))
        if number is not None:
            cut(number, "after")(now, when)

    sky.stop = look
    one = under(sky, resources)
    try:
        one.all()
    except Cut:
        sky.stop = lambda *_: None
        under(sky, resources).all()
    new = sky.clusters[NAME]["DbClusterResourceId"]
    assert sky.connected == new != "cluster-OLD"
    assert (new, "cluster-OLD") not in here


def test_a_proxy_that_does_not_take_a_target_at_once_is_asked_again() -> None:
    resources = state()
    sky = aws(resources)
    sky.unwilling = 3
    under(sky, resources).all()
    assert outcome(sky) == WELL


def test_a_proxy_that_loses_a_renamed_writer_is_led_to_it_again() -> None:
    resources = state()
    sky = aws(resources)
    sky.forgets = True
    one = under(sky, resources)
    for step in one.run.plan.steps[:6]:
        one.run.take(step.id)
    # The application goes on with the old data, by way of the proxy too.
    assert (sky.proxies, sky.stale) == ({PROXY: [NAME]}, set())
    assert NAME in sky.clusters
    for step in one.run.plan.steps[6:]:
        one.run.take(step.id)
    assert (outcome(sky)["proxies"], sky.stale) == ({PROXY: [NAME]}, set())


def test_nothing_scales_the_readers_while_they_are_renamed() -> None:
    resources = state()
    sky = aws(resources)
    held: list[bool] = []

    def stop(_number: int, when: str) -> None:
        if when == "before":
            held.append(sky.scaled[SCALED])

    sky.stop = stop
    under(sky, resources).all()
    moves = [index for index, operation in enumerate(TOLD) if operation in ("modify_db_instance", "modify_db_cluster")]
    assert all(held[index] for index in moves[1:])
    assert ADDED not in sky.instances or sky.instances[ADDED]["DBInstanceStatus"] == "deleting"


def test_a_stack_without_proxy_and_scaling_has_neither_touched() -> None:
    resources = state(readers=0, proxy=False, scaled=False)
    sky = aws(resources)
    one = under(sky, resources)
    one.all()
    assert "readers" not in [step.id for step in one.run.plan.steps]
    assert set(sky.operations()) == {
        "restore_db_cluster_to_point_in_time",
        "create_db_instance",
        "modify_db_cluster",
        "modify_db_instance",
        "reboot_db_instance",
    }
    assert outcome(sky)["clusters"] == WELL["clusters"]


def test_the_roles_are_made_again_and_the_data_api_is_there_for_it() -> None:
    resources = state(roles=True)
    sky = aws(resources)
    one = under(sky, resources)
    one.all()
    assert sky.clusters[NAME]["HttpEndpointEnabled"]
    assert one.machine.told[-1] == ("update", (CALL,))
    typed = {step.id: step.command for step in one.run.plan.steps}
    assert f"--replace '{CALL}'" in typed["update"]
    # The restored one's ARN, so that the line can be typed as it stands.
    arn = f"arn:aws:rds:us-east-1:123456789012:cluster:{one.run.names.restored}"
    assert f"aws rds enable-http-endpoint --region us-east-1 --resource-arn {arn}" in typed["restore"]


def test_a_cluster_that_is_gone_comes_back_from_what_aws_has_kept() -> None:
    resources = state()
    sky = aws(resources, lost=True)
    one = under(sky, resources)
    results = one.all()
    assert outcome(sky)["clusters"] == {NAME: ("cluster-OLD at 10:30:15", NAME, True)}
    assert set(sky.instances) == {f"{NAME}-{role}" for role in ROLES}
    assert sky.proxies == {PROXY: [NAME]}
    assert results["check"] == f"there is no cluster that {RESTORED} is to take the place of"
    # Its mark says that it has been restored: neither is it taken for the old one, nor restored a second time.
    before = len(sky.told)
    again = under(sky, resources).all()
    assert [operation for operation, _ in sky.told[before:]] == ["modify_db_cluster"]
    assert again["swap"] == again["restore"] == "already so"


def snapshot(sky: Aurora, name: str, **has: Any) -> None:
    sky.snapshots[name] = {
        "DBClusterSnapshotIdentifier": name,
        "DBClusterIdentifier": NAME,
        "Engine": "aurora-postgresql",
        "EngineVersion": "16.4",
        "MasterUsername": "ascent",
        "StorageEncrypted": True,
        "Status": "available",
        "SnapshotCreateTime": datetime(2026, 11, 20, 3, 0, 1, 500_000, tzinfo=UTC),
        **has,
    }


@pytest.mark.parametrize(
    ("name", "kind"), [("by-hand", "manual"), ("rds:x-1", "automated"), ("awsbackup:job-1", "awsbackup")]
)
def test_a_snapshot_is_restored_at_the_programs_version(name: str, kind: str) -> None:
    resources = state()
    sky = aws(resources)
    snapshot(sky, name, SnapshotType=kind)
    under(sky, resources, to=None, snapshot=name).all()
    given = next(given for operation, given in sky.told if operation == "restore_db_cluster_from_snapshot")
    assert (given["SnapshotIdentifier"], given["EngineVersion"]) == (name, "16.8")
    assert sky.data[sky.clusters[NAME]["DbClusterResourceId"]] == f"snapshot {name}"
    assert f"{NAME}-before-20261120030001" in sky.clusters


def fails(one: Under, step: str, said: str) -> None:
    with pytest.raises(StepError, match=re.escape(said)):
        one.run.take(step)


def test_a_restored_cluster_that_an_update_would_replace_does_not_take_the_place() -> None:
    resources = state()
    sky = aws(resources)
    one = under(sky, resources)
    for step in ("restore", "instances", "password"):
        one.run.take(step)
    sky.clusters[RESTORED]["DatabaseName"] = "other"
    fails(one, "look", "has DatabaseName other, and the program app: an update would replace it")
    assert one.asked == []
    # Not all that was restored says what its database is called.
    del sky.clusters[RESTORED]["DatabaseName"]
    one.run.take("look")


@pytest.mark.parametrize("op", ["replace", "create-replacement", "create", "delete"])
@pytest.mark.parametrize("name", [NAME, f"{NAME}-writer"])
def test_no_update_is_made_that_would_put_an_empty_database_in_its_place(name: str, op: str) -> None:
    resources = state()
    machine = Machine(resources, ops={name: op})
    one = under(aws(resources), resources, machine=machine)
    fails(one, "update", f"an update would not keep the restored database ({op} {name})")
    assert [kind for kind, _ in machine.told] == ["refresh"]


def test_a_target_that_aws_has_dropped_is_made_again() -> None:
    resources = state()
    machine = Machine(resources, ops={"test-use1-proxy": "create", NAME: "update"})
    one = under(aws(resources), resources, machine=machine)
    one.run.take("update")
    assert machine.told[-1] == ("update", ())


def test_what_is_not_well_in_the_end_is_said() -> None:
    resources = state()
    one = under(aws(resources), resources, machine=Machine(resources, ops={f"{NAME}-reader": "update"}))
    fails(one, "verify", f"an update would still change it (update {NAME}-reader)")
    one = under(aws(resources), resources)
    one.run.answers = lambda _: False
    fails(one, "verify", "does not answer with 200")


def test_what_does_not_come_about_ends_the_step() -> None:
    resources = state()
    sky = aws(resources)
    one = under(sky, resources)
    one.run.wait = lambda _: None
    sky.frozen = True
    fails(one, "restore", f"{RESTORED} is not available after 7200 s; see its events, then try again")


def test_a_cluster_that_cannot_be_renamed_is_left_alone() -> None:
    resources = state()
    sky = aws(resources)
    one = under(sky, resources)
    sky.clusters[NAME]["Status"] = "upgrading"
    fails(one, "check", f"{NAME} is not available, so it cannot be renamed")
    sky.clusters[NAME]["Status"] = "available"
    sky.worlds["world"] = [sky.clusters[NAME]["DBClusterArn"]]
    fails(one, "check", "belongs to the global database world")


def test_a_cluster_that_is_busy_for_a_moment_is_renamed_after_it() -> None:
    resources = state()
    sky = aws(resources)
    one = under(sky, resources)
    for step in one.run.plan.steps[:6]:
        one.run.take(step.id)
    sky.busy = 2
    one.run.take("swap")
    assert (sky.busy, set(sky.clusters)) == (0, {NAME, KEPT})


def test_what_aws_refuses_is_one_line() -> None:
    resources = state()
    sky = aws(resources)
    one = under(sky, resources)
    sky.clusters[NAME]["LatestRestorableTime"] = sky.clusters[NAME]["EarliestRestorableTime"]
    fails(one, "restore", "rds in us-east-1: An error occurred (InvalidRestoreFault)")


def test_the_password_is_in_no_log_and_no_command(capfd: pytest.CaptureFixture[str]) -> None:
    resources = state()
    one = under(aws(resources), resources)
    results = one.all()
    told = capfd.readouterr()
    assert TODAYS not in f"{results}{one.run.plan.as_dict()}{told.out}{told.err}"
