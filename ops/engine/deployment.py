"""A stack's state as `pulumi stack export` has it: secrets stay encrypted in export and import."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from infra import half_written
from ops import stackfile
from ops.console import errors
from ops.engine.interrupts import uninterrupted

# Runs the engine with arguments, and returns what it prints.
Run = Callable[[Sequence[str]], str]
OWN = stackfile.ROOT / ".toolchain" / "bin" / "pulumi"


class PulumiError(Exception):
    """A pulumi command failed. The text is one line; the engine's own output is on standard error."""


def run(arguments: Sequence[str], *, output: int, said: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run the engine on PATH, or else the repository's own, in the present environment.

    Args:
        arguments: without the program's name.
        output: where its output goes, as `subprocess` takes it.
        said: where its standard error goes; None for our own standard error.

    Raises:
        PulumiError: when there is no engine.
        KeyboardInterrupt: once it has ended, if that was asked for meanwhile.
    """
    command = [shutil.which("pulumi") or str(OWN), *arguments, "--non-interactive"]
    try:
        # Interrupted, `subprocess.run` kills what it runs.
        with uninterrupted(lambda text: errors.print(text, markup=False)):
            return subprocess.run(command, cwd=stackfile.ROOT, stdout=output, stderr=said, check=False, text=True)
    except OSError as error:
        raise PulumiError(f"there is no pulumi ({error.strerror}); install it, or run: make setup") from None


def printed(arguments: Sequence[str]) -> str:
    """The engine's output.

    Raises:
        PulumiError: when it fails.
    """
    ask = partial(run, arguments, output=subprocess.PIPE, said=subprocess.PIPE)
    done = ask()
    for pause in half_written.PAUSES:
        if done.returncode == 0 or half_written.SAYS not in done.stderr:
            break
        time.sleep(pause)
        done = ask()
    if done.stderr:
        errors.print(done.stderr.rstrip(), markup=False)
    if done.returncode != 0:
        raise PulumiError(f"pulumi {' '.join(arguments[:2])} failed; see above, correct it, then try again")
    return str(done.stdout)


def exported(engine: Run, stack: str) -> dict[str, Any]:
    """The state of a stack. Without --show-secrets, nothing is decrypted for it."""
    found: dict[str, Any] = json.loads(engine(["stack", "export", "--stack", stack]))
    return found


def imported(engine: Run, stack: str, state: dict[str, Any]) -> None:
    """Put a state in place of a stack's."""
    with tempfile.NamedTemporaryFile("w", prefix="ascent-", suffix=".json") as file:
        json.dump(state, file)
        file.flush()
        engine(["stack", "import", "--stack", stack, "--file", file.name])
