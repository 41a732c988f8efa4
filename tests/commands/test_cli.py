"""The ascent command: quick to start, honest about its health."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pulumi
import pytest
from typer.testing import CliRunner

from ops import cli
from ops.commands import doctor
from ops.commands.doctor import DoctorFinding
from scripts.places import ROOT

NOT_AT_START = ("pulumi", "pulumi_aws", "pulumi_cloudflare", "pulumi_kubernetes", "pydantic", "yaml", "infra", "grpc")


def test_help_does_without_rich() -> None:
    """Which takes longer to import than all else that it needs."""
    code = "import sys, ops.cli\ntry: ops.cli.main()\nexcept SystemExit: print([n for n in sys.modules if n == 'rich'])"
    line = [sys.executable, "-c", code, "--help"]
    said = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "[]"
    assert "Plan and size:" in said


def test_starting_imports_nothing_heavy() -> None:
    code = f"import sys, ops.cli; print([name for name in {NOT_AT_START!r} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


def test_help_lists_every_command_without_importing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "import_module", lambda name: pytest.fail(f"{name} was imported"))
    result = CliRunner().invoke(cli.app, ["--help"])
    assert result.exit_code == 0
    for name in cli.COMMANDS:
        assert name in result.output


def test_help_has_each_command_in_one_section_and_on_one_line() -> None:
    assert sorted(name for names in cli.SECTIONS.values() for name in names) == sorted(cli.COMMANDS)
    lines = CliRunner().invoke(cli.app, ["--help"], env={"COLUMNS": "80"}).output.splitlines()
    for name, (_, summary) in cli.COMMANDS.items():
        assert any(line.split() == [name, *summary.split()] for line in lines), name
    assert max(map(len, lines)) <= 80


def test_every_command_is_where_the_table_says() -> None:
    for name, (module, summary) in cli.COMMANDS.items():
        assert module.startswith("ops.commands.")
        assert (ROOT / module.replace(".", "/")).with_suffix(".py").exists(), name
        assert summary.endswith(".")


def test_an_unknown_command_is_bad_input() -> None:
    result = CliRunner().invoke(cli.app, ["docter"])
    assert result.exit_code == 2
    assert "No such command" in result.output


def test_ascent_works_from_any_directory_and_through_a_link(tmp_path: Path) -> None:
    link = tmp_path / "ascent"
    link.symlink_to(ROOT / "ascent")
    done = subprocess.run([link, "--help"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "doctor" in done.stdout


def test_ascent_without_an_environment_says_what_to_do(tmp_path: Path) -> None:
    copy = tmp_path / "a place" / "ascent"
    copy.parent.mkdir()
    copy.write_bytes((ROOT / "ascent").read_bytes())
    copy.chmod(0o755)
    done = subprocess.run([copy, "doctor"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "make -C" in done.stderr
    assert done.stderr.count("\n") == 1


def test_ascent_with_half_an_environment_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("scripts.environment.is_current", lambda _: False)
    monkeypatch.setattr("scripts.places.VENV", Path(sys.prefix))
    # Nothing is imported that may not be there.
    monkeypatch.setitem(sys.modules, "ops.cli", None)
    with pytest.raises(SystemExit) as left:
        runpy.run_module("ops", run_name="__main__")
    assert left.value.code == 2
    said = capsys.readouterr().err
    assert f"Run: make -C '{ROOT}' setup" in said
    assert said.count("\n") == 1


def test_the_program_with_half_an_environment_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "infra.clients", None)
    with pytest.raises(pulumi.RunError, match="Run: make setup"):
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")


@pytest.mark.parametrize(("status", "code"), [("ok", 0), ("warn", 0), ("fail", 1)])
def test_doctor_for_machines(monkeypatch: pytest.MonkeyPatch, status: doctor.Status, code: int) -> None:
    monkeypatch.setattr(
        doctor,
        "CHECKS",
        (lambda: DoctorFinding("one", "ok", "fine"), lambda: [DoctorFinding("two", status, "so so", "Do it.")]),
    )
    result = CliRunner().invoke(cli.app, ["doctor", "--json"])
    assert result.exit_code == code
    assert json.loads(result.output) == {
        "ok": code == 0,
        "checks": [
            {"name": "one", "status": "ok", "found": "fine", "advice": ""},
            {"name": "two", "status": status, "found": "so so", "advice": "Do it."},
        ],
    }


@pytest.mark.parametrize(
    ("printed", "status", "said"),
    [
        (None, "warn", "staging makes EKS clusters"),
        ("aws-cli/2.27.1 Python/3.13.3", "ok", "2.27.1"),
        ("aws-cli/1.32.0 Python/3.8", "warn", "has to be of version 2"),
    ],
)
def test_doctor_names_the_cli_that_a_kubeconfig_calls(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, printed: str | None, status: str, said: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if printed:
        (tmp_path / "aws").write_text(f"#!/bin/sh\necho {printed}\n")
        (tmp_path / "aws").chmod(0o755)
    found = doctor.aws()
    assert found.status == status
    assert said in f"{found.found} {found.advice}"


def test_doctor_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CHECKS", (lambda: DoctorFinding("pulumi", "fail", "[not] set up", "Run: make setup"),))
    result = CliRunner().invoke(cli.app, ["doctor"])
    assert result.exit_code == 1
    assert result.output.split() == ["fail", "pulumi", "[not]", "set", "up", "Run:", "make", "setup"]


def test_doctor_on_this_machine_finds_what_the_tests_run_on() -> None:
    names = {finding.name: finding.status for finding in (doctor.python(), doctor.pulumi(), doctor.language_host())}
    assert names == {"python": "ok", "pulumi": "ok", "language host": "ok"}


def test_a_plugin_that_does_not_start_is_a_finding(tmp_path: Path) -> None:
    broken = tmp_path / "plugin"
    broken.write_text("#!/bin/sh\necho 'no module named x' >&2\nexit 1\n")
    broken.chmod(0o755)
    finding = doctor._stand_in("aws", broken, doctor._start(broken, {}))
    assert finding.status == "fail"
    assert "no module named x" in finding.found
