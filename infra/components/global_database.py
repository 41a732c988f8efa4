"""Aurora Global Database: what ties the clusters of several regions together."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming


@dataclass(frozen=True, kw_only=True)
class GlobalDatabaseArgs:
    """What a global database needs.

    source_arn: ARN of the running cluster that becomes its first member.
    """

    source_arn: pulumi.Input[str]


class GlobalDatabase(pulumi.ComponentResource):
    """A global database around a cluster that was there before it, and that stays when it goes.

    identifier: what a replica joins by.
    """

    def __init__(self, name: str, args: GlobalDatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("GlobalDatabase"), name, None, opts)
        world = aws.rds.GlobalCluster(
            name,
            global_cluster_identifier=name,
            # Always the primary's, whichever region takes the writes: another one would replace the global database.
            source_db_cluster_identifier=args.source_arn,
            # Lets its members go before it is deleted, rather than be refused. The clusters themselves stay.
            force_destroy=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.identifier = world.id
        self.register_outputs({"identifier": self.identifier})
