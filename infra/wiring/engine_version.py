"""Which version of Aurora PostgreSQL the database has, and the moves between versions that are refused beforehand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.config.settings import Settings

# In the output `data`: what the last update left. Written once it is done, so that it is never ahead.
VERSION, WORLD = "engineVersion", "globalDatabase"
_PROCEDURE = "docs/upgrades.md"


@dataclass(frozen=True, kw_only=True)
class EngineVersion:
    """A version, as `16.8`.

    in_world: whether a global database is there already, by which the version of all its members is changed.
    major: whether it is of another major version than the last update left.
    """

    version: str
    in_world: bool
    major: bool


def engine_version(settings: Settings, outputs: Mapping[str, Any]) -> EngineVersion:
    """The version that a stack's file says. `outputs` are those of its last update.

    Raises:
        pulumi.RunError: when Aurora does not go there, or not in one update.
    """
    told = outputs.get("data") or {}
    last, world = _known(told.get(VERSION)), WORLD in told
    several = len(settings.active_regions) > 1
    wanted = settings.database.engine_version
    if last is None or settings.external_database is not None:
        # Whatever it has, this update writes it down.
        return EngineVersion(version=wanted, in_world=several and world, major=False)
    problem = next(_problems(settings, last, several=several, world=world), None)
    if problem is not None:
        raise pulumi.RunError(
            f"Pulumi.{pulumi.get_stack()}.yaml: ascent:database.engineVersion: given {wanted}; the database has {last}"
            f"{problem}"
        )
    return EngineVersion(version=wanted, in_world=several and world, major=_major(wanted) != _major(last))


def _problems(settings: Settings, last: str, *, several: bool, world: bool) -> Iterator[str]:
    """Why a database does not go from `last` to the version that is wanted, and what to do."""
    wanted, said = settings.database.engine_version, "engine_version" in settings.database.model_fields_set
    majors = _major(wanted) - _major(last)
    if _numbers(wanted) < _numbers(last):
        yield f", and Aurora goes to no lower version. Set {last} or a higher one"
    if majors and not said:
        yield f". Its major version changes only where the stack's file says so: set {last}, and see {_PROCEDURE}"
    if majors and (several or world):
        yield f". No major version changes in a global database: leave stage 7 first, see {_PROCEDURE}"
    if majors > 1:
        yield f". Go to the next major version first, see {_PROCEDURE}"
    if wanted != last and several is not world:
        yield f". A global database comes or goes with this update: set {last} for now, and change it afterwards"


def _known(version: Any) -> str | None:
    """A version that was told, if it is one: an update that was cut off may have left something else."""
    return version if isinstance(version, str) and re.fullmatch(r"\d+(\.\d+)+", version) else None


def _major(version: str) -> int:
    return _numbers(version)[0]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
