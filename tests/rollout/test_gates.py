"""The eyes: AWS' answers, held against the SDK's own model of them, and the sandbox's world."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from botocore.stub import ANY, Stubber  # type: ignore[import-untyped]

from infra.alarms.traffic import failures
from ops.rollout import gates
from ops.rollout.gates import GateError, Refresh, named
from ops.rollout.state_machine import Traffic

REGION = "us-east-1"
SINCE = datetime(2026, 11, 25, tzinfo=UTC)
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/blue/0123456789abcdef"
LISTENER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/lb/0123456789abcdef/0123456789abcdef"
TYPES = ["MetricAlarm", "CompositeAlarm"]
Answer = Callable[..., None]


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Says what a service answers to its next question; both are checked against the service's model."""
    stubs: dict[str, Any] = {}
    clients: dict[str, Any] = {}

    def client(service: str, region: str) -> Any:
        assert region == REGION
        if service not in clients:
            clients[service] = boto3.client(
                service, region_name=region, aws_access_key_id="made-up", aws_secret_access_key="made-up"
            )
            stubs[service] = Stubber(clients[service])
            stubs[service].activate()
        return clients[service]

    def say(service: str, operation: str, response: dict[str, Any], asked: dict[str, Any]) -> None:
        client(service, REGION)
        stubs[service].add_response(operation, response, asked)

    monkeypatch.setattr(gates, "clients", lambda _, **__: client)
    return say


def history(state: str) -> dict[str, Any]:
    return {"AlarmHistoryItems": [{"HistoryData": json.dumps({"newState": {"stateValue": state}})}]}


@pytest.mark.parametrize("kind", ["MetricAlarms", "CompositeAlarms"])
@pytest.mark.parametrize(
    ("now", "then", "fired"),
    [("ALARM", None, ["errors"]), ("OK", "ALARM", ["errors"]), ("OK", "OK", []), ("INSUFFICIENT_DATA", "OK", [])],
)
def test_an_alarm_counts_when_it_fires_or_did_since(
    answer: Answer, kind: str, now: str, then: str | None, fired: list[str]
) -> None:
    alarms = {"MetricAlarms": [], "CompositeAlarms": [], kind: [{"AlarmName": "errors", "StateValue": now}]}
    answer("cloudwatch", "describe_alarms", alarms, {"AlarmNames": ["errors"], "AlarmTypes": TYPES})
    if then:
        asked = {
            "AlarmName": "errors",
            "AlarmTypes": TYPES,
            "HistoryItemType": "StateUpdate",
            "StartDate": SINCE,
        }
        answer("cloudwatch", "describe_alarm_history", history(then), asked)
    assert gates.gates(None).fired(REGION, ["errors"], SINCE) == fired


def test_an_alarm_that_is_gone_is_not_taken_for_quiet(answer: Answer) -> None:
    asked = {"AlarmNames": ["errors"], "AlarmTypes": TYPES}
    answer("cloudwatch", "describe_alarms", {"MetricAlarms": [], "CompositeAlarms": []}, asked)
    with pytest.raises(GateError, match="there is no alarm errors in us-east-1"):
        gates.gates(None).fired(REGION, ["errors"], None)


def test_only_healthy_targets_count(answer: Answer) -> None:
    states = ["healthy", "initial", "unhealthy", "draining", "healthy"]
    targets = [{"Target": {"Id": f"i-{n}"}, "TargetHealth": {"State": state}} for n, state in enumerate(states)]
    answer("elbv2", "describe_target_health", {"TargetHealthDescriptions": targets}, {"TargetGroupArn": GROUP})
    assert gates.gates(None).healthy(REGION, GROUP) == 2


@pytest.mark.parametrize(
    ("status", "done", "failed"),
    [
        ("Pending", False, False),
        ("InProgress", False, False),
        ("Baking", False, False),
        ("RollbackInProgress", False, False),
        ("Successful", True, False),
        ("Failed", False, True),
        ("Cancelled", False, True),
        ("RollbackSuccessful", False, True),
        ("RollbackFailed", False, True),
    ],
)
def test_a_refresh_is_through_or_failed_by_its_status(answer: Answer, status: str, done: bool, failed: bool) -> None:  # noqa: FBT001
    newest = {"Status": status, "PercentageComplete": 35, "StatusReason": "because"}
    response = {"InstanceRefreshes": [newest, {"Status": "Failed"}]}
    answer("autoscaling", "describe_instance_refreshes", response, {"AutoScalingGroupName": "blue"})
    found = gates.gates(None).refresh(REGION, "blue")
    assert (found.done, found.failed) == (done, failed)
    assert found.says == f"blue: {status}, 35 % (because)"


def test_a_group_that_was_never_refreshed_is_done(answer: Answer) -> None:
    asked = {"AutoScalingGroupName": "blue"}
    answer("autoscaling", "describe_instance_refreshes", {"InstanceRefreshes": []}, asked)
    assert gates.gates(None).refresh(REGION, "blue") == Refresh(done=True)


@pytest.mark.parametrize(("seconds", "asked"), [(0, 1), (0.4, 1), (90, 90)])
def test_a_time_without_length_is_not_asked_for(answer: Answer, seconds: float, asked: float) -> None:
    """CloudWatch refuses it: a step that is taken at once after the last one."""
    until = SINCE + timedelta(seconds=seconds)
    wanted = {"MetricDataQueries": ANY, "StartTime": SINCE, "EndTime": SINCE + timedelta(seconds=asked)}
    answer("cloudwatch", "get_metric_data", {"MetricDataResults": []}, wanted)
    assert gates.gates(None).traffic(REGION, LISTENER, GROUP, SINCE, until) == Traffic(requests=0, failed=0)


def test_requests_are_counted_by_the_group_and_what_stood_in_for_it_by_the_balancer(answer: Answer) -> None:
    until = SINCE + timedelta(minutes=30)
    balancer = {"Name": "LoadBalancer", "Value": "app/lb/0123456789abcdef"}
    group = {"Name": "TargetGroup", "Value": "targetgroup/blue/0123456789abcdef"}
    said = {
        "requests": ("RequestCount", "Sum", [balancer, group], [60.0, 40.0]),
        "answers": ("TargetResponseTime", "SampleCount", [balancer, group], [57.0, 36.0]),
        "failed": ("HTTPCode_Target_5XX_Count", "Sum", [balancer, group], [2.0]),
        "dropped": ("HTTPCode_ELB_502_Count", "Sum", [balancer], [4.0]),
        "late": ("HTTPCode_ELB_504_Count", "Sum", [balancer], []),
    }
    asked = {
        "MetricDataQueries": [
            {
                "Id": one,
                "MetricStat": {
                    "Metric": {"Namespace": "AWS/ApplicationELB", "MetricName": name, "Dimensions": by},
                    "Period": 60,
                    "Stat": stat,
                },
            }
            for one, (name, stat, by, _) in said.items()
        ],
        "StartTime": SINCE,
        "EndTime": until,
    }
    results = [{"Id": one, "Values": values} for one, (*_, values) in said.items()]
    answer("cloudwatch", "get_metric_data", {"MetricDataResults": results}, asked)
    found = gates.gates(None).traffic(REGION, LISTENER, GROUP, SINCE, until)
    # Seven were not answered, and the balancer says 502 of four: the others left.
    assert found == Traffic(requests=100, failed=6)


@pytest.mark.parametrize(
    ("requests", "answers", "failed", "dropped", "late", "lost"),
    [
        (100, 100, 0, 50, 0, 0),  # all of the 502s are another group's
        (100, 90, 0, 10, 0, 10),  # a keep-alive shorter than the balancer's
        (100, 90, 5, 3, 7, 15),
        (100, 50, 0, 0, 0, 0),  # the clients left
        (100, 101, 1, 9, 0, 1),  # counted a minute apart
    ],
)
def test_a_group_lost_what_it_did_not_answer_and_the_balancer_did(
    requests: int, answers: int, failed: int, dropped: int, late: int, lost: int
) -> None:
    sums = {"requests": requests, "answers": answers, "failed": failed, "dropped": dropped, "late": late}
    assert failures(sums) == lost


def test_the_weights_are_those_of_the_default_action(answer: Answer) -> None:
    forward = {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": GROUP, "Weight": 75}]}}
    response = {"Listeners": [{"ListenerArn": LISTENER, "DefaultActions": [forward]}]}
    answer("elbv2", "describe_listeners", response, {"ListenerArns": [LISTENER]})
    found = gates.gates(None).weights(REGION, LISTENER)
    assert named({"blue-ec2": GROUP}, {**found, "arn:of-somebody-else": 25, "arn:of-none": 0}) == {
        "blue-ec2": 75,
        "arn:of-somebody-else": 25,
    }


def test_weights_are_moved_by_one_change_of_the_default_action(answer: Answer) -> None:
    other = GROUP.replace("blue", "green")
    sticky = {"Enabled": False, "DurationSeconds": 1}
    config = {"TargetGroups": [{"TargetGroupArn": GROUP, "Weight": 50}, {"TargetGroupArn": other, "Weight": 50}]}
    # With one group alone, AWS says it twice.
    forward = {
        "Type": "forward",
        "TargetGroupArn": GROUP,
        "Order": 1,
        "ForwardConfig": {**config, "TargetGroupStickinessConfig": sticky},
    }
    listener = {"ListenerArn": LISTENER, "DefaultActions": [forward]}
    answer("elbv2", "describe_listeners", {"Listeners": [listener]}, {"ListenerArns": [LISTENER]})
    wanted = {"TargetGroups": [{"TargetGroupArn": GROUP, "Weight": 100}], "TargetGroupStickinessConfig": sticky}
    changed = {"ListenerArn": LISTENER, "DefaultActions": [{"Type": "forward", "Order": 1, "ForwardConfig": wanted}]}
    answer("elbv2", "modify_listener", {"Listeners": [listener]}, changed)
    gates.gates(None).forward(REGION, LISTENER, {GROUP: 100, other: 0})


def test_what_aws_refuses_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "clients", lambda _, **__: refusing)

    def refusing(service: str, region: str) -> Any:
        client = boto3.client(service, region_name=region, aws_access_key_id="x", aws_secret_access_key="x")
        stub = Stubber(client)
        stub.add_client_error("describe_target_health", "AccessDenied", "not for you")
        stub.activate()
        return client

    with pytest.raises(GateError, match=r"elbv2 in us-east-1: .*not for you"):
        gates.gates(None).healthy(REGION, GROUP)
