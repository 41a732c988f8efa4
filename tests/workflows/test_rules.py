"""What every workflow keeps to, so that a pull request gets no more than it may have."""

from __future__ import annotations

import re
import subprocess

import pytest

from ops.cli import COMMANDS
from scripts.actionlint import find_actionlint
from scripts.places import ROOT
from scripts.say import ProblemError
from tests.workflows.read import FILES, FOLDER, WORKFLOWS, Job, job, jobs, loaded

ALL = list(jobs())
SAME = "github.event.pull_request.head.repo.full_name == github.repository"


def test_actionlint_has_nothing_to_say() -> None:
    try:
        actionlint = find_actionlint()
    except ProblemError as error:
        pytest.skip(str(error))
    # shellcheck, too, where it is.
    line = [str(actionlint), "-no-color", *map(str, WORKFLOWS)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_others_wrote_is_pinned_to_a_commit_and_says_which_release_it_is() -> None:
    used = [line for file in FILES for line in file.read_text().splitlines() if re.match(r" *(- )?uses: [^.]", line)]
    assert len(used) > 10
    assert [line for line in used if not re.search(r"uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)] == []
    releases = {tuple(line.split("uses: ")[1].split("@")) for line in used}
    assert len({name for name, _ in releases}) == len(releases), "one release of each"


def test_no_workflow_runs_a_strangers_code_with_our_rights() -> None:
    assert len(WORKFLOWS) == 7
    for file in WORKFLOWS:
        on = loaded(file)["on"]
        assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(on), file
        assert loaded(file)["permissions"] == {}, f"{file}: no job has a right that it does not ask for"


def renewed(one: Job) -> bool:
    """Whether a job's credentials are renewed while it runs."""
    return any(step.get("with", {}).get("renewed") == "true" for step in one.steps)


def test_every_job_ends_and_keeps_no_token_in_its_checkout() -> None:
    for one in ALL:
        if "uses" not in one.content and one.file in WORKFLOWS:
            # Credentials last an hour, and a job of GitHub's six.
            assert one.content["timeout-minutes"] <= (60 if not renewed(one) else 350), one
        for step in one.steps:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False, one


def test_scripts_get_values_by_their_environment_alone() -> None:
    """Whatever stands in a branch's name or a title would be run otherwise."""
    scripts = [(one.name, step["run"]) for one in ALL for step in one.steps if "run" in step]
    assert len(scripts) > 10
    assert [name for name, script in scripts if "${{" in script] == []


def test_credentials_are_an_environments_and_forks_get_none() -> None:
    for one in ALL:
        if one.permissions.get("id-token") == "write" and "uses" not in one.content:
            assert one.content["environment"], one
        if "secrets." in str(one.content):
            assert one.permissions == {"contents": "read", "id-token": "write"} or one.name == "drift", one
    # Skipped with what it needs.
    assert job("workflows/preview.yml", "preview").content["needs"] == "stacks"
    assert job("workflows/preview.yml", "stacks").content["if"] == SAME
    assert SAME in job("workflows/preview.yml", "comment").content["if"]
    assert job("workflows/preview.yml", "fork").content["if"] == SAME.replace("==", "!=")


def test_who_may_write_to_a_pull_request_runs_nothing_of_it() -> None:
    writers = [one for one in ALL if one.permissions.get("pull-requests") == "write"]
    assert [one.name for one in writers] == ["comment"]
    (comment,) = writers
    checkout, _, script = comment.steps
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert "python3 -m scripts.github" in script["run"]
    assert "make" not in script["run"]


def test_nothing_is_brought_up_that_the_guard_has_not_seen() -> None:
    plan, up = (job("workflows/up-stack.yml", name) for name in ("plan", "up"))
    assert [step.get("name") for step in plan.steps if "run" in step] == ["Preview", "Judge", "Changes"]
    names = [step.get("name") for step in up.steps if "run" in step]
    assert names == ["Only what is newest", "Preview", "Judge", "What was approved", "Up"]
    assert not any(step.get("continue-on-error") for step in (*plan.steps, *up.steps))
    assert job("workflows/up.yml", "prod").content["needs"] == ["staging", "others"]


def test_whoever_approves_has_seen_what_is_brought_up() -> None:
    plan, reviewers, up = (job("workflows/up-stack.yml", name) for name in ("plan", "reviewers", "up"))
    # Before the environment's reviewers are asked, with a role that can change nothing, on the run's own page.
    assert plan.content["environment"] == "preview-${{ inputs.stack }}"
    assert "GITHUB_STEP_SUMMARY" in plan.step("Judge")
    assert up.content["needs"] == ["plan", "reviewers"]
    assert up.content["environment"] == "${{ inputs.stack }}"
    # An environment without reviewers asks nobody, and a check that was skipped or cut off is no approval.
    assert reviewers.content["if"] == "inputs.reviewed"
    assert "needs.reviewers.result == 'success'" in up.content["if"]
    assert "!inputs.reviewed && needs.reviewers.result == 'skipped'" in up.content["if"]
    assert job("workflows/up.yml", "prod").content["with"]["reviewed"] is True


def test_a_rollout_and_an_update_of_a_stack_never_run_at_once() -> None:
    rollout, up = job("workflows/rollout.yml", "rollout"), job("workflows/up-stack.yml", "up")
    assert rollout.content["concurrency"] == up.content["concurrency"]
    assert rollout.content["environment"] == up.content["environment"]
    # What is newest when it is its turn.
    assert rollout.steps[0]["with"]["ref"] == "main"
    # A canary takes longer than an hour's credentials, and so may an update.
    assert renewed(rollout)
    assert renewed(up)
    assert "needs.reviewers.result == 'success' || (inputs.stack != 'prod'" in rollout.content["if"]
    assert "needs.plan.result == 'success' || (inputs.action != 'start'" in rollout.content["if"]
    # What comes along is judged once more, and is what was approved; an abort waits for neither.
    judged = {step["name"]: step["if"] for step in rollout.steps if step.get("name") in ("Preview", "Judge")}
    assert judged == dict.fromkeys(("Preview", "Judge"), "inputs.action != 'abort'")
    assert "needs.plan.outputs.changes" in str(rollout.content)


def test_each_step_of_a_rollout_is_committed() -> None:
    scripts = [str(step["run"]) for step in job("workflows/rollout.yml", "rollout").steps if "run" in step]
    steps = [line for script in scripts for line in script.splitlines() if "ascent rollout" in line]
    assert len(steps) == 4
    assert [line for line in steps if "--push main" not in line] == []


def test_an_abort_waits_for_nobody() -> None:
    traffic = job("workflows/rollout.yml", "traffic")
    assert not {"needs", "concurrency"} & set(traffic.content)
    # An environment of its own, without reviewers, whose role moves weights and no more.
    assert traffic.content["environment"] == "rollback-${{ inputs.stack }}"
    assert "CLOUDFLARE" not in str(traffic.content)


def test_every_command_that_a_workflow_names_exists() -> None:
    text = "\n".join(file.read_text() for file in FILES)
    named = set(re.findall(r"\./ascent ([a-z]+)", text))
    assert {"drift", "guard"} <= named <= {*COMMANDS}
    assert set(re.findall(r"python3 -m scripts\.(\w+)", text)) == {"changes", "github"}
    assert {name for name in re.findall(r"uses: \./(\S+)", text) if not (FOLDER.parent / name).exists()} == set()
