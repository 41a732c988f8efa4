"""The table of quotas: codes, sources, and what AWS' own data says of the same ones."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from moto.servicequotas.resources.default_quotas.vpc import VPC_DEFAULT_QUOTAS

from ops import stackfile
from ops.engine.render import render
from ops.quotas.here import Here
from ops.quotas.model import Quota, Scope
from ops.quotas.stacks import fullest
from ops.quotas.table import QUOTAS

# Changed since the list that moto has was made: AWS, June 2025.
CHANGED = {"L-93826ACB": 500}


@pytest.mark.parametrize("quota", QUOTAS, ids=lambda quota: quota.title)
def test_every_row_is_whole(quota: Quota) -> None:
    assert re.fullmatch(r"L-[0-9A-F]{8}", quota.code)
    assert re.fullmatch(r"[a-z0-9]+", quota.service)
    assert quota.product
    assert quota.name
    assert quota.unit
    assert quota.default >= 0
    assert re.match(r"(AWS|Amazon|Elastic Load Balancing|IAM) ?.*(Guide|Reference|Quotas).*", quota.source)
    # Three columns of numbers and a region of 14 letters go beside it.
    assert len(quota.title) <= 26
    # What only the stack itself uses needs no look at what others do, and everything else does.
    assert (quota.used is None) == (quota.scope is Scope.OWN)


def test_codes_and_titles_are_unique_and_followed_quotas_are_there() -> None:
    assert Counter(quota.code for quota in QUOTAS).most_common(1)[0][1] == 1
    assert Counter(quota.title for quota in QUOTAS).most_common(1)[0][1] == 1
    by_code = {quota.code: quota for quota in QUOTAS}
    follows = {quota.code: quota.raised_by for quota in QUOTAS if quota.raised_by}
    assert follows == {"L-A4707A72": "L-F678F1CE"}
    assert all(by_code[code].service == by_code[other].service for code, other in follows.items())


def test_names_and_defaults_of_the_vpc_are_those_of_list_aws_default_service_quotas() -> None:
    listed = {one["QuotaCode"]: one for one in VPC_DEFAULT_QUOTAS}
    ours = [quota for quota in QUOTAS if quota.service == "vpc"]
    assert len(ours) == 7
    for quota in ours:
        theirs = listed[quota.code]
        assert quota.name == theirs["QuotaName"]
        assert quota.product == theirs["ServiceName"]
        assert quota.default == CHANGED.get(quota.code, theirs["Value"])
        assert theirs["Adjustable"]


# AWS' defaults of what the table leaves out, by type.
LEFT_OUT = {
    "aws:ec2/subnet:Subnet": 200,
    "aws:ec2/routeTable:RouteTable": 200,
    "aws:ec2/securityGroup:SecurityGroup": 2500,
    "aws:ec2/managedPrefixList:ManagedPrefixList": 100,
    "aws:ec2/launchTemplate:LaunchTemplate": 5000,
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": 50,
    "aws:acm/certificate:Certificate": 2500,
    "aws:cloudwatch/logGroup:LogGroup": 1_000_000,
    "aws:scheduler/schedule:Schedule": 1_000_000,
    "aws:secretsmanager/secret:Secret": 500_000,
    "aws:kms/key:Key": 100_000,
    "aws:sns/topic:Topic": 100_000,
    # AWS Lambda, quotas: concurrent executions. Each takes one for a second a minute.
    "aws:lambda/function:Function": 1000,
}


@pytest.mark.parametrize(("stack", "stage"), [("sandbox", 7), ("staging", 4)])
def test_what_is_left_out_is_far_from_its_quota_and_nothing_is_made_that_has_another(stack: str, stage: int) -> None:
    (variant, *_) = fullest(stackfile.settings(stack, stage, judged=False))
    here = Here(render(variant, stack), "us-east-1")
    assert {type_: len(here.of(type_)) for type_, limit in LEFT_OUT.items() if len(here.of(type_)) * 10 > limit} == {}
    assert here.of("aws:sns/topic:Topic")
    assert here.of("aws:ec2/instance:Instance") == []
    attachments = here.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    roles = Counter(role.urn for one in attachments for role in here.made_of(one, "role"))
    assert max(roles.values(), default=0) == (5 if attachments else 0)  # of 10
