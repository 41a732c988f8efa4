"""How much of each resource a load leaves, what binds first and at which load, at one stage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.config.settings import Settings
from ops.capacity.levels import Level
from ops.capacity.resources import RESOURCES, ScarceResource
from ops.capacity.supply import Lost, Supply, supply
from ops.demand import Demand
from ops.halving import halved

# What a stage has to survive, as the stage table states it (infra/stages.py). A lost region is shown beside it.
REQUIRED = (Lost.NOTHING, Lost.ZONE)
_EXACT = 1e-9  # of a limit: 5,000 users are as many as 5,000
_FARTHEST = 1e6  # times the load; beyond it, a resource does not bind
_HALVINGS = 60
_DIGITS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Headroom:
    """One resource under one load.

    levels: need and limit by what is lost; the need is of the busiest region.
    factors: how many times the load it takes, by what is lost: 1 is just enough. Infinite where no limit is published.
    """

    resource: ScarceResource
    levels: Mapping[Lost, Level]
    factors: Mapping[Lost, float]

    def holds(self, lost: Lost) -> bool:
        """Whether it is enough."""
        return enough(self.levels.get(lost))

    @property
    def factor(self) -> float:
        """How many times the load it takes, with nothing and with a zone lost."""
        return min((self.factors[lost] for lost in REQUIRED if lost in self.factors), default=float("inf"))

    def as_dict(self, wants: Demand) -> dict[str, Any]:
        """The row as `ascent capacity --load --json` prints it."""
        return {
            "resource": self.resource.name,
            "unit": self.resource.unit,
            "kind": self.resource.kind,
            "holds": all(self.holds(lost) for lost in REQUIRED),
            "upTo": users_at(wants, self.factor),
            "source": self.resource.source,
            "lost": {
                lost.value: {
                    "needed": _plain(level.need),
                    "limit": None if level.limit is None else _plain(level.limit),
                    "holds": self.holds(lost),
                    "upTo": users_at(wants, self.factors[lost]),
                }
                for lost, level in self.levels.items()
            },
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class StageAnswer:
    """One stage under one load. rooms: its resources, in the table's order."""

    has: Supply
    wants: Demand
    rooms: tuple[Headroom, ...]

    @property
    def stage(self) -> int:
        """Its number."""
        return self.has.settings.stage

    def _all(self, lost: Lost) -> bool:
        return all(room.holds(lost) for room in self.rooms)

    @property
    def regional(self) -> bool | None:
        """Whether the load is carried with a region lost; None where the stage has one region."""
        return self._all(Lost.REGION) if self.has.regions > 1 else None

    @property
    def carried(self) -> bool:
        """Whether the load is carried, with nothing and with a zone lost."""
        return all(self._all(lost) for lost in REQUIRED)

    @property
    def first(self) -> Headroom | None:
        """The resource that binds first when the load grows, of equals the first of the table; None where none does."""
        found = min(self.rooms, key=lambda room: round(room.factor, _DIGITS))
        return found if found.factor < float("inf") else None

    def short(self, lost: Iterable[Lost] = REQUIRED) -> list[Headroom]:
        """Resources that are not enough."""
        wanted = tuple(lost)
        return [room for room in self.rooms if not all(room.holds(one) for one in wanted)]


def answer(settings: Settings, wants: Demand) -> StageAnswer:
    """What a load leaves of each resource of a stack, at its stage."""
    has = supply(settings)
    cases = [lost for lost in Lost if lost is not Lost.REGION or has.regions > 1]
    rooms = []
    for resource in RESOURCES:
        levels = {lost: level for lost in cases if (level := resource.of(has, wants, lost)) is not None}
        if levels:
            factors = {lost: _factor(resource, has, wants, lost) for lost in levels}
            rooms.append(Headroom(resource=resource, levels=levels, factors=factors))
    return StageAnswer(has=has, wants=wants, rooms=tuple(rooms))


def scarce(has: Supply, wants: Demand, lost: Iterable[Lost] = REQUIRED) -> list[ScarceResource]:
    """The resources that are not enough for a load. Quicker than an answer, which also says how far each goes."""
    cases = [one for one in lost if one is not Lost.REGION or has.regions > 1]
    return [resource for resource in RESOURCES if not all(enough(resource.of(has, wants, one)) for one in cases)]


def users_at(wants: Demand, factor: float) -> int | None:
    """Users of so many times the load, all of whom fit; None where no number is known."""
    return None if factor == float("inf") else int(wants.users * factor * (1 + _EXACT))


def enough(level: Level | None) -> bool:
    """Whether there is enough. What does not exist, or has no known limit, is."""
    return level is None or level.limit is None or level.need <= level.limit * (1 + _EXACT)


def _factor(resource: ScarceResource, has: Supply, wants: Demand, lost: Lost) -> float:
    """The most times of the load for which the resource is enough. Needs never fall, so halving finds it."""

    def holds(factor: float) -> bool:
        return enough(resource.of(has, wants.times(factor), lost))

    low, high = 0.0, 1.0
    while holds(high):
        low, high = high, high * 2
        if high > _FARTHEST:
            return float("inf")
    return halved(holds, low, high, _HALVINGS)[0]


def _plain(value: float) -> float:
    return round(value, 4)
