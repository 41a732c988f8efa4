"""A secret that holds one JSON object, for the components that keep one."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from infra.thresholds import SECRET_RECOVERY_DAYS


def json_secret(
    name: str,
    *,
    description: str,
    key_arn: pulumi.Input[str],
    values: Mapping[str, pulumi.Input[str]],
    protect: bool,
    parent: pulumi.Resource,
) -> tuple[aws.secretsmanager.Secret, aws.secretsmanager.SecretVersion]:
    """A secret in Secrets Manager, and its current version.

    Args:
        name: logical name of both.
        description: what it is for.
        key_arn: KMS key that encrypts it.
        values: what the object holds.
        protect: guard it against deletion, and keep a deleted one recoverable for the longest time.
        parent: the component it belongs to.
    """
    secret = aws.secretsmanager.Secret(
        name,
        description=description,
        kms_key_id=key_arn,
        recovery_window_in_days=SECRET_RECOVERY_DAYS.value if protect else 0,
        opts=pulumi.ResourceOptions(parent=parent, protect=protect),
    )
    document: pulumi.Output[str] = pulumi.Output.secret(pulumi.Output.json_dumps(dict(values)))
    version = aws.secretsmanager.SecretVersion(
        name, secret_id=secret.id, secret_string=document, opts=pulumi.ResourceOptions(parent=parent)
    )
    return secret, version
