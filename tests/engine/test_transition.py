"""Comparing renders says what the engine says, also of what no stack does. Stacks: see test_walk.py."""

from __future__ import annotations

from pathlib import Path

from infra.regions import REGIONS
from ops.stackfile import ROOT
from ops.transition.engine_run import of_steps
from sandbox.commands.engine import QUICK, Sandbox
from tests.engine.options import main
from tests.transition.support import moved, ops

PROJECT = f"name: ascent\nruntime:\n  name: python\n  options:\n    virtualenv: {ROOT}/.venv\n"
PROGRAM = f"import sys\n\nsys.path.insert(0, {str(ROOT)!r})\nfrom tests.engine.options import main\n\nmain(after=%s)\n"


def test_the_engine_agrees_on_all_that_a_program_can_say_of_changes(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text(PROJECT)
    (project / "Pulumi.test.yaml").write_text("config: {}\n")
    box = Sandbox(tmp_path / "home", "test", project, environment=dict(QUICK))
    results = []
    for after, run in ((False, box.up), (True, box.preview)):
        (project / "__main__.py").write_text(PROGRAM % after)
        results.append(run())
        assert results[-1].ok, results[-1].output
    found = moved(lambda: main(after=False), lambda: main(after=True), REGIONS)
    assert found.changes == of_steps(1, 2, results[-1].steps, REGIONS).changes
    assert {name for name, op in ops(found).items() if op == "replace"} == {
        "Cluster data",
        "RandomPassword made",
        "SubnetGroup data",
        "TargetGroup given",
        "TargetGroup own",
        "Topic far",
        "Topic forced",
    }
