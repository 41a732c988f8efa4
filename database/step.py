"""A step: something that is to be so, and what has to run until it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, TypeVar

import psycopg

from database.action import Action
from database.config import Config
from database.connection import Conn, explained
from database.environment import Environment
from database.errors import RunError

Report = dict[str, Any]
Say = Callable[[str], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Context:
    """What steps look at: the database, the config, the database's own day in UTC, and the environment.

    notes: what a person should know. failed: what did not work and why, by the name of its step or rule; the run went
    on with the others, and ends with exit code 1.
    """

    conn: Conn
    config: Config
    today: date
    environment: Environment
    notes: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def note(self, text: str) -> None:
        """Something a person should know, said once."""
        if text not in self.notes:
            self.notes.append(text)

    def attempt(self, name: str, work: Callable[[], T], otherwise: T) -> T:
        """Do the work of one step or rule. What ends it is written down, and the others have their turn.

        Raises:
            RunError, psycopg.Error: if the connection is gone, and with it everybody's turn.
        """
        try:
            return work()
        except (RunError, psycopg.Error) as error:
            if self.conn.closed:
                raise
            self.failed[name] = str(error) if isinstance(error, RunError) else explained(error)
            return otherwise


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
