"""A region that the platform is built in."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.regions import REGIONS, Region
from infra.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Place:
    """One region under construction.

    region: the AWS region.
    base: base name of everything in it.
    provider: AWS provider of the region, with the stack's default tags.
    primary: whether writes go there.
    protect: whether what holds data or identity there is guarded against deletion. A secondary region is rebuilt
        from the primary, so only the primary is guarded.
    """

    region: Region
    base: str
    provider: aws.Provider
    primary: bool
    protect: bool

    @property
    def options(self) -> pulumi.ResourceOptions:
        """Options of a component in this region."""
        return pulumi.ResourceOptions(providers=[self.provider])

    @property
    def invoke(self) -> pulumi.InvokeOptions:
        """Options of a question to AWS in this region."""
        return pulumi.InvokeOptions(provider=self.provider)


def place(settings: Settings, name: str) -> Place:
    """The region `name` of the running stack, with its provider."""
    project, stack = pulumi.get_project(), pulumi.get_stack()
    base = naming.regional(stack, name)
    primary = name == settings.regions[0]
    return Place(
        region=REGIONS[name],
        base=base,
        provider=aws.Provider(base, region=name, default_tags={"tags": naming.tags(project, stack)}),
        primary=primary,
        protect=settings.protect and primary,
    )
