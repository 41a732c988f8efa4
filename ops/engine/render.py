"""Renders a stack without an engine: runs the program in this process and records what it registers."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pulumi.runtime import mocks
from pulumi.runtime import stack as runtime_stack

from catalog import invokes
from catalog.config import parsed
from catalog.errors import CloudRefusedError
from infra.config.problems import SettingsError
from infra.config.settings import Settings
from infra.wiring import build
from infra.wiring.stack_outputs import READ_STACK_OUTPUTS
from ops.engine.believed import BELIEVED, believed
from ops.engine.provenance.model import Trace
from ops.engine.provenance.tracer import Tracer, sources_kept
from ops.engine.recorder import Recorded, settled
from ops.stackfile import PROJECT


@dataclass(frozen=True, slots=True)
class RenderedStack:
    """What a stack consists of at a stage.

    traces: where the inputs of `resources` come from, by URN in the order of registration.
    """

    stage: int
    stack: str
    resources: tuple[Recorded, ...]
    traces: Mapping[str, Trace] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The plan as `ascent plan --json` prints it."""
        keys = ("urn", "type", "name", "parent", "region", "protect", "inputs")
        resources = [{key: getattr(one, key) for key in keys} for one in self.resources]
        return {"stage": self.stage, "stack": self.stack, "resources": resources}


def render(settings: Settings, stack: str) -> RenderedStack:
    """What the program registers for these settings, sorted by URN.

    Raises:
        LookupError: when the program invokes a function for which the catalog has no answer.
    """
    tracer = Tracer(PROJECT, stack, partial(_answer, settings))
    with sources_kept():
        # The SDK keeps its state in context variables and on the current loop: each render gets its own of both.
        contextvars.copy_context().run(asyncio.run, _run(settings, stack, tracer))
    ordered = sorted(tracer.recorded.values(), key=lambda one: one.urn)
    return RenderedStack(settings.stage, stack, tuple(ordered), tracer.traces)


async def _run(settings: Settings, stack: str, recorder: Tracer) -> None:
    quiet = logging.getLogger("ascent.render")
    quiet.disabled = True
    mocks.set_mocks(recorder.mocks, PROJECT, stack, preview=True, logger=quiet, monitor=recorder)
    await runtime_stack.run_pulumi_func(lambda: settled(lambda: build(settings)))


def _answer(
    settings: Settings, token: str, arguments: Mapping[str, Any], config: Mapping[str, Any]
) -> Mapping[str, Any]:
    if token == READ_STACK_OUTPUTS:
        return {"outputs": {}}
    if token in BELIEVED:
        return believed(settings, token, str(arguments["id"]))
    try:
        return invokes.answer(token, arguments, parsed(token.partition(":")[0], dict(config)))
    except CloudRefusedError as error:
        raise SettingsError([f"there is no offline answer about what the stack's file names: {error}"]) from None
