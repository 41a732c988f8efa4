"""What a change does to the bill of a month, in one sentence and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ops.cost.estimate import Estimate, money

# A difference of so many US dollars counts as no change.
CENTS = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Bill:
    """A month before and after a change.

    before: what it costs now; None for nothing.
    after: what it will cost.
    budget: the stack's, in US dollars a month.
    """

    before: Estimate | None
    after: Estimate
    budget: int

    @property
    def rise(self) -> float:
        """How much more a normal month costs, in US dollars; negative where it costs less."""
        return self.after.expected - (self.before.expected if self.before else 0.0)

    @property
    def exceeds(self) -> bool:
        """Whether the cost rises, and above the budget. A move that makes an expensive stack cheaper passes."""
        return self.after.expected > self.budget and self.rise > CENTS

    @property
    def excess(self) -> str:
        """The sentence that it is above the budget."""
        return f"a normal month would cost ${self.after.expected:,.0f}, and the budget is ${self.budget:,.0f}"

    @property
    def within(self) -> str:
        """Whether a normal month is within the budget afterwards, in words."""
        over = self.after.expected - self.budget
        return (
            f"${over:,.0f} over the budget of ${self.budget:,}"
            if over > 0
            else f"within the budget of ${self.budget:,}"
        )

    def __str__(self) -> str:
        """Normal month, range and budget."""
        before, after = self.before, self.after
        old, sign = before.expected if before else 0.0, "-" if self.rise < 0 else "+"
        text = f"${old:,.0f} → ${after.expected:,.0f} in a normal month ({sign}${abs(self.rise):,.0f})"
        text += f"; {_range(before)} → {_range(after)} from least to most; {self.within}"
        missing = len(after.unpriced)
        return f"{text}; {missing} resource{'s' if missing != 1 else ''} without a price" if missing else text

    def as_dict(self) -> dict[str, Any]:
        """{before: {low, high, expected} or null, after, budget, unpriced: [URN]}, in US dollars a month."""
        return {
            "before": _month(self.before) if self.before else None,
            "after": _month(self.after),
            "budget": self.budget,
            "unpriced": [one.urn for one in self.after.unpriced],
        }


def _month(found: Estimate) -> dict[str, float]:
    return {**money(found.cost), "expected": round(found.expected, 2)}


def _range(found: Estimate | None) -> str:
    return f"${found.low:,.0f}..${found.high:,.0f}" if found else "nothing"
