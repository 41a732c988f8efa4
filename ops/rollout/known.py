"""The rollout that a stack is in: from its file, or from its outputs if those are newer."""

from __future__ import annotations

import json

from infra.config.models.rollout import Phase, Rollout, Strategy
from infra.rollout_order import is_behind, same, takes_away
from ops.rollout.observer import Look


def applied(look: Look, *, again: bool = False) -> Rollout | None:
    """The rollout of the last update that ended; None where that had none.

    Args:
        look: reads the stack.
        again: whether to ask once more, because it may have been updated elsewhere.

    Raises:
        EngineError: when the outputs cannot be read.
    """
    found = look.engine.outputs(again=again).get("rollout") or {}
    return Rollout.model_validate_json(json.dumps(found)) if "progress" in found else None


def known(look: Look, *, again: bool = False) -> Rollout:
    """The file's rollout, or the last update's if the file is older.

    Raises:
        EngineError: when the outputs cannot be read.
        SettingsError: when the file is no usable config.
    """
    said, last = look.file.rollout(), applied(look, again=again)
    if last is None:
        return said
    return last if _is_from_before(said, last) or is_behind(said, last) or _is_stuck(said, last) else said


def _is_from_before(said: Rollout, last: Rollout) -> bool:
    """Whether a file without a rollout is from before the last update's rollout, and not from after its end."""
    progress = last.progress
    if said.progress is not None or progress is None or said.colors == last.colors:
        return False
    if progress.strategy is Strategy.ROLLING:
        return progress.phase is Phase.FORWARD and said.colors[progress.to].image == progress.before
    return progress.phase is not Phase.CLEANING or any(
        said.colors[color].weight != one.weight for color, one in last.colors.items()
    )


def _is_stuck(said: Rollout, last: Rollout) -> bool:
    """Whether a file removes a color to which an update elsewhere has given traffic. The program refuses that."""
    mine, theirs = said.progress, last.progress
    return mine is not None and theirs is not None and same(mine, theirs) and bool(takes_away(said, last))
