"""What a month costs, by what it is for, and what would make it cheaper."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ops.cost import Estimate
from ops.cost.estimate import normal
from ops.cost.hints import Hint, hints
from ops.cost.prices import shipped
from ops.cost.span import CostSpan, total

# Components that have a row of their own; the others share one.
SHOWN = 10
# Components that are not called as they are.
NAMES = {
    "none": "Everything else",
    "Proxy": "RDS Proxy",
    "Slo": "Error budgets",
    "KubernetesCluster": "Kubernetes cluster",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CostPart:
    """A part of the cost: US dollars a month at the least, in a normal month, and at the most."""

    name: str
    low: float
    month: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class CostFacts:
    """The cost of a stack.

    month, low, high: US dollars of a normal month, at the least and at the most.
    budget: the stack's. parts: by component, the dearest in a normal month first.
    prices: days of the oldest and the newest price. unpriced: types that are not in the sums.
    """

    low: float
    month: float
    high: float
    budget: int
    parts: Sequence[CostPart]
    hints: Sequence[Hint]
    prices: tuple[str, str]
    unpriced: Sequence[str]

    @property
    def within(self) -> bool:
        """Whether a normal month is within the budget."""
        return self.month <= self.budget

    @property
    def said(self) -> str:
        """Whether it is, in words."""
        over = self.month - self.budget
        return f"over the budget by ${over:,.0f}" if over > 0 else f"budget ${self.budget:,}"


def costs(found: Estimate, budget: int) -> CostFacts:
    """The cost of a stack with a monthly budget, in US dollars."""
    spans = sorted(found.by_component.items(), key=lambda one: -normal(one[1]))
    parts = [_part(_called(name), span) for name, span in spans[:SHOWN]]
    if len(spans) > SHOWN:
        others = spans[SHOWN:]
        parts.append(_part(f"{len(others)} more components", total(span for _, span in others)))
    return CostFacts(
        low=found.low,
        month=found.expected,
        high=found.high,
        budget=budget,
        parts=parts,
        hints=hints(found),
        prices=shipped().dates,
        unpriced=sorted(found.unpriced_types()),
    )


def _called(component: str) -> str:
    """A component as people say it: LoadBalancer is Load balancer."""
    return NAMES.get(component) or re.sub(r"(?<=[a-z])[A-Z]", lambda one: f" {one[0].lower()}", component)


def _part(name: str, span: CostSpan) -> CostPart:
    return CostPart(name=name, low=span.low, month=normal(span), high=span.high)
