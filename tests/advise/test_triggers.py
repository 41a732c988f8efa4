"""The triggers' prose in the stage table and their data say the same, and each comes from a runbook's section."""

from __future__ import annotations

import re

import pytest

from infra.stages import STAGES
from infra.triggers import TRIGGERS
from ops.advise.measures import MEASURES, MILESTONES

# By the runbooks, read by hand: Narfe Backend Scaling Runbook, "When to implement" of its stages 1 to 7.
BY_HAND = {
    (2, "database-connections"): (50, "Stage 2"),
    (2, "connection-errors"): (0, "Stage 2"),
    (2, "concurrent-users"): (100, "Stage 1"),
    (3, "query-p95"): (500, "Stage 3"),
    (3, "database-cpu"): (70, "Stage 3"),
    (4, "database-cpu"): (80, "Stage 4"),
    (5, "egress"): (200, "Stage 5"),
    (6, "database-reads"): (1000, "Stage 6"),
    (7, "concurrent-users"): (10_000, "Stage 7"),
}
UNITS = {"ms": "query-p95", "%": "database-cpu", "GB": "egress"}


def numbers(prose: str) -> set[int]:
    """Numbers of a sentence, but for the one in p95."""
    return {int(found.replace(" ", "")) for found in re.findall(r"(?<!p)\b\d[\d ]*", prose)}


@pytest.mark.parametrize("stage", STAGES.values(), ids=lambda one: one.name)
def test_the_prose_of_a_stage_has_the_numbers_of_its_triggers_and_no_others(stage: object) -> None:
    row = STAGES[stage.number]  # type: ignore[attr-defined]
    # What should not be there at all has no number in the prose.
    assert numbers(row.trigger) == {one.above.value for one in TRIGGERS if one.stage == row.number} - {0}


def test_the_thresholds_are_the_runbooks() -> None:
    found = {(one.stage, one.measure): one.above for one in TRIGGERS}
    assert {key: above.value for key, above in found.items()} == {key: value for key, (value, _) in BY_HAND.items()}
    for key, (_, section) in BY_HAND.items():
        assert section in found[key].source, key
        assert "Narfe" in found[key].source


def test_units_of_triggers_are_those_of_what_is_measured() -> None:
    for one in TRIGGERS:
        mine, theirs = MEASURES[one.measure].unit, one.above.unit
        same = {"percent": "percent", "events": "errors/minute"}.get(theirs, theirs)
        assert mine == same, one
        assert set(one.demand) <= set(MEASURES), one


def test_what_a_milestone_needs_is_in_the_stage_table() -> None:
    has = {capability.value for row in STAGES.values() for capability in row.adds}
    for one in MILESTONES:
        assert set(one.needs) <= has, one
