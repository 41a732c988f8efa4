"""Runs the engine in the terminal it was called from, and passes an interruption on exactly once."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType


def run_in_terminal(command: Sequence[str], *, cwd: Path, env: dict[str, str]) -> int:
    """Run the engine with our own stdin, stdout and stderr; its exit code, or 130 after an interruption.

    The engine takes one SIGINT as "stop when what is under way is done" and a second one as "stop at once". On a
    terminal, Ctrl-C reaches the whole process group, the engine included, so it must not be passed on again. Without
    one the engine is given a session of its own, where nothing reaches it but what is passed on.
    """
    interactive = sys.stdin.isatty() and _in_foreground()
    asked = False
    process: subprocess.Popen[bytes] | None = None

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        already, asked = asked, True
        from_terminal = number == signal.SIGINT and interactive
        if process is not None and not from_terminal and not (already and number != signal.SIGINT):
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env=env,
            stdin=None if interactive else subprocess.DEVNULL,
            start_new_session=not interactive,
        )
        code = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 130 if asked and code else code


def _in_foreground() -> bool:
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:
        return False
