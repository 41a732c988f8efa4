"""A run of the engine as a transition: what it does to resources in a cloud."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.engine_steps import EngineStep
from catalog.location import Locations
from ops.transition.model import Op, Transition, change, ordered
from ops.transition.update_constraints import Pair

PLAIN = {op.value: op for op in (Op.CREATE, Op.UPDATE, Op.DELETE)}


@dataclass(frozen=True, slots=True)
class _Resource:
    """A resource as the engine shows it."""

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    location: str | None


def of_steps(came_from: int, to: int, steps: Iterable[EngineStep], authoritative: Collection[str]) -> Transition:
    """The move that an engine run made, or would make: what it does to resources in a cloud.

    Args:
        came_from, to: the stages.
        steps: what it did to each resource, in order.
        authoritative: regions with the original of the data.
    """
    by_urn: dict[str, list[EngineStep]] = {}
    locations = Locations()
    for step in steps:
        locations.take_step(step)
        if step.real:
            by_urn.setdefault(step.urn, []).append(step)
    changes = []
    for alike in by_urn.values():
        first, op = alike[0], _op(alike)
        if op is not None:
            detail = {path: path in step.replacing for step in alike for path in step.kinds}
            state, location = first.old or first.new, locations.of(first.urn, first.provider)
            one = _Resource(first.urn, first.type, first.name, state.inputs if state else {}, location)
            changes.append(change(one, op, authoritative, detail=detail))
    return Transition(came_from=came_from, to=to, changes=ordered(changes), errors={})


def pairs_of(steps: Iterable[EngineStep]) -> list[Pair]:
    """The inputs of all resources of a run, before and after it."""
    pairs: dict[str, Pair] = {}
    for step in steps:
        known = pairs.get(step.urn)
        before = step.old.inputs if step.old else known.before if known else None
        after = step.new.inputs if step.new else known.after if known else None
        pairs[step.urn] = Pair(urn=step.urn, type=step.type, before=before, after=after)
    return list(pairs.values())


def _op(steps: Sequence[EngineStep]) -> Op | None:
    """What was done to one resource, None being nothing; a replacement is several steps."""
    return Op.REPLACE if any("replace" in step.op for step in steps) else PLAIN.get(steps[0].op)
