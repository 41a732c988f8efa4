"""When a rise of the cost stops an update: above a limit that was given, else above the stack's budget."""

from __future__ import annotations

import pytest

from ops.cost.estimate import CostRow, Estimate
from ops.cost.prices import Price
from ops.cost.span import exactly
from ops.guard.model import CostLimit, RuleContext, SkippedError
from ops.guard.preview import PreviewStep
from ops.guard.rules.cost import RULES
from policy.model import Facts
from tests.guard.small import document, step
from tests.unit.configs import settings

BUDGET = "aws:budgets/budget:Budget"
FEW = CostLimit(amount=100, unit="USD")
SOME = CostLimit(amount=10, unit="percent")


def _estimate(cost: float) -> Estimate:
    price = Price("item", "us-east-1", 1.0, "month", "a list", "2026-01-02", "list")
    return Estimate(
        "test", 1, (CostRow("urn", "t", "us-east-1", "App", "item", "", exactly(1), price, exactly(cost)),), ()
    )


def _found(
    before: float | None, after: float, limit: CostLimit | None = None, steps: tuple[PreviewStep, ...] = ()
) -> list[tuple[str, str]]:
    (rule,) = RULES
    assert rule.whole is not None
    context = RuleContext(
        ours=True,
        stack_urn="stack",
        settings=settings(budget={"monthlyUsd": 1000}),
        unsettled="",
        facts=Facts(),
        facts_before=Facts(),
        authoritative=frozenset(),
        cost_before=None if before is None else _estimate(before),
        cost_after=_estimate(after),
        max_rise=limit,
    )
    return [(one.path, one.message) for one in rule.whole(steps, context)]


def _steps(op: str, type_: str = BUDGET) -> tuple[PreviewStep, ...]:
    from ops.guard.collector import Collector

    collector = Collector()
    for raw in document(step(op, type_, "budget"))["steps"]:
        collector.take(raw)
    return tuple(one for one in collector.preview("preview.json", None).steps if one.name == "budget")


@pytest.mark.parametrize(
    ("before", "after", "limit", "stops"),
    [
        (500, 600, FEW, False),
        (500, 601, FEW, True),
        (None, 100, FEW, False),
        (None, 101, FEW, True),
        (2000, 2200, SOME, False),
        (2000, 2201, SOME, True),
        (None, 1, SOME, True),  # a tenth of nothing
        (500, 1000, None, False),
        (500, 1001, None, True),
        (2000, 1900, None, False),
        (2000, 2000.4, None, False),
        (900, 5000, CostLimit(amount=9000, unit="USD"), False),  # the limit that was given counts, not the budget
    ],
)
def test_a_rise_above_the_limit_stops(
    before: float | None, after: float, limit: CostLimit | None, *, stops: bool
) -> None:
    found = _found(before, after, limit)
    assert [path for path, _ in found] == ([("--max-rise" if limit else "ascent:budget.monthlyUsd")] if stops else [])


def test_the_rise_and_what_it_may_be_are_named() -> None:
    assert _found(500, 700, FEW) == [("--max-rise", "a normal month rises by $200, and may by $100")]


@pytest.mark.parametrize(
    ("steps", "after", "stops"),
    [
        (_steps("update"), 2000, True),
        (_steps("create"), 2000, True),
        (_steps("replace"), 2000, True),
        (_steps("update"), 1999.6, True),
        (_steps("update"), 1999, False),  # cheaper
        (_steps("delete"), 2000, False),
        (_steps("update", "aws:sns/topic:Topic"), 2000, False),
    ],
)
def test_a_budget_that_is_changed_has_to_fit_what_the_stack_costs_already(
    steps: tuple[PreviewStep, ...], after: float, *, stops: bool
) -> None:
    assert bool(_found(2000, after, steps=steps)) is stops
    assert _found(900, 950, steps=steps) == []


def test_without_a_price_there_is_no_answer() -> None:
    (rule,) = RULES
    assert rule.whole is not None
    context = RuleContext(
        ours=True, stack_urn="stack", settings=None, unsettled="", facts=Facts(), facts_before=Facts(),
        authoritative=frozenset(), unpriced="nobody knows",
    )  # fmt: skip
    with pytest.raises(SkippedError, match="nobody knows"):
        list(rule.whole((), context))
