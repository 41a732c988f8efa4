"""The same moves by the real engine, in a temporary sandbox."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from infra.authoritative import authoritative_regions
from infra.config.settings import Settings
from ops.errors import NO
from ops.transition.engine_run import of_steps
from ops.transition.matrix import Live, Matrix, choices, plans, several
from ops.transition.model import Transition
from sandbox.commands.engine import QUICK, Result, Sandbox
from scripts.say import ProblemError


class FailedError(Exception):
    """A run of the engine failed. The text is its output."""

    code = NO


def moves(
    stack: str, settings: Mapping[int, Settings], came_from: int, to: Iterable[int], live: Live
) -> list[Transition]:
    """Moves from one stage by the real engine: one update to get there, and a preview of each.

    Args:
        stack: the stack.
        settings: its settings by stage.
        came_from, to: the stages.
        live: called with what is being done.

    Raises:
        FailedError: when a run fails.
    """
    found = []
    with tempfile.TemporaryDirectory(prefix="ascent-") as directory:
        box = Sandbox(Path(directory), stack, environment=dict(QUICK))
        live(f"Bringing {stack} to stage {came_from} in a sandbox")
        _done(box.up, came_from)
        for stage in to:
            live(f"Previewing {stack} from stage {came_from} to {stage}")
            regions = authoritative_regions(settings[came_from], settings[stage])
            found.append(of_steps(came_from, stage, _done(box.preview, stage).steps, regions))
    return found


def matrix(stack: str, live: Live = lambda _: None) -> Matrix:
    """All moves of a stack by the real engine.

    Raises:
        SettingsError: when its file is not usable even at its own stage.
        FailedError: when a run fails.
    """
    can = choices(stack)
    found = [one for stage in can.settings for one in moves(stack, can.settings, stage, can.settings, live)]
    # The engine does not know AWS' constraints.
    routes = several(stack, plans(stack, can.settings, live), live)
    return Matrix(stack=stack, transitions=tuple(found), refused=can.refused, several=routes)


def _done(run: Callable[[int], Result], stage: int) -> Result:
    try:
        result = run(stage)
    except ProblemError as error:
        raise FailedError(str(error)) from None
    if not result.ok:
        raise FailedError("\n".join(result.errors) or result.output.strip())
    return result
