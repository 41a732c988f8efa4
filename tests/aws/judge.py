"""All judges of one source after the other, each distinct resource once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from infra.regions import REGIONS
from ops.engine.recorder import Recorded
from tests.aws.judges import alarms, calls, limits, registry, rules
from tests.aws.judges.model import Finding
from tests.aws.translate import View, rows, translated

ANYWHERE = "us-east-1"  # where all types and classes are
_CODES = "|".join(region.code for region in REGIONS.values())
# What tells one stack, region, zone or address from another.
_PLACES = re.compile(
    rf"\b({'|'.join(REGIONS)})\b|[a-z][a-z0-9-]*-({_CODES})(?![a-z0-9])|\b\d+\.\d+\.\d+\.\d+\b|\b[a-z0-9]+-az\d\b"
)


@dataclass(frozen=True)
class Planned:
    """A resource of some plan, the first with its inputs."""

    plan: str
    type: str
    name: str
    region: str
    inputs: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.type} {self.name} of {self.plan}"


def distinct(plans: Iterable[tuple[str, Iterable[Recorded]]]) -> list[Planned]:
    """One resource for each pair of a type and inputs, and of a region too, where the type's row says `by_region`."""
    found: dict[tuple[str, str, str], Planned] = {}
    for plan, resources in plans:
        for one in resources:
            if one.custom and one.type.startswith("aws:"):
                region = one.region or ANYWHERE
                where = region if rows().get(one.type, {}).get("by_region") else ""
                key = (one.type, json.dumps(one.inputs, sort_keys=True), where)
                found.setdefault(key, Planned(plan, one.type, one.name, region, dict(one.inputs)))
    return list(found.values())


def findings(resources: Iterable[Planned]) -> Iterator[tuple[Planned, Finding]]:
    """What any judge has to say of each resource.

    Raises:
        UntranslatedError: for a type that no table has.
    """
    waiting: dict[tuple[str, str], tuple[Planned, str, View]] = {}
    for one in resources:
        for found in limits.findings(one.type, one.inputs):
            yield one, found
        for found in alarms.findings(one.type, one.inputs):
            yield one, found
        for view in translated(one.type, one.inputs):
            if view.is_call:
                yield from ((one, found) for found in calls.findings(view))
                continue
            yield from ((one, found) for found in registry.findings(view, one.region))
            by_region = rows()[one.type].get("by_region")
            where = one.region if by_region else ANYWHERE
            waiting.setdefault((where, _alike(view)), (one, where, view))
    # The rules take most of the time, and say the same of what differs by its region, zone or addresses alone.
    owners = {id(view): one for one, _, view in waiting.values()}
    for view, found in rules.findings((where, view) for _, where, view in waiting.values()):
        yield owners[id(view)], found


def _alike(view: View) -> str:
    return _PLACES.sub("", json.dumps([view.name, view.value], sort_keys=True, default=str))
