"""The output of a command, as a block of a document."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection, Iterable, Sequence
from functools import cache

from ops.stackfile import ROOT

COLUMNS = 96  # Width of a code block on GitHub without a scroll bar.


@cache
def ascent(*arguments: str, codes: Collection[int] = (0,)) -> Sequence[str]:
    """Lines that the `ascent` command prints, where it ends with one of these codes."""
    return said(sys.executable, "-m", "ops", *arguments, codes=codes)


def said(*command: str, codes: Collection[int] = (0,)) -> Sequence[str]:
    """Lines that a command prints, run from the repository's root in a terminal without colors.

    Raises:
        CalledProcessError: when it ends with none of these codes. Why is said on standard error.
    """
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, env=environment)
    if done.returncode not in codes:
        # The error has the code alone, of which nobody could tell what was wrong.
        sys.stderr.write(done.stderr)
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    return [line.rstrip() for line in done.stdout.splitlines()]


def block(command: str, lines: Iterable[str]) -> str:
    """The command and these lines of what it printed, in Markdown."""
    return "\n".join(["```console", f"$ {command}", *lines, "```"])
