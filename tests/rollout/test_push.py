"""Each step's file on a branch, by real git: what else was merged stays, and a push that fails stops no rollout."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.config.models.rollout import Strategy
from ops import stackfile
from ops.rollout import state_machine
from ops.rollout.push import PushedFile, PushError, push
from tests.rollout.test_stackfile import TEXT

FILE = "Pulumi.test.yaml"
NEW = "registry.example.com/app:2.0.0"
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def git(where: Path, *arguments: str) -> str:
    environment = {
        **os.environ,
        **{f"GIT_{who}_{what}": "test@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    return subprocess.run(
        ["git", *arguments], cwd=where, env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture(params=["", "deep/down/"])
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """A shallow clone, as a workflow's, whose project may lie deeper; its origin is ../origin."""
    for who in ("AUTHOR", "COMMITTER"):
        for what in ("NAME", "EMAIL"):
            monkeypatch.setenv(f"GIT_{who}_{what}", "test@example.com")
    origin, first, project = tmp_path / "origin", tmp_path / "first", request.param
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch", "main", str(origin))
    git(tmp_path, "clone", "--quiet", str(origin), str(first))
    git(first, "switch", "--quiet", "--orphan", "main")
    (first / project).mkdir(parents=True, exist_ok=True)
    (first / project / FILE).write_text(TEXT)
    (first / "README.md").write_text("1")
    git(first, "add", ".")
    git(first, "commit", "--quiet", "-m", "Begin")
    git(first, "push", "--quiet", "origin", "main")
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{origin}", str(tmp_path / "clone"))
    monkeypatch.setattr(stackfile, "ROOT", tmp_path / "clone" / project)
    return tmp_path / "clone"


def merged(checkout: Path, change: Callable[[Path], object]) -> None:
    """Have somebody else's change come to the branch."""
    other = checkout.parent / "first"
    git(other, "pull", "--quiet", "--rebase", "origin", "main")
    change(other)
    git(other, "commit", "--quiet", "-a", "-m", "Merge")
    git(other, "push", "--quiet", "origin", "main")


def shown(checkout: Path, name: str = FILE) -> str:
    """A file of the branch."""
    where = stackfile.ROOT.relative_to(checkout) / name if name == FILE else Path(name)
    return git(checkout.parent / "origin", "show", f"main:{where}")


def titles(checkout: Path) -> list[str]:
    return git(checkout.parent / "origin", "log", "--format=%s", "main").splitlines()


def test_every_finished_step_is_a_commit_of_the_rollout_alone(checkout: Path) -> None:
    told: list[str] = []
    file = PushedFile("test", "main", told.append)
    old = file.rollout()
    begun = state_machine.start(old, Strategy.CANARY, NEW, NOW, 0)
    with file.held():
        file.write(old, begun)
        assert titles(checkout) == ["Begin"]
        ready = state_machine.settled(begun, NOW)
        merged(checkout, lambda other: (other / "README.md").write_text("2"))
        file.write(begun, ready)
    assert titles(checkout) == ["Note the canary of test at blue 100 %, green 0 % [skip ci]", "Merge", "Begin"]
    assert shown(checkout) == file.text().strip()
    assert shown(checkout, "README.md") == "2"
    # What was merged meanwhile does not come into the checkout, from which the next update is made.
    assert (checkout / "README.md").read_text() == "1"
    assert (told, file.failed) == ([], False)
    git(checkout.parent / "origin", "fsck", "--strict")


def test_what_others_changed_in_the_file_stays(checkout: Path) -> None:
    def grown(other: Path) -> None:
        file = other / stackfile.ROOT.relative_to(checkout) / FILE
        file.write_text(file.read_text().replace("# odd spaces stay", "# and so does this"))

    merged(checkout, grown)
    file = PushedFile("test", "main", pytest.fail)
    old = file.rollout()
    new = state_machine.settled(state_machine.start(old, Strategy.CANARY, NEW, NOW, 0), NOW)
    with file.held():
        file.write(old, new)
        over = new.model_copy(update={"progress": None})
        file.write(new, over)
    assert "# and so does this" in shown(checkout)
    assert f"green: {{image: {NEW}, weight: 0}}" in shown(checkout)
    assert "progress" not in shown(checkout)
    assert titles(checkout)[0] == "End the rollout of test at blue 100 %, green 0 % [skip ci]"


def test_a_merge_between_two_looks_is_built_upon(checkout: Path) -> None:
    hook = checkout.parent / "clone" / ".git" / "hooks" / "pre-push"
    # Once: the branch moves on between the fetch and the push.
    other = checkout.parent / "first"
    hook.write_text(
        f"#!/bin/sh\nrm -f {hook}\ncd {other} && git commit --quiet --allow-empty -m Meanwhile"
        " && git -c core.hooksPath=/dev/null push --quiet origin main\n"
    )
    hook.chmod(0o755)
    file = PushedFile("test", "main", pytest.fail)
    begun = state_machine.settled(state_machine.start(file.rollout(), Strategy.CANARY, NEW, NOW, 0), NOW)
    push(FILE, begun, "main", "Note it")
    assert titles(checkout) == ["Note it", "Meanwhile", "Begin"]
    # Nothing is left to say.
    push(FILE, begun, "main", "Note it again")
    assert len(titles(checkout)) == 3


def test_what_cannot_be_pushed_is_told_and_the_rollout_goes_on(checkout: Path) -> None:
    hook = checkout.parent / "origin" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'changes must be made through a pull request' >&2\nexit 1\n")
    hook.chmod(0o755)
    told: list[str] = []
    file = PushedFile("test", "main", told.append)
    old = file.rollout()
    new = state_machine.settled(state_machine.start(old, Strategy.CANARY, NEW, NOW, 0), NOW)
    with file.held():
        file.write(old, new)
        assert file.rollout() == new
        assert file.failed
        assert told[0].startswith(f"{FILE} is not pushed to main: ")
        assert "pull request" in told[0]
        # The next commit has everything.
        hook.unlink()
        file.write(new, new.model_copy(update={"progress": None}))
    assert len(told) == 1
    assert "progress" not in shown(checkout)


def test_a_branch_that_is_not_there_is_one_message(checkout: Path) -> None:
    del checkout
    with pytest.raises(PushError, match="couldn't find remote ref trunk"):
        push(FILE, PushedFile("test", "trunk", pytest.fail).rollout(), "trunk", "Note it")
