"""A small world at the sandbox's AWS, as the checks of a rollout see it, and what somebody can do to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from ops.rollout.gates import AwsGates, GateError
from ops.rollout.state_machine import Traffic
from sandbox.commands import aws as cloud
from sandbox.commands.layout import Layout

REGION = "us-east-1"
HOME = f"arn:aws:elasticloadbalancing:{REGION}:123456789012"
LISTENER = f"{HOME}:listener/app/0123456789abcdef/0123456789abcdef"
BALANCER = f"{HOME}:loadbalancer/app/web/0123456789abcdef"
BLUE, GREEN, PODS = (f"{HOME}:targetgroup/{name}/0123456789abcdef" for name in ("blue", "green", "pods"))
ALARM, GROUP = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:autoscaling/group:Group"
TEMPLATE, TARGETS = "aws:ec2/launchTemplate:LaunchTemplate", "aws:lb/targetGroup:TargetGroup"
NETWORK = {"vpcId": "vpc-1"}
FORWARD = {"type": "forward", "forward": {"targetGroups": [{"arn": BLUE, "weight": 100}], "stickiness": {}}}
INPUTS: dict[str, dict[str, dict[str, Any]]] = {
    "aws:ec2/vpc:Vpc": {"vpc-1": {"cidrBlock": "10.0.0.0/16"}},
    "aws:ec2/subnet:Subnet": {"subnet-1": {**NETWORK, "cidrBlock": "10.0.1.0/24", "availabilityZone": f"{REGION}a"}},
    "aws:ec2/securityGroup:SecurityGroup": {"sg-1": {**NETWORK, "description": "web"}},
    TEMPLATE: {"lt-1": {"imageId": "ami-1", "instanceType": "c7g.large", "vpcSecurityGroupIds": ["sg-1"]}},
    GROUP: {
        "blue": {
            "minSize": 2,
            "maxSize": 4,
            "desiredCapacity": 2,
            "launchTemplate": {"id": "lt-1", "version": "1"},
            "targetGroupArns": [BLUE],
            "vpcZoneIdentifiers": ["subnet-1"],
        }
    },
    "aws:lb/loadBalancer:LoadBalancer": {BALANCER: {"subnets": ["subnet-1"]}},
    TARGETS: {
        arn: {**NETWORK, "port": 3000, "protocol": "HTTP", "targetType": kind}
        for arn, kind in ((BLUE, "instance"), (GREEN, "instance"), (PODS, "ip"))
    },
    "aws:lb/listener:Listener": {
        LISTENER: {"loadBalancerArn": BALANCER, "port": 80, "protocol": "HTTP", "defaultActions": [FORWARD]}
    },
    ALARM: {"errors": {"namespace": "n", "metricName": "m", "evaluationPeriods": 1, "period": 60, "threshold": 1}},
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": {"slo": {"alarmRule": 'ALARM("errors")'}},
    "aws:iam/role:Role": {"deploy": {}},
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler": {"app/blue": {"spec": {"minReplicas": 3}}},
    "kubernetes:eks.amazonaws.com/v1:TargetGroupBinding": {
        "app/blue-pods": {"spec": {"serviceRef": {"name": "blue"}, "targetGroupARN": PODS}}
    },
}


@dataclass
class Served:
    """A world that is served."""

    layout: Layout
    server: cloud.CloudServer

    def gates(self) -> AwsGates:
        return AwsGates(self.client)

    def client(self, service: str, region: str = REGION) -> Any:
        keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
        return boto3.client(service, region_name=region, endpoint_url=self.server.url, **keys)

    def edit(self, token: str, key: str, **inputs: Any) -> None:
        """Change a resource, as an update would, or somebody by hand."""
        world = json.loads(self.layout.world.read_text())
        entry = world["resources"][token.partition(":")[0]][token]
        entry[key]["inputs"] |= inputs
        self.layout.world.write_text(json.dumps(world))

    def remove(self, token: str, key: str) -> None:
        world = json.loads(self.layout.world.read_text())
        del world["resources"][token.partition(":")[0]][token][key]
        self.layout.world.write_text(json.dumps(world))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    layout = Layout(tmp_path_factory.mktemp("served"))
    served = Served(layout, cloud.start(layout))
    yield served
    cloud.stop(layout)


@pytest.fixture
def served(server: Served) -> Iterator[Served]:
    """The small world, all of it new: an empty one was served before."""
    tables: dict[str, dict[str, Any]] = {}
    for token, of in INPUTS.items():
        provider = token.partition(":")[0]
        scope = REGION if provider == "aws" else "cluster"
        entries = {
            key: {"scope": scope, "name": key.split("/")[1] if ":targetgroup" in key else key, "inputs": one}
            for key, one in of.items()
        }
        tables.setdefault(provider, {})[token] = {key: {**one, "outputs": {}} for key, one in entries.items()}
    server.layout.world.write_text(json.dumps({"format": 1, "resources": tables}))
    yield server
    assert (cloud.about(server.server) or {})["problems"] == {}
    server.layout.world.unlink()
    assert (cloud.about(server.server) or {})["mirrored"] == {}


def test_all_is_healthy_and_quiet_at_first(served: Served) -> None:
    gates, now = served.gates(), datetime.now(UTC)
    assert gates.fired(REGION, ["errors", "slo"], now - timedelta(hours=1)) == []
    assert [gates.healthy(REGION, group) for group in (BLUE, GREEN, PODS)] == [2, 0, 3]
    assert gates.refresh(REGION, "blue").done
    assert gates.weights(REGION, LISTENER) == {BLUE: 100}
    # Enough requests to judge a color that has weight, and none of one that has not.
    assert gates.traffic(REGION, LISTENER, BLUE, now, now) == Traffic(requests=1000, failed=0)
    assert gates.traffic(REGION, LISTENER, GREEN, now, now) == Traffic(requests=0, failed=0)


def test_what_is_not_there_is_not_taken_for_fine(served: Served) -> None:
    with pytest.raises(GateError, match="there is no alarm blue in us-east-1"):
        served.gates().fired(REGION, ["blue"], None)
    with pytest.raises(GateError, match="ListenerNotFound"):
        served.gates().weights(REGION, LISTENER + "0")
    with pytest.raises(GateError, match="TargetGroupNotFound"):
        served.gates().healthy(REGION, BLUE + "0")


@pytest.mark.parametrize("name", ["errors", "slo"])
def test_an_alarm_fires_and_what_cleared_meanwhile_counts(served: Served, name: str) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    alarms = served.client("cloudwatch")
    alarms.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="tried")
    # An update that changes it leaves its state.
    served.edit(ALARM, "errors", threshold=2)
    assert served.gates().fired(REGION, ["errors", "slo"], None) == [name]
    alarms.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="tried")
    assert served.gates().fired(REGION, ["errors", "slo"], None) == []
    assert served.gates().fired(REGION, ["errors", "slo"], before) == [name]
    assert served.gates().fired(REGION, ["errors", "slo"], datetime.now(UTC) + timedelta(minutes=1)) == []


def test_targets_are_lost(served: Served) -> None:
    elb = served.client("elbv2")
    first, _ = elb.describe_target_health(TargetGroupArn=BLUE)["TargetHealthDescriptions"]
    elb.deregister_targets(TargetGroupArn=BLUE, Targets=[{"Id": first["Target"]["Id"]}])
    assert served.gates().healthy(REGION, BLUE) == 1


def test_a_fleet_grows_within_its_limits(served: Served) -> None:
    # The world keeps the size that it had.
    served.edit(GROUP, "blue", minSize=3, maxSize=9)
    assert served.gates().healthy(REGION, BLUE) == 3
    served.edit("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "app/blue", spec={"minReplicas": 5})
    assert served.gates().healthy(REGION, PODS) == 5


def test_another_template_replaces_the_instances(served: Served) -> None:
    elb = served.client("elbv2")

    def targets() -> set[str]:
        states = elb.describe_target_health(TargetGroupArn=BLUE)["TargetHealthDescriptions"]
        return {one["Target"]["Id"] for one in states if one["TargetHealth"]["State"] == "healthy"}

    before = targets()
    served.edit(TEMPLATE, "lt-1", latestVersion=2, defaultVersion=2)
    served.edit(GROUP, "blue", launchTemplate={"id": "lt-1", "version": "2"})
    after = targets()
    assert len(after) == 2
    assert not before & after
    refresh = served.gates().refresh(REGION, "blue")
    assert (refresh.done, refresh.says) == (True, "blue: Successful, 100 %")
    (group,) = served.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert {one["LaunchTemplate"]["Version"] for one in [group, *group["Instances"]]} == {"2"}


@pytest.mark.parametrize(("status", "failed"), [("Failed", True), ("RollbackSuccessful", True), ("InProgress", False)])
def test_an_instance_refresh_is_what_the_world_says(served: Served, status: str, failed: bool) -> None:  # noqa: FBT001
    served.edit(GROUP, "blue", refreshStatus=status)
    refresh = served.gates().refresh(REGION, "blue")
    assert (refresh.done, refresh.failed) == (False, failed)


def test_requests_fail(served: Served) -> None:
    dimensions = [
        {"Name": "LoadBalancer", "Value": "app/0123456789abcdef"},
        {"Name": "TargetGroup", "Value": BLUE.rpartition(":")[2]},
    ]
    now = datetime.now(UTC)
    for name, value in (("RequestCount", 40), ("HTTPCode_Target_5XX_Count", 7)):
        data = [{"MetricName": name, "Dimensions": dimensions, "Value": value, "Timestamp": now}]
        served.client("cloudwatch").put_metric_data(Namespace="AWS/ApplicationELB", MetricData=data)
    counted = served.gates().traffic(REGION, LISTENER, BLUE, now - timedelta(minutes=1), now + timedelta(minutes=1))
    assert counted == Traffic(requests=40, failed=7)


def test_weights_are_written_into_the_world(served: Served) -> None:
    served.gates().forward(REGION, LISTENER, {BLUE: 0, GREEN: 100})
    assert served.gates().weights(REGION, LISTENER) == {GREEN: 100}
    entry = json.loads(served.layout.world.read_text())["resources"]["aws"]["aws:lb/listener:Listener"][LISTENER]
    (action,) = entry["inputs"]["defaultActions"]
    assert action["forward"] == {"targetGroups": [{"arn": GREEN, "weight": 100}], "stickiness": {}}
    # An update's are taken from there.
    served.edit("aws:lb/listener:Listener", LISTENER, defaultActions=[FORWARD])
    assert served.gates().weights(REGION, LISTENER) == {BLUE: 100}


@pytest.mark.parametrize(
    ("service", "operation", "asked", "code"),
    [
        ("autoscaling", "describe_instance_refreshes", {"AutoScalingGroupName": "green"}, "ValidationError"),
        ("rds", "describe_db_proxy_endpoints", {"DBProxyEndpointName": "none"}, "DBProxyEndpointNotFoundFault"),
        (
            "rds",
            "failover_global_cluster",
            {"GlobalClusterIdentifier": "none", "TargetDbClusterIdentifier": "arn:aws:rds:eu-west-1:1:cluster:db"},
            "GlobalClusterNotFoundFault",
        ),
        (
            "elasticache",
            "describe_global_replication_groups",
            {"GlobalReplicationGroupId": "none"},
            "GlobalReplicationGroupNotFoundFault",
        ),
    ],
)
def test_what_is_not_there_is_a_fault_with_the_services_code(
    served: Served, service: str, operation: str, asked: dict[str, str], code: str
) -> None:
    with pytest.raises(ClientError) as raised:
        getattr(served.client(service), operation)(**asked)
    assert raised.value.response["Error"]["Code"] == code


def test_a_job_of_a_bucket_without_objects_fails(served: Served) -> None:
    keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
    address, proxy = served.server.url, Config(proxies={"http": served.server.url})
    control = boto3.client("s3control", region_name=REGION, endpoint_url=address, config=proxy, **keys)
    served.client("s3").create_bucket(Bucket="pictures")
    wanted = {"SourceBucket": "arn:aws:s3:::pictures", "EnableManifestOutput": False}
    asked: dict[str, Any] = {
        "AccountId": "123456789012",
        "Operation": {"S3ReplicateObject": {}},
        "Report": {"Enabled": False},
        "ClientRequestToken": "one",
        "Priority": 1,
        "RoleArn": "arn:aws:iam::123456789012:role/copies",
        "ManifestGenerator": {"S3JobManifestGenerator": wanted},
    }
    job = control.create_job(**asked)["JobId"]
    assert control.create_job(**asked)["JobId"] == job
    found = control.describe_job(AccountId="123456789012", JobId=job)["Job"]
    assert found["Status"] == "Failed"
    assert "no keys matching" in found["FailureReasons"][0]["FailureReason"]
    assert [one["JobId"] for one in control.list_jobs(AccountId="123456789012")["Jobs"]] == [job]
    with pytest.raises(ClientError, match="There is no job other"):
        control.describe_job(AccountId="123456789012", JobId="other")
    served.client("s3").delete_bucket(Bucket="pictures")


def test_what_is_gone_from_the_world_is_gone(served: Served) -> None:
    served.remove(GROUP, "blue")
    served.remove(ALARM, "errors")
    assert served.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"] == []
    assert served.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert served.gates().healthy(REGION, BLUE) == 0
    reservations = served.client("ec2").describe_instances()["Reservations"]
    assert {one["State"]["Name"] for found in reservations for one in found["Instances"]} <= {"terminated"}


def test_a_world_that_is_being_edited_is_read_when_it_is_whole(served: Served) -> None:
    assert served.gates().healthy(REGION, BLUE) == 2
    text = served.layout.world.read_text()
    served.layout.world.write_text(text[:100])
    assert served.gates().healthy(REGION, BLUE) == 2
    served.layout.world.write_text(text)
    served.edit(GROUP, "blue", minSize=4)
    assert served.gates().healthy(REGION, BLUE) == 4


def test_it_says_what_it_lacks(served: Served) -> None:
    said = cloud.about(served.server) or {}
    assert said["lacking"] == {"aws:iam/role:Role": 1}
    assert said["mirrored"][TARGETS] == 3
