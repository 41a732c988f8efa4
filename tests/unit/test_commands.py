"""`ascent stages` and `ascent plan`, as their readers see them."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from infra.config.problems import SettingsError
from infra.stages import STAGES
from ops import cli, stackfile
from ops.cli import COMMANDS, app
from ops.stackfile import ROOT

PLAN_KEYS = {"urn", "type", "name", "parent", "region", "protect", "inputs"}


def ascent(*arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "ops", *arguments]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)


def test_stages_lists_every_stage_for_people_and_for_machines() -> None:
    shown = ascent("stages")
    assert shown.returncode == 0
    assert all(stage.name in shown.stdout for stage in STAGES.values())
    listed = json.loads(ascent("stages", "--json").stdout)
    assert [one["number"] for one in listed] == list(STAGES)
    assert set(listed[0]["adds"]) == STAGES[1].capabilities


def test_a_plan_has_the_promised_shape_and_shows_no_secret() -> None:
    done = ascent("plan", "--stage", "4", "--json")
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    assert set(plan) == {"stage", "stack", "resources", "warnings", "application"}
    assert (plan["stage"], plan["stack"]) == (4, "sandbox")
    assert plan["application"]["health_path"] == "/api/health"
    assert all(set(one) == PLAN_KEYS for one in plan["resources"])
    urns = {one["urn"] for one in plan["resources"]}
    assert len(urns) == len(plan["resources"])
    assert {one["parent"] for one in plan["resources"]} - {None} <= urns
    by_type = {one["type"]: one["inputs"] for one in plan["resources"]}
    assert by_type["aws:secretsmanager/secretVersion:SecretVersion"]["secretString"] == {"secret": True}
    assert by_type["aws:ec2/subnet:Subnet"]["vpcId"] == {"unknown": True}


def test_a_plan_for_people_counts_what_its_json_lists() -> None:
    shown = ascent("plan", "--stage", "1")
    managed = [
        one
        for one in json.loads(ascent("plan", "--stage", "1", "--json").stdout)["resources"]
        if not one["type"].startswith(("ascent:", "pulumi:providers:"))
    ]
    assert f"{len(managed)} resources for sandbox at stage 1" in shown.stdout
    # As `make up` says: tests/unit/test_readme.py compares that with the program.
    assert re.search(
        r"^The engine counts \d+: components, providers and the stack as well\.$", shown.stdout, re.MULTILINE
    )
    assert "\x1b" not in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plan", "--stage", "8"], "less than or equal to 7"),
        (["plan", "--stack", "nope"], "Pulumi.nope.yaml: there is no such file"),
        (["plan", "--stack", "dev", "--stage", "5"], "Pulumi.dev.yaml: ascent:domain.dns"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_two(arguments: list[str], said: str) -> None:
    done = ascent(*arguments)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_it_says_which_version_it_is() -> None:
    shown = ascent("--version")
    assert re.fullmatch(r"ascent \d+\.\d+\.\d+( \(\w+(-dirty)?\))?\n", shown.stdout)
    assert shown.returncode == 0


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied", "Pulumi.prod.yaml"), "Pulumi.prod.yaml: Permission denied"),
        (OSError(28, "No space left on device"), "the disk: No space left on device"),
        (KeyError("color"), "This is a fault of ascent itself: KeyError: 'color'. What led to it is in "),
    ],
)
def test_what_nobody_foresaw_is_one_line(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli, "app", fails)
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 1
    told = capsys.readouterr().err
    assert told.startswith(said)
    assert told.count("\n") == 1
    if " is in " in told:
        assert "KeyError" in Path(told.split(" is in ")[1].strip()).read_text()


def test_a_file_that_takes_values_from_an_environment_says_that_they_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stackfile, "ROOT", tmp_path)
    (tmp_path / "Pulumi.test.yaml").write_text("environment: [team/prod]\nconfig: {ascent:stage: 1}\n")
    with pytest.raises(SettingsError) as refused:
        stackfile.settings("test")
    assert "ascent:regions: missing" in str(refused.value)
    assert "Pulumi.test.yaml: environment: values from there are not read by ascent" in str(refused.value)


@pytest.mark.parametrize("columns", ["", "80"])
def test_what_goes_to_a_file_is_not_wrapped_unless_somebody_says_how_wide(columns: str) -> None:
    line = [sys.executable, "-m", "ops", "stages"]
    environment = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    environment |= {"COLUMNS": columns} if columns else {}
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True, env=environment)
    longest = max(map(len, done.stdout.splitlines()))
    if columns:
        assert longest <= 80
    else:
        # A heading, and a line for each of the seven.
        assert len(done.stdout.splitlines()) == 8


def test_an_output_that_is_full_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        line = [sys.executable, "-m", "ops", "capacity", "--json"]
        done = subprocess.run(line, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "the disk: No space left on device\n")


def pages() -> dict[str, Callable[..., object]]:
    """Every command and what is run for it, subcommands with their group's name before."""
    found: dict[str, Callable[..., object]] = {}
    for name, (module, _) in COMMANDS.items():
        real = getattr(import_module(module), name)
        if isinstance(real, typer.Typer):
            found |= {
                f"{name} {one.callback.__name__}": one.callback for one in real.registered_commands if one.callback
            }
        else:
            found[name] = real
    return found


@pytest.mark.parametrize("name", pages())
def test_help_shows_all_that_a_command_s_docstring_says_at_every_width(name: str) -> None:
    said = "".join((inspect.getdoc(pages()[name]) or "").split())
    for width in ("60", "80", "120"):
        shown = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": width})
        # Brackets are no markup, and a paragraph's lines are as long as there is room.
        assert said in "".join(shown.stdout.split()), width
        assert max(map(len, shown.stdout.splitlines())) <= int(width)
