"""The role by which S3 Batch Replication copies what was in the buckets before their replication began."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import iam, naming
from infra.components.data.storage import Storage


@dataclass(frozen=True, kw_only=True)
class BackfillArgs:
    """What is copied, and where its reports go.

    source: buckets of one region.
    reports: name of a bucket in the same region, encrypted with S3's own key, that forgets by itself.
    """

    source: Storage
    reports: pulumi.Input[str]


class Backfill(pulumi.ComponentResource):
    """The role. Nothing runs by itself: `ascent backfill` makes the jobs.

    role_arn: known once the role may do what it is for.
    """

    def __init__(self, name: str, args: BackfillArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Backfill"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(name, assume_role_policy=iam.trust("batchoperations.s3.amazonaws.com"), opts=child)
        reports = pulumi.Output.concat("arn:aws:s3:::", args.reports, f"/{naming.REPORTS}/*")
        # Amazon S3 User Guide, Configuring an IAM role for S3 Batch Replication: the policy where S3 makes a manifest.
        # The objects themselves are copied, and their keys used, by the role of the replication's own rules.
        policy = aws.iam.RolePolicy(
            name,
            role=role.id,
            policy=iam.policy(
                iam.allow(["s3:InitiateReplication"], [pulumi.Output.concat(arn, "/*") for arn in args.source.arns]),
                iam.allow(["s3:GetReplicationConfiguration", "s3:PutInventoryConfiguration"], args.source.arns),
                iam.allow(["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"], [reports]),
            ),
            opts=child,
        )
        self.role_arn = pulumi.Output.all(role.arn, policy.id).apply(lambda known: str(known[0]))
        self.register_outputs({"roleArn": self.role_arn})
