"""Stacks for the tests of the report: any stage and runtime, from renders that other tests share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.stages import STAGES
from ops.cost import estimate
from ops.engine.render import RenderedStack
from ops.report.facts import Rendered, StackFacts
from tests.unit.configs import settings
from tests.unit.runtime import built

STACK = "test"
WHY = "Pulumi.test.yaml: this stage is left out here."


def stack(stage: int, runtime: str = "ec2", unrendered: Mapping[str, Any] | None = None, **changes: Any) -> StackFacts:
    """A stack that cannot be at the stages beside: without moves, one render is enough.

    Args:
        stage: of the stack. runtime: its runtime.
        unrendered: keys of its file that are in its settings alone, as if they changed no resource.
        changes: other keys of its file.
    """
    chosen = settings(stage=stage, runtime=runtime, **changes, **(unrendered or {}))
    plan = RenderedStack(stage, STACK, tuple(built(stage=stage, runtime=runtime, live=True, **changes).values()))
    here = Rendered(settings=chosen, plan=plan, cost=estimate(plan, chosen))
    return StackFacts(stack=STACK, here=here, beside={}, refused={n: (WHY,) for n in STAGES if abs(n - stage) == 1})
