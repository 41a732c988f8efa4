"""The role of `ascent backfill`, and what the command is told by the stack."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from infra import wiring
from infra.application import PROFILES, Profile
from tests.unit.configs import settings
from tests.unit.runtime import ACCOUNT, built, of_type, record

BUCKETS = PROFILES[Profile.RUNBOOKS].buckets

ROLE, POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
NAME = "test-use1-backfill"


def test_s3_batch_operations_may_begin_what_the_rules_say_and_write_its_report() -> None:
    everything = built(live=True, stage=7)
    trust = json.loads(of_type(everything, ROLE)[NAME].inputs["assumeRolePolicy"])
    assert [one["Principal"] for one in trust["Statement"]] == [{"Service": "batchoperations.s3.amazonaws.com"}]
    allowed: dict[str, set[str]] = {}
    for one in json.loads(of_type(everything, POLICY)[NAME].inputs["policy"])["Statement"]:
        assert set(one) == {"Effect", "Action", "Resource"}
        for action in one["Action"]:
            allowed.setdefault(action, set()).update(one["Resource"])
    buckets = {f"arn:aws:s3/bucket:us-east-1:{ACCOUNT}:test-use1-store-{kind}" for kind in BUCKETS}
    reports = {"arn:aws:s3:::test-use1-access-logs-id/backfill/*"}
    # As in Amazon S3 User Guide, Configuring an IAM role for S3 Batch Replication, with a manifest that S3 makes.
    assert allowed == {
        "s3:InitiateReplication": {f"{arn}/*" for arn in buckets},
        "s3:GetReplicationConfiguration": buckets,
        "s3:PutInventoryConfiguration": buckets,
        "s3:GetObject": reports,
        "s3:GetObjectVersion": reports,
        "s3:PutObject": reports,
    }


@pytest.mark.parametrize(
    ("changes", "there"),
    [
        ({"stage": 6}, False),
        ({"stage": 7, "regions": ["us-east-1"]}, False),
        ({"stage": 7, "writer": "eu-west-1"}, True),
    ],
)
def test_there_is_one_where_there_are_copies_and_it_is_the_homes(changes: Any, there: bool) -> None:  # noqa: FBT001
    roles = of_type(built(live=True, **changes), ROLE)
    assert {name for name in roles if "backfill" in name} == ({NAME} if there else set())


@pytest.mark.parametrize(("stage", "to"), [(6, []), (7, ["euw1", "apse2"])])
def test_the_stack_tells_which_buckets_are_copied_where(
    stage: int, to: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, Any] = {}
    monkeypatch.setattr(pulumi, "export", told.__setitem__)
    known: list[Any] = []

    def program() -> None:
        wiring.build(settings(stage=stage))
        pulumi.Output.from_input(told["copies"]).apply(known.append)

    record(program, live=True)
    names = {"euw1": "eu-west-1", "apse2": "ap-southeast-2"}
    assert known == [
        {
            "roleArn": f"arn:aws:iam/role:us-east-1:{ACCOUNT}:{NAME}",
            "reports": "test-use1-access-logs-id",
            "from": {kind: f"test-use1-store-{kind}" for kind in BUCKETS},
            "to": {names[code]: {kind: f"test-{code}-store-{kind}" for kind in BUCKETS} for code in to},
        }
        if to
        else {}
    ]
