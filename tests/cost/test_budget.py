"""The stages' default budgets fit what their shipped stacks cost."""

from __future__ import annotations

import pytest

from infra.stages import STAGES
from ops.cost.estimate import estimate
from ops.engine.render import render
from ops.stackfile import settings


@pytest.mark.parametrize("stage", [1, 4, 6])
def test_a_default_budget_fits_the_dearest_shipped_stack(stage: int) -> None:
    wanted = []
    for stack in ("prod", "staging"):
        chosen = settings(stack, stage)
        wanted.append(estimate(render(chosen, stack), chosen).budget)
    # Enough for it, and little enough to be told in time.
    assert max(wanted) <= STAGES[stage].sizes.budget.monthly_usd <= 1.5 * max(wanted)
