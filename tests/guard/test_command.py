"""`ascent guard`, as people, machines and workflows see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ops import cli
from ops.console import console
from tests.guard.small import document, step

FINE, BAD = document(step("update")), document(step("delete", name="[bold]db\x1b[31m"))
BROKEN = document(step("delete"), errors=("unable to delete resource: it is protected",))


def _run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli.app, ["guard", *arguments], input=stdin, env={"NO_COLOR": "1"})


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a terminal of this width, whatever the console was made on."""
    # Not by its property, which would leave the width of now behind.
    monkeypatch.setattr(console, "_width", 120)


def _file(folder: Path, text: object) -> str:
    path = folder / "preview.json"
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    return str(path)


@pytest.mark.parametrize(
    ("preview", "code", "answer"), [(FINE, 0, "fine"), (BAD, 1, "stopped"), (BROKEN, 2, "incomplete")]
)
def test_the_exit_code_is_the_answer_in_every_form(tmp_path: Path, preview: object, code: int, answer: str) -> None:
    file = _file(tmp_path, preview)
    for form in ((), ("--markdown",), ("--json",)):
        result = _run(file, *form)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
    found = json.loads(_run(file, "--json").stdout)
    assert (found["verdict"], found["stack"], found["project"]) == (answer, "live", "shop")
    assert set(found) == {
        "stack", "project", "verdict", "stage", "changes", "data", "cost", "capacity", "findings", "groups", "allowed",
        "skipped", "errors",
    }  # fmt: skip


def test_people_see_the_answer_first_then_what_is_bad_and_what_lets_it_pass(tmp_path: Path) -> None:
    result = _run(_file(tmp_path, BAD))
    lines = result.stdout.splitlines()
    assert lines[0] == "live: 1 finding stops this change"
    assert "Changes: 1 delete, 1 same" in lines
    assert "[bold]db" in result.stdout
    assert "\x1b" not in result.stdout
    assert "ascent:allow:" in lines
    assert "not judged: connections-exceeded, cost-exceeded: this is no stack of Ascent" in result.stderr


def test_errors_of_the_preview_are_told_with_what_it_shows(tmp_path: Path) -> None:
    result = _run(_file(tmp_path, BROKEN))
    assert "not complete, so nothing is let pass; as far as it goes, 1 finding would stop it" in result.stdout
    assert "unable to delete resource: it is protected" in result.stderr
    assert "data-deleted" in result.stdout


def test_stdin_is_a_file_too() -> None:
    assert _run("-", stdin=json.dumps(FINE)).exit_code == 0
    result = _run("-", stdin="")
    assert (result.exit_code, "stdin: this is empty" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        ("", (), "this is empty"), ("no", (), "this is no preview"),
        (FINE, ("--stack", "prod"), "of live, and not of prod"),
        (FINE, ("--max-rise", "a lot"), "given 'a lot'; it should be US dollars such as 500, or a share such as 20%"),
        (FINE, ("--max-rise", "-5"), "--max-rise"),
        (FINE, ("--report", "https://a.example.com"), "--report: it is for the comment; give --markdown as well"),
        (FINE, ("--markdown", "--report", "a b"), "--report: given 'a b'; it should be an address such as https://"),
    ],
)  # fmt: skip
def test_bad_input_is_one_message(tmp_path: Path, text: object, arguments: tuple[str, ...], said: str) -> None:
    result = _run(_file(tmp_path, text), *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert "Traceback" not in result.output
    assert result.stdout == ""


def test_a_file_that_cannot_be_read_is_one_message(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "none.json", "No such file"), (tmp_path, "directory")):
        result = _run(str(path))
        assert (result.exit_code, result.stdout) == (2, "")
        assert said in result.stderr


def test_a_workflow_gets_a_comment_whatever_the_preview_is(tmp_path: Path) -> None:
    for text in ("", FINE, BAD, BROKEN):
        result = _run(_file(tmp_path, text), "--stack", "live", "--markdown")
        assert result.stdout.startswith("<!-- ascent:guard live -->\n### `live`: ")


def test_help_has_the_codes_and_examples() -> None:
    shown = " ".join(_run("--help").stdout.split())
    assert "Exit codes: 0 nothing stops the update, 1 something does, 2 the preview is not complete" in shown
    assert "--show-sames" in shown
