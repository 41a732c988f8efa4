"""What every bucket here has in common: no access from outside the account."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws


def private_bucket(
    name: str, *, protect: bool, parent: pulumi.Resource
) -> tuple[aws.s3.Bucket, aws.s3.BucketPublicAccessBlock]:
    """A bucket without ACLs or public policies. A policy of its own should come after the second of what is returned.

    Args:
        name: logical name of all its resources.
        protect: guard the bucket against deletion; without it, deleting the bucket deletes its objects.
        parent: the component it belongs to.
    """
    child = pulumi.ResourceOptions(parent=parent)
    bucket = aws.s3.Bucket(name, force_destroy=not protect, opts=pulumi.ResourceOptions(parent=parent, protect=protect))
    blocked = aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=child,
    )
    aws.s3.BucketOwnershipControls(name, bucket=bucket.id, rule={"object_ownership": "BucketOwnerEnforced"}, opts=child)
    return bucket, blocked
