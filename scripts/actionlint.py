"""Finds an actionlint for .github/workflows, or builds the pinned one into the cache."""

import sys
from pathlib import Path

from scripts.go_tool import GoTool
from scripts.process import run, version_tuple, which
from scripts.say import answered

OLDEST = (1, 7, 12)
ACTIONLINT = GoTool(
    name="actionlint",
    title="actionlint",
    version="1.7.12",
    package="github.com/rhysd/actionlint/cmd/actionlint",
    takes="half a minute",
    values={"github.com/rhysd/actionlint.version": "1.7.12"},
)


def find_actionlint() -> Path:
    """The actionlint on PATH if it is recent enough, else the pinned one.

    Raises:
        ProblemError: when there is none, and no Go that could build it.
    """
    found = which("actionlint")
    if found:
        said = run([found, "-version"])
        if said.code == 0 and version_tuple(said.output.split()[0]) >= OLDEST:
            return found
    return ACTIONLINT.built()


def main() -> int:
    """Print where actionlint is."""
    return answered(find_actionlint)


if __name__ == "__main__":
    sys.exit(main())
