"""Output and errors of the set-up: one clear message each."""

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

LIVE_INTERVAL = 0.5
PLAIN_INTERVAL = 30.0


class ProblemError(Exception):
    """Something the user can act on. Its text is the whole message; there is never a traceback."""


def say(text: str) -> None:
    """One line on stderr, so that stdout stays free for what a command is asked to print."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def answered(find: Callable[[], object]) -> int:
    """Print what a command is asked for, or why it cannot be had. Returns the exit code."""
    try:
        print(find())  # noqa: T201 (what the command is asked for)
    except ProblemError as problem:
        say(str(problem))
        return 1
    return 0


def minutes(seconds: float) -> str:
    """A duration as people say it: 45 s, 3 min 05 s."""
    whole = int(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02} s"


def free_space(path: Path) -> str:
    """How much room there is where this path is, or will be."""
    existing = path
    while not existing.exists():
        existing = existing.parent
    return f"{shutil.disk_usage(existing).free / 1e9:.1f} GB free"


@contextmanager
def progress(title: str, detail: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Show that a long step is alive: a line that keeps moving on a terminal, else a line every half minute."""
    started = time.monotonic()
    live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    finished = threading.Event()

    def line() -> str:
        more = detail()
        return f"  {title}: {minutes(time.monotonic() - started)}{f', {more}' if more else ''}"

    def show() -> None:
        while not finished.wait(LIVE_INTERVAL if live else PLAIN_INTERVAL):
            if live:
                width = shutil.get_terminal_size().columns - 1
                print(f"\r\033[K{line()[:width]}", end="", file=sys.stderr, flush=True)  # noqa: T201
            else:
                say(line())

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()
        if live:
            print("\r\033[K", end="", file=sys.stderr, flush=True)  # noqa: T201
    say(f"  {title}: {minutes(time.monotonic() - started)}")
