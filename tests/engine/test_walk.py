"""The real engine walks every stage up and down in the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.stages import STAGES
from sandbox.commands.engine import Result, Sandbox
from tests.engine.world import existing
from tests.rebuilt import REWRITTEN, precious

SECONDARY = "-euw1"


def lost(result: Result) -> list[str]:
    """What a step took away that nothing else holds, but for the regions that leave with stage 7."""
    return [
        f"{step.op} {step.urn}"
        for step in result.steps
        if step.real
        and ("delete" in step.op or "replace" in step.op)
        and precious(step.type, step.name)
        and SECONDARY not in step.name
    ]


def replaced(result: Result) -> list[str]:
    """What a step replaced."""
    return [step.urn for step in result.steps if "replace" in step.op and step.type not in REWRITTEN]


def test_every_stage_up_and_down_to_nothing(tmp_path: Path) -> None:
    box = Sandbox(tmp_path)
    for stage in STAGES:
        result = box.up(stage)
        assert result.ok, result.output
        assert (replaced(result), lost(result)) == ([], [])
        assert box.outputs()["stage"] == stage
        again = box.preview(stage)
        assert again.ok, again.output
        assert again.changes == {}, f"a second update at stage {stage} would change something"
    for stage in sorted(STAGES, reverse=True)[1:]:
        result = box.up(stage)
        assert result.ok, result.output
        assert (replaced(result), lost(result)) == ([], [])
    again = box.up(1)
    assert again.changes == {}
    gone = box.destroy()
    assert gone.ok, gone.output
    assert box.resources() == []
    assert existing(box) == []


@pytest.mark.parametrize(("before", "after"), [(1, 7), (7, 1)])
def test_stages_can_be_jumped(tmp_path: Path, before: int, after: int) -> None:
    box = Sandbox(tmp_path)
    assert box.up(before).ok
    result = box.up(after)
    assert result.ok, result.output
    assert (replaced(result), lost(result)) == ([], [])
