"""Ctrl-C while the engine runs: it ends in order, and only then do we."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def uninterrupted(tell: Callable[[str], None]) -> Iterator[None]:
    """Let the engine end in order. On a terminal Ctrl-C reaches it as well, and it stops after what is under way.

    An engine that is killed amid an update leaves a lock, and things at the cloud that no state knows.

    Args:
        tell: told that it may take a while.

    Raises:
        KeyboardInterrupt: once it has ended, well or not, if that was asked for.
    """
    asked: list[int] = []

    def note(number: int, _frame: object) -> None:
        if not asked:
            tell("Stopping as soon as the engine has finished what is under way...")
        asked.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except Exception:
        # Its own end is what was asked for.
        if not asked:
            raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked:
        raise KeyboardInterrupt
