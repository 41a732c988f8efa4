"""A private bucket that Elastic Load Balancing may write its access logs to."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import iam, naming
from infra.private_bucket import private_bucket
from infra.thresholds import ACCESS_LOG_DAYS, MULTIPART_DAYS


@dataclass(frozen=True, kw_only=True)
class LogBucketArgs:
    """What a log bucket needs.

    account_id: the AWS account whose load balancers may write.
    protect: guard the bucket against deletion; without it, deleting the bucket deletes its logs.
    """

    account_id: pulumi.Input[str]
    protect: bool


class LogBucket(pulumi.ComponentResource):
    """A bucket for access logs.

    bucket: its name, known once the delivery of logs is allowed, so that whoever uses it comes after its policy.
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
                }
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
            policy=iam.policy(deliver, iam.refuse_plain_text(bucket.arn)),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[blocked]),
        )
        self.bucket = policy.bucket
        self.register_outputs({"bucket": self.bucket})
