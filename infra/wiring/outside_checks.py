"""Synthetic checks: each region requests the public addresses over the internet, as a visitor near it would."""

from __future__ import annotations

from collections.abc import Iterator

import pulumi

from infra.alarms.model import Kind
from infra.alarms.subject import Subject
from infra.components.observability.outside_check import OutsideCheck, OutsideCheckArgs
from infra.stages import Capability
from infra.wiring.region_context import RegionContext

# An object that does not exist, so no cache has it: the answer comes from the bucket itself, through DNS, certificate
# and edge.
NOWHERE = "ascent-outside"


def outside_checks(region: RegionContext, serving: pulumi.Input[str]) -> Iterator[Subject]:
    """Declare the checks of a region, one for each public address. Yields what gets alarms.

    Each check logs and alarms in its own region. So the loss of a region ends its own check, and no other one.
    `serving` is known once a target of the region can answer.
    """
    settings = region.settings

    def once_served(url: str) -> pulumi.Output[str]:
        return pulumi.Output.from_input(serving).apply(lambda _: url)

    application = settings.described
    health = once_served(f"https://{settings.domain.name}{application.health_path}")
    yield _check(region, "outside", health, anything=False)
    if settings.row.has(Capability.EDGE_RULES):
        store = once_served(f"https://{settings.storage_host}/{application.public[0]}/{NOWHERE}")
        yield _check(region, "outside-store", store, anything=True)


def _check(region: RegionContext, name: str, url: pulumi.Input[str], *, anything: bool) -> Subject:
    check = OutsideCheck(f"{region.base}-{name}", OutsideCheckArgs(url=url, anything=anything), opts=region.options)
    return Subject(
        kinds=(Kind.OUTSIDE,),
        name=f"{region.base}-{name}",
        dimensions={"FunctionName": check.function, "RuleName": check.rule},
    )
