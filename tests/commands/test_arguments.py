"""Bad input is refused with one message and exit code 2, before anything else happens."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sandbox.commands.app import app
from scripts import __main__ as scripts_main
from scripts.arguments import checked_stack, checked_stage, stacks
from scripts.places import ROOT
from scripts.say import ProblemError


@pytest.mark.parametrize("stage", ["1", "4", "7"])
def test_good_stages(stage: str) -> None:
    assert checked_stage(stage) == int(stage)


@pytest.mark.parametrize("stage", ["0", "8", "-1", "4.0", "four", "", " 4", "٤", "1e0"])
def test_bad_stages(stage: str) -> None:
    with pytest.raises(ProblemError, match="STAGE is a whole number from 1 to 7"):
        checked_stage(stage)


def test_stacks_are_the_files_that_ship(tmp_path: Path) -> None:
    for name in ("Pulumi.yaml", "Pulumi.prod.yaml", "Pulumi.dev.yaml", "Pulumi..yaml"):
        (tmp_path / name).touch()
    assert stacks(tmp_path) == ["dev", "prod"]
    assert checked_stack("dev", tmp_path) == "dev"
    with pytest.raises(ProblemError, match=r"no file Pulumi\.qa\.yaml\. Stacks here: dev, prod"):
        checked_stack("qa", tmp_path)
    with pytest.raises(ProblemError, match="no stack"):
        checked_stack("../dev", tmp_path)


@pytest.mark.parametrize("command", ["up", "preview", "refresh", "down", "env"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--stage", "9"], "STAGE is a whole number from 1 to 7"), (["--stack", "nope"], "There is no stack 'nope'")],
)
def test_the_runner_refuses(command: str, arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, [command, *arguments])
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_set_up_refuses_before_it_starts(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(scripts_main, "_run", lambda command: pytest.fail(f"{command} was started"))
    assert scripts_main.main(["setup", "--stage", "8"]) == 2
    assert scripts_main.main(["setup", "--stack", "nope"]) == 2
    assert capfd.readouterr().err.count("\n") == 2


def test_help_has_examples_and_works_from_anywhere(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "sandbox", "up", "--help"], cwd=tmp_path, capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
    ).stdout  # fmt: skip
    assert "Example: python -m sandbox up --stage 4" in said
    assert "\x1b[" not in said


def test_make_lists_its_targets() -> None:
    said = subprocess.run(["make", "-s", "-C", str(ROOT), "help"], capture_output=True, text=True, check=True).stdout
    for target in ("setup", "up", "preview", "refresh", "down", "env", "test", "check", "format", "bench", "clean"):
        assert f"  make {target} " in said
    assert 'eval "$(make -s env)"' in said


@pytest.mark.parametrize("name", ["stage", "stack", "force", "context"])
def test_make_refuses_a_name_in_small_letters_that_it_would_leave_out(name: str) -> None:
    done = subprocess.run(
        ["make", "-s", "-C", str(ROOT), "help", f"{name}=4"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert f"{name}=4 is not known; write {name.upper()}=4." in done.stderr
    assert done.stdout == ""
