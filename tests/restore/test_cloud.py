"""A restore against AWS' APIs as moto has them, and what moto does not know by botocore's own models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from botocore.stub import Stubber  # type: ignore[import-untyped]
from moto import mock_aws

from ops.failover.errors import CloudError
from ops.restore import calls
from ops.restore.calls import RestoreSource
from ops.restore.cloud import RestoreCloud
from ops.restore.names import Names
from ops.restore.shape import ProxyShape, Shape, shape
from tests.restore.aurora import REGION
from tests.restore.support import ADDED, KEPT, NAME, PROXY, RESTORED, SCALED, STAMP, TODAYS, state

NAMES = Names(cluster=NAME, stamp=STAMP)
BEHIND = ProxyShape(name=PROXY, group="default")


def client(service: str, region: str) -> Any:
    return boto3.client(service, region_name=region, aws_access_key_id="x", aws_secret_access_key="y")


@pytest.fixture
def there() -> Iterator[RestoreCloud]:
    """A cluster with two instances behind a proxy, in moto."""
    with mock_aws():
        rds = client("rds", REGION)
        ec2 = client("ec2", REGION)
        subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]]
        for name in ("test-use1-db-subnets", "default"):
            rds.create_db_subnet_group(
                DBSubnetGroupName=name, DBSubnetGroupDescription="Data subnets", SubnetIds=subnets
            )
        rds.create_db_cluster(
            DBClusterIdentifier=NAME,
            Engine="aurora-postgresql",
            MasterUsername="ascent",
            MasterUserPassword="made-up-and-older",
            DBSubnetGroupName="test-use1-db-subnets",
            DatabaseName="app",
            StorageEncrypted=True,
        )
        for role in ("writer", "reader"):
            rds.create_db_instance(
                DBInstanceIdentifier=f"{NAME}-{role}",
                DBClusterIdentifier=NAME,
                DBInstanceClass="db.r6g.large",
                Engine="aurora-postgresql",
            )
        rds.create_db_proxy(
            DBProxyName=PROXY,
            EngineFamily="POSTGRESQL",
            Auth=[{"AuthScheme": "SECRETS"}],
            RoleArn="arn:aws:iam::123456789012:role/r",
            VpcSubnetIds=subnets,
        )
        cloud = RestoreCloud(client, REGION)
        cloud.tell(calls.attach(BEHIND, [NAME]))
        yield cloud


def shaped() -> Shape:
    return shape(state(), "test", REGION)


def test_a_cluster_is_restored_beside_another_and_both_are_renamed(there: RestoreCloud) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    there.tell(calls.restore(shaped(), NAMES, RestoreSource(time=now, snapshot=None)))
    restored = there.cluster(RESTORED)
    assert restored is not None
    assert (restored.mark, restored.settled) == (STAMP, True)
    assert restored.about["DBSubnetGroup"] == "test-use1-db-subnets"
    assert [one["VpcSecurityGroupId"] for one in restored.about["VpcSecurityGroups"]] == ["sg-1", "sg-2"]
    for instance in shaped().instances:
        there.tell(calls.create(NAMES, instance))
    assert set(there.members(RESTORED)) == {f"{NAME}-{role}-restore-{STAMP}" for role in ("writer", "reader")}
    assert set(there.members(NAME)) == {f"{NAME}-{role}" for role in ("writer", "reader")}

    there.tell(calls.rename_instance(f"{NAME}-writer", NAMES.before(f"{NAME}-writer")))
    assert set(there.members(NAME)) == {f"{NAME}-writer-before-{STAMP}", f"{NAME}-reader"}
    assert there.targets(BEHIND) == [NAME]
    there.tell(calls.detach(BEHIND, [NAME]))
    assert there.targets(BEHIND) == []
    there.tell(calls.keep(NAME, KEPT))
    there.tell(calls.rename_cluster(RESTORED, NAME))
    kept, here = there.cluster(KEPT), there.cluster(NAME)
    assert kept is not None
    assert here is not None
    assert kept.about["DeletionProtection"]
    assert (kept.mark, here.mark) == (None, STAMP)
    assert there.cluster(RESTORED) is None
    there.tell(calls.password(NAME, TODAYS))
    there.tell(calls.attach(BEHIND, [NAME]))
    assert there.targets(BEHIND) == [NAME]


def test_a_snapshot_is_found_by_its_name_and_restored(there: RestoreCloud) -> None:
    client("rds", REGION).create_db_cluster_snapshot(DBClusterIdentifier=NAME, DBClusterSnapshotIdentifier="by-hand")
    found = there.snapshot("by-hand")
    assert found is not None
    assert (found.cluster, found.engine, found.user, found.encrypted) == (NAME, "aurora-postgresql", "ascent", True)
    assert there.snapshot("no-such") is None
    there.tell(calls.restore(shaped(), NAMES, RestoreSource(time=found.time, snapshot="by-hand")))
    restored = there.cluster(RESTORED)
    assert restored is not None
    assert restored.about["EngineVersion"] == "16.8"


def test_a_global_database_is_known_by_its_members(there: RestoreCloud) -> None:
    here = there.cluster(NAME)
    assert here is not None
    assert there.world(here.arn) is None
    client("rds", REGION).create_global_cluster(GlobalClusterIdentifier="world", SourceDBClusterIdentifier=here.arn)
    assert there.world(here.arn) == "world"


@mock_aws
def test_scaling_is_held_and_goes_on_within_the_bounds_that_it_had() -> None:
    scaling = client("application-autoscaling", REGION)
    kind = {"ServiceNamespace": "rds", "ScalableDimension": calls.READERS}
    cloud = RestoreCloud(client, REGION)
    assert cloud.held(SCALED) is None
    scaling.register_scalable_target(**kind, ResourceId=SCALED, MinCapacity=2, MaxCapacity=5)
    for held in (True, False):
        cloud.tell(calls.scaling(SCALED, held=held))
        assert cloud.held(SCALED) is held
    (found,) = scaling.describe_scalable_targets(ServiceNamespace="rds")["ScalableTargets"]
    assert (found["MinCapacity"], found["MaxCapacity"]) == (2, 5)


@mock_aws
def test_the_password_is_read_from_the_secret() -> None:
    made = client("secretsmanager", REGION).create_secret(
        Name="master", SecretString=json.dumps({"username": "ascent", "password": TODAYS})
    )
    other = client("secretsmanager", REGION).create_secret(Name="other", SecretString="{}")
    cloud = RestoreCloud(client, REGION)
    assert cloud.password(made["ARN"]) == TODAYS
    with pytest.raises(CloudError, match="has no password in it"):
        cloud.password(other["ARN"])
    with pytest.raises(CloudError, match=r"^secretsmanager in us-east-1: "):
        cloud.password("no-such")


def stubbed(*answers: tuple[str, dict[str, Any], dict[str, Any]]) -> RestoreCloud:
    one = client("rds", REGION)
    stub = Stubber(one)
    for operation, given, answer in answers:
        stub.add_response(operation, answer, given)
    stub.activate()
    return RestoreCloud(lambda *_: one, REGION)


def test_what_is_left_of_a_cluster_is_found_by_its_own_id() -> None:
    earliest, latest = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 29, tzinfo=UTC)
    window = {"EarliestTime": earliest, "LatestTime": latest}
    asked = {"DbClusterResourceId": "cluster-1"}
    listed = [{"DbClusterResourceId": "cluster-1", "RestoreWindow": window}]
    operation = "describe_db_cluster_automated_backups"
    cloud = stubbed(
        (operation, asked, {"DBClusterAutomatedBackups": listed}),
        (operation, asked, {"DBClusterAutomatedBackups": []}),
        (operation, asked, {"DBClusterAutomatedBackups": [{"DbClusterResourceId": "cluster-1"}]}),
    )
    found = cloud.backups("cluster-1")
    assert found is not None
    assert (found.earliest, found.latest) == (earliest, latest)
    assert cloud.backups("cluster-1") is None
    assert cloud.backups("cluster-1") is None


def test_a_snapshot_of_another_account_is_one_that_is_shared() -> None:
    arn = f"arn:aws:rds:{REGION}:210987654321:cluster-snapshot:copy"
    asked = {"DBClusterSnapshotIdentifier": arn, "IncludeShared": True}
    cloud = stubbed(("describe_db_cluster_snapshots", asked, {"DBClusterSnapshots": []}))
    assert cloud.snapshot(arn) is None


def test_a_proxy_serves_once_it_has_a_writer_behind_it() -> None:
    asked = {"DBProxyName": PROXY, "TargetGroupName": "default"}

    def answer(role: str, health: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
        one = {"Type": "RDS_INSTANCE", "RdsResourceId": "i", "Role": role, "TargetHealth": {"State": health}}
        return "describe_db_proxy_targets", asked, {"Targets": [{"Type": "TRACKED_CLUSTER"}, one]}

    cloud = stubbed(
        answer("READ_WRITE", "REGISTERING"), answer("READ_ONLY", "AVAILABLE"), answer("READ_WRITE", "AVAILABLE")
    )
    assert [cloud.served(BEHIND) for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize(
    ("pending", "settled"),
    [
        ({}, True),
        ({"DBClusterIdentifier": "other"}, False),
        ({"MasterUserPassword": "****"}, False),
        ({"EngineVersion": "16.9"}, True),
    ],
)
def test_what_is_about_to_be_renamed_is_not_settled(pending: dict[str, str], settled: bool) -> None:  # noqa: FBT001
    has = {
        "DBClusterIdentifier": NAME,
        "DBClusterArn": "arn",
        "DbClusterResourceId": "cluster-1",
        "Status": "available",
        "PendingModifiedValues": pending,
    }
    cloud = stubbed(("describe_db_clusters", {"DBClusterIdentifier": NAME}, {"DBClusters": [has]}))
    found = cloud.cluster(NAME)
    assert found is not None
    assert found.settled is settled


def test_readers_that_autoscaling_added_and_what_is_going_are_told_apart() -> None:
    def one(name: str, status: str, **pending: str) -> dict[str, Any]:
        return {"DBInstanceIdentifier": name, "DBInstanceStatus": status, "PendingModifiedValues": pending}

    listed = [one("a", "available"), one(ADDED, "deleting"), one("b", "available", DBInstanceIdentifier="c")]
    asked = {"Filters": [{"Name": "db-cluster-id", "Values": [NAME]}]}
    found = stubbed(("describe_db_instances", asked, {"DBInstances": listed})).members(NAME)
    assert [(one.settled, one.added, one.going) for one in found.values()] == [
        (True, False, False),
        (False, True, True),
        (False, False, False),
    ]
