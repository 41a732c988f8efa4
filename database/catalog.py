"""What the catalog says: tables, columns, indexes, partitions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import errors, sql

from database.action import qualified
from database.connection import Conn, explained, rows
from database.errors import LockTimeoutError, RunError


@dataclass(frozen=True, slots=True)
class Table:
    """A relation. `kind` is pg_class.relkind: r is a table, p a partitioned one, m a materialized view."""

    oid: int
    schema: str
    name: str
    kind: str
    secured: bool

    @property
    def partitioned(self) -> bool:
        """Whether it only holds partitions."""
        return self.kind == "p"


@dataclass(frozen=True, slots=True)
class IndexState:
    """An index as it is. `body` is its definition from USING on, as the server writes it."""

    oid: int
    name: str
    body: str
    valid: bool
    unique: bool
    primary: bool
    constraint: bool


@dataclass(frozen=True, slots=True)
class Bounds:
    """A partition and its range; None is open-ended. `pending` is a detachment that did not finish."""

    oid: int
    name: str
    start: date | None
    end: date | None
    default: bool
    pending: bool


def table(conn: Conn, schema: str, name: str) -> Table | None:
    """A relation, or None if there is none of that name."""
    found = rows(
        conn,
        """
        SELECT c.oid::bigint AS oid, c.relkind::text AS kind, c.relrowsecurity AS secured
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s
        """,
        (schema, name),
    )
    return Table(found[0]["oid"], schema, name, found[0]["kind"], found[0]["secured"]) if found else None


def existing(conn: Conn, schema: str, name: str) -> Table:
    """A relation.

    Raises:
        RunError: if there is none of that name.
    """
    found = table(conn, schema, name)
    if found is None:
        raise RunError(f"table {schema}.{name} does not exist: create it first, or take it out of the config.")
    return found


def columns(conn: Conn, oid: int) -> dict[str, str]:
    """A relation's columns in order, each with its type."""
    query = """
        SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
        WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum
        """
    return {row["name"]: row["type"] for row in rows(conn, query, (oid,))}


def indexes(conn: Conn, oid: int) -> list[IndexState]:
    """A relation's indexes, by name."""
    found = rows(
        conn,
        """
        SELECT c.oid::bigint AS oid, c.relname AS name, pg_get_indexdef(c.oid) AS definition, i.indisvalid AS valid,
        i.indisunique AS unique, i.indisprimary AS primary,
        EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')) AS constraint
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = %s ORDER BY c.relname
        """,
        (oid,),
    )
    return [
        IndexState(
            row["oid"],
            row["name"],
            body_of(row["definition"]),
            row["valid"],
            row["unique"],
            row["primary"],
            row["constraint"],
        )
        for row in found
    ]


def body_of(definition: str) -> str:
    """An index's definition from USING on, without names."""
    return "USING " + definition.partition(" USING ")[2]


def canonical(conn: Conn, relation: Table, body: sql.Composable, index: str) -> str:
    """How the server writes the body of an index, found by building it on an empty copy that is rolled back.

    Raises:
        RunError: if the server does not accept it.
    """
    probe = sql.SQL("CREATE TEMP TABLE ascent_probe (LIKE {table})").format(
        table=qualified(relation.schema, relation.name)
    )
    try:
        with conn.transaction(force_rollback=True):
            conn.execute(probe)
            conn.execute(sql.SQL("CREATE INDEX ascent_probe_index ON pg_temp.ascent_probe {}").format(body))
            row = rows(conn, "SELECT pg_get_indexdef('pg_temp.ascent_probe_index'::regclass) AS definition")[0]
    except errors.LockNotAvailable:
        raise LockTimeoutError(f"{relation.schema}.{relation.name} is locked as a whole by another session") from None
    except errors.InsufficientPrivilege as error:
        raise RunError(f"index {index} on {relation.schema}.{relation.name}: {explained(error)}") from None
    except errors.Error as error:
        reason = (error.diag.message_primary or str(error)).replace("ascent_probe", relation.name)
        raise RunError(f"index {index} on {relation.schema}.{relation.name}: {reason}. Correct the config.") from None
    return body_of(row["definition"])


_BOUND = re.compile(r"FOR VALUES FROM \((?P<start>.+)\) TO \((?P<end>.+)\)$")


def partitions(conn: Conn, oid: int) -> list[Bounds]:
    """A partitioned table's partitions, the oldest first.

    Raises:
        RunError: if it is not partitioned by range of one date or time.
    """
    found = rows(
        conn,
        """
        SELECT c.oid::bigint AS oid, c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound,
        i.inhdetachpending AS pending
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s
        """,
        (oid,),
    )
    result = [_bounds(row) for row in found]
    return sorted(result, key=lambda one: (one.start or date.min, one.name))


def _bounds(row: dict[str, Any]) -> Bounds:
    bound = row["bound"] or "DEFAULT"
    if bound == "DEFAULT":
        return Bounds(row["oid"], row["name"], None, None, default=not row["pending"], pending=row["pending"])
    match = _BOUND.match(bound)
    if match is None:
        raise RunError(f"partition {row['name']} is not a range of one column: {bound}. Only those are supported.")
    return Bounds(
        row["oid"], row["name"], _day(match["start"]), _day(match["end"]), default=False, pending=row["pending"]
    )


def _day(text: str) -> date | None:
    if text in ("MINVALUE", "MAXVALUE"):
        return None
    return date.fromisoformat(text.strip("'")[:10])
