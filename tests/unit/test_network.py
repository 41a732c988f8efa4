"""A region's network."""

from __future__ import annotations

import json

import pytest

from tests.unit.configs import settings
from tests.unit.runtime import built, of_type

PREFIX = "test-use1"
SUBNET = "aws:ec2/subnet:Subnet"


def test_flow_logs_may_do_what_aws_asks_for_and_write_to_no_other_group() -> None:
    """AWS, Publish flow logs to CloudWatch Logs: IAM role for publishing flow logs."""
    found = built(live=True)
    document = json.loads(of_type(found, "aws:iam/rolePolicy:RolePolicy")[f"{PREFIX}-flow"].inputs["policy"])
    allowed = {action: one["Resource"] for one in document["Statement"] for action in one["Action"]}
    group = f"arn:aws:cloudwatch/logGroup:us-east-1:123456789012:{PREFIX}-flow"
    own = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
    # The other lists groups, so one group is no answer to it.
    assert allowed == {action: [group, f"{group}:*"] for action in own} | {"logs:DescribeLogGroups": ["*"]}


def test_subnets_and_the_database_are_in_zones_that_are_the_same_in_every_account() -> None:
    found = built(stage=4, live=True)
    subnets = of_type(found, SUBNET)
    zones = {name: one.inputs["availabilityZoneId"] for name, one in subnets.items()}
    tiers = ("public", "private", "data")
    places = {"a": "use1-az2", "b": "use1-az4", "c": "use1-az6"}
    assert zones == {f"{PREFIX}-{tier}-{letter}": zone for tier in tiers for letter, zone in places.items()}
    assert not any("availabilityZone" in one.inputs for one in subnets.values())
    instances = of_type(found, "aws:rds/clusterInstance:ClusterInstance")
    # RDS knows zones by the account's own names alone.
    assert {name: one.inputs["availabilityZone"] for name, one in instances.items()} == {
        f"{PREFIX}-db-writer": "name-of-use1-az2",
        f"{PREFIX}-db-reader": "name-of-use1-az4",
    }


def test_regions_with_ranges_of_their_own_reach_each_other() -> None:
    cidrs = {"us-east-1": "10.20.0.0/16", "eu-west-1": "172.18.0.0/20", "ap-southeast-2": "192.168.0.0/18"}
    found = built(stage=7, runtime="both", network={"cidrs": cidrs})
    vpcs = of_type(found, "aws:ec2/vpc:Vpc")
    assert {name: one.inputs["cidrBlock"] for name, one in vpcs.items()} == {
        PREFIX: "10.20.0.0/16",
        "test-euw1": "172.18.0.0/20",
        "test-apse2": "192.168.0.0/18",
    }
    routes = of_type(found, "aws:ec2/route:Route").values()
    assert set(cidrs.values()) <= {one.inputs["destinationCidrBlock"] for one in routes}
    policies = of_type(found, "kubernetes:networking.k8s.io/v1:NetworkPolicy")
    blocks = {
        to["ipBlock"]["cidr"]
        for one in policies.values()
        for rule in one.inputs["spec"].get("egress", ())
        for to in rule.get("to", ())
        if "ipBlock" in to
    }
    assert set(cidrs.values()) <= blocks


def test_a_stack_of_one_region_needs_no_more_than_that_region_s_range() -> None:
    found = built(stage=1, regions=["us-east-1"], network={"cidr": "10.20.16.0/20"})
    assert of_type(found, "aws:ec2/vpc:Vpc")[PREFIX].inputs["cidrBlock"] == "10.20.16.0/20"
    subnets = of_type(found, SUBNET)
    assert subnets[f"{PREFIX}-public-c"].inputs["cidrBlock"] == "10.20.26.0/26"
    # With a second region, the first keeps what it has.
    more = settings(
        regions=["us-east-1", "eu-west-1"],
        network={"cidrs": {"us-east-1": "10.20.16.0/20", "eu-west-1": "10.20.32.0/20"}},
    )
    assert str(more.vpc("us-east-1")) == "10.20.16.0/20"


def test_the_same_range_in_the_other_form_is_the_same_network() -> None:
    whole = built(stage=4, regions=["us-east-1"], network={"cidr": "10.0.0.0/11"})
    own = built(stage=4, regions=["us-east-1"], network={"cidrs": {"us-east-1": "10.0.0.0/16"}})
    assert {urn: one.inputs for urn, one in own.items()} == {urn: one.inputs for urn, one in whole.items()}


ADDRESS, GATEWAY = "aws:ec2/eip:Eip", "aws:ec2/natGateway:NatGateway"


@pytest.mark.parametrize(
    ("stage", "chosen", "zones"), [(1, {}, "abc"), (1, {"egressAddresses": 1}, "a"), (4, {}, "abc")]
)
def test_addresses_are_there_before_their_gateways(stage: int, chosen: dict[str, int], zones: str) -> None:
    found = built(stage=stage, network={"cidr": "10.0.0.0/11", **chosen}, live=True)
    addresses, gateways = of_type(found, ADDRESS), of_type(found, GATEWAY)
    assert set(addresses) == {f"{PREFIX}-egress-{zone}" for zone in zones}
    assert all(one.protect for one in addresses.values())
    at = {name: one.inputs["allocationId"] for name, one in gateways.items()}
    assert at == {f"{PREFIX}-nat-{zone}": f"{PREFIX}-egress-{zone}-id" for zone in ("abc" if stage == 4 else "a")}
    # Whichever zone, the way out leads to a gateway that is there.
    ways = of_type(found, "aws:ec2/route:Route")
    used = [ways[f"{PREFIX}-private-{zone}"].inputs["natGatewayId"] for zone in "abc"]
    assert set(used) == {f"{name}-id" for name in gateways}


FLOW_LOG, BUCKET_POLICY = "aws:ec2/flowLog:FlowLog", "aws:s3/bucketPolicy:BucketPolicy"
LOGS = f"{PREFIX}-access-logs"


@pytest.mark.parametrize(("stage", "kind"), [(5, "cloud-watch-logs"), (6, "s3")])
def test_flow_logs_go_to_the_bucket_once_they_are_many(stage: int, kind: str) -> None:
    found = built(stage=stage, live=True)
    log = of_type(found, FLOW_LOG)[f"{PREFIX}-flow"].inputs
    group = f"arn:aws:cloudwatch/logGroup:us-east-1:123456789012:{PREFIX}-flow"
    bucket = f"arn:aws:s3/bucket:us-east-1:123456789012:{LOGS}/flow/"
    assert (log["logDestinationType"], log["trafficType"]) == (kind, "ALL")
    assert log["logDestination"] == (bucket if kind == "s3" else group)
    # EC2 API Reference, CreateFlowLogs: the role is for CloudWatch Logs and Firehose alone.
    assert ("iamRoleArn" in log) == (kind != "s3")
    # The last days before the move stay, and there is something to come back to.
    assert of_type(found, "aws:cloudwatch/logGroup:LogGroup")[f"{PREFIX}-flow"].protect


def test_flow_logs_may_write_to_their_folder_and_stay_a_week() -> None:
    """AWS, Publish flow logs to Amazon S3: Amazon S3 bucket permissions for flow logs."""
    found = built(stage=6, live=True)
    document = json.loads(of_type(found, BUCKET_POLICY)[LOGS].inputs["policy"])
    delivery = [one for one in document["Statement"] if "delivery.logs.amazonaws.com" in str(one["Principal"])]
    bucket = f"arn:aws:s3/bucket:us-east-1:123456789012:{LOGS}"
    assert {action: one["Resource"] for one in delivery for action in one["Action"]} == {
        "s3:PutObject": [f"{bucket}/flow/AWSLogs/123456789012/*"],
        "s3:GetBucketAcl": [bucket],
        "s3:ListBucket": [bucket],
    }
    for one in delivery:
        assert one["Condition"]["StringEquals"]["aws:SourceAccount"] == "123456789012"
        assert one["Condition"]["ArnLike"] == {"aws:SourceArn": "arn:aws:logs:us-east-1:123456789012:*"}
    rules = of_type(found, "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")[LOGS].inputs["rules"]
    assert {one["filter"]["prefix"]: one["expiration"]["days"] for one in rules} == {"": 90, "flow/": 7}
