"""What AWS is asked, and what its answers mean: by botocore's own models, and against moto."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from botocore.exceptions import NoCredentialsError  # type: ignore[import-untyped]
from botocore.stub import ANY  # type: ignore[import-untyped]
from moto import mock_aws
from moto.iam.aws_managed_policies import aws_managed_policies_data

from infra.clients import clients
from ops.quotas.account import NoAccountError, QuotaAnswer, QuotaClient
from ops.quotas.model import Scope
from ops.quotas.table import QUOTAS
from ops.stackfile import ROOT
from tests.quotas.support import ADDRESSES, GROUP_RULES, ON_DEMAND, REGION, VPCS, Stubs

METRIC = {
    "MetricNamespace": "AWS/Usage",
    "MetricName": "ResourceCount",
    "MetricDimensions": {
        "Class": "Standard/OnDemand", "Resource": "vCPU", "Service": "EC2", "Type": "Resource"
    },
    "MetricStatisticRecommendation": "Maximum",
}  # fmt: skip


@pytest.fixture
def stubs() -> Iterator[Stubs]:
    made = Stubs()
    yield made
    made.done()


def measures(stubs: Stubs, *values: float) -> None:
    """Have CloudWatch answer with so many points, the newest first: it promises no order."""
    now = datetime.now(UTC)
    stubs.of("cloudwatch").add_response(
        "get_metric_statistics",
        {
            "Datapoints": [
                {"Timestamp": now - timedelta(minutes=5 * age), "Maximum": value} for age, value in enumerate(values)
            ]
        },
        {
            "Namespace": "AWS/Usage",
            "MetricName": "ResourceCount",
            "Dimensions": [{"Name": key, "Value": value} for key, value in METRIC["MetricDimensions"].items()],  # type: ignore[attr-defined]
            "StartTime": ANY,
            "EndTime": ANY,
            "Period": 300,
            "Statistics": ["Maximum"],
        },
    )


def has_addresses(stubs: Stubs, count: int) -> None:
    addresses = [{"AllocationId": f"eipalloc-{index}", "PublicIpv4Pool": "amazon"} for index in range(count)]
    stubs.of("ec2").add_response("describe_addresses", {"Addresses": addresses}, {})


def test_an_applied_quota_and_the_newest_point_of_its_own_metric(stubs: Stubs) -> None:
    stubs.has(ON_DEMAND, 32, UsageMetric=METRIC)
    measures(stubs, 12, 18)
    assert QuotaClient(stubs).answer(ON_DEMAND, REGION) == QuotaAnswer(quota=32, used=12)


def test_without_an_applied_quota_the_default_counts(stubs: Stubs) -> None:
    stubs.refuses("service-quotas", "get_service_quota", "NoSuchResourceException")
    stubs.of("service-quotas").add_response(
        "get_aws_default_service_quota",
        {"Quota": {"Value": 5.0, "Adjustable": False}},
        {"ServiceCode": "ec2", "QuotaCode": "L-0263D0A3"},
    )
    has_addresses(stubs, 2)
    assert QuotaClient(stubs).answer(ADDRESSES, REGION) == QuotaAnswer(quota=5, used=2, adjustable=False)


def test_a_metric_without_points_leaves_it_to_the_service(stubs: Stubs) -> None:
    stubs.has(ON_DEMAND, 5, UsageMetric=METRIC)
    measures(stubs)
    running = {"InstanceType": "t4g.small", "CpuOptions": {"CoreCount": 2, "ThreadsPerCore": 1}}
    instances = [
        {**running, "State": {"Name": "running"}},
        {**running, "State": {"Name": "stopped"}},
        {**running, "State": {"Name": "pending"}, "InstanceLifecycle": "spot"},
        {
            "InstanceType": "m7i.large",
            "State": {"Name": "pending"},
            "CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 2},
        },
        {"InstanceType": "p5.48xlarge", "State": {"Name": "running"}},
    ]
    stubs.of("ec2").add_response("describe_instances", {"Reservations": [{"Instances": instances}]}, {})
    assert QuotaClient(stubs).answer(ON_DEMAND, REGION) == QuotaAnswer(quota=5, used=4)


def test_a_metric_that_may_not_be_read_leaves_it_to_the_service(stubs: Stubs) -> None:
    stubs.has(ADDRESSES, 5, UsageMetric=METRIC)
    stubs.refuses("cloudwatch", "get_metric_statistics", "AccessDenied")
    has_addresses(stubs, 4)
    assert QuotaClient(stubs).answer(ADDRESSES, REGION) == QuotaAnswer(quota=5, used=4)


def test_of_what_is_the_stacks_own_no_use_is_asked(stubs: Stubs) -> None:
    stubs.has(GROUP_RULES, 60)
    assert QuotaClient(stubs).answer(GROUP_RULES, REGION) == QuotaAnswer(quota=60)


@pytest.mark.parametrize("code", ["AccessDeniedException", "TooManyRequestsException", "ServiceException"])
def test_a_refused_look_is_no_answer_and_says_why(stubs: Stubs, code: str) -> None:
    stubs.refuses("service-quotas", "get_service_quota", code)
    assert QuotaClient(stubs).answer(ADDRESSES, REGION) == QuotaAnswer(why=f"GetServiceQuota: {code}")


def test_a_quota_that_aws_does_not_know_is_no_answer(stubs: Stubs) -> None:
    stubs.refuses("service-quotas", "get_service_quota", "NoSuchResourceException")
    stubs.refuses("service-quotas", "get_aws_default_service_quota", "NoSuchResourceException")
    found = QuotaClient(stubs).answer(ADDRESSES, REGION)
    assert found == QuotaAnswer(why="GetAWSDefaultServiceQuota: NoSuchResourceException")


def test_a_quota_without_a_value_is_no_answer(stubs: Stubs) -> None:
    stubs.of("service-quotas").add_response(
        "get_service_quota",
        {"Quota": {"ErrorReason": {"ErrorCode": "DEPENDENCY_SERVICE_ERROR", "ErrorMessage": "ask later"}}},
    )
    assert QuotaClient(stubs).answer(ADDRESSES, REGION) == QuotaAnswer(why="Service Quotas: ask later")


def test_a_use_that_may_not_be_seen_leaves_the_quota(stubs: Stubs) -> None:
    stubs.has(ADDRESSES, 5)
    stubs.refuses("ec2", "describe_addresses", "UnauthorizedOperation")
    found = QuotaClient(stubs).answer(ADDRESSES, REGION)
    assert found == QuotaAnswer(quota=5, why="DescribeAddresses: UnauthorizedOperation")


def test_what_all_regions_share_is_asked_where_aws_keeps_it() -> None:
    asked: list[tuple[str, str]] = []

    def making(service: str, region: str) -> Any:
        asked.append((service, region))
        raise NoCredentialsError

    for quota in QUOTAS:
        if quota.scope is Scope.ACCOUNT:
            assert QuotaClient(making).answer(quota, None).quota is None
    assert asked == [("service-quotas", "us-east-1")] * 3


def test_an_account_without_credentials_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(NoAccountError, match="Unable to locate credentials"):
        QuotaClient(clients()).number(REGION)
    with pytest.raises(NoAccountError, match="Unable to locate credentials"):
        QuotaClient(clients("arn:aws:iam::123456789012:role/deploy")).number(REGION)


def test_credentials_that_aws_does_not_take_are_none(stubs: Stubs) -> None:
    stubs.refuses("sts", "get_caller_identity", "ExpiredToken")
    with pytest.raises(NoAccountError, match="ExpiredToken"):
        QuotaClient(stubs).number(REGION)


def test_fargate_tasks_by_their_cpu(stubs: Stubs) -> None:
    quota = next(quota for quota in QUOTAS if quota.service == "fargate")
    stubs.has(quota, 6)
    ecs, cluster = stubs.of("ecs"), "arn:aws:ecs:us-east-1:123456789012:cluster/x"
    tasks = [f"arn:aws:ecs:us-east-1:123456789012:task/x/{index}" for index in range(101)]
    ecs.add_response("list_clusters", {"clusterArns": [cluster]}, {})
    ecs.add_response("list_tasks", {"taskArns": tasks}, {"cluster": cluster, "launchType": "FARGATE"})
    for part in (tasks[:100], tasks[100:]):
        answer = [{"taskArn": arn, "cpu": "256"} for arn in part]
        answer[0]["capacityProviderName"] = "FARGATE_SPOT"
        ecs.add_response("describe_tasks", {"tasks": answer}, {"cluster": cluster, "tasks": part})
    assert QuotaClient(stubs).answer(quota, REGION) == QuotaAnswer(quota=6, used=99 * 0.25)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    with mock_aws():
        yield


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("quota", [one for one in QUOTAS if one.used], ids=lambda quota: quota.title)
def test_every_use_is_a_call_that_the_services_know(quota: Any) -> None:
    before = quota.used(clients(), REGION)
    assert isinstance(before, (int, float))
    assert before >= 0


@pytest.mark.usefixtures("account")
def test_uses_are_what_the_account_has() -> None:
    ec2 = boto3.client("ec2", REGION)
    used = {quota.code: quota.used for quota in QUOTAS}

    def now(code: str) -> float:
        count = used[code]
        assert count is not None
        return count(clients(), REGION)

    before = {code: now(code) for code in ("L-0263D0A3", "L-F678F1CE", "L-A4707A72", "L-7A658B76", "L-1B52E74A")}
    ec2.allocate_address(Domain="vpc")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_internet_gateway()
    ec2.create_volume(AvailabilityZone="us-east-1a", Size=512, VolumeType="gp3")
    ec2.create_volume(AvailabilityZone="us-east-1a", Size=512, VolumeType="gp2")
    for kind, service in (("Gateway", "s3"), ("Interface", "logs")):
        ec2.create_vpc_endpoint(VpcId=vpc, VpcEndpointType=kind, ServiceName=f"com.amazonaws.us-east-1.{service}")
    grown = {code: now(code) - count for code, count in before.items()}
    assert grown == {"L-0263D0A3": 1, "L-F678F1CE": 1, "L-A4707A72": 1, "L-7A658B76": 0.5, "L-1B52E74A": 1}

    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=f"us-east-1{zone}")
        for index, zone in enumerate("aab")
    ]
    for subnet in subnets:
        allocation = ec2.allocate_address(Domain="vpc")["AllocationId"]
        ec2.create_nat_gateway(SubnetId=subnet["Subnet"]["SubnetId"], AllocationId=allocation)
    assert now("L-FE5A380F") == 2

    image = "ami-12c6146b"  # one of moto's own
    ec2.run_instances(ImageId=image, MinCount=3, MaxCount=3, InstanceType="c7g.xlarge")
    assert now("L-1216C47A") == 3 * 4
    assert now("L-34B43A08") == 0

    iam = boto3.client("iam", REGION)
    iam.create_role(RoleName="x", AssumeRolePolicyDocument="{}")
    assert now("L-FE177D64") == 1
    assert now("L-6E65F664") == 0

    boto3.client("s3", REGION).create_bucket(Bucket="x-bucket")
    assert now("L-DC2B2D3D") == 1


def test_read_only_access_is_enough_as_the_document_says() -> None:
    (section,) = re.findall(
        r"## Which calls are made.*?(?=\n## )", (ROOT / "docs/quotas.md").read_text(), flags=re.DOTALL
    )
    service, named = "", []
    for found, action in re.findall(r"`(?:([a-z0-9]+):)?((?:Get|Describe|List)[A-Za-z]+)`", section):
        service = found or service
        named.append(f"{service}:{action}")
    assert len(named) == 25
    (policy,) = (one for name, one in json.loads(aws_managed_policies_data).items() if name == "ReadOnlyAccess")
    allowed = [action for statement in policy["Document"]["Statement"] for action in statement["Action"]]
    assert [one for one in named if not any(fnmatch(one.lower(), action.lower()) for action in allowed)] == []


@pytest.mark.usefixtures("account")
def test_motos_service_quotas_and_its_vpcs() -> None:
    account = QuotaClient(clients())
    assert account.number(REGION) == "123456789012"
    assert account.answer(VPCS, REGION) == QuotaAnswer(quota=5, used=1)  # the default VPC
