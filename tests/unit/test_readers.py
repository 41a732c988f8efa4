"""Readers that autoscaling made, against AWS' APIs as moto has them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3  # type: ignore[import-untyped]
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from infra.clients import clients
from ops import readers as module
from ops.cli import app
from ops.readers import ReadersError, readers, remove
from tests.unit.configs import settings

REGION, CLUSTER, MADE = "us-east-1", "test-use1-db", "application-autoscaling-1a2b"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    with mock_aws():
        rds = boto3.client("rds", REGION)
        rds.create_db_cluster(
            DBClusterIdentifier=CLUSTER, Engine="aurora-postgresql", MasterUsername="a", MasterUserPassword="made-up-1"
        )
        for name in (f"{CLUSTER}-writer", f"{CLUSTER}-reader", MADE):
            rds.create_db_instance(
                DBInstanceIdentifier=name, DBClusterIdentifier=CLUSTER, DBInstanceClass="db.serverless",
                Engine="aurora-postgresql",
            )  # fmt: skip
        yield


def scaled() -> None:
    boto3.client("application-autoscaling", REGION).register_scalable_target(
        ServiceNamespace="rds", ResourceId=f"cluster:{CLUSTER}", ScalableDimension="rds:cluster:ReadReplicaCount",
        MinCapacity=1, MaxCapacity=4,
    )  # fmt: skip


@pytest.mark.usefixtures("account")
def test_those_that_autoscaling_made_are_found_and_the_programs_own_are_not() -> None:
    (found,) = readers(settings(), "test", clients())
    assert found.as_dict() == {"region": REGION, "cluster": CLUSTER, "instance": MADE, "kept": False}
    scaled()
    assert [one.kept for one in readers(settings(), "test", clients())] == [True]


@pytest.mark.usefixtures("account")
def test_one_is_deleted_and_waited_for() -> None:
    (found,) = readers(settings(), "test", clients())
    remove(found, clients(), seconds=60, wait=lambda _: None, poll=1)
    assert list(readers(settings(), "test", clients())) == []
    rds = boto3.client("rds", REGION)
    assert [one["DBInstanceIdentifier"] for one in rds.describe_db_instances()["DBInstances"]] == [
        f"{CLUSTER}-writer",
        f"{CLUSTER}-reader",
    ]


@pytest.mark.usefixtures("account")
def test_one_that_stays_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = readers(settings(), "test", clients())
    monkeypatch.setattr(module, "_members", lambda *_: [MADE])
    with pytest.raises(ReadersError, match=f"{MADE} in {REGION} is still there after 2 s; try again"):
        remove(found, clients(), seconds=2, wait=lambda _: None, poll=1)


@pytest.mark.usefixtures("account")
def test_a_region_without_the_cluster_and_a_lost_one_are_no_error() -> None:
    two = settings(stage=7, regions=[REGION, "eu-west-1"])
    assert [one.region for one in readers(two, "test", clients())] == [REGION]
    lost = settings(stage=7, regions=[REGION, "eu-west-1"], writer="eu-west-1", unreachable=REGION)
    assert list(readers(lost, "test", clients())) == []


@pytest.mark.usefixtures("account")
def test_the_command_removes_what_nothing_keeps_and_leaves_what_would_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ops.stackfile.settings", lambda _: settings())
    scaled()
    shown = CliRunner().invoke(app, ["readers", "--stack", "test"])
    assert shown.exit_code == 0, shown.output
    assert "kept by a policy" in shown.stdout
    left = CliRunner().invoke(app, ["readers", "--stack", "test", "--remove", "--yes", "--json"])
    assert json.loads(left.stdout)["removed"] == []
    assert "readers.maximum" in left.stderr
    boto3.client("application-autoscaling", REGION).deregister_scalable_target(
        ServiceNamespace="rds", ResourceId=f"cluster:{CLUSTER}", ScalableDimension="rds:cluster:ReadReplicaCount"
    )
    refused = CliRunner().invoke(app, ["readers", "--stack", "test", "--remove"], input="n\n")
    assert refused.exit_code == 1
    removed = CliRunner().invoke(app, ["readers", "--stack", "test", "--remove", "--yes", "--json"])
    assert (removed.exit_code, json.loads(removed.stdout)["removed"]) == (0, [MADE])
    none = CliRunner().invoke(app, ["readers", "--stack", "test"])
    assert "No reader of test was made by autoscaling." in none.stdout


def test_a_stack_that_is_not_there_is_told() -> None:
    result = CliRunner().invoke(app, ["readers", "--stack", "nothing"])
    assert result.exit_code == 2
    assert "Traceback" not in result.output
