"""The checks between two steps: alarms, targets, instance refreshes, and the listener's weights."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from infra.alarms.model import Metric
from infra.alarms.traffic import SERVED, failures
from infra.clients import Clients, clients, explained
from infra.thresholds import ALARM_PERIOD, DEREGISTRATION_DELAY
from ops.rollout.state_machine import Traffic

ALARM = "ALARM"
# Without AlarmTypes, CloudWatch returns metric alarms alone.
TYPES = ["MetricAlarm", "CompositeAlarm"]
REFRESH_FAILED = ("Failed", "Cancelled", "RollbackFailed", "RollbackSuccessful")
REFRESH_DONE = "Successful"


class GateError(Exception):
    """A check could not be made. It counts as not passed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refresh:
    """An instance refresh: `done`, `failed`, or under way; with a text."""

    done: bool
    failed: bool = False
    says: str = ""


class TargetHealth(Protocol):
    """Reads the health of instances and targets."""

    def healthy(self, region: str, target_group: str) -> int | None:
        """Healthy targets of a target group; None where it is not measured, and all count as healthy."""

    def refresh(self, region: str, group: str) -> Refresh:
        """The newest instance refresh of an autoscaling group; done where there is none."""


class Gates(TargetHealth, Protocol):
    """The checks of one stack.

    drain: seconds until a color that lost its traffic has answered its last request.
    poll: seconds between two polls.
    """

    drain: float
    poll: float

    def fired(self, region: str, names: Sequence[str], since: datetime | None) -> list[str]:
        """Which of these alarms are in state ALARM, or were since `since`."""

    def traffic(
        self, region: str, listener: str, target_group: str, since: datetime, until: datetime
    ) -> Traffic | None:
        """Requests of a target group behind a listener; None where it is not measured."""

    def weights(self, region: str, listener: str) -> dict[str, int]:
        """The weights of a listener, by target group ARN."""

    def forward(self, region: str, listener: str, weights: Mapping[str, int]) -> None:
        """Set these weights, by target group ARN, on a listener, at once and without an update."""


def gates(role: str | None, *, seconds: int | None = None) -> Gates:
    """The checks by AWS, with the role if one is given.

    Args:
        role: ARN of a role to assume.
        seconds: timeout for a region that may not answer, with one try; None for the SDK's default.
    """
    return AwsGates(clients(role, seconds=seconds))


class AwsGates:
    """Asks CloudWatch, Elastic Load Balancing and EC2 Auto Scaling."""

    # Nodes of a load balancer get new weights one after another; requests under way then take this long at most.
    drain: float = 2 * DEREGISTRATION_DELAY.value
    poll: float = 15

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def fired(self, region: str, names: Sequence[str], since: datetime | None) -> list[str]:
        """In state ALARM now or since then: an alarm that fired and cleared between two polls counts."""
        if not names:
            return []
        found: dict[str, str] = {}
        for page in self._pages(region, "cloudwatch", "describe_alarms", AlarmNames=list(names), AlarmTypes=TYPES):
            for one in (*page["MetricAlarms"], *page["CompositeAlarms"]):
                found[one["AlarmName"]] = one["StateValue"]
        missing = sorted(set(names) - set(found))
        if missing:
            raise GateError(f"there is no alarm {', '.join(missing)} in {region}; bring it back with: pulumi up")
        firing = [name for name in names if found[name] == ALARM]
        if since is not None:
            calm = [name for name in names if name not in firing]
            firing += [name for name in calm if self._was_in_alarm(region, name, since)]
        return firing

    def healthy(self, region: str, target_group: str) -> int | None:
        """Targets in state `healthy`."""
        asked = self._ask(region, "elbv2", "describe_target_health", TargetGroupArn=target_group)
        states = [one["TargetHealth"]["State"] for one in asked["TargetHealthDescriptions"]]
        return states.count("healthy")

    def refresh(self, region: str, group: str) -> Refresh:
        """The newest one of the group."""
        asked = self._ask(region, "autoscaling", "describe_instance_refreshes", AutoScalingGroupName=group)
        if not asked["InstanceRefreshes"]:
            return Refresh(done=True)
        newest = asked["InstanceRefreshes"][0]
        status = newest["Status"]
        reason = newest.get("StatusReason", "")
        says = f"{group}: {status}, {newest.get('PercentageComplete', 0)} %{f' ({reason})' if reason else ''}"
        return Refresh(done=status == REFRESH_DONE, failed=status in REFRESH_FAILED, says=says)

    def traffic(
        self, region: str, listener: str, target_group: str, since: datetime, until: datetime
    ) -> Traffic | None:
        """From CloudWatch, which has a minute's numbers one or two minutes later."""
        dimensions = {
            "LoadBalancer": listener.partition(":listener/")[2].rpartition("/")[0],
            "TargetGroup": target_group.rpartition(":")[2],
        }
        sums = dict.fromkeys(SERVED, 0.0)
        for page in self._pages(
            region,
            "cloudwatch",
            "get_metric_data",
            MetricDataQueries=[_query(name, metric, dimensions) for name, metric in SERVED.items()],
            StartTime=since,
            # Amazon CloudWatch API Reference, GetMetricData: it has to end after it begins, in whole seconds.
            EndTime=max(until, since + timedelta(seconds=1)),
        ):
            for one in page["MetricDataResults"]:
                sums[one["Id"]] += sum(one["Values"])
        return Traffic(requests=int(sums["requests"]), failed=failures(sums))

    def weights(self, region: str, listener: str) -> dict[str, int]:
        """Of the listener's default action."""
        asked = self._ask(region, "elbv2", "describe_listeners", ListenerArns=[listener])
        forwards = [one["ForwardConfig"] for one in asked["Listeners"][0]["DefaultActions"] if "ForwardConfig" in one]
        return {one["TargetGroupArn"]: one.get("Weight", 1) for forward in forwards for one in forward["TargetGroups"]}

    def forward(self, region: str, listener: str, weights: Mapping[str, int]) -> None:
        """One ModifyListener, which keeps attributes that are not given (Elastic Load Balancing API Reference)."""
        asked = self._ask(region, "elbv2", "describe_listeners", ListenerArns=[listener])
        actions = [
            # AWS accepts an action's TargetGroupArn beside its ForwardConfig only if both name the same group.
            {**{key: value for key, value in one.items() if key != "TargetGroupArn"}, "ForwardConfig": config}
            if (config := _shared(one.get("ForwardConfig"), weights))
            else one
            for one in asked["Listeners"][0]["DefaultActions"]
        ]
        self._ask(region, "elbv2", "modify_listener", ListenerArn=listener, DefaultActions=actions)

    def _was_in_alarm(self, region: str, name: str, since: datetime) -> bool:
        pages = self._pages(
            region,
            "cloudwatch",
            "describe_alarm_history",
            AlarmName=name,
            AlarmTypes=TYPES,
            HistoryItemType="StateUpdate",
            StartDate=since,
        )
        changes = [json.loads(item["HistoryData"]) for page in pages for item in page["AlarmHistoryItems"]]
        return any(change.get("newState", {}).get("stateValue") == ALARM for change in changes)

    def _ask(self, region: str, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        with explained(GateError, f"{service} in {region}"):
            answer: dict[str, Any] = getattr(self._clients(service, region), operation)(**arguments)
            return answer

    def _pages(self, region: str, service: str, operation: str, **arguments: Any) -> list[dict[str, Any]]:
        with explained(GateError, f"{service} in {region}"):
            return list(self._clients(service, region).get_paginator(operation).paginate(**arguments))


def _shared(config: Mapping[str, Any] | None, weights: Mapping[str, int]) -> dict[str, Any] | None:
    """A ForwardConfig with other weights, without groups of weight 0, as in the program."""
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items() if weight]
    return {**config, "TargetGroups": groups} if config else None


def _query(name: str, metric: Metric, dimensions: Mapping[str, str]) -> dict[str, Any]:
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": [{"Name": one, "Value": dimensions[one]} for one in metric.by],
            },
            "Period": ALARM_PERIOD.value,
            "Stat": metric.stat,
        },
    }


def named(arns: Mapping[str, str], weights: Mapping[str, int]) -> dict[str, int]:
    """Weights by target group name instead of ARN, those above 0; an ARN that is not ours keeps its own."""
    names = {arn: name for name, arn in arns.items()}
    return {names.get(arn, arn): weight for arn, weight in weights.items() if weight}
