"""What is asked for from outside, and by whom: every region by itself, as a visitor near it would."""

from __future__ import annotations

from collections.abc import Iterator

import pulumi

from infra.alarms.model import Kind
from infra.alarms.subject import Subject
from infra.components.observability.outside_check import OutsideCheck, OutsideCheckArgs
from infra.config.settings import Settings
from infra.stages import Capability
from infra.wiring.place import Place

# A file that is nowhere, asked for around the cache: whoever says so is the store itself, by way of the name, the
# certificate and the edge.
NOWHERE = "ascent-outside"


def outside(settings: Settings, place: Place, serving: pulumi.Input[str]) -> Iterator[Subject]:
    """The addresses that visitors of a region use, each with its check.

    One of the stack's own ends in the region's log and topics, and asks over the internet. So a region that is lost
    takes its own check with it, and no other one's. `serving` is known once something is there to answer.
    """

    def once_served(url: str) -> pulumi.Output[str]:
        return pulumi.Output.from_input(serving).apply(lambda _: url)

    application = settings.described
    health = once_served(f"https://{settings.domain.name}{application.health_path}")
    yield _checked(place, "outside", health, anything=False)
    if settings.row.has(Capability.EDGE_RULES):
        store = once_served(f"https://{settings.storage_host}/{application.public[0]}/{NOWHERE}")
        yield _checked(place, "outside-store", store, anything=True)


def _checked(place: Place, name: str, url: pulumi.Input[str], *, anything: bool) -> Subject:
    check = OutsideCheck(f"{place.base}-{name}", OutsideCheckArgs(url=url, anything=anything), opts=place.options)
    return Subject(
        kinds=(Kind.OUTSIDE,),
        name=f"{place.base}-{name}",
        dimensions={"FunctionName": check.function, "RuleName": check.rule},
    )
