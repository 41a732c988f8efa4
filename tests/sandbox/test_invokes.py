"""Answers to function calls."""

from __future__ import annotations

import json

import pytest

from catalog import invokes, tables
from catalog.errors import CloudRefusedError
from tests.sandbox.conftest import Aborted, Engine, Start


def test_answers_follow_the_region(aws: Engine) -> None:
    assert aws.invoke("aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == "123456789012"
    token = "aws:index/getAvailabilityZones:getAvailabilityZones"
    assert aws.invoke(token, region="eu-west-1")["names"] == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    assert invokes.answer("aws:index/getPartition:getPartition", {}, {"region": "cn-north-1"})["partition"] == "aws-cn"


def test_an_answer_is_the_same_every_time(aws: Engine) -> None:
    args = {"name": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"}
    first, second = (aws.invoke("aws:ssm/getParameter:getParameter", **args) for _ in range(2))
    assert first == second
    assert first["value"].startswith("ami-")


def test_rulesets_are_those_of_the_zone_in_the_world(start: Start) -> None:
    cloudflare = start("cloudflare")
    for zone, phase in (("a", "http_ratelimit"), ("a", "http_request_cache_settings"), ("b", "http_ratelimit")):
        inputs = {"zoneId": zone * 32, "name": f"{zone} {phase}", "kind": "zone", "phase": phase}
        cloudflare.create("cloudflare:index/ruleset:Ruleset", inputs, name=f"{zone}-{phase}")
    found = cloudflare.invoke("cloudflare:index/getRulesets:getRulesets", zoneId="a" * 32)["rulesets"]
    assert {one["name"] for one in found} == {"a http_ratelimit", "a http_request_cache_settings"}
    assert all(len(one["id"]) == 32 and one["kind"] == "zone" for one in found)
    assert cloudflare.invoke("cloudflare:index/getRulesets:getRulesets", zoneId="c" * 32)["rulesets"] == []


def test_a_network_is_that_of_the_world_and_of_the_region(aws: Engine) -> None:
    cidr, zone = "10.20.0.0/16", "use1-az4"
    vpc = aws.create("aws:ec2/vpc:Vpc", {"cidrBlock": cidr, "enableDnsSupport": True, "enableDnsHostnames": True})[0]
    inputs = {"vpcId": vpc, "cidrBlock": "10.20.4.0/22", "availabilityZoneId": zone}
    subnet = aws.create("aws:ec2/subnet:Subnet", inputs)[0]
    found = aws.invoke("aws:ec2/getVpc:getVpc", id=vpc)
    assert (found["id"], found["cidrBlock"], found["enableDnsHostnames"]) == (vpc, cidr, True)
    assert [(one["cidrBlock"], one["state"]) for one in found["cidrBlockAssociations"]] == [(cidr, "associated")]
    found = aws.invoke("aws:ec2/getSubnet:getSubnet", id=subnet)
    assert (found["id"], found["vpcId"], found["availabilityZoneId"]) == (subnet, vpc, zone)
    assert found["availabilityZone"].startswith("us-east-1")
    for asked in ({"id": subnet, "region": "eu-west-1"}, {"id": "subnet-00000000"}):
        with pytest.raises(Aborted, match="no matching Subnet found"):
            aws.invoke("aws:ec2/getSubnet:getSubnet", **asked)


def test_what_has_no_answer_says_where_to_add_one(aws: Engine) -> None:
    with pytest.raises(Aborted, match=r"aws:x/getY:getY.*catalog/data/invokes\.json"):
        aws.invoke("aws:x/getY:getY")
    with pytest.raises(Aborted, match="ParameterNotFound"):
        aws.invoke("aws:ssm/getParameter:getParameter", name="/aws/service/global-infrastructure/version")


def test_a_parameter_of_the_team_s_own_holds_a_machine_image(aws: Engine) -> None:
    found = aws.invoke("aws:ssm/getParameter:getParameter", name="/team/images/app")
    assert str(found["insecureValue"]).startswith("ami-")


def test_policy_documents_are_rendered() -> None:
    statement = {
        "sid": "Assume",
        "actions": ["sts:AssumeRole", "sts:TagSession"],
        "principals": [{"type": "Service", "identifiers": ["ec2.amazonaws.com"]}],
        "conditions": [{"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["123456789012"]}],
    }
    found = invokes.answer("aws:iam/getPolicyDocument:getPolicyDocument", {"statements": [statement]}, {})
    assert json.loads(found["json"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Assume",
                "Effect": "Allow",
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
            }
        ],
    }
    with pytest.raises(CloudRefusedError, match="effect"):
        invokes.answer("aws:iam/getPolicyDocument:getPolicyDocument", {"statements": [{"effect": "Maybe"}]}, {})


@pytest.mark.parametrize("token", sorted(tables.load("invokes.json")))
def test_every_answer_renders(token: str) -> None:
    args = {"name": "/aws/service/ami-amazon-linux-latest/x", "zoneId": "0" * 32, "engine": "e", "version": "1"}
    args |= {"id": "x", "cidrBlock": "10.0.0.0/16"}
    assert invokes.answer(token, args, {"region": "us-east-1"})["id"]
