"""The same moves by the real engine, in a sandbox that is made for them and gone afterwards."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from infra.naming import regional
from infra.regions import REGIONS
from ops.transition.model import Op, Transition, change, ordered
from sandbox.commands.events import Step

REPLACES = "-replace"
PLAIN = {op.value: op for op in (Op.CREATE, Op.UPDATE, Op.DELETE)}


@dataclass(frozen=True, slots=True)
class _Resource:
    urn: str
    type: str
    name: str
    region: str | None


def of_steps(stack: str, came_from: int, to: int, steps: Iterable[Step], holding: Collection[str]) -> Transition:
    """The move that an engine run took, or would take: what it does to things in a cloud.

    Args:
        stack: the stack it ran on.
        came_from, to: the stages.
        steps: what it did to each resource, in order.
        holding: regions whose data is no copy of another's.
    """
    places = {regional(stack, region): region for region in REGIONS}
    by_urn: dict[str, list[Step]] = {}
    for step in steps:
        if step.real:
            by_urn.setdefault(step.urn, []).append(step)
    changes = []
    for found in by_urn.values():
        first, op = found[0], _op(found)
        if op is not None:
            region = places.get(first.provider.rpartition("::")[2])
            detail = {path: kind.endswith(REPLACES) for step in found for path, kind in step.detail.items()}
            changes.append(change(_Resource(first.urn, first.type, first.name, region), op, holding, detail=detail))
    return Transition(came_from=came_from, to=to, changes=ordered(changes), errors={})


def _op(steps: Sequence[Step]) -> Op | None:
    """What was done to one resource, None being nothing; a replacement is several steps."""
    return Op.REPLACE if any("replace" in step.op for step in steps) else PLAIN.get(steps[0].op)
