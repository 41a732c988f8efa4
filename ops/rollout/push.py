"""Commits the stack's file to a branch after each step: for a run whose checkout is deleted afterwards.

Each step becomes a commit that changes only `ascent:rollout`, on top of the branch's newest commit. The checkout stays
as it is, so that a rollout does not deploy what was merged after it began.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from infra.config.models.rollout import Rollout
from infra.config.problems import SettingsError
from ops import stackfile
from ops.rollout.stackfile import KEY, StackFile, plain
from ops.stackedit import edited

TRIES = 5
SECONDS = 60  # Seconds. Meanwhile the new version is not watched.
LAST_LINES = 4
# Lines of git that are not the reason.
NOISE = ("hint:", "To ", "error: failed to push some refs")
# In a push's last commit it keeps GitHub from running workflows (GitHub Docs, Skipping workflow runs): the
# rollout has already deployed this commit.
SKIP = "[skip ci]"


class PushError(Exception):
    """A commit could not be pushed. The text says why."""


class PushedFile(StackFile):
    """A stack's file whose every finished step goes to a branch of `origin` as well.

    Args:
        stack: the stack.
        branch: the branch's name.
        tell: called with what could not be pushed. The rollout goes on, as the next step's commit has everything.
    """

    def __init__(self, stack: str, branch: str, tell: Callable[[str], None]) -> None:
        super().__init__(stack)
        self._branch = branch
        self._tell = tell
        self.failed = False

    def write(self, old: Rollout, new: Rollout) -> None:
        """Replace `old` by `new`, and push it at the end of a step or of the rollout.

        Raises:
            SettingsError: as without a branch.
        """
        super().write(old, new)
        if new.progress is not None and new.progress.since is None:
            return
        try:
            push(self.name, new, self._branch, _title(self.stack, new))
            self.failed = False
        except (PushError, SettingsError) as error:
            self.failed = True
            self._tell(f"{self.name} is not pushed to {self._branch}: {error}")


def push(name: str, rollout: Rollout, branch: str, title: str) -> None:
    """Commit a rollout to a branch's stack file, on top of its newest commit.

    Args:
        name: of the stack's file.
        rollout: its new content.
        branch: of `origin`.
        title: of the commit.

    Raises:
        PushError: when git refuses.
        SettingsError: when the branch's file cannot be edited in place.
    """
    path = _git("rev-parse", "--show-prefix").strip() + name
    for last in (*[False] * (TRIES - 1), True):
        _git("fetch", "--quiet", "--no-tags", "origin", branch)
        parent = _git("rev-parse", "FETCH_HEAD").strip()
        text = _git("show", f"{parent}:{path}")
        new = edited(text, KEY, plain(rollout), name)
        if new == text:
            return
        commit = _commit(parent, path, new, title)
        try:
            _git("push", "--quiet", "origin", f"{commit}:refs/heads/{branch}")
        except PushError:
            # Something was merged since it was fetched.
            if last:
                raise
        else:
            return


def _commit(parent: str, path: str, text: str, title: str) -> str:
    """A commit that changes one file of its parent, made without the checkout."""
    mode = _git("ls-tree", "--full-tree", parent, "--", path).split()[0]
    blob = _git("hash-object", "-w", "--stdin", said=text).strip()
    with tempfile.TemporaryDirectory() as scratch:
        index = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
        _git("read-tree", parent, environment=index)
        _git("update-index", "--cacheinfo", f"{mode},{blob},{path}", environment=index)
        tree = _git("write-tree", environment=index).strip()
    return _git("commit-tree", tree, "-p", parent, "-m", title).strip()


def _title(stack: str, rollout: Rollout) -> str:
    shares = ", ".join(f"{color} {one.weight} %" for color, one in rollout.colors.items())
    if rollout.progress is None:
        return f"End the rollout of {stack} at {shares} {SKIP}"
    return f"Note the {rollout.progress.strategy} of {stack} at {shares} {SKIP}"


def _git(*arguments: str, said: str | None = None, environment: Mapping[str, str] | None = None) -> str:
    """What git prints.

    Raises:
        PushError: with its last lines.
    """
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=stackfile.ROOT, env={**os.environ, **(environment or {})}, input=said,
            capture_output=True, text=True, check=False, timeout=SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise PushError(f"git {arguments[0]} did not end within {SECONDS} seconds") from None
    if done.returncode:
        lines = [line.removeprefix("remote:").strip() for line in done.stderr.splitlines()]
        reasons = [line for line in lines if line and not line.startswith(NOISE)]
        raise PushError("; ".join(reasons[-LAST_LINES:]) or f"git {arguments[0]} fails")
    return done.stdout
