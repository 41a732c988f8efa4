"""What a change of inputs entails."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from catalog.values import UNKNOWN, Secret
from tests.sandbox.conftest import Aborted, Engine, Start

_KINDS = ("add", "add_replace", "delete", "delete_replace", "update", "update_replace")
_GROUP = {"name": "tg", "port": 3000, "protocol": "HTTP", "vpcId": "vpc-1"}
_NLB = {"loadBalancerType": "network", "subnets": ["a", "b"]}
_CLUSTER = {"engine": "aurora-postgresql", "engineVersion": "16.4"}
_TASK = {"family": "job", "cpu": "256", "containerDefinitions": "[]"}
_RULE = {"securityGroupId": "sg-1", "ipProtocol": "tcp", "cidrIpv4": "10.0.0.0/8"}


def kinds(response: provider_pb2.DiffResponse) -> dict[str, str]:
    """Detailed differences in words."""
    return {path: _KINDS[item.kind] for path, item in response.detailedDiff.items()}


@pytest.mark.parametrize(
    ("token", "old", "new", "expected"),
    [
        ("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16"}, {"cidrBlock": "10.0.0.0/16"}, {}),
        (
            "aws:ec2/vpc:Vpc",
            {"cidrBlock": "10.0.0.0/16"},
            {"cidrBlock": "10.1.0.0/16"},
            {"cidrBlock": "update_replace"},
        ),
        ("aws:ec2/vpc:Vpc", {"cidrBlock": "a", "tags": {"x": "1"}}, {"cidrBlock": "a"}, {"tags": "delete"}),
        ("aws:ec2/vpc:Vpc", {"cidrBlock": "a"}, {"cidrBlock": "a", "region": "us-east-1"}, {}),
        (
            "aws:ec2/vpc:Vpc",
            {"cidrBlock": "a"},
            {"cidrBlock": "a", "region": "eu-west-1"},
            {"region": "update_replace"},
        ),
        (
            "aws:ec2/vpc:Vpc",
            {"instanceTenancy": "dedicated"},
            {"instanceTenancy": "default"},
            {"instanceTenancy": "update"},
        ),
        ("aws:lb/targetGroup:TargetGroup", _GROUP, {**_GROUP, "port": UNKNOWN}, {"port": "update_replace"}),
        (
            "aws:lb/targetGroup:TargetGroup",
            _GROUP,
            {**_GROUP, "deregistrationDelay": 30},
            {"deregistrationDelay": "add"},
        ),
        ("aws:lb/loadBalancer:LoadBalancer", {"subnets": ["a", "b"]}, {"subnets": ["b", "a"]}, {}),
        (
            "aws:lb/loadBalancer:LoadBalancer",
            {"subnets": ["a", "b"]},
            {"subnets": ["c", "a", "b"]},
            {"subnets[2]": "add"},
        ),
        ("aws:lb/loadBalancer:LoadBalancer", {"subnets": ["a"]}, {"subnets": ["b"]}, {"subnets[0]": "update"}),
        ("aws:lb/loadBalancer:LoadBalancer", _NLB, {**_NLB, "subnets": ["a"]}, {"subnets[1]": "delete_replace"}),
        ("aws:lb/loadBalancer:LoadBalancer", _NLB, {**_NLB, "subnets": ["a", "b", "c"]}, {"subnets[2]": "add"}),
        ("aws:rds/cluster:Cluster", _CLUSTER, {**_CLUSTER, "engineVersion": "17.2"}, {"engineVersion": "update"}),
        ("aws:rds/cluster:Cluster", _CLUSTER, {**_CLUSTER, "kmsKeyId": "k"}, {"kmsKeyId": "add_replace"}),
        ("aws:rds/cluster:Cluster", _CLUSTER, {**_CLUSTER, "engineMode": "provisioned"}, {}),
        ("aws:rds/cluster:Cluster", _CLUSTER, {**_CLUSTER, "storageType": "aurora-iopt1"}, {"storageType": "add"}),
        (
            "aws:elasticache/replicationGroup:ReplicationGroup",
            {"engineVersion": "7.1"},
            {"engineVersion": "7.0"},
            {"engineVersion": "update_replace"},
        ),
        (
            "aws:elasticache/replicationGroup:ReplicationGroup",
            {"engineVersion": "7.0"},
            {"engineVersion": "7.1"},
            {"engineVersion": "update"},
        ),
        (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            _RULE,
            {**_RULE, "cidrIpv4": "10.0.0.0/16"},
            {"cidrIpv4": "update"},
        ),
        (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            _RULE,
            {"securityGroupId": "sg-1", "ipProtocol": "tcp", "prefixListId": "pl-1"},
            {"cidrIpv4": "delete_replace", "prefixListId": "add_replace"},
        ),
        (
            "aws:acm/certificate:Certificate",
            {"domainName": "a.example"},
            {"domainName": "a.example", "subjectAlternativeNames": ["a.example"]},
            {},
        ),
        (
            "aws:acm/certificate:Certificate",
            {"domainName": "a.example"},
            {"domainName": "a.example", "subjectAlternativeNames": ["b.example"]},
            {"subjectAlternativeNames": "add_replace"},
        ),
        ("aws:ecs/taskDefinition:TaskDefinition", _TASK, {**_TASK, "cpu": "512"}, {"cpu": "update_replace"}),
        (
            "aws:ecs/taskDefinition:TaskDefinition",
            _TASK,
            {**_TASK, "containerDefinitions": "[{}]"},
            {"containerDefinitions": "update_replace"},
        ),
        ("aws:ecs/taskDefinition:TaskDefinition", _TASK, {**_TASK, "skipDestroy": True}, {"skipDestroy": "add"}),
        ("aws:ecs/cluster:Cluster", {"name": "a"}, {"name": "b"}, {"name": "update_replace"}),
        (
            "aws:cloudwatch/logMetricFilter:LogMetricFilter",
            {"logGroupName": "a", "pattern": "x"},
            {"logGroupName": "b", "pattern": "y"},
            {"logGroupName": "update_replace", "pattern": "update"},
        ),
        (
            "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
            {"queueUrl": "a", "redriveAllowPolicy": "{}"},
            {"queueUrl": "b", "redriveAllowPolicy": "{ }"},
            {"queueUrl": "update_replace", "redriveAllowPolicy": "update"},
        ),
        (
            "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter",
            {"vpcPeeringConnectionId": "pcx-1", "autoAccept": True},
            {"vpcPeeringConnectionId": "pcx-2", "autoAccept": False},
            {"vpcPeeringConnectionId": "update_replace", "autoAccept": "update"},
        ),
        (
            "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
            {"vpcId": "vpc-1", "tags": {"x": "1"}},
            {"vpcId": "vpc-2"},
            {"vpcId": "update_replace", "tags": "delete"},
        ),
        (
            "aws:secretsmanager/secretVersion:SecretVersion",
            {"secretId": "s", "secretString": Secret("a")},
            {"secretId": "s", "secretString": "a"},
            {},
        ),
    ],
)
def test_a_change_on_aws(
    aws: Engine, token: str, old: dict[str, Any], new: dict[str, Any], expected: dict[str, str]
) -> None:
    response = aws.diff(token, old, new)
    assert kinds(response) == expected
    assert response.changes == (response.DIFF_SOME if expected else response.DIFF_NONE)
    assert bool(response.replaces) == any(kind.endswith("_replace") for kind in expected.values())


def test_a_chosen_name_makes_a_replacement_delete_first(aws: Engine) -> None:
    token, new = "aws:lb/targetGroup:TargetGroup", {**_GROUP, "port": 3001}
    assert aws.diff(token, _GROUP, new).deleteBeforeReplace
    automatic = {"__defaults": ["name"]}
    assert not aws.diff(token, {**_GROUP, **automatic}, {**new, **automatic}).deleteBeforeReplace


@pytest.mark.parametrize(("named", "some"), [("16.8", False), ("16.10", True)])
def test_to_name_what_the_provider_filled_in_is_no_change(aws: Engine, named: str, some: bool) -> None:  # noqa: FBT001
    token = "aws:rds/globalCluster:GlobalCluster"
    request = provider_pb2.DiffRequest(urn=f"urn:pulumi:test::ascent::{token}::g", type=token)
    request.old_inputs.update({"globalClusterIdentifier": "g"})
    request.olds.update({"globalClusterIdentifier": "g", "engineVersion": "16.8"})
    request.news.update({"globalClusterIdentifier": "g", "engineVersion": named})
    answer = aws.service.Diff(request, _context())
    assert answer.changes == (answer.DIFF_SOME if some else answer.DIFF_NONE)


def test_ignored_changes_are_no_changes(aws: Engine) -> None:
    request = provider_pb2.DiffRequest(
        urn="urn:pulumi:test::ascent::aws:autoscaling/group:Group::g",
        type="aws:autoscaling/group:Group",
        ignoreChanges=["desiredCapacity"],
    )
    request.old_inputs.update({"maxSize": 3, "desiredCapacity": 1})
    request.news.update({"maxSize": 3, "desiredCapacity": 2})
    assert aws.service.Diff(request, _context()).changes == provider_pb2.DiffResponse.DIFF_NONE


def _context() -> Any:
    from tests.sandbox.conftest import CONTEXT

    return CONTEXT


@pytest.mark.parametrize(
    ("token", "old", "new", "words"),
    [
        ("aws:rds/cluster:Cluster", _CLUSTER, {**_CLUSTER, "globalClusterIdentifier": "g"}, "cannot be added"),
        (
            "aws:s3/bucketVersioning:BucketVersioning",
            {"bucket": "b", "versioningConfiguration": {"status": "Enabled"}},
            {"bucket": "b", "versioningConfiguration": {"status": "Disabled"}},
            "cannot be updated",
        ),
    ],
)
def test_changes_that_fail(aws: Engine, token: str, old: dict[str, Any], new: dict[str, Any], words: str) -> None:
    with pytest.raises(Aborted, match=words):
        aws.diff(token, old, new)


def test_immutable_parts_of_kubernetes_objects_replace(start: Start) -> None:
    metadata = {"name": "s", "namespace": "default"}
    old = {"metadata": metadata, "stringData": {"a": Secret("1")}}
    new = {"metadata": metadata, "stringData": {"a": Secret("2")}}
    response = start("kubernetes").diff("kubernetes:core/v1:Secret", old, new)
    assert kinds(response) == {"data.a": "update_replace"}
    assert list(response.replaces) == ["data.a"]
    assert response.deleteBeforeReplace
    mutable = start("kubernetes", enableSecretMutable="true").diff("kubernetes:core/v1:Secret", old, new)
    assert kinds(mutable) == {"data.a": "update"}


def test_keepers_replace_a_random_value(start: Start) -> None:
    token, old = "random:index/randomPassword:RandomPassword", {"length": 8, "keepers": {"a": "1"}}
    assert kinds(start("random").diff(token, old, {"length": 8, "keepers": {"a": "2"}})) == {
        "keepers.a": "update_replace"
    }


def test_another_region_replaces_the_provider(aws: Engine) -> None:
    request = provider_pb2.DiffRequest()
    request.old_inputs.update({"region": "us-east-1"})
    request.news.update({"region": "eu-west-1"})
    assert list(aws.service.DiffConfig(request, _context()).replaces) == ["region"]
