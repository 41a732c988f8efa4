"""The same moves by the real engine, in a sandbox that is made for them and gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.data_loss import holding
from infra.config.settings import Settings
from ops.refusal import NO
from ops.transition.matrix import Live, Matrix, choices, plans, several
from ops.transition.model import Op, Transition, change, ordered
from ops.transition.update_constraints import Pair
from sandbox.commands.engine import QUICK, Result, Sandbox
from sandbox.commands.events import Step
from scripts.say import ProblemError

if TYPE_CHECKING:
    from pulumi.automation.events import StepEventMetadata

REPLACES = "-replace"
PLAIN = {op.value: op for op in (Op.CREATE, Op.UPDATE, Op.DELETE)}


@dataclass(frozen=True, slots=True)
class _Resource:
    """One that an engine shows. Its region is in its name."""

    urn: str
    type: str
    name: str
    region: str | None = None


def of_steps(came_from: int, to: int, steps: Iterable[Step], holding: Collection[str]) -> Transition:
    """The move that an engine run took, or would take: what it does to things in a cloud.

    Args:
        came_from, to: the stages.
        steps: what it did to each resource, in order.
        holding: regions whose data is no copy of another's.
    """
    by_urn: dict[str, list[Step]] = {}
    for step in steps:
        if step.real:
            by_urn.setdefault(step.urn, []).append(step)
    changes = []
    for found in by_urn.values():
        first, op = found[0], _op(found)
        if op is not None:
            detail = {path: kind.endswith(REPLACES) for step in found for path, kind in step.detail.items()}
            changes.append(change(_Resource(first.urn, first.type, first.name), op, holding, detail=detail))
    return Transition(came_from=came_from, to=to, changes=ordered(changes), errors={})


def steps_of(found: Iterable[StepEventMetadata]) -> list[Step]:
    """What the Automation API tells of an engine run, as the sandbox does."""
    steps = []
    for one in found:
        state = one.new or one.old
        detail = {path: str(part.diff_kind.value) for path, part in (one.detailed_diff or {}).items()}
        steps.append(
            Step(
                op=one.op.value,
                urn=one.urn,
                type=one.type,
                detail=detail,
                custom=bool(state and state.custom),
            )
        )
    return steps


def pairs_of(found: Iterable[StepEventMetadata]) -> list[Pair]:
    """The inputs of all that a run met, before and after it."""
    pairs: dict[str, Pair] = {}
    for one in found:
        known = pairs.get(one.urn)
        before = one.old.inputs if one.old else known.before if known else None
        after = one.new.inputs if one.new else known.after if known else None
        pairs[one.urn] = Pair(urn=one.urn, type=one.type, before=before, after=after)
    return list(pairs.values())


def _op(steps: Sequence[Step]) -> Op | None:
    """What was done to one resource, None being nothing; a replacement is several steps."""
    return Op.REPLACE if any("replace" in step.op for step in steps) else PLAIN.get(steps[0].op)


class FailedError(Exception):
    """The engine did not get there. The text is what it said."""

    code = NO


def moves(
    stack: str, settings: Mapping[int, Settings], came_from: int, to: Iterable[int], live: Live
) -> list[Transition]:
    """Moves from one stage by the real engine: one update to get there, and a preview of each.

    Args:
        stack: the stack.
        settings: its settings by stage.
        came_from, to: the stages.
        live: told what goes on at the moment.

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
            regions = holding(settings[came_from], settings[stage])
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
    # The laws are AWS', which the engine knows nothing of.
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
