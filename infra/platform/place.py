"""A region that the platform is built in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
    primary: whether it is the stack's home, the first of its regions, which never changes.
    writes: whether writes go there, and with them workers and jobs. The primary, unless the stack has failed over.
    standby: whether it can take the writes: the primary, and those that are kept ready for it.
    protect: whether what holds data or identity there is guarded against deletion. Another region is rebuilt from the
        one that takes the writes, so only the primary and that one are guarded.
    last: of a region that is lost, its outputs after the last update, in place of what it cannot be asked.
    """

    region: Region
    base: str
    provider: aws.Provider
    primary: bool
    writes: bool
    standby: bool
    protect: bool
    last: Mapping[str, Any] | None

    @property
    def options(self) -> pulumi.ResourceOptions:
        """Options of a component in this region."""
        return pulumi.ResourceOptions(providers=[self.provider])

    @property
    def invoke(self) -> pulumi.InvokeOptions:
        """Options of a question to AWS in this region."""
        return pulumi.InvokeOptions(provider=self.provider)


def place(settings: Settings, name: str, outputs: Mapping[str, Any]) -> Place:
    """The region `name` of the running stack, with its provider. `outputs` are those of the last update."""
    project, stack = pulumi.get_project(), pulumi.get_stack()
    base = naming.regional(stack, name)
    primary, writes = name == settings.home, name == settings.writing_region
    return Place(
        region=REGIONS[name],
        base=base,
        provider=aws.Provider(base, region=name, default_tags={"tags": naming.tags(project, stack)}),
        primary=primary,
        writes=writes,
        standby=name in settings.standby_regions,
        protect=settings.protect and (primary or writes),
        last=outputs.get("regions", {}).get(name, {}) if name == settings.unreachable else None,
    )
