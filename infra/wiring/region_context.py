"""The context of one region: what every tier of the region is built with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.application import Application
from infra.authoritative import authoritative_regions
from infra.config.models.runtime import Runtime
from infra.config.settings import Settings
from infra.regions import REGIONS, Region
from infra.stages import Capability


@dataclass(frozen=True, kw_only=True)
class RegionContext:
    """One region of the stack. Made once per region, before any tier, and never changed.

    settings: of the stack.
    aws_region: the AWS region.
    base: base name of everything in the region, as `prod-use1`.
    provider: AWS provider of the region, with the stack's default tags.
    key_arn: the stack's KMS key in the region.
    previous: outputs of the region after the last update; empty before the first one.
    """

    settings: Settings
    aws_region: Region
    base: str
    provider: aws.Provider
    key_arn: pulumi.Input[str]
    previous: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Name of the AWS region."""
        return self.aws_region.name

    @property
    def vpc_cidr(self) -> IPv4Network:
        """Range of the region's VPC."""
        return self.settings.vpc(self.name)

    @property
    def is_home(self) -> bool:
        """Whether it is the home region: the first of the stack, which never changes."""
        return self.name == self.settings.home

    @property
    def takes_writes(self) -> bool:
        """Whether writes go there, and with them workers and jobs: the home region, unless the stack failed over."""
        return self.name == self.settings.writing_region

    @property
    def is_standby(self) -> bool:
        """Whether it takes the writes or can take them after a failover."""
        return self.name in self.settings.standby_regions

    @property
    def is_unreachable(self) -> bool:
        """Whether the region is lost, so that nothing may call it."""
        return self.name == self.settings.unreachable

    @property
    def has_visitors(self) -> bool:
        """Whether visitors are sent there."""
        return self.name in self.settings.visited_regions

    @property
    def application(self) -> Application:
        """The application that the stack runs."""
        return self.settings.described

    @property
    def runtime(self) -> Runtime:
        """What the application runs on: instances, pods or both."""
        return self.settings.runtime

    @property
    def protect(self) -> bool:
        """Whether what holds data or identity in the region is guarded against deletion."""
        return is_protected(self.settings, self.name)

    @property
    def options(self) -> pulumi.ResourceOptions:
        """Options of a component in this region."""
        return pulumi.ResourceOptions(providers=[self.provider])

    @property
    def invoke(self) -> pulumi.InvokeOptions:
        """Options of a lookup at AWS in this region."""
        return pulumi.InvokeOptions(provider=self.provider)

    def has(self, capability: Capability) -> bool:
        """Whether the stack's stage has a capability."""
        stage = self.settings.row
        return stage.has(capability)

    def after(self, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of a component in this region that is made once all of `resources` exist."""
        return pulumi.ResourceOptions(providers=[self.provider], depends_on=list(resources))


def region_context(
    settings: Settings,
    name: str,
    provider: aws.Provider,
    key_arn: pulumi.Input[str],
    outputs: Mapping[str, Any],
) -> RegionContext:
    """The context of the region `name` of the running stack. `outputs` are those of the stack's last update."""
    return RegionContext(
        settings=settings,
        aws_region=REGIONS[name],
        base=naming.regional(pulumi.get_stack(), name),
        provider=provider,
        key_arn=key_arn,
        previous=outputs.get("regions", {}).get(name, {}),
    )


def is_protected(settings: Settings, region: str) -> bool:
    """Whether what holds data or identity in a region is guarded against deletion.

    Only in the home region and in the one that takes the writes: every other region is rebuilt from the latter.
    """
    return settings.protect and region in authoritative_regions(settings)


def never_built(region: str) -> pulumi.RunError:
    """The refusal of an unreachable region that no update has built yet."""
    return pulumi.RunError(
        f"Pulumi.{pulumi.get_stack()}.yaml: ascent:unreachable: given {region}; no update of this stack "
        "has built it yet, so there is nothing to keep. Remove it from ascent:regions and ascent:unreachable"
    )
