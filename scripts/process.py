"""Runs other programs and keeps their output."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from scripts.places import ROOT

OWN_DIRECTORIES = (ROOT / ".toolchain" / "bin", ROOT / ".venv" / "bin", ROOT / "sandbox" / "bin")


class Finished(NamedTuple):
    """How a program ended and all it printed, stdout and stderr together."""

    code: int
    output: str

    @property
    def full_disk(self) -> bool:
        """Whether it failed because the disk is full."""
        return self.code != 0 and ("no space left" in self.output.lower() or "disk quota" in self.output.lower())

    def tail(self, lines: int = 12) -> str:
        """The end of the output, where the reason usually is."""
        return "\n".join("    " + line for line in self.output.strip().splitlines()[-lines:])


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> Finished:
    """Run to the end and collect the output, handing over each line as it comes where asked to."""
    try:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=dict(os.environ if env is None else env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        return Finished(127, f"{command[0]}: {error.strerror}")
    with process:
        lines: list[str] = []
        for line in process.stdout or ():
            lines.append(line)
            if on_line:
                on_line(line.rstrip())
    return Finished(process.returncode, "".join(lines))


def outside_path(path: str | None = None) -> str:
    """PATH without this repository's own directories, which `make env` adds."""
    entries = (os.environ.get("PATH", "") if path is None else path).split(os.pathsep)
    own = {os.path.realpath(directory) for directory in OWN_DIRECTORIES}
    return os.pathsep.join(entry for entry in entries if entry and os.path.realpath(entry) not in own)


def which(name: str) -> Path | None:
    """A program on the user's own PATH."""
    found = shutil.which(name, path=outside_path())
    return Path(found).absolute() if found else None


def version_tuple(text: str) -> tuple[int, ...]:
    """The leading numbers of a version: v3.258.0-dev is (3, 258, 0). Nothing readable is ()."""
    numbers: list[int] = []
    for part in text.strip().lstrip("v").split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
        if digits != part:
            break
    return tuple(numbers)
