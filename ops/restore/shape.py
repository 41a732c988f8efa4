"""The properties of the restored database: those of the last update, from the stack's state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra import naming

CLUSTER, INSTANCE = "aws:rds/cluster:Cluster", "aws:rds/clusterInstance:ClusterInstance"
PROXY_TARGET = "aws:rds/proxyTarget:ProxyTarget"
SCALED, POLICY = "aws:appautoscaling/target:Target", "aws:appautoscaling/policy:Policy"
SECRET, CALL = "aws:secretsmanager/secret:Secret", "aws:lambda/invocation:Invocation"
# The resources with the data: an update that replaces one of these would make an empty database.
HOLDING = (CLUSTER, INSTANCE)
# From a property of the state to RDS' own parameter. Both restore calls take all of these.
_CLUSTER: Mapping[str, str] = {
    "dbSubnetGroupName": "DBSubnetGroupName",
    "vpcSecurityGroupIds": "VpcSecurityGroupIds",
    "dbClusterParameterGroupName": "DBClusterParameterGroupName",
    "kmsKeyId": "KmsKeyId",
    "port": "Port",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "backupRetentionPeriod": "BackupRetentionPeriod",
    "copyTagsToSnapshot": "CopyTagsToSnapshot",
    "deletionProtection": "DeletionProtection",
}
_INSTANCE: Mapping[str, str] = {
    "engine": "Engine",
    "instanceClass": "DBInstanceClass",
    "availabilityZone": "AvailabilityZone",
    "promotionTier": "PromotionTier",
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "publiclyAccessible": "PubliclyAccessible",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
    "performanceInsightsRetentionPeriod": "PerformanceInsightsRetentionPeriod",
}
# A cluster with another value of one of these would be replaced: the provider cannot change them
# (terraform-provider-aws, internal/service/rds/cluster.go, ForceNew) and the program gives them.
FIXED: Mapping[str, str] = {
    "engine": "Engine",
    "dbSubnetGroupName": "DBSubnetGroup",
    "kmsKeyId": "KmsKeyId",
    "storageEncrypted": "StorageEncrypted",
    "masterUsername": "MasterUsername",
    "databaseName": "DatabaseName",
}


class NoDatabaseError(Exception):
    """The stack's state has no database to restore. The text says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InstanceShape:
    """An instance of the cluster: its name, and parameters of CreateDBInstance."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class ProxyShape:
    """An RDS Proxy in front of the cluster, and its target group."""

    name: str
    group: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """A database as the program defines it.

    cluster: its identifier. region: AWS region. urn: the cluster's.
    resource_id: AWS' own id of it, which outlives the identifier.
    version: of the engine. user: the master's name.
    arguments: parameters of both restore calls.
    fixed: values without which an update would replace the cluster, by the names of DescribeDBClusters.
    http: whether it has the RDS Data API.
    tags: all of its tags.
    instances: the writer first.
    scaled: the resource that Application Auto Scaling changes, or None.
    secret: ARN of the secret with the master's password.
    urns: resources to refresh once the restored cluster has the name.
    calls: invocations that make the database's roles, which are run again.
    """

    cluster: str
    region: str
    urn: str
    resource_id: str
    version: str
    user: str
    arguments: Mapping[str, Any]
    fixed: Mapping[str, Any]
    http: bool
    tags: Mapping[str, str]
    instances: tuple[InstanceShape, ...]
    proxies: tuple[ProxyShape, ...]
    scaled: str | None
    secret: str
    urns: tuple[str, ...]
    calls: tuple[str, ...]


def shape(resources: Sequence[Mapping[str, Any]], stack: str, region: str) -> Shape:
    """The database of a stack by the resources in its state.

    Args:
        resources: as the engine exports them.
        stack: its name.
        region: where its database is written.

    Raises:
        NoDatabaseError: when it has none there.
    """
    base = naming.regional(stack, region)
    name = f"{base}-db"
    (cluster, *_) = [*(one for one in _of(resources, CLUSTER) if one["id"] == name), None]
    secrets = [one["id"] for one in _of(resources, SECRET) if one["urn"].endswith(f"::{base}-credentials-master")]
    if cluster is None or not secrets:
        raise NoDatabaseError(
            f"the state of {stack} has no {'database ' + name if cluster is None else 'secret of its master user'}; "
            f"first: pulumi up --stack {stack}. It makes an empty database, whose place the restored one then takes"
        )
    has = cluster["outputs"]
    members = [one for one in _of(resources, INSTANCE) if one["outputs"]["clusterIdentifier"] == name]
    members.sort(key=lambda one: (one["outputs"]["promotionTier"], one["id"]))
    targets = [one for one in _of(resources, PROXY_TARGET) if one["inputs"].get("dbClusterIdentifier") == name]
    scaled = [one for one in _of(resources, SCALED) if one["inputs"]["resourceId"] == f"cluster:{name}"]
    policies = [one for one in _of(resources, POLICY) if one["inputs"]["resourceId"] == f"cluster:{name}"]
    calls = [one["urn"] for one in _of(resources, CALL) if one["urn"].endswith(f"::{base}-roles")]
    return Shape(
        cluster=name,
        region=region,
        urn=cluster["urn"],
        resource_id=has["clusterResourceId"],
        version=has["engineVersionActual"],
        user=has["masterUsername"],
        arguments={**_taken(_CLUSTER, has), **_serverless(has)},
        fixed={theirs: has[ours] for ours, theirs in FIXED.items() if ours in has},
        http=bool(has.get("enableHttpEndpoint")),
        tags=dict(has.get("tagsAll") or {}),
        instances=tuple(InstanceShape(name=one["id"], arguments=_instance(one["outputs"])) for one in members),
        proxies=tuple(
            ProxyShape(name=one["inputs"]["dbProxyName"], group=one["inputs"]["targetGroupName"]) for one in targets
        ),
        scaled=scaled[0]["inputs"]["resourceId"] if scaled else None,
        secret=secrets[0],
        urns=tuple(one["urn"] for one in (cluster, *members, *targets, *scaled, *policies)),
        calls=tuple(calls),
    )


def listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as RDS takes them."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _of(resources: Sequence[Mapping[str, Any]], type_: str) -> Iterator[Mapping[str, Any]]:
    # Without resources that still wait for their deletion: others have replaced them.
    return (one for one in resources if one["type"] == type_ and not one.get("delete"))


def _taken(names: Mapping[str, str], has: Mapping[str, Any]) -> dict[str, Any]:
    return {theirs: has[ours] for ours, theirs in names.items() if has.get(ours) not in (None, "", [])}


def _serverless(has: Mapping[str, Any]) -> dict[str, Any]:
    scaling = has.get("serverlessv2ScalingConfiguration")
    if not scaling:
        return {}
    range_ = {"MinCapacity": scaling["minCapacity"], "MaxCapacity": scaling["maxCapacity"]}
    return {"ServerlessV2ScalingConfiguration": range_}


def _instance(has: Mapping[str, Any]) -> dict[str, Any]:
    return {**_taken(_INSTANCE, has), "Tags": listed(has.get("tagsAll") or {})}
