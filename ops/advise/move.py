"""What the recommended move is: its updates, whether it loses anything, what it costs, and what lies between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.stages import STAGES
from ops.advise.model import Judgment, State

if TYPE_CHECKING:
    from ops.cost.move import Bill


@dataclass(frozen=True, kw_only=True, slots=True)
class StageOnTheWay:
    """A stage that a move passes or reaches.

    adds, drops: its capabilities.
    needed: whether one of its own triggers holds or is planned to, or a runbook lists it for so many users.
    bill: the month at the stage below and at this one; None where the stack cannot be at one of them.
    """

    stage: int
    name: str
    adds: tuple[str, ...]
    drops: tuple[str, ...]
    needed: bool
    bill: Bill | None

    def as_dict(self) -> dict[str, Any]:
        """As `ascent advise --json` prints it."""
        rise = None if self.bill is None else round(self.bill.rise, 2)
        return {
            "stage": self.stage,
            "name": self.name,
            "adds": list(self.adds),
            "drops": list(self.drops),
            "needed": self.needed,
            "rise": rise,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class StageMove:
    """The move from one stage to another.

    refused: why the stack cannot be at the other stage; then there is nothing else.
    clear: whether nothing is lost or refused, and some updates lead there.
    problems: what is lost or refused, and why no updates lead there.
    updates: the updates, in words.
    bill: the month before and after; None where refused.
    passed: the stages in order, the last one the goal; of a move down, none.
    """

    refused: tuple[str, ...] = ()
    clear: bool = False
    problems: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
    bill: Bill | None = None
    passed: tuple[StageOnTheWay, ...] = ()

    @property
    def unneeded(self) -> list[StageOnTheWay]:
        """The stages on the way that no trigger asks for."""
        return [one for one in self.passed if not one.needed]

    def as_dict(self) -> dict[str, Any]:
        """As `ascent advise --json` prints it."""
        return {
            "refused": list(self.refused),
            "clear": self.clear,
            "problems": list(self.problems),
            "updates": list(self.updates),
            "cost": self.bill.as_dict() if self.bill else None,
        }


Live = Callable[[str], None]


def stage_move(stack: str, found: Judgment, live: Live) -> StageMove:
    """The move that a judgment recommends, by what `ascent transition` and `ascent cost` work out.

    Raises:
        SettingsError: when the stack's file is not usable at its own stage.
    """
    # The SDK takes a second to import.
    from ops.cost import estimate
    from ops.cost.move import Bill
    from ops.transition.differ import between
    from ops.transition.matrix import choices, plans
    from ops.transition.route import Planner

    here, to = found.stage, found.recommended
    can = choices(stack)
    problems = [text for stage in (here, to) for text in can.refused.get(stage, ())]
    if problems:
        return StageMove(refused=tuple(problems))
    way = [here, *passed(here, to), to]
    rendered = plans(stack, {stage: can.settings[stage] for stage in dict.fromkeys(way) if stage in can.settings}, live)
    bills = {stage: estimate(plan, can.settings[stage]) for stage, plan in rendered.items()}
    route = Planner(stack, rendered, live).route(here, to)
    change = between(rendered[here], rendered[to], can.authoritative(here, to))
    lacking = [] if route.steps else [f"no updates lead there: {route.reasons}"]

    def bill(before: int, after: int) -> Bill | None:
        if before not in bills or after not in bills:
            return None
        budget = can.settings[after].sizes.budget.monthly_usd
        return Bill(before=bills[before], after=bills[after], budget=budget)

    return StageMove(
        clear=change.clear and bool(route.steps),
        problems=(*change.problems, *lacking),
        updates=tuple(map(str, route.steps)),
        bill=bill(here, to),
        passed=on_the_way(found, bill) if to > here else (),
    )


def passed(here: int, to: int) -> list[int]:
    """The stages between the two, in order; none of a move down, which is by one stage."""
    return list(range(here + 1, to))


def on_the_way(found: Judgment, bill: Callable[[int, int], Bill | None]) -> tuple[StageOnTheWay, ...]:
    """The stages from the next one to the goal, and whether anything asks for each."""
    asked = {one.trigger.stage for one in found.triggers if one.state in (State.HELD, State.PLANNED, State.WAITS)}
    asked |= found.listed
    return tuple(
        StageOnTheWay(
            stage=stage,
            name=STAGES[stage].name,
            adds=tuple(one.value for one in STAGES[stage].adds),
            drops=tuple(one.value for one in STAGES[stage].drops),
            needed=stage in asked,
            bill=bill(stage - 1, stage),
        )
        for stage in range(found.stage + 1, found.recommended + 1)
    )
