"""Mirrors caches: replication groups with their nodes, and their subnet groups."""

from __future__ import annotations

from moto.elasticache.models import CacheSubnetGroup, ElastiCacheBackend, ReplicationGroup, elasticache_backends

from sandbox.aws.network import ec2
from sandbox.aws.things import ACCOUNT, Kind, Thing, api, popped

_DEFAULT_NODE = "cache.m7g.large"  # a secondary's is that of the global datastore, which moto does not have


def elasticache(region: str) -> ElastiCacheBackend:
    """moto's ElastiCache of a region."""
    return elasticache_backends[ACCOUNT][region]


def _put_subnets(thing: Thing) -> None:
    there = elasticache(thing.region)
    there.cache_subnet_groups.pop(thing.name, None)
    networks = ec2(thing)
    subnets = [networks.get_subnet(one).id for one in thing.has["subnetIds"]]
    text = str(thing.has.get("description") or "")
    made: CacheSubnetGroup = there.create_cache_subnet_group(thing.name, text, subnets, thing.tags)
    there.cache_subnet_groups[thing.name] = made


def _put_group(thing: Thing) -> None:
    there, has = elasticache(thing.region), thing.has
    joined = str(has.get("globalReplicationGroupId") or "") or None
    nodes = int(has.get("numCacheClusters") or 1)
    group = ReplicationGroup(
        account_id=ACCOUNT,
        region_name=thing.region,
        replication_group_id=thing.id,
        preferred_cache_cluster_azs=list(has.get("preferredCacheClusterAzs") or []),
        num_cache_clusters=nodes,
        num_node_groups=None,
        # moto counts a group's nodes by its replicas alone.
        replicas_per_node_group=nodes - 1,
        node_group_configuration=[],
        preferred_maintenance_window=has.get("maintenanceWindow"),
        replication_group_description=str(has.get("description") or ""),
        primary_cluster_id=None,
        automatic_failover_enabled=bool(has.get("automaticFailoverEnabled")),
        global_replication_group_id=joined,
        multi_az_enabled=bool(has.get("multiAzEnabled")),
        port=int(has.get("port") or 6379),
        snapshot_retention_limit=int(has.get("snapshotRetentionLimit") or 0),
        snapshot_window=has.get("snapshotWindow"),
        cluster_mode="disabled",
        cache_node_type=str(has.get("nodeType") or _DEFAULT_NODE),
        auth_token=has.get("authToken"),
        transit_encryption_enabled=bool(has.get("transitEncryptionEnabled")),
        at_rest_encryption_enabled=bool(has.get("atRestEncryptionEnabled")),
        kms_key_id=has.get("kmsKeyId"),
        user_group_ids=list(has.get("userGroupIds") or []),
        log_delivery_configurations=[
            api({key: one[key] for key in ("logType", "destinationType", "logFormat") if key in one})
            for one in has.get("logDeliveryConfigurations") or []
        ],
        data_tiering_enabled=False,
        auto_minor_version_upgrade=bool(has.get("autoMinorVersionUpgrade", True)),
        engine=has.get("engine"),
        network_type=None,
        ip_discovery=None,
        transit_encryption_mode=has.get("transitEncryptionMode") or None,
        cache_security_group_names=None,
        cache_subnet_group_name=has.get("subnetGroupName"),
        security_group_ids=list(has.get("securityGroupIds") or []),
        tags=thing.tags,
        notification_topic_arn=None,
        serverless_cache_snapshot_name=None,
        cache_parameter_group_name=has.get("parameterGroupName"),
        engine_version=has.get("engineVersionActual") or has.get("engineVersion"),
        snapshot_arns=None,
        snapshot_name=None,
    )
    for node_group in group.node_groups:
        for key, host in (
            ("primary_endpoint", "primaryEndpointAddress"),
            ("reader_endpoint", "readerEndpointAddress"),
        ):
            node_group[key] = {"address": has.get(host), "port": group.port}
            node_group[f"{key}_address"] = has.get(host)
    there.replication_groups[thing.id] = group
    there.tagging_service.tag_resource(group.arn, thing.tags)


KINDS = {
    "aws:elasticache/subnetGroup:SubnetGroup": Kind(
        _put_subnets, popped(lambda thing: elasticache(thing.region).cache_subnet_groups, "name")
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": Kind(
        _put_group, popped(lambda thing: elasticache(thing.region).replication_groups)
    ),
}
