"""A private bucket that Elastic Load Balancing may write its access logs to, and VPC flow logs their records."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import iam, naming
from infra.private_bucket import private_bucket
from infra.thresholds import ACCESS_LOG_DAYS, FLOW_LOG_DAYS, MULTIPART_DAYS

# Folder of the flow logs. AWS puts AWSLogs/<account> into it.
FLOWS = "flow"


@dataclass(frozen=True, kw_only=True)
class LogBucketArgs:
    """What a log bucket needs.

    account_id: the AWS account whose load balancers and flow logs may write.
    region: AWS region of the bucket and of those.
    protect: guard the bucket against deletion; without it, deleting the bucket deletes its logs.
    """

    account_id: pulumi.Input[str]
    region: str
    protect: bool


class LogBucket(pulumi.ComponentResource):
    """A bucket for access logs.

    bucket: its name, known once the delivery of logs is allowed, so that its users are created after its policy.
    flows: where flow logs go, as an ARN, known as late.
    """

    def __init__(self, name: str, args: LogBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("LogBucket"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket, blocked = private_bucket(name, protect=args.protect, parent=self)
        # Load balancers cannot deliver to a bucket with a KMS key of ours: AWS supports SSE-S3 alone here.
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.id,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=child,
        )
        aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.id,
            rules=[
                {
                    "id": "expire",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": ACCESS_LOG_DAYS.value},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": MULTIPART_DAYS.value},
                },
                # Of two rules for an object, S3 follows the one that ends it sooner.
                {
                    "id": "expire-flows",
                    "status": "Enabled",
                    "filter": {"prefix": f"{FLOWS}/"},
                    "expiration": {"days": FLOW_LOG_DAYS.value},
                },
            ],
            opts=child,
        )
        objects = pulumi.Output.concat(bucket.arn, "/AWSLogs/", args.account_id, "/*")
        deliver = iam.allow(
            ["s3:PutObject"], [objects], principal={"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
        )
        policy = aws.s3.BucketPolicy(
            name,
            bucket=bucket.id,
            policy=iam.policy(deliver, *self._flow_delivery(bucket.arn, args), iam.refuse_plain_text(bucket.arn)),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[blocked]),
        )
        self.bucket = policy.bucket
        # Once its policy is there. Of a resource that an update leaves out, the engine knows no property, but its id.
        there = pulumi.Output.all(bucket.arn, policy.id)
        self.flows = there.apply(lambda known: f"{known[0]}/{FLOWS}/")
        self.register_outputs({"bucket": self.bucket})

    @staticmethod
    def _flow_delivery(bucket_arn: pulumi.Input[str], args: LogBucketArgs) -> list[iam.Statement]:
        """AWS, Publish flow logs to Amazon S3: Amazon S3 bucket permissions for flow logs."""
        service = {"Service": "delivery.logs.amazonaws.com"}
        account = {"aws:SourceAccount": args.account_id}
        source = {
            "ArnLike": {"aws:SourceArn": pulumi.Output.format("arn:aws:logs:{}:{}:*", args.region, args.account_id)}
        }
        owned = {"s3:x-amz-acl": "bucket-owner-full-control"}
        objects = pulumi.Output.concat(bucket_arn, f"/{FLOWS}/AWSLogs/", args.account_id, "/*")
        look = ["s3:GetBucketAcl", "s3:ListBucket"]
        return [
            iam.allow(["s3:PutObject"], [objects], {"StringEquals": {**account, **owned}, **source}, service),
            iam.allow(look, [bucket_arn], {"StringEquals": account, **source}, service),
        ]
