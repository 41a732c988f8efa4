"""The one connection of a run, and the lock that keeps a second runner out."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import psycopg
from psycopg import errors, sql
from psycopg.rows import dict_row

from database import limits
from database.environment import OWNER, URL, Environment
from database.errors import BadInputError, RunError, masked

Conn = psycopg.Connection[dict[str, Any]]

# The first of an advisory lock's two keys: "asct" in ASCII. The second says which runners exclude each other.
LOCK_SPACE = 0x61736374
# DETACH PARTITION CONCURRENTLY, and noticing that a client is gone, came with it.
_OLDEST = 14
Group = Literal["change", "refresh"]
_GROUPS: dict[Group, int] = {"change": 1, "refresh": 2}


@contextmanager
def connected(environment: Environment, command: str, schema: str) -> Iterator[Conn]:
    """A connection in autocommit mode, as the tables' owner where the environment names one; closed at the end.

    Raises:
        RunError: if the database cannot be reached, is read-only or behind a pooler, or the role may not be taken on.
    """
    url = environment.url
    name = f"ascent database {command}, {socket.gethostname()} {os.getpid()}"
    try:
        conn: Conn = psycopg.connect(
            url, autocommit=True, connect_timeout=10, application_name=name[:63], row_factory=dict_row
        )
    except psycopg.Error as error:
        reason = " ".join(masked(str(error), url).split())
        raise RunError(
            f"cannot connect to the database of {URL}: {reason}. Check address, network and password."
        ) from None
    with conn:
        _prepare(conn, schema)
        _become(conn, environment.owner)
        yield conn


def _prepare(conn: Conn, schema: str) -> None:
    version = conn.info.server_version // 10_000
    if version < _OLDEST:
        raise RunError(f"the database is PostgreSQL {version}: {_OLDEST} or newer is needed. Upgrade it.")
    row = one(conn, "SELECT pg_backend_pid() AS pid, pg_is_in_recovery() AS reader")
    if row["pid"] != conn.info.backend_pid:
        # A pooler in between answers with a process id of its own. In transaction mode it would hand each statement
        # to another server connection, where neither our timeouts nor our lock are.
        raise BadInputError(f"{URL} leads through a pooler, which loses locks and timeouts: give the direct address.")
    if row["reader"]:
        raise BadInputError(f"{URL} leads to a reader, which cannot be changed: give the writer's address.")
    settings = {
        "TimeZone": "UTC",
        "client_connection_check_interval": str(limits.CLIENT_CHECK_MS),
        "idle_in_transaction_session_timeout": "60s",
    }
    for key, value in settings.items():
        conn.execute("SELECT set_config(%s, %s, false)", (key, value))
    # Queries of views, and operator classes of extensions, are found in the config's schema first, then as usual.
    conn.execute(
        "SELECT set_config('search_path', quote_ident(%s) || ', ' || current_setting('search_path'), false)", (schema,)
    )
    timeouts(conn, limits.LIMITS["read"].lock or 0, limits.LIMITS["read"].statement)


def _become(conn: Conn, owner: str) -> None:
    """Take the owner's role on for the whole session: it owns what is made, and its rights are those that count."""
    if not owner:
        return
    try:
        conn.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(owner)))
    except (errors.UndefinedObject, errors.InvalidParameterValue):
        raise RunError(f"{OWNER}: there is no role {owner}: create it, or correct the variable.") from None
    except errors.InsufficientPrivilege:
        me = sql.Identifier(conn.info.user).as_string(conn)
        named = sql.Identifier(owner).as_string(conn)
        raise RunError(f"{OWNER}: {conn.info.user} may not become {owner}: GRANT {named} TO {me}.") from None


def one(conn: Conn, query: Any, parameters: Any = None) -> dict[str, Any]:
    """The only row that a query has."""
    row = conn.execute(query, parameters).fetchone()
    if row is None:
        raise RunError("the database answered a query with no row, which should not happen.")
    return row


def rows(conn: Conn, query: Any, parameters: Any = None) -> list[dict[str, Any]]:
    """A query's rows."""
    return conn.execute(query, parameters).fetchall()


def timeouts(conn: Conn, lock: float, statement: float) -> None:
    """Set both for what follows on this connection, in seconds."""
    conn.execute(
        "SELECT set_config('lock_timeout', %s, false), set_config('statement_timeout', %s, false)",
        (f"{int(lock * 1000)}ms", f"{int(statement * 1000)}ms"),
    )


def first(error: psycopg.Error) -> str:
    """What the server says of an error, on one line without its full stop."""
    parts = [error.diag.message_primary or str(error).strip() or type(error).__name__, error.diag.message_detail]
    return "; ".join(" ".join(part.split()).rstrip(".") for part in parts if part)


def explained(error: psycopg.Error) -> str:
    """The same as a sentence, and what to do where the role lacks a right."""
    if isinstance(error, errors.InsufficientPrivilege):
        return (
            f"not allowed: {first(error)}. Run as the tables' owner, or as a member of it with {OWNER} set to its name."
        )
    return f"{first(error)}."


@contextmanager
def alone(conn: Conn, group: Group, wait: float, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the runners' lock; it goes with the connection, however the run ends.

    Raises:
        RunError: if another runner still has it after `wait` seconds, with who that is.
    """
    keys = (LOCK_SPACE, _GROUPS[group])
    until = time.monotonic() + wait
    said = False
    while not one(conn, "SELECT pg_try_advisory_lock(%s, %s) AS got", keys)["got"]:
        if time.monotonic() >= until:
            raise RunError(f"another run is under way: {_holder(conn, keys)}. Wait for it, or end it, and run again.")
        if not said:
            say(f"waiting for another run: {_holder(conn, keys)}")
            said = True
        time.sleep(0.2)
    try:
        yield
    finally:
        if not conn.closed:
            conn.execute("SELECT pg_advisory_unlock(%s, %s)", keys)


def _holder(conn: Conn, keys: tuple[int, int]) -> str:
    found = rows(
        conn,
        """
        SELECT a.pid, a.application_name, a.usename, a.backend_start FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE l.locktype = 'advisory' AND l.granted AND l.classid::bigint = %s AND l.objid::bigint = %s
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """,
        keys,
    )
    if not found:
        return "it has just ended"
    row = found[0]
    since = f"{row['backend_start']:%Y-%m-%d %H:%M:%S} UTC" if row["backend_start"] else "an unknown time"
    return f"process {row['pid']} of {row['usename']} ({row['application_name']}) since {since}"
