"""What CloudWatch answers beside moto: the history of alarms, and made-up numbers of requests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from moto.cloudwatch.models import Alarm
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult
from moto.elbv2.models import elbv2_backends

from sandbox.aws import balancing
from sandbox.aws.things import ACCOUNT, asked

# Requests that a target group with weight had in any time that is asked for, all of them answered: nothing serves in
# the sandbox, and no step of a rollout is judged with fewer than GATE_REQUESTS. `aws cloudwatch put-metric-data`
# says something else.
REQUESTS: Final = 1000
_COUNTED = {"RequestCount": "Sum", "TargetResponseTime": "SampleCount"}
ELB = "AWS/ApplicationELB"


def history(self: CloudWatchResponse) -> ActionResult:
    """Amazon CloudWatch API Reference, DescribeAlarmHistory: changes of state alone, as moto keeps no others."""
    there, name = self.cloudwatch_backend.alarms, asked(self, "AlarmName")
    since, until = asked(self, "StartDate"), asked(self, "EndDate")
    if asked(self, "HistoryItemType", "StateUpdate") != "StateUpdate":
        return ActionResult({"AlarmHistoryItems": []})
    items = [
        item
        for alarm in there.values()
        if name in (None, alarm.name)
        for item in _changes(alarm)
        if (since is None or item["Timestamp"] >= _plain(since))
        and (until is None or item["Timestamp"] <= _plain(until))
    ]
    newest_first = sorted(items, key=lambda item: item["Timestamp"], reverse=True)
    return ActionResult({"AlarmHistoryItems": newest_first})


def _plain(time: datetime) -> datetime:
    """moto's own times are UTC without saying so."""
    return time.replace(tzinfo=None)


def _changes(alarm: Alarm) -> Iterator[dict[str, Any]]:
    """moto keeps the state that was left, with when and why it had begun."""
    present = (None, alarm.state_reason, alarm.state_reason_data, alarm.state_value, alarm.state_updated_timestamp)
    for old, new in pairwise([*alarm.history, present]):
        data = {
            "version": "1.0",
            "oldState": {"stateValue": old[3], "stateReason": old[1]},
            "newState": {"stateValue": new[3], "stateReason": new[1]},
        }
        yield {
            "AlarmName": alarm.name,
            "AlarmType": "MetricAlarm" if alarm.rule is None else "CompositeAlarm",
            "Timestamp": new[4],
            "HistoryItemType": "StateUpdate",
            "HistorySummary": f"Alarm updated from {old[3]} to {new[3]}",
            "HistoryData": json.dumps(data),
        }


def measured(call: Callable[[CloudWatchResponse], ActionResult]) -> Callable[[CloudWatchResponse], ActionResult]:
    """GetMetricData with requests of target groups that have weight, where moto has no numbers of them."""

    def answered(self: CloudWatchResponse) -> ActionResult:
        answer = call(self)
        result: Any = answer.result
        params = self._get_params()
        queries = {one["Id"]: one.get("MetricStat") or {} for one in params.get("MetricDataQueries", [])}
        for one in result["MetricDataResults"]:
            if not one["values"] and _serves(self.region, queries.get(one["id"], {})):
                one["values"], one["timestamps"] = [REQUESTS], [params["StartTime"]]
        return answer

    return answered


def _serves(region: str, query: dict[str, Any]) -> bool:
    """Whether this counts the requests of a target group that a listener gives weight."""
    metric = query.get("Metric") or {}
    if metric.get("Namespace") != ELB or _COUNTED.get(str(metric.get("MetricName"))) != query.get("Stat"):
        return False
    groups = [one["Value"] for one in metric.get("Dimensions", []) if one["Name"] == "TargetGroup"]
    shares = [
        share
        for balancer in elbv2_backends[ACCOUNT][region].load_balancers.values()
        for listener in balancer.listeners.values()
        for share in balancing.weights(listener.default_actions)
    ]
    return any(share["weight"] and str(share["arn"]).endswith(f":{group}") for share in shares for group in groups)
