"""Answers to function calls."""

from __future__ import annotations

import json

import pytest

from sandbox.provider import data, invokes
from sandbox.provider.errors import Refused
from tests.sandbox.conftest import Aborted, Engine


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


def test_what_has_no_answer_says_where_to_add_one(aws: Engine) -> None:
    with pytest.raises(Aborted, match=r"aws:x/getY:getY.*sandbox/data/invokes\.json"):
        aws.invoke("aws:x/getY:getY")
    with pytest.raises(Aborted, match="ParameterNotFound"):
        aws.invoke("aws:ssm/getParameter:getParameter", name="/mine")


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
    with pytest.raises(Refused, match="effect"):
        invokes.answer("aws:iam/getPolicyDocument:getPolicyDocument", {"statements": [{"effect": "Maybe"}]}, {})


@pytest.mark.parametrize("token", sorted(data.load("invokes.json")))
def test_every_answer_renders(token: str) -> None:
    args = {"name": "/aws/service/ami-amazon-linux-latest/x", "zoneId": "0" * 32, "engine": "e", "version": "1"}
    assert invokes.answer(token, args, {"region": "us-east-1"})["id"]
