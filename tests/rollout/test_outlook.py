"""What a rollout costs, takes and disturbs, as it is told before it begins."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import pytest

from infra.config.models.rollout import Strategy
from ops import stackfile
from ops.cost.usage import HOURS
from ops.rollout import state_machine
from ops.rollout.outlook import Outlook, outlook
from ops.rollout.stackfile import StackFile

NEW = "registry.example.com/app:2.0.0"


@cache
def told(strategy: Strategy, bake: int | None = None) -> Outlook:
    file = StackFile("prod")
    old = file.rollout()
    new = state_machine.start(old, strategy, NEW, datetime(2026, 11, 30, tzinfo=UTC), bake)
    return outlook("prod", stackfile.settings("prod"), file.settings(new), new)


def test_both_versions_are_paid_for_as_long_as_they_are_watched() -> None:
    found = told(Strategy.CANARY)
    assert found.minutes == 120
    assert found.bill.rise > 0
    assert found.extra == pytest.approx(found.bill.rise * 2 / HOURS)
    cost, takes, disturbs = found.lines()
    assert cost.startswith(f"Cost: about ${found.extra:,.2f} more, ${found.bill.rise:,.0f} a month while both versions")
    assert takes == "Takes: 2 h 00 min of watching (4 steps of 30 min), and the updates"
    assert "5 % of the visitors have it first" in disturbs
    assert "workers" not in disturbs
    assert "queue workers change to it with the step to 100 %" in replace(found, workers=True).disturbs
    document = found.as_dict()
    assert set(document) == {"cost", "extra", "minutes", "disturbs"}
    assert document["extra"] == round(found.extra, 2)


def test_in_place_there_is_never_a_second_version_beside_the_first() -> None:
    found = told(Strategy.ROLLING)
    assert (found.extra, found.minutes, found.excess) == (0, 5, None)
    assert found.lines()[0].startswith("Cost: nothing more; a normal month is ")
    assert "replaced one after another" in found.disturbs


def test_above_the_budget_it_says_so_and_cents_do_not_count() -> None:
    found = told(Strategy.CANARY)
    assert found.excess is None
    over = replace(found, bill=replace(found.bill, budget=100))
    assert over.excess is not None
    assert "and the budget is $100" in over.excess
    assert "over the budget of $100" in over.lines()[0]
    short = replace(over, progress=over.progress.model_copy(update={"bake": 1}))
    assert short.extra < 0.5
    assert short.excess is None
