"""Ctrl-C while the engine runs: the engine finishes first, then this process ends."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def uninterrupted(tell: Callable[[str], None]) -> Iterator[None]:
    """Let the engine finish. On a terminal Ctrl-C reaches it as well, and it stops after the operations under way.

    An engine that is killed during an update leaves a lock, and resources in the cloud that no state has.

    Args:
        tell: called with the message that it may take a while.

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
        # The engine's own interruption is what the user asked for.
        if not asked:
            raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked:
        raise KeyboardInterrupt
