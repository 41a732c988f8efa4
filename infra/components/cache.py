"""ElastiCache Redis in one region: encrypted both ways, with a failover where there are two nodes or more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.security_groups import admitting
from infra.thresholds import CACHE_LOG_DAYS, CACHE_SNAPSHOT_DAYS, REDIS_PORT

ENGINE_VERSION = "7.1"
FAMILY = "redis7"
# Everything in it is a copy with a time to live: when memory is short, what was used least goes first.
EVICTION = "allkeys-lru"
LOGS = ("slow-log", "engine-log")


@dataclass(frozen=True, kw_only=True)
class CacheArgs:
    """What a cache needs.

    vpc_id, subnet_ids: the VPC, and its data subnets.
    client_cidr: range whose addresses may connect.
    key_arn: KMS key of its storage.
    token: auth token, a secret output.
    node_type: node type; M5, R5 or newer, so that it can join a Global Datastore.
    nodes: a primary and its replicas.
    """

    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    client_cidr: str
    key_arn: pulumi.Input[str]
    token: pulumi.Input[str]
    node_type: str
    nodes: int


class Cache(pulumi.ComponentResource):
    """A replication group.

    endpoint: host name of the primary.
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
        subnets = aws.elasticache.SubnetGroup(
            name, description=f"Data subnets of {name}", subnet_ids=args.subnet_ids, opts=child
        )
        parameters = aws.elasticache.ParameterGroup(
            name,
            family=FAMILY,
            description=f"Parameters of {name}",
            parameters=[{"name": "maxmemory-policy", "value": EVICTION}],
            opts=child,
        )
        logs = {
            kind: aws.cloudwatch.LogGroup(f"{name}-{kind}", retention_in_days=CACHE_LOG_DAYS.value, opts=child)
            for kind in LOGS
        }
        several = args.nodes > 1
        cache = aws.elasticache.ReplicationGroup(
            name,
            description=f"Cache of {name}",
            engine="redis",
            engine_version=ENGINE_VERSION,
            node_type=args.node_type,
            # Counted this way from the first, because the two ways of counting exclude each other.
            num_cache_clusters=args.nodes,
            automatic_failover_enabled=several,
            multi_az_enabled=several,
            port=REDIS_PORT.value,
            subnet_group_name=subnets.name,
            security_group_ids=[group.id],
            parameter_group_name=parameters.name,
            at_rest_encryption_enabled=True,
            kms_key_id=args.key_arn,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            auth_token=args.token,
            # ROTATE would keep the old token valid beside the new one (terraform-provider-aws issue 33439).
            auth_token_update_strategy="SET",  # noqa: S106  a strategy, no token
            snapshot_retention_limit=CACHE_SNAPSHOT_DAYS.value,
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
            opts=child,
        )
        self.endpoint = cache.primary_endpoint_address
        self.register_outputs({"endpoint": self.endpoint})
