"""A region that the platform is built in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.config.settings import Settings
from infra.regions import REGIONS, Region


@dataclass(frozen=True, kw_only=True)
class Place:
    """One region under construction.

    region: the AWS region.
    base: base name of everything in it.
    provider: AWS provider of the region, with the stack's default tags.
    primary: whether it is the stack's home, the first of its regions, which never changes.
    writes: whether writes go there, and with them workers and jobs. The primary, unless the stack has failed over.
    standby: whether it can take the writes: the primary, and those that are kept ready for it.
    protect: whether what holds data or identity there is guarded against deletion. Another region is rebuilt from the
        one that takes the writes, so only the primary and that one are guarded.
    before: its outputs after the last update; none before the first.
    last: of a region that is lost, its outputs after the last update, in place of what it cannot be asked.
    """

    region: Region
    base: str
    provider: aws.Provider
    primary: bool
    writes: bool
    standby: bool
    protect: bool
    before: Mapping[str, Any]
    last: Mapping[str, Any] | None

    @property
    def options(self) -> pulumi.ResourceOptions:
        """Options of a component in this region."""
        return pulumi.ResourceOptions(providers=[self.provider])

    def never_built(self) -> pulumi.RunError:
        """The refusal of a lost region that nothing is known of."""
        return pulumi.RunError(
            f"Pulumi.{pulumi.get_stack()}.yaml: ascent:unreachable: given {self.region.name}; no update of this stack "
            "has built it yet, so there is nothing to keep. Remove it from ascent:regions and ascent:unreachable"
        )

    @property
    def invoke(self) -> pulumi.InvokeOptions:
        """Options of a question to AWS in this region."""
        return pulumi.InvokeOptions(provider=self.provider)


def all_tags(settings: Settings) -> dict[str, str]:
    """Tags of everything that takes tags: the team's own, and ours."""
    return {**settings.tags, **naming.tags(pulumi.get_project(), pulumi.get_stack())}


def _provider(settings: Settings, base: str, name: str) -> aws.Provider:
    """The provider of a region. That of a lost one is configured all the same, and so asks nobody there, nor IAM.

    It would ask STS in its region who it is, whatever `sts_region` says (pulumi-aws, provider/configure.go:
    validateCredentials). Without that, the account's number would come from IAM, whose control plane is in us-east-1
    (hashicorp/aws-sdk-go-base, GetAwsAccountIDAndPartition); without a number, no account is an allowed one. Nothing is
    done in a lost region, and the provider of the region that takes the writes still refuses other accounts.
    """
    account, lost = settings.account, name == settings.unreachable
    return aws.Provider(
        base,
        region=name,
        default_tags={"tags": all_tags(settings)},
        allowed_account_ids=[account.id] if account.id and not lost else None,
        # As a class: of a dictionary, the SDK would hand over the names of Python to the provider.
        assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=account.assume_role)] if account.assume_role else None,
        skip_credentials_validation=True if lost else None,
        skip_requesting_account_id=True if lost else None,
        # For the role, which is taken with STS.
        sts_region=settings.writing_region if lost else None,
    )


def place(settings: Settings, name: str, outputs: Mapping[str, Any]) -> Place:
    """The region `name` of the running stack, with its provider. `outputs` are those of the last update."""
    base = naming.regional(pulumi.get_stack(), name)
    primary, writes = name == settings.home, name == settings.writing_region
    before = outputs.get("regions", {}).get(name, {})
    return Place(
        region=REGIONS[name],
        base=base,
        provider=_provider(settings, base, name),
        primary=primary,
        writes=writes,
        standby=name in settings.standby_regions,
        protect=settings.protect and (primary or writes),
        before=before,
        last=before if name == settings.unreachable else None,
    )
