"""The workflows' own scripts, run with programs that only pretend."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ops import stackfile
from scripts.changes import digest
from scripts.places import ROOT
from tests.commands.fakes import program
from tests.workflows.read import FOLDER, job, jobs


def ran(script: str, directory: Path, **environment: str) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """A script as GitHub runs it, and what it put out."""
    output = directory / "output"
    output.touch()
    known = {**os.environ, "GITHUB_OUTPUT": str(output), "PATH": f"{directory}:{os.environ['PATH']}", **environment}
    line = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    done = subprocess.run(line, cwd=directory, capture_output=True, text=True, check=False, env=known)
    return done, dict(one.split("=", 1) for one in output.read_text().splitlines())


def test_every_stack_is_listed_but_for_the_sandbox(tmp_path: Path) -> None:
    if not any((Path(folder) / "jq").exists() for folder in os.environ["PATH"].split(":")):
        pytest.skip("there is no jq on PATH, as GitHub's machines have it")
    for file in ROOT.glob("Pulumi*.yaml"):
        (tmp_path / file.name).touch()
    (action,) = jobs(FOLDER / "actions" / "stacks" / "action.yml")
    done, output = ran(action.step("list"), tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(output["all"]) == [name for name in stackfile.names() if name != "sandbox"]
    assert json.loads(output["others"]) == ["dev"]


@pytest.mark.parametrize(("code", "goes_on"), [(0, True), (1, True), (2, False), (127, False)])
def test_drift_is_no_failure_and_a_stack_that_cannot_be_looked_at_is_one(
    tmp_path: Path,
    code: int,
    goes_on: bool,  # noqa: FBT001
) -> None:
    program(tmp_path / "ascent", f'echo "$@ looked at"; exit {code}')
    done, output = ran(job("workflows/drift.yml", "drift").step("look"), tmp_path, STACK="prod")
    assert (done.returncode == 0) is goes_on
    assert output == {"code": str(code)}
    assert (tmp_path / "drift.txt").read_text() == done.stdout == "drift --stack prod looked at\n"


@pytest.mark.parametrize(("newest", "goes_on"), [("a" * 40, True), ("b" * 40, False)])
def test_an_old_commit_is_not_brought_up(tmp_path: Path, newest: str, goes_on: bool) -> None:  # noqa: FBT001
    program(tmp_path / "gh", f'[ "$2" = repos/team/stack/commits/main ] && echo {newest}')
    known = {"GITHUB_REPOSITORY": "team/stack", "GITHUB_REF_NAME": "main", "GITHUB_SHA": "a" * 40}
    done, _ = ran(job("workflows/up-stack.yml", "up").step("Only what is newest"), tmp_path, **known)
    assert (done.returncode == 0) is goes_on
    assert goes_on or f"main has moved on to {newest}" in done.stdout


@pytest.mark.parametrize(("approved", "goes_on"), [("abc", True), ("abd", False), ("", False)])
def test_what_differs_from_what_was_approved_is_not_brought_up(
    tmp_path: Path,
    approved: str,
    goes_on: bool,  # noqa: FBT001
) -> None:
    program(tmp_path / "python3", '[ "$*" = "-m scripts.changes preview.json" ] && echo abc')
    done, _ = ran(job("workflows/up-stack.yml", "up").step("What was approved"), tmp_path, APPROVED=approved)
    assert (done.returncode == 0) is goes_on
    assert goes_on or "something else by now than what was approved" in done.stdout


@pytest.mark.parametrize(("said", "goes_on"), [("echo 2", True), ("echo 0", False), ("exit 1", False), ("true", False)])
def test_an_environment_without_reviewers_is_refused(tmp_path: Path, said: str, goes_on: bool) -> None:  # noqa: FBT001
    program(tmp_path / "gh", f'[ "$2" = repos/team/stack/environments/prod ] && {said}')
    script = job("actions/reviewers/action.yml", "Reviewers").step("Check that the environment has reviewers")
    done, _ = ran(script, tmp_path, GITHUB_REPOSITORY="team/stack", ENVIRONMENT="prod")
    assert (done.returncode == 0) is goes_on


@pytest.mark.parametrize(("code", "goes_on"), [(0, True), (1, False), (3, True)])
@pytest.mark.parametrize("wanted", ["", "yes"])
def test_a_rollout_goes_on_where_its_file_could_not_be_pushed(
    tmp_path: Path,
    code: int,
    goes_on: bool,  # noqa: FBT001
    wanted: str,
) -> None:
    program(tmp_path / "ascent", f'echo "$@" > asked; exit {code}')
    script = job("workflows/rollout.yml", "rollout").step("Start")
    done, _ = ran(script, tmp_path, STACK="prod", STRATEGY="canary", IMAGE="app:2", WITH_CHANGES=wanted)
    assert (done.returncode == 0) is goes_on
    flags = ["--with-changes"] if wanted else []
    said = [
        "rollout",
        "start",
        "--stack",
        "prod",
        "--strategy",
        "canary",
        "--image",
        "app:2",
        "--push",
        "main",
        "--yes",
    ]
    assert (tmp_path / "asked").read_text().split() == said + flags


def test_the_key_is_kept_from_others_and_git_takes_it(tmp_path: Path) -> None:
    program(tmp_path / "gh", """[ "$*" = 'api meta --jq .ssh_keys[] | "github.example.com " + .' ] && echo known""")
    program(tmp_path / "git", 'echo "$@" > asked')
    environment = tmp_path / "environment"
    script = job("workflows/rollout.yml", "rollout").step("Key")
    done, _ = ran(
        script, tmp_path, RUNNER_TEMP=str(tmp_path), ROLLOUT_KEY="a secret", GITHUB_ENV=str(environment),
        GITHUB_ACTOR="somebody", GITHUB_SERVER_URL="https://github.example.com", GITHUB_REPOSITORY="team/stack",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "a secret" not in done.stdout + done.stderr + environment.read_text()
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "key").read_text() == "a secret\n"
    assert (tmp_path / "hosts").read_text() == "known\n"
    assert (tmp_path / "asked").read_text() == "remote set-url origin git@github.example.com:team/stack.git\n"
    (ssh,) = (line for line in environment.read_text().splitlines() if line.startswith("GIT_SSH_COMMAND="))
    assert ssh.startswith(f"GIT_SSH_COMMAND=ssh -i {tmp_path}/key ")
    assert ssh.endswith(f"UserKnownHostsFile={tmp_path}/hosts")
    assert "GIT_COMMITTER_NAME=somebody\n" in environment.read_text()


@pytest.mark.parametrize("kept", ["https://github.com/team/stack/actions/runs/1/artifacts/2", ""])
def test_the_comment_links_to_the_report_where_there_is_one(tmp_path: Path, kept: str) -> None:
    program(tmp_path / "ascent", 'printf "%s\\n" "$@"')
    done, _ = ran(job("workflows/preview.yml", "preview").step("Judge"), tmp_path, STACK="prod", REPORT=kept)
    assert done.returncode == 0, done.stderr
    asked = ["guard", "preview.json", "--stack", "prod", "--markdown"]
    assert (tmp_path / "comment.md").read_text().splitlines() == asked + (["--report", kept] if kept else [])


def test_a_report_that_fails_stops_no_comment_and_the_page_is_kept_as_it_is() -> None:
    steps = {step.get("name"): step for step in job("workflows/preview.yml", "preview").steps}
    names = list(steps)
    assert (
        names.index("Report") < names.index("Keep the report") < names.index("Judge") < names.index("Keep the comment")
    )
    assert steps["Report"]["continue-on-error"] is steps["Keep the report"]["continue-on-error"] is True
    # actions/upload-artifact, README, inputs: without an archive, one file whose name is the artifact's.
    assert steps["Keep the report"]["with"]["archive"] is False
    assert steps["Keep the report"]["with"]["path"] == "report-${{ matrix.stack }}.html"
    assert steps["Judge"]["env"] == {"REPORT": "${{ steps.kept.outputs.artifact-url }}"}


def preview(*steps: tuple[str, str, dict[str, str]]) -> dict[str, Any]:
    return {"steps": [{"op": op, "urn": urn, "detailedDiff": dict.fromkeys(paths)} for op, urn, paths in steps]}


def test_two_previews_are_told_apart_by_what_they_would_do() -> None:
    first: tuple[str, str, dict[str, str]] = ("update", "a", {"tags.x": ""})
    second: tuple[str, str, dict[str, str]] = ("create", "b", {})
    seen = digest(preview(first, second, ("same", "c", {})))
    assert digest(preview(second, first)) == seen
    for other in (preview(first), preview(first, ("delete", "b", {})), preview(("update", "a", {"size": ""}), second)):
        assert digest(other) != seen


@pytest.mark.parametrize("text", ["", "{}", '{"steps": [{}]}', "[]"])
def test_what_is_no_preview_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "preview.json").write_text(text)
    line = [sys.executable, "-m", "scripts.changes", str(tmp_path / "preview.json")]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "this is no preview" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("stacks", [(), ("prod",), ("dev", "prod")])
def test_each_stack_has_its_comment(tmp_path: Path, stacks: tuple[str, ...]) -> None:
    program(tmp_path / "python3", 'echo "$@"')
    # actions/download-artifact v5.0.0, src/download-artifact.ts: one artifact goes to `path`, as v5's README tells of
    # one by its ID; of several, each to a directory of its name.
    several = len(stacks) > 1
    files = [f"comments/comment-{stack}/comment.md" if several else "comments/comment.md" for stack in stacks]
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).touch()
    done, _ = ran(job("workflows/preview.yml", "comment").step("Comment"), tmp_path, NUMBER="7")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"-m scripts.github comment 7 {file}" for file in files]
