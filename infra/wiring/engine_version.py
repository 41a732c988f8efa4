"""Version of Aurora PostgreSQL. Changes of version that Aurora does not support are refused beforehand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.config.settings import Settings

# Keys in the output `data`. They are written after the change, so they are never ahead of the database.
VERSION, GLOBAL_DATABASE = "engineVersion", "globalDatabase"
_PROCEDURE = "docs/upgrades.md"


@dataclass(frozen=True, kw_only=True)
class EngineVersion:
    """A version, as `16.8`.

    in_global_database: whether a global database exists already; then its version changes that of all members.
    major: whether the major version changes with this update.
    """

    version: str
    in_global_database: bool
    major: bool


def engine_version(settings: Settings, outputs: Mapping[str, Any]) -> EngineVersion:
    """The version in the stack file. `outputs` are those of the stack's last update.

    Raises:
        pulumi.RunError: when Aurora cannot change to the version, or not in one update.
    """
    data = outputs.get("data") or {}
    last, is_global = _known(data.get(VERSION)), GLOBAL_DATABASE in data
    several = len(settings.active_regions) > 1
    wanted = settings.database.engine_version
    if last is None or settings.external_database is not None:
        # Nothing to compare with: this update writes the version down.
        return EngineVersion(version=wanted, in_global_database=several and is_global, major=False)
    problem = next(_problems(settings, last, several=several, is_global=is_global), None)
    if problem is not None:
        raise pulumi.RunError(
            f"Pulumi.{pulumi.get_stack()}.yaml: ascent:database.engineVersion: given {wanted}; the database has {last}"
            f"{problem}"
        )
    return EngineVersion(version=wanted, in_global_database=several and is_global, major=_major(wanted) != _major(last))


def _problems(settings: Settings, last: str, *, several: bool, is_global: bool) -> Iterator[str]:
    """Why the database cannot change from `last` to the version of the settings, and what to do."""
    wanted, chosen = settings.database.engine_version, "engine_version" in settings.database.model_fields_set
    majors = _major(wanted) - _major(last)
    if _numbers(wanted) < _numbers(last):
        yield f", and Aurora goes to no lower version. Set {last} or a higher one"
    if majors and not chosen:
        yield f". Its major version changes only where the stack's file says so: set {last}, and see {_PROCEDURE}"
    if majors and (several or is_global):
        yield f". No major version changes in a global database: leave stage 7 first, see {_PROCEDURE}"
    if majors > 1:
        yield f". Go to the next major version first, see {_PROCEDURE}"
    if wanted != last and several is not is_global:
        yield f". A global database comes or goes with this update: set {last} for now, and change it afterwards"


def _known(version: Any) -> str | None:
    """The version of an output, or None: an interrupted update may have left something else."""
    return version if isinstance(version, str) and re.fullmatch(r"\d+(\.\d+)+", version) else None


def _major(version: str) -> int:
    return _numbers(version)[0]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
