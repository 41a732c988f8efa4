"""Mirrors databases: global clusters, clusters, instances, proxies, and the groups that they name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from moto.core.utils import utcnow
from moto.rds.models import (
    DBCluster,
    DBClusterParameterGroup,
    DBInstanceClustered,
    DBProxy,
    DBProxyTarget,
    DBProxyTargetGroup,
    DBSubnetGroup,
    GlobalCluster,
    RDSBackend,
    rds_backends,
)

from sandbox.aws.network import ec2
from sandbox.aws.things import ACCOUNT, Kind, Thing, popped

_HIDDEN = "not-in-the-sandbox"  # a master's password: moto wants one, and the world has a digest


def rds(region: str) -> RDSBackend:
    """moto's RDS of a region."""
    return rds_backends[ACCOUNT][region]


def _put_subnets(thing: Thing) -> None:
    networks = ec2(thing)
    subnets = [networks.get_subnet(one) for one in thing.has["subnetIds"]]
    text = str(thing.has.get("description") or "")
    rds(thing.region).subnet_groups[thing.name] = DBSubnetGroup(
        rds(thing.region), thing.name, text, subnets, thing.tags
    )


def _put_parameters(thing: Thing) -> None:
    there = rds(thing.region)
    text = str(thing.has.get("description") or "Managed by Pulumi")
    one = DBClusterParameterGroup(there, thing.name, text, str(thing.has.get("family")), thing.tags)
    for parameter in thing.has.get("parameters") or []:
        one.parameters[parameter["name"]] = {
            "ParameterValue": str(parameter["value"]),
            "ApplyMethod": parameter.get("applyMethod") or "immediate",
        }
    there.db_cluster_parameter_groups[thing.name] = one


def _put_cluster(thing: Thing) -> None:
    there, has = rds(thing.region), thing.has
    scaled = has.get("serverlessv2ScalingConfiguration")
    settings: dict[str, Any] = {
        "engine_version": has.get("engineVersionActual") or has.get("engineVersion"),
        "backup_retention_period": int(has.get("backupRetentionPeriod") or 1),
        "copy_tags_to_snapshot": has.get("copyTagsToSnapshot"),
        "database_name": has.get("databaseName") or None,
        "deletion_protection": bool(has.get("deletionProtection")),
        "port": int(has.get("port") or 5432),
        "storage_encrypted": bool(has.get("storageEncrypted")),
        "kms_key_id": has.get("kmsKeyId"),
        "tags": thing.tags,
        "vpc_security_group_ids": list(has.get("vpcSecurityGroupIds") or []),
        "serverless_v2_scaling_configuration": {key: scaled.get(old) for key, old in _SCALED.items()}
        if scaled
        else None,
    }
    one = there.clusters.get(thing.id)
    if one is None:
        one = DBCluster(
            there,
            thing.id,
            str(has.get("engine")),
            master_username=has.get("masterUsername") or "ascent",
            master_user_password=_HIDDEN,
            db_cluster_parameter_group_name=has.get("dbClusterParameterGroupName"),
            db_subnet_group_name=has.get("dbSubnetGroupName"),
            enable_iam_database_authentication=bool(has.get("iamDatabaseAuthenticationEnabled")),
            enable_cloudwatch_logs_exports=list(has.get("enabledCloudwatchLogsExports") or []),
            **settings,
        )
        there.clusters[thing.id] = one
        # As if it had been there for as long as its backups are kept: the world has no times.
        one.earliest_restorable_time = utcnow() - timedelta(days=settings["backup_retention_period"])
        one.save_automated_backup()
    for key, value in settings.items():
        setattr(one, key, value)
    one.status = "available"
    one.parameter_group = str(has.get("dbClusterParameterGroupName") or one.parameter_group)
    one.db_cluster_resource_id = str(has.get("clusterResourceId") or one.db_cluster_resource_id)
    one.hosted_zone_id = str(has.get("hostedZoneId") or one.hosted_zone_id)
    one.url_identifier = _host(has.get("endpoint"), 1).removeprefix("cluster-") or one.url_identifier
    joined = str(has.get("globalClusterIdentifier") or "")
    if joined:
        one.global_cluster_identifier = joined
        for name in [rds(region).global_clusters.get(joined) for region in list(rds_backends[ACCOUNT])]:
            if name is not None:
                _join(one, name)


_SCALED = {"MinCapacity": "minCapacity", "MaxCapacity": "maxCapacity"}


def _host(endpoint: Any, label: int) -> str:
    """A label of a host name; empty where there is none."""
    labels = str(endpoint or "").split(".")
    return labels[label] if len(labels) > label else ""


def _put_global(thing: Thing) -> None:
    """In every region that has a member, as RDS lists one in each of them."""
    source = str(thing.has.get("sourceDbClusterIdentifier") or "")
    there = rds(source.split(":")[3] if source.startswith("arn:") else thing.region)
    one = there.global_clusters.get(thing.id)
    if one is None:
        one = GlobalCluster(
            there,
            thing.id,
            str(thing.has.get("engine")),
            thing.has.get("engineVersionActual") or thing.has.get("engineVersion"),
            bool(thing.has.get("storageEncrypted")),
            bool(thing.has.get("deletionProtection")),
        )
        there.global_clusters[thing.id] = one
    one.unique_identifier = _host(thing.has.get("endpoint"), 1).removeprefix("global-") or one.unique_identifier
    one.global_cluster_resource_id = str(thing.has.get("globalClusterResourceId") or one.global_cluster_resource_id)
    # The first member is the writer; a failover by the API moves that.
    writer = there.clusters.get(source.rpartition(":")[2])
    for cluster in ([writer] if writer is not None else []) + _joined(thing.id):
        _join(cluster, one)


def _joined(name: str) -> list[DBCluster]:
    """Clusters that say that they are members of a global one."""
    everywhere = [cluster for region in list(rds_backends[ACCOUNT]) for cluster in rds(region).clusters.values()]
    return [one for one in everywhere if one.global_cluster_identifier == name]


def _join(cluster: DBCluster, name: GlobalCluster) -> None:
    cluster.global_cluster_identifier = name.global_cluster_identifier
    if cluster not in name.members:
        cluster.is_writer = not name.members
        name.members.append(cluster)
    rds(cluster.region).global_clusters[name.global_cluster_identifier] = name


def _remove_cluster(thing: Thing) -> None:
    one = rds(thing.region).clusters.pop(thing.id, None)
    for region in list(rds_backends[ACCOUNT]):
        for found in rds(region).global_clusters.values():
            found.members[:] = [member for member in found.members if member is not one]


def _remove_global(thing: Thing) -> None:
    for region in list(rds_backends[ACCOUNT]):
        rds(region).global_clusters.pop(thing.id, None)


def _put_instance(thing: Thing) -> None:
    there, has = rds(thing.region), thing.has
    one = there.databases.get(thing.id)
    if one is None:
        one = DBInstanceClustered(
            backend=there,
            db_cluster_identifier=str(has["clusterIdentifier"]),
            db_instance_identifier=thing.id,
            db_instance_class=str(has["instanceClass"]),
            engine=str(has["engine"]),
            promotion_tier=int(has.get("promotionTier") or 0),
            availability_zone=has.get("availabilityZone"),
            tags=thing.tags,
        )
        there.databases[thing.id] = one
        elect(one.cluster)
    one.db_instance_class = str(has["instanceClass"])
    one.tags = thing.tags
    one.status = "available"
    one.dbi_resource_id = str(has.get("dbiResourceId") or one.dbi_resource_id)


def elect(cluster: DBCluster) -> None:
    """Have the instance that is promoted first be the writer; a secondary cluster of a global one has none."""
    secondary = cluster.global_cluster_identifier is not None and not cluster.is_writer
    first = sorted(cluster._members, key=lambda one: (one.promotion_tier, one.db_instance_identifier))
    for index, one in enumerate(first):
        one.is_cluster_writer = index == 0 and not secondary


def renamed(modify: Callable[..., DBCluster]) -> Callable[..., DBCluster]:
    """moto's `modify_db_cluster`, which leaves a renamed cluster's instances with its old name."""

    def modified(self: RDSBackend, wanted: dict[str, Any]) -> DBCluster:
        before = self.clusters.get(str(wanted["db_cluster_identifier"]))
        told = modify(self, wanted)
        for one in self.databases.values():
            if before is not None and isinstance(one, DBInstanceClustered) and one.cluster is before:
                one.db_cluster_identifier = before.db_cluster_identifier
        return told

    return modified


def _put_proxy(thing: Thing) -> None:
    there, has = rds(thing.region), thing.has
    one = there.db_proxies.get(thing.name)
    if one is None:
        one = DBProxy(
            there,
            thing.name,
            str(has.get("engineFamily")),
            [],
            str(has.get("roleArn")),
            list(has.get("vpcSubnetIds") or []),
            list(has.get("vpcSecurityGroupIds") or []),
            bool(has.get("requireTls")),
            has.get("idleClientTimeout"),
            bool(has.get("debugLogging")),
            thing.tags,
        )
        there.db_proxies[thing.name] = one
    one.unique_id = thing.arn.rpartition(":")[2]
    one.endpoint = str(has.get("endpoint") or one.endpoint)


class MirroredTargets(DBProxyTargetGroup):
    """A proxy's target group, with the cluster that it tracks and the instances that this has at the moment."""

    tracked = ""

    @property
    def targets(self) -> list[DBProxyTarget]:
        """The cluster, and its instances with their roles, reachable at once."""
        if not self.tracked:
            return []
        found = [DBProxyTarget(self.backend, self.tracked, None, "TRACKED_CLUSTER")]
        for one in self.backend.databases.values():
            if isinstance(one, DBInstanceClustered) and one.db_cluster_identifier == self.tracked:
                target = DBProxyTarget(self.backend, one.db_instance_identifier, one.address, "RDS_INSTANCE")
                vars(target)["role"] = "READ_WRITE" if one.is_cluster_writer else "READ_ONLY"
                found.append(target)
        for target in found:
            target._registering = False
        return found

    @targets.setter
    def targets(self, _: list[DBProxyTarget]) -> None:
        """They are those of the cluster."""


def _put_target(thing: Thing) -> None:
    proxy = rds(thing.region).db_proxies.get(str(thing.has.get("dbProxyName")))
    if proxy is not None:
        group = MirroredTargets(rds(thing.region), "default", proxy.db_proxy_name)
        group.tracked = str(thing.has.get("dbClusterIdentifier") or "")
        proxy.proxy_target_groups["default"] = group


def _remove_target(thing: Thing) -> None:
    proxy = rds(thing.region).db_proxies.get(str(thing.has.get("dbProxyName")))
    if proxy is not None:
        proxy.proxy_target_groups["default"] = DBProxyTargetGroup(rds(thing.region), "default", proxy.db_proxy_name)


KINDS = {
    "aws:rds/subnetGroup:SubnetGroup": Kind(
        _put_subnets, popped(lambda thing: rds(thing.region).subnet_groups, "name")
    ),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": Kind(
        _put_parameters, popped(lambda thing: rds(thing.region).db_cluster_parameter_groups, "name")
    ),
    "aws:rds/cluster:Cluster": Kind(_put_cluster, _remove_cluster),
    "aws:rds/globalCluster:GlobalCluster": Kind(_put_global, _remove_global),
    "aws:rds/clusterInstance:ClusterInstance": Kind(_put_instance, popped(lambda thing: rds(thing.region).databases)),
    "aws:rds/proxy:Proxy": Kind(_put_proxy, popped(lambda thing: rds(thing.region).db_proxies, "name")),
    "aws:rds/proxyTarget:ProxyTarget": Kind(_put_target, _remove_target),
}
