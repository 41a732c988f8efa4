"""One sandbox command at a time: a second one waits, and says for whom."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sandbox.commands.layout import Layout
from scripts.places import unwritable
from scripts.say import ProblemError


@contextmanager
def our_turn(layout: Layout, what: str, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold the sandbox. The kernel lets go of the lock when we die, however we die."""
    try:
        layout.home.mkdir(parents=True, exist_ok=True)
        handle = layout.lock.open("a+", encoding="utf-8")
    except OSError as error:
        raise ProblemError(unwritable(layout.home, error)) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            tell(f"Waiting for another run to end: {handle.read().strip() or 'it does not say which'}.")
            fcntl.flock(handle, fcntl.LOCK_EX)
        handle.seek(0)
        handle.truncate()
        handle.write(f"{what}, process {os.getpid()}\n")
        handle.flush()
        yield
