"""Copies of every object in the buckets of other regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import iam, naming
from infra.components.data.storage import Storage
from infra.thresholds import REPLICATION_MINUTES


@dataclass(frozen=True, kw_only=True)
class Copy:
    """Where copies go.

    storage: the buckets of the other region.
    priority: a number of that region alone, for its rule: S3 wants them to differ, and to stay.
    """

    storage: Storage
    priority: int


@dataclass(frozen=True, kw_only=True)
class ReplicationArgs:
    """What is copied where.

    source: buckets of one region.
    copies: the buckets of other regions, by region.
    """

    source: Storage
    copies: Mapping[str, Copy]


class Replication(pulumi.ComponentResource):
    """S3 replication from each bucket of one region to the same of others, deletions as markers included.

    role_arn: the role that S3 takes to do it.
    """

    def __init__(self, name: str, args: ReplicationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Replication"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(name, assume_role_policy=iam.trust("s3.amazonaws.com"), opts=child)
        policy = aws.iam.RolePolicy(
            name, role=role.id, policy=iam.policy(*_statements(args.source, args.copies)), opts=child
        )
        for kind, bucket in args.source.versioned.items():
            aws.s3.BucketReplicationConfig(
                f"{name}-{kind}",
                bucket=bucket,
                role=role.arn,
                rules=[_rule(region, one, kind) for region, one in args.copies.items()],
                opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
            )
        self.role_arn = role.arn
        self.register_outputs({"roleArn": self.role_arn})


def _rule(region: str, one: Copy, kind: str) -> aws.s3.BucketReplicationConfigRuleArgsDict:
    timed: aws.s3.BucketReplicationConfigRuleDestinationReplicationTimeTimeArgsDict = {
        "minutes": REPLICATION_MINUTES.value
    }
    destination: aws.s3.BucketReplicationConfigRuleDestinationArgsDict = {
        "bucket": one.storage.versioned_arns[kind],
        # Within the time that AWS backs, and metrics of what is behind.
        "replication_time": {"status": "Enabled", "time": timed},
        "metrics": {"status": "Enabled", "event_threshold": {"minutes": REPLICATION_MINUTES.value}},
    }
    rule: aws.s3.BucketReplicationConfigRuleArgsDict = {
        "id": region,
        "priority": one.priority,
        "status": "Enabled",
        "filter": {"prefix": ""},
        "delete_marker_replication": {"status": "Enabled"},
        "destination": destination,
    }
    # What a CDN reads is encrypted with S3's own key, and has to be there too: a key of ours would lock the CDN out.
    if kind not in one.storage.public:
        rule["source_selection_criteria"] = {"sse_kms_encrypted_objects": {"status": "Enabled"}}
        destination["encryption_configuration"] = {"replica_kms_key_id": one.storage.key_arn}
    return rule


def _statements(source: Storage, copies: Mapping[str, Copy]) -> Sequence[iam.Statement]:
    """What S3 may do on our behalf: read here, write there, and use both keys by way of S3."""
    statements = [
        iam.allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], source.arns),
        iam.allow(
            ["s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"],
            [pulumi.Output.concat(arn, "/*") for arn in source.arns],
        ),
        iam.allow(["kms:Decrypt"], [source.key_arn], _by_way_of_s3(source.region)),
    ]
    for region, one in copies.items():
        statements += [
            iam.allow(
                ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"],
                [pulumi.Output.concat(arn, "/*") for arn in one.storage.arns],
            ),
            iam.allow(["kms:Encrypt", "kms:GenerateDataKey"], [one.storage.key_arn], _by_way_of_s3(region)),
        ]
    return statements


def _by_way_of_s3(region: str) -> Mapping[str, Mapping[str, str]]:
    return {"StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"}}
