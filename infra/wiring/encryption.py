"""The stack's KMS key: in its home region, with a replica in every other region."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.components.data.encryption_keys import EncryptionKeys, EncryptionKeysArgs
from infra.config.settings import Settings
from infra.wiring.region_context import is_protected


def encryption_keys(settings: Settings, providers: Mapping[str, aws.Provider]) -> dict[str, pulumi.Output[str]]:
    """Declare the key. Returns its ARN in each region.

    KMS takes days to delete a replica, and refuses another one meanwhile. So every region that the stack lists has a
    replica, also while its stage does not use the region.

    Args:
        settings: of the stack.
        providers: AWS provider of every region that the stack lists, the home region first.
    """
    home, *others = providers
    keys = EncryptionKeys(
        f"{naming.regional(pulumi.get_stack(), home)}-data",
        EncryptionKeysArgs(
            replicas={name: providers[name] for name in others},
            guarded=[name for name in others if is_protected(settings, name)],
            protect=is_protected(settings, home),
        ),
        opts=pulumi.ResourceOptions(providers=[providers[home]]),
    )
    return {home: keys.arn, **keys.replica_arns}
