"""Polling until a condition holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")


def polled(
    look: Callable[[], Seen],
    over: Callable[[Seen], bool],
    *,
    seconds: float,
    wait: Callable[[float], None],
    poll: float,
) -> Seen:
    """Poll until `over` accepts the state, or the time is up. Returns the last state.

    Args:
        seconds: the time, counted in waits.
        wait: waits that many seconds.
        poll: seconds between two looks.
    """
    waited = 0.0
    while True:
        seen = look()
        if over(seen) or waited >= seconds:
            return seen
        wait(poll)
        waited += poll
