"""The fence around an old writer: whom it keeps out, and that it leaves no trace."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from botocore.stub import Stubber  # type: ignore[import-untyped]
from moto import mock_aws

from infra.clients import clients as real_clients
from ops.failover.errors import CloudError
from ops.failover.fence import Fence
from tests.unit.test_failover import HOME

KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}


def clients(service: str, region: str) -> Any:
    return boto3.client(service, region_name=region, **KEYS)


def database() -> tuple[str, list[str]]:
    """A cluster in three subnets of a VPC of its own. Returns the VPC, and the subnets."""
    ec2, rds = clients("ec2", HOME), clients("rds", HOME)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=f"{HOME}{zone}")["Subnet"][
            "SubnetId"
        ]
        for index, zone in enumerate("abc")
    ]
    rds.create_db_subnet_group(DBSubnetGroupName="data", DBSubnetGroupDescription="data", SubnetIds=subnets)
    rds.create_db_cluster(
        DBClusterIdentifier="test-use1-db",
        Engine="aurora-postgresql",
        DBSubnetGroupName="data",
        MasterUsername="ascent",
        MasterUserPassword="0123456789",
    )
    return vpc, subnets


def rules(vpc: str) -> list[dict[str, Any]]:
    found = clients("ec2", HOME).describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    return sorted(
        (entry for acl in found["NetworkAcls"] for entry in acl["Entries"]),
        key=lambda entry: (entry["Egress"], entry["RuleNumber"]),
    )


@mock_aws
def test_a_fence_denies_the_databases_port_before_any_other_rule_and_leaves_no_trace() -> None:
    vpc, _ = database()
    other = clients("ec2", HOME).create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    before, elsewhere = rules(vpc), rules(other)
    fence = Fence(clients)
    fence.put("test-use1-db", HOME)
    first, *rest = rules(vpc)
    assert (first["RuleNumber"], first["RuleAction"], first["Egress"]) == (1, "deny", False)
    assert (first["Protocol"], first["PortRange"]) == ("6", {"From": 5432, "To": 5432})
    assert (rest, rules(other)) == (before, elsewhere)
    # Put again, as when a failover is taken up again, it stays as it is.
    fence.put("test-use1-db", HOME)
    assert rules(vpc) == [first, *before]
    assert fence.lift("test-use1-db", HOME) is True
    assert (rules(vpc), fence.lift("test-use1-db", HOME)) == (before, False)


@mock_aws
def test_a_first_rule_of_somebody_else_is_neither_taken_for_the_fence_nor_taken_away() -> None:
    vpc, _ = database()
    (acl,) = clients("ec2", HOME).describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkAcls"]
    clients("ec2", HOME).create_network_acl_entry(
        NetworkAclId=acl["NetworkAclId"], RuleNumber=1, Protocol="-1", RuleAction="allow", Egress=False,
        CidrBlock="10.0.0.0/8",
    )  # fmt: skip
    before = rules(vpc)
    with pytest.raises(CloudError, match="NetworkAclEntryAlreadyExists"):
        Fence(clients).put("test-use1-db", HOME)
    assert Fence(clients).lift("test-use1-db", HOME) is False
    assert rules(vpc) == before


def test_the_last_word_of_aurora_about_its_own_fence_is_told() -> None:
    messages = (
        "Attempt to block writes for DB cluster a in Region b succeeded.",
        "Attempt to block writes for DB cluster a in Region b timed out.",
        "DB instance restarted",
    )
    events = [{"Message": one, "Date": datetime(2026, 1, 1, hour, tzinfo=UTC)} for hour, one in enumerate(messages)]
    query = {"SourceType": "db-instance", "Duration": 60}
    rds = clients("rds", HOME)
    with Stubber(rds) as stub:
        stub.add_response("describe_events", {"Events": events[::-1]}, query)
        stub.add_response("describe_events", {"Events": events[2:]}, query)
        fence = Fence(lambda *_: rds)
        assert fence.said(HOME) == messages[1]
        assert fence.said(HOME) is None


def test_a_region_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    # A port of this machine that nobody listens on.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for key, value in KEYS.items():
        monkeypatch.setenv(key.upper(), value)
    began = datetime.now(UTC)
    with pytest.raises(
        CloudError, match=f"in {HOME}: nothing answers at http://127.0.0.1:9/, which AWS_ENDPOINT_URL names"
    ):
        Fence(real_clients(seconds=1)).put("test-use1-db", HOME)
    assert (datetime.now(UTC) - began).total_seconds() < 10
    # Nor is STS, of which a role is taken in that region: it takes connections, and says nothing.
    with socket.create_server(("127.0.0.1", 0)) as mute:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{mute.getsockname()[1]}")
        began = datetime.now(UTC)
        with pytest.raises(CloudError, match=f"in {HOME}: Read timeout"):
            Fence(real_clients("arn:aws:iam::123456789012:role/deploy", seconds=1)).put("test-use1-db", HOME)
    assert (datetime.now(UTC) - began).total_seconds() < 10
