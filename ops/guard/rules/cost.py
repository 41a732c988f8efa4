"""A cost that rises above its limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ops.cost.move import CENTS
from ops.guard.model import GuardRule, Observation, RuleContext, SkippedError
from ops.guard.preview import PreviewStep

_BUDGET = "aws:budgets/budget:Budget"


def _exceeded(steps: Sequence[PreviewStep], context: RuleContext) -> Iterator[Observation]:
    bill = context.bill
    if bill is None:
        raise SkippedError(context.unpriced)
    limit = context.max_rise
    if limit is not None:
        most = limit.of(bill.before.expected if bill.before else 0)
        if bill.rise > most:
            text = f"a normal month rises by ${bill.rise:,.0f}, and may by ${most:,.0f}"
            yield Observation(context.stack_urn, "--max-rise", text)
        return
    # A stack that was over the limit before may still be changed, and be made cheaper.
    budgeted = any(step.type == _BUDGET and step.op in ("create", "update", "replace") for step in steps)
    if bill.exceeds or (budgeted and bill.after.expected > bill.budget and bill.rise > -CENTS):
        yield Observation(context.stack_urn, "ascent:budget.monthlyUsd", bill.excess)


RULES = (
    GuardRule(
        name="cost-exceeded",
        severity="high",
        reason="A person has to agree before the money is spent.",
        whole=_exceeded,
    ),
)
