"""The application's buckets: private, encrypted, versioned, and cleaned up by rules.

Of public ones, a CDN may read what lies below the bucket's own name: `generated/...` in the bucket `generated`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import iam, naming
from infra.application import Bucket
from infra.private_bucket import private_bucket
from infra.thresholds import ARCHIVE_DAYS, MULTIPART_DAYS, UNUSED_UPLOAD_DAYS

_OLD_VERSION_DAYS = 30  # days: a month to take back a deletion
_CORS_MAX_AGE = 3600  # seconds: one preflight an hour and browser

# The application marks an upload that something refers to; what is still unmarked after a while is unused.
USED_TAG = "used"


@dataclass(frozen=True, kw_only=True)
class StorageArgs:
    """What the buckets need.

    region: AWS region of the buckets.
    buckets: what each is for, by name.
    public: names of those that a CDN may read, in the order in which it is to know them.
    key_arn: KMS key of their objects.
    origin: the only origin whose pages may use them from a browser, as `https://host`.
    readers: the CDN's addresses, as IPv4 ranges; none while there is no CDN.
    protect: guard the buckets against deletion; without it, deleting a bucket deletes its objects.
    """

    region: str
    buckets: Mapping[str, Bucket]
    public: Sequence[str]
    key_arn: pulumi.Input[str]
    origin: str
    readers: Sequence[str]
    protect: bool


class Storage(pulumi.ComponentResource):
    """The buckets.

    buckets: physical name by name.
    public: names of those that a CDN may read.
    hosts: host name, at S3 in the region, of each that a CDN may read.
    arns: ARN of each.
    versioned, versioned_arns: name and ARN by name, known once every version is kept, which
        replication needs.
    region, key_arn: as they were given.
    """

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Storage"), name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self.region, self.key_arn, self.public = args.region, args.key_arn, frozenset(args.public)
        self.versioned: dict[str, pulumi.Output[str]] = {}
        self.versioned_arns: dict[str, pulumi.Output[str]] = {}
        made = {kind: self._bucket(name, kind, bucket, args) for kind, bucket in args.buckets.items()}
        self.buckets = {kind: bucket.bucket for kind, bucket in made.items()}
        self.hosts = {kind: made[kind].bucket_regional_domain_name for kind in args.public}
        self.arns = [bucket.arn for bucket in made.values()]
        self.register_outputs({"buckets": self.buckets})

    def _bucket(self, store: str, kind: str, one: Bucket, args: StorageArgs) -> aws.s3.Bucket:
        child, name = self._child, f"{store}-{kind}"
        bucket, blocked = private_bucket(name, protect=args.protect, parent=self)
        versioning = aws.s3.BucketVersioning(
            name, bucket=bucket.id, versioning_configuration={"status": "Enabled"}, opts=child
        )
        self.versioned[kind] = versioning.bucket
        self.versioned_arns[kind] = pulumi.Output.all(bucket.arn, versioning.id).apply(lambda known: str(known[0]))
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.id,
            rules=[_encryption(args.key_arn, public=one.public)],
            opts=child,
        )
        aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.id,
            rules=_rules(one),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        readers = args.readers if one.public else ()
        aws.s3.BucketPolicy(
            name,
            bucket=bucket.id,
            policy=iam.policy(iam.refuse_plain_text(bucket.arn), *_readable(kind, bucket.arn, readers)),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[blocked]),
        )
        if one.browsers:
            aws.s3.BucketCorsConfiguration(
                name,
                bucket=bucket.id,
                cors_rules=[
                    {
                        "allowed_origins": [args.origin],
                        "allowed_methods": ["GET", "PUT", "POST"],
                        "allowed_headers": ["*"],
                        "max_age_seconds": _CORS_MAX_AGE,
                    }
                ],
                opts=child,
            )
        return bucket


def _encryption(
    key_arn: pulumi.Input[str], *, public: bool
) -> aws.s3.BucketServerSideEncryptionConfigurationRuleArgsDict:
    """With a key of ours; with S3's own where a CDN reads, since it has no identity that could be allowed to decrypt.

    Which of the two is right from the start: a change would leave what is already there as it is.
    """
    if public:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    return {
        "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key_arn},
        "bucket_key_enabled": True,
    }


def _readable(kind: str, bucket_arn: pulumi.Input[str], readers: Sequence[str]) -> list[iam.Statement]:
    """What a CDN may read. A policy for some addresses is no public one, so public ones stay blocked."""
    if not readers:
        return []
    objects = pulumi.Output.concat(bucket_arn, f"/{kind}/*")
    addresses = {"IpAddress": {"aws:SourceIp": list(readers)}}
    return [iam.allow(["s3:GetObject"], [objects], addresses, principal={"AWS": "*"})]


def _rules(one: Bucket) -> list[aws.s3.BucketLifecycleConfigurationRuleArgsDict]:
    rules: list[aws.s3.BucketLifecycleConfigurationRuleArgsDict] = [
        {
            "id": "unfinished",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abort_incomplete_multipart_upload": {"days_after_initiation": MULTIPART_DAYS.value},
            "noncurrent_version_expiration": {"noncurrent_days": _OLD_VERSION_DAYS},
        }
    ]
    if one.expires:
        rules.append(
            {
                "id": "unused",
                "status": "Enabled",
                "filter": {"tag": {"key": USED_TAG, "value": "no"}},
                "expiration": {"days": UNUSED_UPLOAD_DAYS.value},
            }
        )
    if one.archives:
        rules.append(
            {
                "id": "archive",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "transitions": [{"days": ARCHIVE_DAYS.value, "storage_class": "GLACIER_IR"}],
            }
        )
    return rules
