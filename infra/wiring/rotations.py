"""Password rotations: which passwords an update replaces, by the stack file and the outputs of the last update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from infra.config.settings import Settings
from infra.rotation import Turn, Turns

# Output with the numbers of the last update.
ROTATIONS = "rotations"
_GENERATION, _MASTER, _ROLES = "credentials", "master", "roles"
# Stacks without this output have the passwords of their counter.
_AS_IT_IS = (_GENERATION,)
# Numbers that need not go up one by one.
_FREE = (_GENERATION, _ROLES)


def keep(settings: Settings, turned: Turns, served: pulumi.Output[Sequence[bool]]) -> None:
    """Export which passwords this update has given to clients, once every client has them.

    Args:
        settings: of the stack.
        turned: state of the rotations.
        served: for each group, whether every instance was seen replaced. If not, or in a region that gets no visitors
            now, clients may still have the previous passwords, and the next update has to know.
    """
    numbers = {name: turn.number for name, turn in turned.by_name.items()}
    before = {name: turn.before for name, turn in turned.by_name.items()}
    whole = set(settings.visited_regions) == set(settings.active_regions)

    def left(seen: Sequence[bool]) -> dict[str, int]:
        if all(seen) and whole:
            return numbers
        if numbers != before:
            pulumi.log.warn(
                "not every instance was seen to have the new passwords, so the last ones stay good until a later "
                "pulumi up has seen it"
            )
        return before

    pulumi.export(ROTATIONS, served.apply(left))


def turns(settings: Settings, outputs: Mapping[str, Any]) -> Turns:
    """State of the password rotations of a stack.

    Args:
        settings: of the stack.
        outputs: its outputs after the last update.

    Raises:
        pulumi.RunError: when a number goes down or skips one, or the master's password cannot be changed now.
    """
    numbers = {
        **settings.rotations.model_dump(),
        _GENERATION: settings.credentials_generation,
        _ROLES: int(settings.database.roles),
    }
    known = outputs.get(ROTATIONS)
    last = {name: int((known or {}).get(name, numbers[name] if name in _AS_IT_IS else 0)) for name in numbers}
    for name, number in numbers.items():
        key = "credentialsGeneration" if name == _GENERATION else f"rotations.{name}"
        where = f"Pulumi.{pulumi.get_stack()}.yaml: ascent:{key}: given {number}; "
        if known and name not in _FREE and number not in (last[name], last[name] + 1):
            raise pulumi.RunError(
                f"{where}the last update had {last[name]}, so it should be that or {last[name] + 1}: machines may "
                "still have the password before"
            )
        if number > last[name] and name in (_MASTER, _GENERATION) and settings.writing_region != settings.home:
            raise pulumi.RunError(
                f"{where}the master's password is changed in {settings.home}, whose cluster takes no writes now. Put "
                f"{last[name]} back until the writes are there again: ascent failover --to {settings.home}"
            )
        if known and number > last[name] and name == _MASTER and not (numbers[_ROLES] and last[_ROLES]):
            raise pulumi.RunError(
                f"{where}the application may still log in as the master, and would be refused. Put {last[name]} back; "
                "first: ascent:database.roles, and updates until one has ended well with it"
            )
    return Turns(**{name: Turn(number=numbers[name], before=last[name]) for name in numbers})
