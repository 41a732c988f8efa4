"""A step: something that is to be so, and what has to run until it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from database.action import Action
from database.config import Config
from database.connection import Conn

Report = dict[str, Any]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Context:
    """What steps look at: the database, the config, and the database's own day in UTC."""

    conn: Conn
    config: Config
    today: date
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Something a person should know, said once."""
        if text not in self.notes:
            self.notes.append(text)


class Step(Protocol):
    """`id` names it in the ledger, `checksum` is of its definition."""

    @property
    def id(self) -> str: ...

    @property
    def checksum(self) -> str: ...

    def pending(self, context: Context) -> list[Action]:
        """What has to run, in order; nothing when it is so already.

        Raises:
            RunError: if it cannot become so.
        """
        ...

    def abandon(self, context: Context) -> list[Action]:
        """What to run when it could not be finished, so that nothing is left in anybody's way."""
        ...


def checksum(definition: Any) -> str:
    """The checksum of plain data."""
    return hashlib.sha256(json.dumps(definition, sort_keys=True, default=str).encode()).hexdigest()
