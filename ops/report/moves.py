"""The way to the next stage, and back to the last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from infra.authoritative import authoritative_regions
from infra.stages import STAGES, Stage
from ops.cost.move import Bill
from ops.report.facts import Live, StackFacts
from ops.transition.differ import between
from ops.transition.model import Op, Transition
from ops.transition.route import Planner, Route


@dataclass(frozen=True, kw_only=True, slots=True)
class MoveFacts:
    """A move to a stage beside.

    up: whether it is the next one. to: the stage. command: what shows all of it.
    problems: why the stack cannot be at that stage; then there is nothing else.
    """

    up: bool
    to: Stage
    command: str
    problems: Sequence[str] = ()
    transition: Transition | None = None
    route: Route | None = None
    bill: Bill | None = None

    @property
    def clear(self) -> bool:
        """Whether it can be made, and loses nothing."""
        return self.transition is not None and self.transition.clear and bool(self.route and self.route.steps)

    def count(self, op: str) -> int:
        """How many resources are created, updated, replaced or deleted."""
        return len(self.transition.urns(Op(op))) if self.transition else 0

    @property
    def rebuilt(self) -> list[tuple[str, int]]:
        """Why what goes loses nothing, and how many resources that is true of."""
        changes = self.transition.changes if self.transition else ()
        return Counter(one.rebuilt for one in changes if one.rebuilt is not None).most_common()

    @property
    def adds(self) -> list[str]:
        """What the stack then has that it has not now, or the other way round below."""
        higher = self.to if self.up else STAGES[self.to.number + 1]
        return [one.value.replace("-", " ").replace("dns", "DNS") for one in higher.adds]


def moves(found: StackFacts, live: Live = lambda _: None) -> list[MoveFacts]:
    """The moves to the stages beside, the next one first."""
    return list(_moves(found, live))


def _moves(found: StackFacts, live: Live) -> Iterator[MoveFacts]:
    here, stack = found.here, found.stack
    plans = {found.stage: here.plan} | {stage: one.plan for stage, one in found.beside.items()}
    planner = Planner(stack, plans, live)
    for number in (found.stage + 1, found.stage - 1):
        if number not in STAGES:
            continue
        up, command = number > found.stage, f"ascent transition {found.stage} {number} --stack {stack}"
        if number in found.refused:
            yield MoveFacts(up=up, to=STAGES[number], command=command, problems=found.refused[number])
            continue
        there = found.beside[number]
        live(f"Comparing stages {found.stage} and {number}")
        yield MoveFacts(
            up=up,
            to=STAGES[number],
            command=command,
            transition=between(here.plan, there.plan, authoritative_regions(here.settings, there.settings)),
            route=planner.route(found.stage, number),
            bill=Bill(before=here.cost, after=there.cost, budget=there.settings.sizes.budget.monthly_usd),
        )
