"""What moto lacks and the sandbox answers: a stand-in beside moto, for what Ascent and people who try it ask.

Everything here is by the AWS API references, and made of the world or of what moto knows. What neither moto nor this
has is refused with the code NotImplemented, at once, and by the service's own protocol.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

from moto.autoscaling.responses import AutoScalingResponse
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult, BaseResponse
from moto.elasticache.responses import ElastiCacheResponse
from moto.kms.responses import KmsResponse
from moto.rds.models import RDSBackend
from moto.rds.responses import RDSResponse

from sandbox.aws.batch import Jobs
from sandbox.aws.databases import elect, rds, renamed
from sandbox.aws.fleets import MirroredGroup, scaling
from sandbox.aws.measures import history, measured
from sandbox.aws.mirror import Mirror
from sandbox.aws.things import ACCOUNT, FaultError, Thing, asked

_MULTI_REGION = re.compile("mrk-[0-9a-f]{32}")
NOT_THERE = 501  # the status of such a refusal, which no SDK tries again
LACKING = "the sandbox's AWS is moto, which does not have it"


class NotThereError(FaultError):
    """The operation is in neither moto nor here."""

    code = "NotImplemented"


def install(mirror: Mirror) -> None:
    """Have moto's services answer these, too, for the process's life."""
    answers: dict[type[BaseResponse], dict[str, Callable[..., Any]]] = {
        AutoScalingResponse: {"describe_instance_refreshes": _refreshes},
        CloudWatchResponse: {
            "describe_alarm_history": history,
            "get_metric_data": measured(CloudWatchResponse.get_metric_data),
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
    Jobs(mirror).install()
    setattr(RDSBackend, "modify_db_cluster", renamed(RDSBackend.modify_db_cluster))  # noqa: B010  the same
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


def _refreshes(self: AutoScalingResponse) -> ActionResult:
    """Amazon EC2 Auto Scaling API Reference, DescribeInstanceRefreshes: the newest first."""
    group = scaling(self.region).autoscaling_groups.get(str(asked(self, "AutoScalingGroupName")))
    if group is None:
        raise FaultError("ValidationError", "AutoScalingGroup name not found - null")
    found = group.refreshes if isinstance(group, MirroredGroup) else []
    wanted = asked(self, "InstanceRefreshIds")
    return ActionResult(
        {"InstanceRefreshes": [one for one in found if not wanted or one["InstanceRefreshId"] in wanted]}
    )


def _from(
    mirror: Mirror, answer: Callable[[BaseResponse, Mirror], dict[str, Any]]
) -> Callable[[BaseResponse], ActionResult]:
    return lambda self: ActionResult(answer(self, mirror))


def _named(found: list[Thing], name: Any, absent: str) -> list[Thing]:
    kept = [one for one in found if name in (None, one.id, one.name, one.has.get("dbProxyEndpointName"))]
    if name is not None and not kept:
        raise FaultError(absent, f"{name} is not there")
    return kept


def _proxy_endpoints(self: BaseResponse, mirror: Mirror) -> dict[str, Any]:
    proxy = asked(self, "DBProxyName")
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
            for one in _named(found, asked(self, "DBProxyEndpointName"), "DBProxyEndpointNotFoundFault")
        ]
    }


def _another_writer(self: RDSResponse) -> ActionResult:
    """Amazon RDS API Reference, FailoverGlobalCluster and SwitchoverGlobalCluster: at once, and without a loss."""
    name, target = str(asked(self, "GlobalClusterIdentifier")), str(asked(self, "TargetDbClusterIdentifier"))
    found = rds(self.region).global_clusters.get(name)
    if found is None:
        raise FaultError("GlobalClusterNotFoundFault", f"{name} is not there")
    if target not in [one.db_cluster_arn for one in found.members]:
        raise FaultError("DBClusterNotFoundFault", f"{target} is no member of {name}")
    for one in found.members:
        one.is_writer = one.db_cluster_arn == target
        elect(one)
    return ActionResult({"GlobalCluster": found})


def _another_primary(self: BaseResponse, mirror: Mirror) -> dict[str, Any]:
    """Amazon ElastiCache API Reference, FailoverGlobalReplicationGroup: at once."""
    name, primary = str(asked(self, "GlobalReplicationGroupId")), str(asked(self, "PrimaryReplicationGroupId"))
    before = _global_caches(self, mirror)["GlobalReplicationGroups"]
    if primary not in [member["ReplicationGroupId"] for one in before for member in one["Members"]]:
        raise FaultError("ReplicationGroupNotFoundFault", f"{primary} is no member of {name}")
    mirror.primaries[name] = primary
    return {"GlobalReplicationGroup": _global_caches(self, mirror)["GlobalReplicationGroups"][0]}


def _global_caches(self: BaseResponse, mirror: Mirror) -> dict[str, Any]:
    """In every region, as ElastiCache lists a global datastore in each of its members'."""
    found = mirror.things("aws:elasticache/globalReplicationGroup:GlobalReplicationGroup")
    wanted = asked(self, "GlobalReplicationGroupId")
    return {
        "GlobalReplicationGroups": [
            {
                "GlobalReplicationGroupId": one.id,
                "GlobalReplicationGroupDescription": one.has.get("globalReplicationGroupDescription"),
                "Status": "primary-only" if len(members := _members(one, mirror)) < 2 else "available",
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
            for one in _named(found, asked(self, "CacheParameterGroupName"), "CacheParameterGroupNotFound")
        ]
    }
