"""Time, and how to wait."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class TimeSource(Protocol):
    """The time, and its passing."""

    def now(self) -> datetime:
        """Now, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
