"""A cost that rises above its limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ops.guard.model import Ground, Rule, Sight, SkippedError
from ops.guard.preview import Step

_CENTS = 0.5  # US dollars that are no change
_BUDGET = "aws:budgets/budget:Budget"


def _exceeded(steps: Sequence[Step], ground: Ground) -> Iterator[Sight]:
    before, after, settings = ground.cost_before, ground.cost_after, ground.settings
    if after is None or settings is None:
        raise SkippedError(ground.unpriced)
    rise = after.expected - (before.expected if before else 0)
    limit = ground.max_rise
    if limit is not None:
        most = limit.of(before.expected if before else 0)
        if rise > most:
            yield Sight(
                ground.stack_urn, "--max-rise", f"a normal month rises by ${rise:,.0f}, and may by ${most:,.0f}"
            )
        return
    budget = settings.sizes.budget.monthly_usd
    # Nobody is stopped from something else because the stack was too dear before, or from making it cheaper.
    budgeted = any(step.type == _BUDGET and step.op in ("create", "update", "replace") for step in steps)
    if after.expected > budget and (rise > _CENTS or (budgeted and rise > -_CENTS)):
        text = f"a normal month would cost ${after.expected:,.0f}, and the budget is ${budget:,.0f}"
        yield Sight(ground.stack_urn, "ascent:budget.monthlyUsd", text)


RULES = (
    Rule(
        name="cost-exceeded",
        severity="high",
        reason="Somebody has to have agreed to it before it is spent.",
        whole=_exceeded,
    ),
)
