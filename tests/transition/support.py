"""Small programs, rendered as stacks are."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable, Collection
from typing import Any

from pulumi.runtime import mocks
from pulumi.runtime import stack as runtime_stack

from ops.engine.provenance.tracer import Tracer, sources_kept
from ops.engine.recorder import settled
from ops.engine.render import RenderedStack
from ops.transition.differ import between
from ops.transition.model import Op, Transition
from tests.unit.runtime import answer

PROJECT, STACK = "ascent", "test"
HOME = "us-east-1"
Program = Callable[[], object]


def rendered(program: Program, stage: int = 1) -> RenderedStack:
    """What `program` registers."""
    tracer = Tracer(PROJECT, STACK, answer)
    with sources_kept():
        contextvars.copy_context().run(asyncio.run, _run(program, tracer))
    return RenderedStack(stage, STACK, tuple(tracer.recorded.values()), tracer.traces)


async def _run(program: Program, tracer: Tracer) -> None:
    quiet = logging.getLogger("ascent.tests")
    quiet.disabled = True
    mocks.set_mocks(tracer.mocks, PROJECT, STACK, preview=True, logger=quiet, monitor=tracer)
    await runtime_stack.run_pulumi_func(lambda: settled(program))


def moved(before: Program, after: Program, holding: Collection[str] = (HOME,)) -> Transition:
    """What going from one program to the other changes."""
    return between(rendered(before), rendered(after, 2), holding)


def ops(found: Transition) -> dict[str, str]:
    """What happens to each resource, by type and name."""
    return {f"{one.type.rpartition(':')[2]} {one.name}": one.op.value for one in found.changes}


def properties(found: Transition, name: str) -> tuple[str, ...]:
    """The paths that differ in the resource of that name."""
    (one,) = [one for one in found.changes if one.name == name and one.op in (Op.UPDATE, Op.REPLACE)]
    return one.properties


def options(**given: Any) -> Any:
    """Resource options; imported late, as the SDK is."""
    import pulumi

    return pulumi.ResourceOptions(**given)
