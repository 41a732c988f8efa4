"""Statements with their reasons and limits, and how they are run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import errors, sql

from database.config import Locks
from database.connection import Conn, explained, first, rows, timeouts
from database.errors import LockTimeoutError, RetryError, RunError
from database.limits import LIMITS


@dataclass(frozen=True, slots=True)
class Action:
    """Something to run. Several statements are one transaction; a single one is run on its own.

    sql: the statements.
    why: what each is for, for people.
    limits: a key of LIMITS.
    table: what it needs a lock on, as schema and name, to say who is in the way.
    again: builds the action again, after its first statement has taken the lock. The rest runs only if nothing differs.
    """

    sql: tuple[sql.Composable, ...]
    why: str
    limits: str = "short"
    table: tuple[str, str] | None = None
    again: Callable[[], Action] | None = None

    def texts(self, conn: Conn) -> list[str]:
        """The statements as they are sent."""
        return [one.as_string(conn) for one in self.sql]

    def as_dict(self, conn: Conn, locks: Locks) -> dict[str, Any]:
        """Plain data."""
        lock, statement = seconds(self.limits, locks)
        return {
            "why": self.why,
            "sql": self.texts(conn),
            "transaction": len(self.sql) > 1,
            "lockTimeoutSeconds": lock,
            "statementTimeoutSeconds": statement,
        }


def seconds(kind: str, locks: Locks) -> tuple[float, float]:
    """The lock and the statement timeout of a kind."""
    limit = LIMITS[kind]
    return (locks.timeout_seconds if limit.lock is None else float(limit.lock), float(limit.statement))


def trusted(text: str) -> sql.SQL:
    """Text that the server itself composed, as the body of an index or the definition of a trigger."""
    return sql.SQL(text)


def qualified(schema: str, name: str) -> sql.Identifier:
    """A quoted name with its schema."""
    return sql.Identifier(schema, name)


@dataclass(slots=True)
class Executor:
    """Runs actions on one connection. `ran` collects what was run, for the report."""

    conn: Conn
    locks: Locks
    say: Callable[[str], None]
    ran: list[dict[str, Any]] = field(default_factory=list)

    def run(self, action: Action) -> int:
        """Run it once; how many rows its last statement touched.

        Raises:
            LockTimeoutError: if a lock was not to be had in time. Nothing happened, but for an unfinished index.
            RetryError: if it is no longer what was planned. Nothing happened.
            RunError: if it cannot work.
        """
        timeouts(self.conn, *seconds(action.limits, self.locks))
        started = time.monotonic()
        touched = 0
        try:
            if len(action.sql) == 1:
                touched = self._send(action.sql[0]).rowcount
            else:
                with self.conn.transaction():
                    self._send(action.sql[0])
                    if action.again and action.again().texts(self.conn) != action.texts(self.conn):
                        raise RetryError(f"{action.why}: the table was changed since this was planned")
                    for statement in action.sql[1:]:
                        touched = self._send(statement).rowcount
        except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
            raise LockTimeoutError(f"{action.why}: {self._in_the_way(action)}") from error
        except (errors.ForeignKeyViolation, errors.RestrictViolation) as error:
            if action.limits != "batch":
                raise RunError(f"{action.why}: {first(error)}.") from error
            # Another transaction has added a reference to one of these rows since references were looked up.
            raise RetryError(f"{action.why}: {first(error)}") from error
        except errors.QueryCanceled as error:
            limit = seconds(action.limits, self.locks)[1]
            raise RunError(
                f"{action.why}: ended after {limit:.0f} s or by an operator. Run again: it resumes."
            ) from error
        except errors.InsufficientPrivilege as error:
            raise RunError(f"{action.why}: {explained(error)}") from error
        except psycopg.Error as error:
            again = " The connection is gone. Run again: it resumes." if self.conn.closed else ""
            raise RunError(f"{action.why}: {first(error)}.{again}") from error
        finally:
            # What follows is looking at the catalog, which has no reason to wait as long as a build has.
            if not self.conn.closed:
                timeouts(self.conn, *seconds("read", self.locks))
        took = time.monotonic() - started
        self.ran.append({**action.as_dict(self.conn, self.locks), "seconds": round(took, 3)})
        return touched

    def _send(self, statement: sql.Composable) -> psycopg.Cursor[dict[str, Any]]:
        return self.conn.execute(sql.Composed([statement]))

    def _in_the_way(self, action: Action) -> str:
        timeouts(self.conn, *seconds("read", self.locks))
        lock = seconds(action.limits, self.locks)[0]
        waited = f"no lock within {lock:g} s"
        if action.table is None:
            return waited
        found = rows(
            self.conn,
            """
            SELECT DISTINCT a.pid, a.application_name, a.state, now() - a.xact_start AS age
            FROM pg_locks l JOIN pg_stat_activity a USING (pid) JOIN pg_class c ON c.oid = l.relation
            WHERE l.granted AND c.relnamespace = %s::text::regnamespace AND c.relname = %s
            AND a.pid <> pg_backend_pid() ORDER BY age DESC NULLS LAST LIMIT 3
            """,
            (_quoted(action.table[0]), action.table[1]),
        )
        who = "; ".join(
            f"process {row['pid']} ({row['application_name'] or 'no name'}, {row['state'] or 'of another role'}"
            f"{_age(row['age'])})"
            for row in found
        )
        return f"{waited} on {'.'.join(action.table)}; held by {who or 'somebody who has just let go'}"


def _age(age: timedelta | None) -> str:
    """How long a transaction has been open, where this role may see it."""
    return f", transaction open for {age.total_seconds():.0f} s" if age else ""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
