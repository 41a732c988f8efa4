"""ElastiCache Global Datastore: what ties the caches of up to three regions together."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.components.data.cache import ENGINES


@dataclass(frozen=True, kw_only=True)
class GlobalCacheArgs:
    """What a Global Datastore needs.

    primary_id: replication group that becomes its primary, with the data in it.
    engine: that of all members, which its primary has when it is made.
    node_type: node type of all members, changed here and nowhere else.
    """

    primary_id: pulumi.Input[str]
    engine: str
    node_type: str


class GlobalCache(pulumi.ComponentResource):
    """A Global Datastore around a cache that was there before it, and that stays when it goes.

    identifier: what a secondary joins by.
    """

    def __init__(self, name: str, args: GlobalCacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("GlobalCache"), name, None, opts)
        world = aws.elasticache.GlobalReplicationGroup(
            name,
            global_replication_group_id_suffix=name,
            global_replication_group_description=f"Caches of {name}",
            primary_replication_group_id=args.primary_id,
            cache_node_type=args.node_type,
            # Redis is what the provider takes where there is a version and no engine, as stacks of before have it.
            engine=args.engine if args.engine != "redis" else None,
            engine_version=ENGINES[args.engine].version,
            opts=pulumi.ResourceOptions(
                parent=self,
                # Read back from the present primary: after a failover it would show a replacement.
                ignore_changes=["primaryReplicationGroupId"],
            ),
        )
        self.identifier = world.global_replication_group_id
        self.register_outputs({"identifier": self.identifier})
