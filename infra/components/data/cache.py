"""ElastiCache in one region, Valkey or Redis: encrypted both ways, with a failover where there are two nodes or more.

It stands alone, or is a member of a Global Datastore, whose engine, node type and parameters then rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.security_groups import admitting
from infra.thresholds import CACHE_LOG_DAYS, CACHE_NAME, REDIS_PORT

_CACHE_SNAPSHOT_DAYS = 7  # days: a week to notice that something was evicted or overwritten


@dataclass(frozen=True, slots=True)
class CacheEngine:
    """What ElastiCache calls an engine's version, and the family of its parameter groups."""

    version: str
    family: str


# Each is the last minor version of its major one: there is none that AWS could raise it to by itself, and that the
# provider would take for a reason to replace the group (terraform-provider-aws, elasticache/engine_version.go: a lower
# engine_version forces a new one). ElastiCache User Guide, Engine versions: Valkey 9.0 follows 8.2; Vector search:
# 8.2 is in all regions, and any version of Redis OSS goes there directly, with no downtime.
ENGINES = {"redis": CacheEngine("7.1", "redis7"), "valkey": CacheEngine("8.2", "valkey8")}
# Everything in it is a copy with a time to live: when memory is short, what was used least goes first.
EVICTION = "allkeys-lru"
LOGS = ("slow-log", "engine-log")
# In a Global Datastore, these are changed through it, and read back from it.
SHARED = ("engineVersion", "nodeType", "parameterGroupName")


@dataclass(frozen=True, kw_only=True)
class CacheArgs:
    """What a cache needs.

    vpc_id, subnet_ids: the VPC, and its data subnets.
    client_cidr: range whose addresses may connect.
    peer_cidrs: ranges of peered regions whose addresses may connect too, by region.
    key_arn: KMS key of its storage.
    token: auth token, a secret output.
    rotates: the token is a new one, and clients may still have the last.
    engine: one of `ENGINES`. From redis to valkey it goes in place, outside of a Global Datastore; never back.
    member: whether it is in a Global Datastore.
    global_identifier: the Global Datastore that it joins as a secondary, or None.
    node_type: node type; M5, R5 or newer, so that it can join a Global Datastore.
    nodes: a primary and its replicas.
    """

    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    client_cidr: str
    peer_cidrs: Mapping[str, str]
    key_arn: pulumi.Input[str]
    token: pulumi.Input[str]
    rotates: bool
    engine: str
    member: bool
    global_identifier: pulumi.Input[str] | None
    node_type: str
    nodes: int


class Cache(pulumi.ComponentResource):
    """A replication group.

    replication_group_id: its id at AWS.
    endpoint: host name of the primary node. Of a secondary in a Global Datastore, it takes no writes.
    reader_endpoint: host name that leads to any node.
    node_ids: identifier of each node.
    engine: the engine that it has.
    """

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Cache"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = admitting(
            name,
            vpc_id=args.vpc_id,
            cidr=args.client_cidr,
            port=REDIS_PORT,
            description="Redis from the VPC",
            rule="Redis from the VPC",
            opts=child,
        )
        for region, cidr in args.peer_cidrs.items():
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-{region}",
                security_group_id=group.id,
                description=f"Redis from {region}",
                cidr_ipv4=cidr,
                ip_protocol="tcp",
                from_port=REDIS_PORT.value,
                to_port=REDIS_PORT.value,
                opts=child,
            )
        subnets = aws.elasticache.SubnetGroup(
            name, description=f"Data subnets of {name}", subnet_ids=args.subnet_ids, opts=child
        )
        logs = {
            kind: aws.cloudwatch.LogGroup(f"{name}-{kind}", retention_in_days=CACHE_LOG_DAYS.value, opts=child)
            for kind in LOGS
        }
        several, alone = args.nodes > 1, args.global_identifier is None
        cache = aws.elasticache.ReplicationGroup(
            naming.fit(name, CACHE_NAME.value - naming.AUTONAME_SUFFIX),
            description=f"Cache of {name}",
            # A secondary takes all of these from its primary, and AWS refuses it any of its own.
            engine=args.engine if alone else None,
            # With the engine, its version and its parameters have to change, in the same call.
            engine_version=ENGINES[args.engine].version if alone else None,
            node_type=args.node_type if alone else None,
            parameter_group_name=self._parameters(name, ENGINES[args.engine].family).name if alone else None,
            at_rest_encryption_enabled=True if alone else None,
            transit_encryption_enabled=True if alone else None,
            transit_encryption_mode="required" if alone else None,
            global_replication_group_id=args.global_identifier,
            # Counted this way from the first, because the two ways of counting exclude each other.
            num_cache_clusters=args.nodes,
            automatic_failover_enabled=several,
            multi_az_enabled=several,
            port=REDIS_PORT.value,
            subnet_group_name=subnets.name,
            security_group_ids=[group.id],
            kms_key_id=args.key_arn,
            auth_token=args.token,
            # ElastiCache User Guide, "Modifying the AUTH token on an existing cluster": ROTATE has a new token beside
            # the last, and SET, with the same one, ends the last; SET with another token than that is refused. The
            # update that brings a new token rotates it, and the one after it sets it.
            auth_token_update_strategy="ROTATE" if args.rotates else "SET",
            snapshot_retention_limit=_CACHE_SNAPSHOT_DAYS,
            log_delivery_configurations=[
                {
                    "destination": group.name,
                    "destination_type": "cloudwatch-logs",
                    "log_format": "json",
                    "log_type": kind,
                }
                for kind, group in logs.items()
            ],
            apply_immediately=True,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=list(SHARED) if args.member else None),
        )
        self.replication_group_id = cache.id
        self.engine = cache.engine
        self.endpoint = cache.primary_endpoint_address
        self.reader_endpoint = cache.reader_endpoint_address
        # ElastiCache numbers the nodes of a group itself, in this form.
        self.node_ids = [pulumi.Output.concat(cache.id, f"-{index:03}") for index in range(1, args.nodes + 1)]
        self.register_outputs({"endpoint": self.endpoint})

    def _parameters(self, name: str, family: str) -> aws.elasticache.ParameterGroup:
        return aws.elasticache.ParameterGroup(
            name,
            family=family,
            description=f"Parameters of {name}",
            parameters=[{"name": "maxmemory-policy", "value": EVICTION}],
            opts=pulumi.ResourceOptions(parent=self),
        )
