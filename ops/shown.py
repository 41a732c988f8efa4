"""What README shows: the picture of a stack, and output of commands as they gave it.

`python -m ops.readme` writes the picture and what needs no engine; a test fails when they are stale.
`python -m ops.shown` runs `make up` in a fresh sandbox, which takes two minutes, and writes its end into README; a test
compares its counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from ops import stackfile
from ops.engine.render import render
from ops.stack_picture import picture

STACK, STAGE = "sandbox", 4
PICTURE: Path = stackfile.ROOT / "docs" / "stack.svg"
COLUMNS = 96  # what a code block holds on GitHub without a scroll bar
FROM, LINES = "aws:lb:Listener", 16  # of the plan, which has 70
UP = ("make", "up", f"STAGE={STAGE}")


def drawn() -> str:
    """The picture of the sandbox's stack."""
    settings = stackfile.settings(STACK, STAGE)
    return picture(settings, render(settings, STACK).resources)


def plan() -> str:
    """The head, a piece and the end of `ascent plan`."""
    head, *lines = _ascent("plan", "--stage", str(STAGE)).splitlines()
    start = next(number for number, line in enumerate(lines) if line.split()[:1] == [FROM])
    return _console(f"./ascent plan --stage {STAGE}", [head, "…", *lines[start : start + LINES], "…", *lines[-3:]])


def move() -> str:
    """What `ascent transition` says of the next stage: all of it."""
    return _console(
        f"./ascent transition {STAGE} {STAGE + 1}",
        _ascent("transition", str(STAGE), str(STAGE + 1)).splitlines(),
    )


def update() -> str:
    """The end of `make up` in a fresh sandbox, without the outputs that say ids."""
    subprocess.run(["make", "down", "FORCE=1"], cwd=stackfile.ROOT, check=True)
    said = subprocess.run(UP, cwd=stackfile.ROOT, check=True, capture_output=True, text=True, env=_environment()).stdout
    lines = [line.rstrip() for line in said.splitlines()]
    url = next(line for line in lines if line.startswith("    url "))
    return _console(" ".join(UP), ["…", "Outputs:", "    …", url, "    …", "", *lines[lines.index("Resources:") :]])


@cache
def _ascent(*arguments: str) -> str:
    command = [sys.executable, "-m", "ops", *arguments]
    return subprocess.run(
        command, cwd=stackfile.ROOT, check=True, capture_output=True, text=True, env=_environment()
    ).stdout


def _environment() -> dict[str, str]:
    return {**os.environ, "COLUMNS": str(COLUMNS), "NO_COLOR": "1"}


def _console(command: str, lines: list[str]) -> str:
    return "\n".join(["```console", f"$ {command}", *(line.rstrip() for line in lines), "```"])


if __name__ == "__main__":
    from ops.readme import README, generated

    README.write_text(generated(README.read_text(), {"up": update}))
