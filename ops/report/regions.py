"""The regions of a stack, and what each is for."""

from __future__ import annotations

from dataclasses import dataclass

from infra.config.settings import Settings
from infra.regions import REGIONS
from ops.cost import Estimate
from ops.cost.estimate import normal
from ops.cost.span import NOTHING


@dataclass(frozen=True, kw_only=True, slots=True)
class RegionFacts:
    """A region.

    used: whether it is in use at this stage. roles: what it is for. visitors: whether it gets traffic.
    zones: their names. addresses: range of its network. month: US dollars of a normal month, None if it is not used.
    """

    name: str
    used: bool
    roles: str
    visitors: bool
    zones: str
    addresses: str
    month: float | None


def regions(settings: Settings, cost: Estimate) -> list[RegionFacts]:
    """All regions that the stack's file names, the home first."""
    return [_region(settings, cost, name) for name in settings.regions]


def _region(settings: Settings, cost: Estimate, name: str) -> RegionFacts:
    used = name in settings.active_regions
    roles = {
        "home": name == settings.home,
        "takes the writes": name == settings.writing_region,
        "standby for the writes": used and name in settings.standby_regions and name != settings.writing_region,
        "reads alone": used and name not in settings.standby_regions,
        "lost": name == settings.unreachable,
        "drained": name in settings.drained,
        "from stage 7 on": not used,
    }
    return RegionFacts(
        name=name,
        used=used,
        roles=", ".join(role for role, has in roles.items() if has),
        visitors=name in settings.visited_regions,
        zones=" ".join(REGIONS[name].zones),
        addresses=str(settings.vpc(name)),
        month=normal(cost.by_region.get(name, NOTHING)) if used else None,
    )
