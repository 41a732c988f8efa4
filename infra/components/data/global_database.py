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
    engine_version: of all its members, or None where it is made only now: it then has the first member's, and RDS takes
        no other (Amazon RDS API Reference, CreateGlobalCluster).
    """

    source_arn: pulumi.Input[str]
    engine_version: str | None


class GlobalDatabase(pulumi.ComponentResource):
    """A global database around a cluster that was there before it, and that stays when it goes.

    identifier: what a replica joins by.
    engine_version: its version, once all members have it.
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
            # A minor version of Aurora PostgreSQL changes for all members by one call (Amazon Aurora User Guide,
            # Upgrading an Amazon Aurora global database). Where RDS does not take it, the provider changes one member
            # after the other, the writer last (terraform-provider-aws, internal/service/rds/global_cluster.go:
            # globalClusterUpgradeMinorEngineVersion).
            engine_version=args.engine_version,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.identifier = world.id
        self.engine_version = world.engine_version_actual
        self.register_outputs({"identifier": self.identifier})
