"""What moto lacks and the sandbox answers: a stand-in beside moto, for what Ascent and people who try it ask.

Everything here is by the AWS API references, and made of the world or of what moto knows. What neither moto nor this
has is refused with the code NotImplemented, at once, and by the service's own protocol.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from moto.autoscaling.responses import AutoScalingResponse
from moto.cloudwatch.models import Alarm
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.common_types import TYPE_RESPONSE
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.elasticache.responses import ElastiCacheResponse
from moto.elbv2.models import elbv2_backends
from moto.kms.responses import KmsResponse
from moto.rds.responses import RDSResponse

from sandbox.aws import balancing
from sandbox.aws.databases import elect, rds
from sandbox.aws.fleets import MirroredGroup, scaling
from sandbox.aws.mirror import Mirror
from sandbox.aws.things import ACCOUNT, Thing

# Requests that a target group with weight had in any time that is asked for, all of them answered: nothing serves in
# the sandbox, and no step of a rollout is judged with fewer than GATE_REQUESTS. `aws cloudwatch put-metric-data`
# says something else.
REQUESTS: Final = 1000
_MULTI_REGION = re.compile("mrk-[0-9a-f]{32}")
_COUNTED = {"RequestCount": "Sum", "TargetResponseTime": "SampleCount"}
ELB = "AWS/ApplicationELB"
NOT_THERE = 501  # the status of such a refusal, which no SDK tries again
LACKING = "the sandbox's AWS is moto, which does not have it"


class NotThereError(ServiceException):
    """The operation is in neither moto nor here."""

    code = "NotImplemented"


def install(mirror: Mirror) -> None:
    """Have moto's services answer these, too, for the process's life."""
    answers: dict[type[BaseResponse], dict[str, Callable[..., Any]]] = {
        AutoScalingResponse: {"describe_instance_refreshes": _refreshes},
        CloudWatchResponse: {
            "describe_alarm_history": _history,
            "get_metric_data": _measured(CloudWatchResponse.get_metric_data),
            "put_composite_alarm": CloudWatchResponse.put_metric_alarm,
        },
        KmsResponse: {"_validate_cmk_id": _valid(KmsResponse._validate_cmk_id)},
        RDSResponse: {
            "describe_db_proxy_endpoints": _from(mirror, _proxy_endpoints),
            "failover_global_cluster": _another_writer,
            "switchover_global_cluster": _another_writer,
        },
        ElastiCacheResponse: {
            "failover_global_replication_group": _from(mirror, _another_primary),
            "describe_global_replication_groups": _from(mirror, _global_caches),
            "describe_cache_parameter_groups": _from(mirror, _cache_parameters),
        },
    }
    for service, operations in answers.items():
        for name, answer in operations.items():
            setattr(service, name, answer)
    setattr(BaseResponse, "call_action", _called(BaseResponse.call_action))  # noqa: B010  as mypy wants no other


def _called(call: Callable[[BaseResponse], TYPE_RESPONSE]) -> Callable[[BaseResponse], TYPE_RESPONSE]:
    def called(self: BaseResponse) -> TYPE_RESPONSE:
        try:
            return call(self)
        except NotImplementedError:
            action = self._get_action()
            _, headers, body = self.serialized(ActionResult(NotThereError(f"{action}: {LACKING}")))
            return NOT_THERE, {**headers, "status": str(NOT_THERE)}, body
        except Exception:
            logging.getLogger(__name__).exception("%s failed", self._get_action())
            raise

    return called


def _valid(validate: Callable[[KmsResponse, str], None]) -> Callable[[KmsResponse, str], None]:
    """AWS KMS Developer Guide, Multi-Region keys: `mrk-` and 32 digits. moto takes such an id in an ARN alone."""

    def valid(self: KmsResponse, key: str) -> None:
        validate(self, f"arn:aws:kms:{self.region}:{ACCOUNT}:key/{key}" if _MULTI_REGION.fullmatch(key) else key)

    return valid


def _asked(self: BaseResponse, key: str, otherwise: Any = None) -> Any:
    found = self._get_params().get(key)
    return otherwise if found is None else found


def _refreshes(self: AutoScalingResponse) -> ActionResult:
    """Amazon EC2 Auto Scaling API Reference, DescribeInstanceRefreshes: the newest first."""
    group = scaling(self.region).autoscaling_groups.get(str(_asked(self, "AutoScalingGroupName")))
    if group is None:
        raise ServiceException("ValidationError", "AutoScalingGroup name not found - null")
    found = group.refreshes if isinstance(group, MirroredGroup) else []
    wanted = _asked(self, "InstanceRefreshIds")
    return ActionResult(
        {"InstanceRefreshes": [one for one in found if not wanted or one["InstanceRefreshId"] in wanted]}
    )


def _history(self: CloudWatchResponse) -> ActionResult:
    """Amazon CloudWatch API Reference, DescribeAlarmHistory: changes of state alone, as moto keeps no others."""
    there, name = self.cloudwatch_backend.alarms, _asked(self, "AlarmName")
    since, until = _asked(self, "StartDate"), _asked(self, "EndDate")
    if _asked(self, "HistoryItemType", "StateUpdate") != "StateUpdate":
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


def _measured(asked: Callable[[CloudWatchResponse], ActionResult]) -> Callable[[CloudWatchResponse], ActionResult]:
    """GetMetricData with requests of target groups that have weight, where moto has no numbers of them."""

    def measured(self: CloudWatchResponse) -> ActionResult:
        answer = asked(self)
        result: Any = answer.result
        params = self._get_params()
        queries = {one["Id"]: one.get("MetricStat") or {} for one in params.get("MetricDataQueries", [])}
        for one in result["MetricDataResults"]:
            if not one["values"] and _serves(self.region, queries.get(one["id"], {})):
                one["values"], one["timestamps"] = [REQUESTS], [params["StartTime"]]
        return answer

    return measured


def _serves(region: str, asked: dict[str, Any]) -> bool:
    """Whether this counts the requests of a target group that a listener gives weight."""
    metric = asked.get("Metric") or {}
    if metric.get("Namespace") != ELB or _COUNTED.get(str(metric.get("MetricName"))) != asked.get("Stat"):
        return False
    groups = [one["Value"] for one in metric.get("Dimensions", []) if one["Name"] == "TargetGroup"]
    shares = [
        share
        for balancer in elbv2_backends[ACCOUNT][region].load_balancers.values()
        for listener in balancer.listeners.values()
        for share in balancing.weights(listener.default_actions)
    ]
    return any(share["weight"] and str(share["arn"]).endswith(f":{group}") for share in shares for group in groups)


def _from(
    mirror: Mirror, answer: Callable[[BaseResponse, Mirror], dict[str, Any]]
) -> Callable[[BaseResponse], ActionResult]:
    return lambda self: ActionResult(answer(self, mirror))


def _named(found: list[Thing], name: Any, absent: str) -> list[Thing]:
    kept = [one for one in found if name in (None, one.id, one.name, one.has.get("dbProxyEndpointName"))]
    if name is not None and not kept:
        raise ServiceException(absent, f"{name} is not there")
    return kept


def _proxy_endpoints(self: BaseResponse, mirror: Mirror) -> dict[str, Any]:
    proxy = _asked(self, "DBProxyName")
    found = [
        one
        for one in mirror.things("aws:rds/proxyEndpoint:ProxyEndpoint", self.region)
        if proxy in (None, one.has.get("dbProxyName"))
    ]
    return {
        "DBProxyEndpoints": [
            {
                "DBProxyEndpointName": one.has.get("dbProxyEndpointName"),
                "DBProxyEndpointArn": one.arn,
                "DBProxyName": one.has.get("dbProxyName"),
                "Status": "available",
                "VpcId": one.has.get("vpcId"),
                "VpcSecurityGroupIds": one.has.get("vpcSecurityGroupIds"),
                "VpcSubnetIds": one.has.get("vpcSubnetIds"),
                "Endpoint": one.has.get("endpoint"),
                "TargetRole": one.has.get("targetRole"),
                "IsDefault": bool(one.has.get("isDefault")),
            }
            for one in _named(found, _asked(self, "DBProxyEndpointName"), "DBProxyEndpointNotFoundFault")
        ]
    }


def _another_writer(self: RDSResponse) -> ActionResult:
    """Amazon RDS API Reference, FailoverGlobalCluster and SwitchoverGlobalCluster: at once, and without a loss."""
    name, target = str(_asked(self, "GlobalClusterIdentifier")), str(_asked(self, "TargetDbClusterIdentifier"))
    found = rds(self.region).global_clusters.get(name)
    if found is None:
        raise ServiceException("GlobalClusterNotFoundFault", f"{name} is not there")
    if target not in [one.db_cluster_arn for one in found.members]:
        raise ServiceException("DBClusterNotFoundFault", f"{target} is no member of {name}")
    for one in found.members:
        one.is_writer = one.db_cluster_arn == target
        elect(one)
    return ActionResult({"GlobalCluster": found})


def _another_primary(self: BaseResponse, mirror: Mirror) -> dict[str, Any]:
    """Amazon ElastiCache API Reference, FailoverGlobalReplicationGroup: at once."""
    name, primary = str(_asked(self, "GlobalReplicationGroupId")), str(_asked(self, "PrimaryReplicationGroupId"))
    before = _global_caches(self, mirror)["GlobalReplicationGroups"]
    if primary not in [member["ReplicationGroupId"] for one in before for member in one["Members"]]:
        raise ServiceException("ReplicationGroupNotFoundFault", f"{primary} is no member of {name}")
    mirror.primaries[name] = primary
    return {"GlobalReplicationGroup": _global_caches(self, mirror)["GlobalReplicationGroups"][0]}


def _global_caches(self: BaseResponse, mirror: Mirror) -> dict[str, Any]:
    """In every region, as ElastiCache lists a global datastore in each of its members'."""
    found = mirror.things("aws:elasticache/globalReplicationGroup:GlobalReplicationGroup")
    wanted = _asked(self, "GlobalReplicationGroupId")
    return {
        "GlobalReplicationGroups": [
            {
                "GlobalReplicationGroupId": one.id,
                "GlobalReplicationGroupDescription": one.has.get("globalReplicationGroupDescription"),
                "Status": "primary-only" if len(members := _members(one, mirror)) < len("ab") else "available",
                "CacheNodeType": one.has.get("cacheNodeType"),
                "Engine": one.has.get("engine"),
                "EngineVersion": one.has.get("engineVersionActual"),
                "Members": members,
                "ARN": one.arn,
            }
            for one in _named(found, wanted, "GlobalReplicationGroupNotFoundFault")
        ]
    }


def _members(group: Thing, mirror: Mirror) -> list[dict[str, Any]]:
    primary = mirror.primaries.get(group.id) or group.has.get("primaryReplicationGroupId")
    caches = mirror.things("aws:elasticache/replicationGroup:ReplicationGroup")
    return [
        {
            "ReplicationGroupId": one.id,
            "ReplicationGroupRegion": one.region,
            "Role": "PRIMARY" if one.id == primary else "SECONDARY",
            "AutomaticFailover": "enabled",
            "Status": "associated",
        }
        for one in caches
        if one.id == group.has.get("primaryReplicationGroupId") or one.has.get("globalReplicationGroupId") == group.id
    ]


def _cache_parameters(self: BaseResponse, mirror: Mirror) -> dict[str, Any]:
    found = mirror.things("aws:elasticache/parameterGroup:ParameterGroup", self.region)
    return {
        "CacheParameterGroups": [
            {
                "CacheParameterGroupName": one.name,
                "CacheParameterGroupFamily": one.has.get("family"),
                "Description": one.has.get("description"),
                "ARN": one.arn,
            }
            for one in _named(found, _asked(self, "CacheParameterGroupName"), "CacheParameterGroupNotFound")
        ]
    }
