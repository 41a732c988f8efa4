"""What of a change by hand lets the world in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.drift.exposure import opens, opens_gone

GROUP, BUCKET = "aws:ec2/securityGroup:SecurityGroup", "aws:s3/bucketPolicy:BucketPolicy"
OFFICE, WORLD = ["203.0.113.0/24"], ["203.0.113.0/24", "0.0.0.0/0"]


def policy(principal: Any) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject"}]})


@pytest.mark.parametrize(
    ("type_", "path", "recorded", "found", "is_open"),
    [
        (GROUP, "ingress[0].cidrBlocks", OFFICE, WORLD, True),
        (GROUP, "ingress", [], [{"cidrBlocks": WORLD}], True),
        (GROUP, "ingress[0].cidrBlocks", WORLD, WORLD, False),
        (GROUP, "ingress[0].cidrBlocks", WORLD, OFFICE, False),
        (GROUP, "egress[0].cidrBlocks", OFFICE, WORLD, False),
        ("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "cidrIpv4", "10.0.0.0/8", "0.0.0.0/0", False),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "cidrIpv6", None, "::/0", True),
        ("aws:ec2/route:Route", "destinationCidrBlock", None, "0.0.0.0/0", False),
        ("aws:eks/cluster:Cluster", "vpcConfig.publicAccessCidrs", OFFICE, ["0.0.0.0/0"], True),
        ("aws:eks/cluster:Cluster", "vpcConfig.endpointPublicAccess", False, True, True),
        ("aws:rds/clusterInstance:ClusterInstance", "publiclyAccessible", False, True, True),
        ("aws:rds/clusterInstance:ClusterInstance", "publiclyAccessible", True, False, False),
        ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "blockPublicAcls", True, False, True),
        ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "blockPublicAcls", False, True, False),
        ("aws:lb/loadBalancer:LoadBalancer", "internal", True, False, True),
        (BUCKET, "policy", policy({"AWS": "arn:aws:iam::123456789012:root"}), policy("*"), True),
        (BUCKET, "policy", policy({"Service": "s3.amazonaws.com"}), policy({"AWS": ["*"]}), True),
        (BUCKET, "policy", policy("*"), policy({"Service": "s3.amazonaws.com"}), False),
        (GROUP, "tags.range", "none", "0.0.0.0/0", False),
    ],
)
def test_only_what_lets_somebody_in_who_could_not_come_in_is_open(
    type_: str,
    path: str,
    recorded: Any,
    found: Any,
    is_open: bool,  # noqa: FBT001
) -> None:
    assert opens(type_, path, recorded, found) is is_open


def test_a_guard_of_a_bucket_that_is_gone_lets_the_world_in() -> None:
    assert opens_gone("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    assert not opens_gone("aws:s3/bucket:Bucket")
