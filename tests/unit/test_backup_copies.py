"""Copies of the database elsewhere: what they consist of, what is refused, and who hears of one that failed."""

from __future__ import annotations

import json
from typing import Any

import boto3  # type: ignore[import-untyped]
import pulumi
import pytest
from botocore.stub import Stubber  # type: ignore[import-untyped]

from infra import naming
from infra.components.data.backup_copies import BAD, PATHS, BackupCopies, BackupCopiesArgs, pattern, template
from infra.config.problems import SettingsError
from infra.thresholds import COPIED_DAYS, COPY_SOURCE_DAYS, STACK_NAME, VAULT_NAME
from infra.wiring.backup_copies import _warn
from ops.cost.by_hand import amounts, resource, users_for
from ops.cost.usage import DATABASE_GB
from ops.engine.recorder import Recorded
from tests.eventbridge import matches, message
from tests.unit.configs import settings
from tests.unit.runtime import ACCOUNT, built, of_type, record

VAULT = "arn:aws:backup:us-east-1:210987654321:backup-vault:copies"
BOTH = {"region": "eu-west-1", "vaultArn": VAULT}
CLUSTER = f"arn:aws:rds:us-east-1:{ACCOUNT}:cluster:test-use1-db"
PLAN, SELECTION = "aws:backup/plan:Plan", "aws:backup/selection:Selection"
ALARM, SCHEDULE = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:scheduler/schedule:Schedule"
VAULTS, POLICY = "aws:backup/vault:Vault", "aws:kms/keyPolicy:KeyPolicy"


def copies(name: str = "test-use1-backups", **changes: Any) -> dict[str, Recorded]:
    """The component by itself."""
    args: dict[str, Any] = {
        "account_id": ACCOUNT,
        "cluster_arn": CLUSTER,
        "key_arn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/mrk-1",
        "region": None,
        "vault_arn": VAULT,
        "topic": "arn:aws:sns:us-east-1:123456789012:topic",
        "procedures": "https://example.com/procedures.md",
        "protect": True,
        **changes,
    }
    return record(lambda: BackupCopies(name, BackupCopiesArgs(**args)), live=True)


def test_without_being_asked_for_there_are_none() -> None:
    assert not any("backup" in one.type.lower() for one in built(stage=1, live=True).values())


def test_each_place_has_a_plan_of_its_own_which_copies_there_once_a_day() -> None:
    made = built(stage=1, backup=BOTH, live=True)
    plans = of_type(made, PLAN)
    assert set(plans) == {"test-use1-backups-region", "test-use1-backups-account"}
    for place, one in plans.items():
        (rule,) = one.inputs["rules"]
        assert rule["lifecycle"] == {"deleteAfter": COPY_SOURCE_DAYS.value}
        (action,) = rule["copyActions"]
        assert action["lifecycle"] == {"deleteAfter": COPIED_DAYS.value}
        there = VAULT if place.endswith("account") else "test-use1-backups-there"
        assert action["destinationVaultArn"].endswith(there)
    assert len({one.inputs["rules"][0]["schedule"] for one in plans.values()}) == 2
    assert [one.inputs["resources"] for one in of_type(made, SELECTION).values()] == [[CLUSTER]] * 2


def test_the_vault_in_the_other_region_has_the_key_of_that_region() -> None:
    vaults = of_type(built(stage=1, backup=BOTH, live=True), VAULTS)
    here, there = vaults["test-use1-backups-here"], vaults["test-use1-backups-there"]
    assert (here.region, there.region) == ("us-east-1", "eu-west-1")
    assert there.inputs["kmsKeyArn"] != here.inputs["kmsKeyArn"]
    assert "eu-west-1" in there.inputs["kmsKeyArn"]
    assert not here.inputs["forceDestroy"]
    assert not there.inputs["forceDestroy"]


def test_unprotected_vaults_are_deleted_with_what_is_in_them() -> None:
    vaults = of_type(built(stage=1, backup=BOTH, protect=False), VAULTS)
    assert all(one.inputs["forceDestroy"] for one in vaults.values())


def test_the_key_is_shared_with_the_other_account_alone_and_only_then() -> None:
    (policy,) = of_type(copies(), POLICY).values()
    owner, use, grant = json.loads(policy.inputs["policy"])["Statement"]
    assert owner["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert use["Principal"] == grant["Principal"] == {"AWS": "arn:aws:iam::210987654321:root"}
    assert "kms:Decrypt" in use["Action"]
    assert grant["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    # By its id: the provider reads it back so, and would change an ARN at each update.
    assert policy.inputs["keyId"] == "mrk-1"
    assert of_type(built(stage=1, backup={"region": "eu-west-1"}), POLICY) == {}


def test_the_longest_name_fits_with_its_suffix() -> None:
    made = copies(f"{'a' * STACK_NAME.value}-apse2-backups")
    names = [one.name for one in made.values() if one.type in (VAULTS, PLAN, SELECTION)]
    assert len(names) == 3
    assert max(len(one) for one in names) + naming.AUTONAME_SUFFIX <= VAULT_NAME.value


def test_the_longest_stack_s_clock_fits_what_iam_and_the_scheduler_take() -> None:
    made = built(stage=1, backup=BOTH)
    names = [
        one.name for one in made.values() if one.type in ("aws:iam/role:Role", SCHEDULE) and "-backups" in one.name
    ]
    assert len(names) == 5
    longest = f"{'a' * STACK_NAME.value}-apse2"
    # AWS IAM API Reference, CreateRole; Amazon EventBridge Scheduler API Reference, CreateSchedule.
    assert max(len(one.replace("test-use1", longest)) for one in names) + naming.AUTONAME_SUFFIX <= 64


@pytest.mark.parametrize("stage", [1, 7])
def test_at_any_stage_it_is_the_home_that_is_copied(stage: int) -> None:
    writer = {"writer": "eu-west-1", "backfilled": {}} if stage == 7 else {}
    made = built(stage=stage, backup={"region": "eu-west-1"}, live=True, **writer)
    assert [one.inputs["resources"] for one in of_type(made, SELECTION).values()] == [[CLUSTER]]


def test_silence_is_told_for_each_place_and_not_before_a_copy_was_to_be_made() -> None:
    made = built(stage=1, backup=BOTH, live=True)
    alarms = {name: one for name, one in of_type(made, ALARM).items() if "-backups-" in name}
    assert set(alarms) == {"test-use1-backups-region-silent", "test-use1-backups-account-silent"}
    for name, vault in (("region", "test-use1-backups-there"), ("account", "copies")):
        alarm = alarms[f"test-use1-backups-{name}-silent"].inputs
        of = {one["id"]: one.get("metric") for one in alarm["metricQueries"]}
        assert of["copies"]["dimensions"]["BackupVaultName"].startswith(vault)
        # A stack that is new has no copy on its first day, and most of the second.
        assert (alarm["evaluationPeriods"], alarm["datapointsToAlarm"], of["copies"]["period"]) == (3, 3, 86_400)
        assert (alarm["treatMissingData"], alarm["threshold"]) == ("notBreaching", 1)
        (schedule,) = [
            one for one in of_type(made, SCHEDULE).values() if one.name.startswith(f"test-use1-backups-{name}")
        ]
        told = json.loads(schedule.inputs["target"]["input"])
        assert told == {
            "Namespace": of["clock"]["namespace"],
            "MetricData": [{"MetricName": "CopiesExpected", "Value": 0}],
        }
    assert {len(one.inputs["alarmActions"]) for one in alarms.values()} == {1}
    assert not [name for name in built(stage=1, live=True) if "backups" in name]


@pytest.mark.parametrize(
    ("told", "warned"),
    [({"Aurora": True}, False), ({"Aurora": False, "RDS": True}, True), ({"RDS": True}, True), (None, False)],
)
def test_a_region_where_aws_backup_is_off_for_aurora_is_warned_of(
    monkeypatch: pytest.MonkeyPatch,
    told: dict[str, bool] | None,
    warned: bool,  # noqa: FBT001
) -> None:
    client = boto3.client("backup", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y")
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    monkeypatch.setattr(pulumi.log, "info", lambda _: None)
    with Stubber(client) as stub:
        if told is None:
            # Who may not ask is not held up.
            stub.add_client_error("describe_region_settings", "AccessDeniedException")
        else:
            stub.add_response("describe_region_settings", {"ResourceTypeOptInPreference": told})
        _warn(lambda *_: client, "us-east-1")
    assert [("--resource-type-opt-in-preference Aurora=true" in one) for one in said] == ([True] if warned else [])


EVENT: dict[str, Any] = {
    "source": "aws.backup",
    "detail-type": "Copy Job State Change",
    "detail": {"resourceArn": CLUSTER, "state": "FAILED", "statusMessage": 'Access denied: "kms"'},
}


@pytest.mark.parametrize("state", BAD)
@pytest.mark.parametrize("kind", ["Copy", "Backup"])
def test_what_ends_badly_is_told(state: str, kind: str) -> None:
    event = {**EVENT, "detail-type": f"{kind} Job State Change", "detail": {**EVENT["detail"], "state": state}}
    assert matches(pattern(CLUSTER), event)


@pytest.mark.parametrize(
    "change",
    [
        {"detail": {**EVENT["detail"], "state": "COMPLETED"}},
        {"detail": {**EVENT["detail"], "resourceArn": f"{CLUSTER}-other"}},
        {"detail-type": "Restore Job State Change"},
    ],
)
def test_what_ends_well_or_is_others_is_not(change: dict[str, Any]) -> None:
    assert not matches(pattern(CLUSTER), {**EVENT, **change})


def test_the_message_is_one_that_a_channel_shows() -> None:
    told = json.loads(message(template("test-use1-backups", "https://example.com/procedures.md"), PATHS, EVENT))
    assert told["content"]["description"] == 'Access denied: "kms"'
    assert told["content"]["nextSteps"] == [
        "Copy Job State Change: FAILED",
        "What to do: https://example.com/procedures.md#copies-of-the-database",
    ]


def test_the_topic_takes_messages_of_events_where_there_is_something_to_tell() -> None:
    kind = "aws:sns/topicPolicy:TopicPolicy"

    def heard(**changes: Any) -> list[str]:
        made = of_type(built(stage=1, live=True, **changes), kind)
        return [name for name, one in made.items() if "events.amazonaws.com" in one.inputs["policy"]]

    assert heard() == []
    assert heard(backup=BOTH) == ["test-use1-alarms-warning"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "it should have region, vaultArn, or both"),
        ({"region": "us-east-1"}, "it should be one of ascent:regions but the first: eu-west-1, ap-southeast-2"),
        ({"region": "eu-central-1"}, "it should be one of ascent:regions but the first"),
        ({"region": "mars-1"}, "mars-1"),
        ({"vaultArn": "copies"}, "vaultArn"),
        (
            {"vaultArn": VAULT.replace("us-east-1", "eu-west-1")},
            "it should be in us-east-1: of Aurora, AWS Backup copies",
        ),
        ({"vaultArn": VAULT.replace("210987654321", ACCOUNT)}, "it should be a vault of another account"),
    ],
)
def test_a_place_that_cannot_be_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as error:
        settings(backup=given, account={"id": ACCOUNT})
    assert "ascent:backup" in str(error.value)
    assert said in str(error.value)


def test_somebody_elses_database_is_not_ours_to_copy() -> None:
    url = "postgresql://u:p@db.example.com/app"
    with pytest.raises(SettingsError, match="the backups of an external database are its owner's"):
        settings(backup={"region": "eu-west-1"}, externalDatabase={"directUrl": url, "pooledUrl": url})


@pytest.mark.parametrize("there", [{"unknown": True}, "arn:aws:backup:eu-west-1:123456789012:backup-vault:there"])
def test_whole_copies_cost_what_they_hold(there: Any) -> None:
    def plan(vault: Any) -> Recorded:
        return resource(
            PLAN, rules=[{"copyActions": [{"destinationVaultArn": vault, "lifecycle": {"deleteAfter": 7}}]}]
        )

    users = users_for(100, DATABASE_GB)
    found = amounts(plan(there), usage=users)
    assert [(one.key, round(one.quantity.high)) for one in found] == [
        ("aurora.backup", 700),
        ("transfer.region-gb", 3000),
    ]
    # What another account keeps is on its bill.
    assert [one.quantity.high for one in amounts(plan(VAULT), usage=users)] == [0]
