"""Whether an update ends with fleets that serve: against AWS' APIs as moto has them, and by botocore's own models."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3  # type: ignore[import-untyped]
import pulumi
import pytest
from botocore.exceptions import ClientError, NoCredentialsError  # type: ignore[import-untyped]
from botocore.stub import Stubber  # type: ignore[import-untyped]
from moto import mock_aws

from infra import serving
from infra.clients import clients
from infra.serving import Seen, ServingGroup, look
from infra.thresholds import Threshold

REGION = "us-east-1"
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
GROUP = ServingGroup(name="test-use1-blue", region=REGION, group_name="fleet", target_group_arn="arn:tg", least=3)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    with mock_aws():
        yield


def fleet(count: int) -> str:
    """A group with a target group, whose ARN is returned. In moto, what is registered is healthy."""
    ec2, scaling, balancing = (boto3.client(name, REGION) for name in ("ec2", "autoscaling", "elbv2"))
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"][:2]]
    target_group = balancing.create_target_group(Name="blue", Protocol="HTTP", Port=3000, VpcId=vpc)
    arn = str(target_group["TargetGroups"][0]["TargetGroupArn"])
    image = ec2.describe_images()["Images"][0]["ImageId"]
    template = ec2.create_launch_template(
        LaunchTemplateName="blue", LaunchTemplateData={"ImageId": image, "InstanceType": "t4g.small"}
    )["LaunchTemplate"]["LaunchTemplateId"]
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="fleet",
        MinSize=count,
        MaxSize=9,
        LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
        VPCZoneIdentifier=",".join(subnets),
        TargetGroupARNs=[arn],
    )
    return arn


@pytest.mark.usefixtures("account")
def test_instances_in_service_and_healthy_behind_the_load_balancer_serve() -> None:
    arn = fleet(3)
    assert look(clients(), REGION, "fleet", arn, LONG_AGO).serving == 3
    scaling = boto3.client("autoscaling", REGION)
    (first, *_) = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"]
    scaling.enter_standby(
        InstanceIds=[first["InstanceId"]], AutoScalingGroupName="fleet", ShouldDecrementDesiredCapacity=True
    )
    assert look(clients(), REGION, "fleet", arn, LONG_AGO).serving == 2
    # One that is gone from the target group does not serve, whatever the group says; of workers, the group has the say.
    (_, second, *_) = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"]
    boto3.client("elbv2", REGION).deregister_targets(TargetGroupArn=arn, Targets=[{"Id": second["InstanceId"]}])
    assert look(clients(), REGION, "fleet", arn, LONG_AGO).serving == 1
    assert look(clients(), REGION, "fleet", None, LONG_AGO).serving == 2


@pytest.mark.usefixtures("account")
def test_a_role_is_taken_where_the_stack_says_so() -> None:
    arn = "arn:aws:iam::123456789012:role/deploy"
    caller = clients(arn)("sts", REGION).get_caller_identity()["Arn"]
    assert caller.startswith("arn:aws:sts::123456789012:assumed-role/deploy/")
    assert "assumed-role" not in clients()("sts", REGION).get_caller_identity()["Arn"]


@pytest.mark.parametrize("health", ["unhealthy", "initial", "unused", "draining"])
def test_a_target_that_is_not_healthy_does_not_serve(health: str) -> None:
    assert look(answering(health=health), REGION, "fleet", "arn:tg", LONG_AGO) == Seen(serving=0, trouble="")


def test_why_a_launch_failed_is_told() -> None:
    reason = "Could not launch On-Demand Instances. InsufficientInstanceCapacity"
    assert look(answering(reason=reason), REGION, "fleet", "arn:tg", LONG_AGO) == Seen(serving=1, trouble=reason)


def test_a_launch_that_failed_weeks_ago_is_no_trouble_of_this_update() -> None:
    begun = datetime(2026, 1, 2, tzinfo=UTC)
    assert look(answering(reason="capacity"), REGION, "fleet", "arn:tg", begun) == Seen(serving=1, trouble="")


def answering(health: str = "healthy", reason: str = "") -> Any:
    """Clients that answer once, as AWS' own models allow it: one instance in service."""
    made = {}
    for service in ("autoscaling", "elbv2"):
        made[service] = boto3.client(service, REGION, aws_access_key_id="made-up", aws_secret_access_key="made-up")
    instance = {
        "InstanceId": "i-1",
        "AvailabilityZone": "us-east-1a",
        "LifecycleState": "InService",
        "HealthStatus": "Healthy",
        "ProtectedFromScaleIn": False,
    }
    group = {
        "AutoScalingGroupName": "fleet",
        "MinSize": 1,
        "MaxSize": 3,
        "DesiredCapacity": 1,
        "DefaultCooldown": 300,
        "AvailabilityZones": ["us-east-1a"],
        "HealthCheckType": "ELB",
        "CreatedTime": "2026-01-01T00:00:00Z",
        "Instances": [instance],
    }
    activity = {
        "ActivityId": "1",
        "AutoScalingGroupName": "fleet",
        "Cause": "an instance was started",
        "StartTime": datetime(2026, 1, 1, tzinfo=UTC),
        "StatusCode": "Failed" if reason else "Successful",
        **({"StatusMessage": reason} if reason else {}),
    }
    scaling, balancing = Stubber(made["autoscaling"]), Stubber(made["elbv2"])
    scaling.add_response(
        "describe_auto_scaling_groups", {"AutoScalingGroups": [group]}, {"AutoScalingGroupNames": ["fleet"]}
    )
    scaling.add_response(
        "describe_scaling_activities", {"Activities": [activity]}, {"AutoScalingGroupName": "fleet", "MaxRecords": 5}
    )
    target = {"Target": {"Id": "i-1"}, "TargetHealth": {"State": health}}
    balancing.add_response(
        "describe_target_health", {"TargetHealthDescriptions": [target]}, {"TargetGroupArn": "arn:tg"}
    )
    scaling.activate()
    balancing.activate()
    return lambda service, _: made[service]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the program says. Time is short."""
    said: list[str] = []
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, lambda text, level=level, **_: said.append(f"{level}: {text}"))
    monkeypatch.setattr(serving, "SERVING_POLL", Threshold(0, "seconds", "test"))
    monkeypatch.setattr(serving, "SERVING_WAIT", Threshold(0, "seconds", "test"))
    monkeypatch.setattr(serving, "SERVING_PATIENCE", Threshold(0, "seconds", "test"))
    return said


def served(monkeypatch: pytest.MonkeyPatch, *seen: Seen | Exception, group: ServingGroup = GROUP) -> bool:
    """What comes of a group that is seen like this, one look after the other."""
    looks = iter(seen)

    def looked(*_: Any) -> Seen:
        found = next(looks)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(serving, "look", looked)
    return asyncio.run(serving._served(group, clients(), "fleet", "arn:tg"))


def test_more_than_the_minimum_is_fine_and_so_is_exactly_that(monkeypatch: pytest.MonkeyPatch, told: list[str]) -> None:
    assert served(monkeypatch, Seen(serving=3, trouble="")) is True
    assert served(monkeypatch, Seen(serving=9, trouble="capacity")) is True
    assert told == []


def test_it_is_waited_for_with_progress(monkeypatch: pytest.MonkeyPatch, told: list[str]) -> None:
    monkeypatch.setattr(serving, "SERVING_WAIT", Threshold(60, "seconds", "test"))
    assert served(monkeypatch, *(Seen(serving=count, trouble="") for count in range(4))) is True
    assert told == [f"info: test-use1-blue in us-east-1: {count} of 3 instances serve" for count in range(3)]


def test_a_zone_without_capacity_or_a_spot_instance_that_was_taken_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, told: list[str]
) -> None:
    assert served(monkeypatch, Seen(serving=2, trouble="InsufficientInstanceCapacity")) is False
    (text,) = told
    assert text.startswith("warn: test-use1-blue in us-east-1: 2 of 3 instances serve")
    assert "The last launch: InsufficientInstanceCapacity. EC2 goes on trying" in text


@pytest.mark.usefixtures("told")
def test_a_fleet_that_does_not_serve_at_all_fails_the_update(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        pulumi.RunError, match=r"0 of 3 instances serve.*The last launch: abandoned.*run pulumi up again"
    ):
        served(monkeypatch, Seen(serving=0, trouble="abandoned"))


def test_workers_that_need_none_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    none = ServingGroup(name="w", region=REGION, group_name="w", target_group_arn=None, least=0)
    assert served(monkeypatch, Seen(serving=0, trouble=""), group=none) is True


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NoCredentialsError(), "info: test-use1-blue: not looked at whether it serves"),
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Describe"),
            "warn: test-use1-blue: cannot look",
        ),
    ],
)
def test_what_cannot_be_looked_at_stops_no_update(
    monkeypatch: pytest.MonkeyPatch, told: list[str], error: Exception, said: str
) -> None:
    assert served(monkeypatch, error) is False
    assert told[0].startswith(said)


def test_a_preview_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)

    def never(service: str, region: str) -> Any:
        raise AssertionError(service, region)

    async def program() -> None:
        serving.wait([GROUP], never)

    asyncio.run(program())


def test_where_passwords_change_an_update_ends_once_every_instance_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    old = iter([4, 1, 0])
    monkeypatch.setattr(serving, "look", lambda *_: Seen(serving=3, trouble="", old=next(old)))
    monkeypatch.setattr(serving, "refresh", lambda *_: "InProgress")
    monkeypatch.setattr(serving, "SERVING_POLL", Threshold(0, "seconds", "made up"))
    assert asyncio.run(serving._served(replace(GROUP, whole=True), clients(), "fleet", None))
    assert next(old, None) is None


@pytest.mark.parametrize("status", ["Failed", "Cancelled", "RollbackSuccessful", "Successful", ""])
def test_a_refresh_that_replaces_nobody_ends_no_password(monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    monkeypatch.setattr(serving, "look", lambda *_: Seen(serving=3, trouble="", old=2))
    monkeypatch.setattr(serving, "refresh", lambda *_: status)
    monkeypatch.setattr(serving, "SERVING_PATIENCE", Threshold(-1, "seconds", "made up"))
    with pytest.raises(pulumi.RunError, match=r"2 instances have not been replaced.*stay.*start-instance-refresh"):
        asyncio.run(serving._served(replace(GROUP, whole=True), clients(), "fleet", None))
    # Of other updates, ascent fleet tells.
    assert asyncio.run(serving._served(GROUP, clients(), "fleet", None))


@pytest.mark.usefixtures("account")
def test_instances_of_another_template_are_old() -> None:
    arn = fleet(3)
    assert look(clients(), REGION, "fleet", arn, LONG_AGO).old == 0
    ec2, scaling = boto3.client("ec2", REGION), boto3.client("autoscaling", REGION)
    template = ec2.describe_launch_templates()["LaunchTemplates"][0]["LaunchTemplateId"]
    ec2.create_launch_template_version(LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData={})
    scaling.update_auto_scaling_group(
        AutoScalingGroupName="fleet", LaunchTemplate={"LaunchTemplateId": template, "Version": "2"}
    )
    assert look(clients(), REGION, "fleet", arn, LONG_AGO).old == 3


def test_the_newest_refresh_is_asked_for_as_the_api_has_it() -> None:
    client = boto3.client("autoscaling", REGION, aws_access_key_id="made-up", aws_secret_access_key="made-up")
    with Stubber(client) as stub:
        answer = {"InstanceRefreshes": [{"InstanceRefreshId": "1", "Status": "Baking"}]}
        stub.add_response("describe_instance_refreshes", answer, {"AutoScalingGroupName": "fleet", "MaxRecords": 1})
        assert serving.refresh(lambda *_: client, REGION, "fleet") == "Baking"
