"""The shipped stacks under the real engine, and what it agrees on with the offline render."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.stages import STAGES
from ops import stackfile
from ops.render import render
from sandbox.commands.engine import Sandbox


@pytest.mark.parametrize("stack", stackfile.names())
def test_every_shipped_stack_previews_unchanged(tmp_path: Path, stack: str) -> None:
    file = stackfile.ROOT / f"Pulumi.{stack}.yaml"
    before = file.read_bytes()
    result = Sandbox(tmp_path, stack).preview()
    assert result.ok, result.output
    assert result.changes["create"] > 50
    assert file.read_bytes() == before


@pytest.mark.parametrize("stage", [1, 7])
def test_the_engine_and_the_offline_render_agree_on_every_resource(tmp_path: Path, stage: int) -> None:
    result = Sandbox(tmp_path).preview(stage)
    assert result.ok, result.output
    engines = {step.urn for step in result.steps if step.type != "pulumi:pulumi:Stack" and "::default_" not in step.urn}
    plan = render(stackfile.settings("sandbox", stage), "sandbox")
    assert {one.urn for one in plan.resources} == engines


@pytest.mark.parametrize("runtime", ["ec2", "kubernetes", "both"])
@pytest.mark.parametrize("stage", [min(STAGES), max(STAGES)])
def test_every_runtime_previews(tmp_path: Path, runtime: str, stage: int) -> None:
    result = Sandbox(tmp_path).preview(stage, runtime=runtime)
    assert result.ok, result.output
