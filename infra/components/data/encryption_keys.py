"""The stack's KMS key, and its replicas in the other regions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.thresholds import KEY_DELETION_DAYS, KEY_DELETION_DAYS_UNPROTECTED


@dataclass(frozen=True, kw_only=True)
class EncryptionKeysArgs:
    """What the keys need.

    replicas: AWS provider by name of region, for each region but the primary.
    guarded: regions of replicas that are guarded too.
    protect: guard the primary key against deletion, and make its waiting period the longest.
    """

    replicas: Mapping[str, aws.Provider]
    guarded: Collection[str]
    protect: bool


class EncryptionKeys(pulumi.ComponentResource):
    """One multi-Region key. Whether a key is multi-Region can never be changed, so it is from the first stage on.

    arn: ARN of the primary key.
    replica_arns: ARN by region of each replica.
    """

    def __init__(self, name: str, args: EncryptionKeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("EncryptionKeys"), name, None, opts)
        window = KEY_DELETION_DAYS if args.protect else KEY_DELETION_DAYS_UNPROTECTED
        key = aws.kms.Key(
            name,
            description=f"Data of {name}",
            multi_region=True,
            enable_key_rotation=True,
            deletion_window_in_days=window.value,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        aws.kms.Alias(name, name=f"alias/{name}", target_key_id=key.key_id, opts=pulumi.ResourceOptions(parent=self))
        self.arn = key.arn
        self.replica_arns = {
            region: aws.kms.ReplicaKey(
                f"{name}-{region}",
                description=f"Data of {name} in {region}",
                primary_key_arn=key.arn,
                deletion_window_in_days=KEY_DELETION_DAYS_UNPROTECTED.value,
                opts=pulumi.ResourceOptions(parent=self, provider=provider, protect=region in args.guarded),
            ).arn
            for region, provider in args.replicas.items()
        }
        self.register_outputs({"arn": self.arn})
