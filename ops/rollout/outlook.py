"""The cost, the time and the effect on visitors of a rollout, shown before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.config.models.rollout import WEIGHTS, Progress, Rollout
from infra.config.settings import Settings
from ops.cost.move import CENTS, Bill
from ops.cost.usage import HOURS
from ops.rollout import state_machine
from ops.rollout.strategies import RolloutPlan


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """One rollout.

    bill: a month as it is, and one that had both versions all the time.
    progress: the rollout as it begins. workers: whether the stage has queue workers.
    """

    bill: Bill
    progress: Progress
    workers: bool

    @property
    def plan(self) -> RolloutPlan:
        """Its strategy."""
        return state_machine.plan_of(self.progress)

    @property
    def minutes(self) -> int:
        """Bake time of all steps together. Updates and waiting people come on top."""
        return self.progress.bake * max(len(self.plan.weights), 1)

    @property
    def extra(self) -> float:
        """US dollars for both versions side by side as long as it is watched."""
        return max(self.bill.rise, 0) * self.minutes / 60 / HOURS

    @property
    def excess(self) -> str | None:
        """The sentence that the month would be above the budget; None if it is not."""
        before = self.bill.before.expected if self.bill.before else 0.0
        if self.extra <= CENTS or before + self.extra <= self.bill.budget:
            return None
        return (
            f"a normal month would cost ${before + self.extra:,.0f} with the rollout's ${self.extra:,.2f}, and the "
            f"budget is ${self.bill.budget:,.0f}"
        )

    @property
    def _within(self) -> str:
        before = self.bill.before.expected if self.bill.before else 0.0
        over = before + self.extra - self.bill.budget
        state = f"${over:,.0f} over" if over > 0 else "within"
        return f"a normal month is {state} the budget of ${self.bill.budget:,}"

    @property
    def disturbs(self) -> str:
        """The effect on visitors."""
        if self.plan.in_place:
            return (
                "no visitor, as long as the new version works: instances or pods are replaced one after another, each "
                "once its successor is healthy; all visitors have the new version then"
            )
        weights = self.plan.weights
        text = (
            f"no visitor, as long as the new version works: {weights[0]} % of the visitors have it first, and requests "
            "under way are answered"
        )
        change = next(weight for weight in weights if weight > WEIGHTS - weight)
        return text + (f"; queue workers change to it with the step to {change} %" if self.workers else "")

    def lines(self) -> list[str]:
        """For people."""
        steps = len(self.plan.weights)
        rate = f"${self.bill.rise:,.0f} a month while both versions run"
        cost = f"Cost: about ${self.extra:,.2f} more, {rate}" if self.bill.rise > CENTS else "Cost: nothing more"
        watched = f"{steps} steps of {self.progress.bake} min" if steps else "once all are replaced"
        return [
            f"{cost}; {self._within}",
            f"Takes: {_long(self.minutes)} of watching ({watched}), and the updates",
            f"Disturbs: {self.disturbs}",
        ]

    def as_dict(self) -> dict[str, Any]:
        """{cost: as `ascent transition` has it, extra: US dollars, minutes, disturbs}."""
        return {
            "cost": self.bill.as_dict(),
            "extra": round(self.extra, 2),
            "minutes": self.minutes,
            "disturbs": self.disturbs,
        }


def outlook(stack: str, before: Settings, after: Settings, rollout: Rollout) -> Outlook:
    """The outlook of the rollout between two settings of a stack.

    Args:
        stack: its name.
        before: without the rollout.
        after: with both versions.
        rollout: as it begins.
    """
    # The SDK takes a second to import: not before it is needed.
    from ops.cost import estimate
    from ops.engine.render import render

    now, then = (estimate(render(one, stack), one) for one in (before, after))
    return Outlook(
        bill=Bill(before=now, after=then, budget=before.sizes.budget.monthly_usd),
        progress=state_machine.under_way(rollout),
        workers=before.sizes.workers is not None,
    )


def _long(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02} min" if hours else f"{rest} min"
