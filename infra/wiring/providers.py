"""AWS providers, one for each region, and the tags that everything in them gets."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.config.settings import Settings


def all_tags(settings: Settings) -> dict[str, str]:
    """Tags of every resource that takes tags: the team's own, and those of Ascent."""
    return {**settings.tags, **naming.tags(pulumi.get_project(), pulumi.get_stack())}


def aws_provider(settings: Settings, region: str) -> aws.Provider:
    """The AWS provider of a region, with the stack's default tags. For an unreachable region it makes no calls.

    An ordinary provider calls STS in its own region to learn the account, whatever `sts_region` says (pulumi-aws,
    provider/configure.go: validateCredentials). Without that call it would take the account's number from IAM, whose
    control plane is in us-east-1 (hashicorp/aws-sdk-go-base, GetAwsAccountIDAndPartition); without a number, no account
    is an allowed one. Nothing is changed in an unreachable region, and the provider of the region that takes the writes
    still refuses other accounts.
    """
    account, unreachable = settings.account, region == settings.unreachable
    return aws.Provider(
        naming.regional(pulumi.get_stack(), region),
        region=region,
        default_tags={"tags": all_tags(settings)},
        allowed_account_ids=[account.id] if account.id and not unreachable else None,
        # As a class: from a dictionary, the SDK would pass the Python names to the provider.
        assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=account.assume_role)] if account.assume_role else None,
        skip_credentials_validation=True if unreachable else None,
        skip_requesting_account_id=True if unreachable else None,
        # For the role, which is assumed through STS.
        sts_region=settings.writing_region if unreachable else None,
    )
