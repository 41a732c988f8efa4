"""What a conversion leaves on a plain table while it prepares the switch: a CHECK with a date, and an index."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from database import limits
from database.catalog import Table
from database.connection import Conn, rows
from database.months import boundary
from database.names import HISTORY, aside, fitted
from database.step import Context

_DAY = re.compile(r"'(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True, slots=True)
class Primary:
    """A primary key: its name and its columns in order."""

    name: str
    columns: tuple[str, ...]


def old(table: Table) -> Table:
    """A table under the name that it has as the first partition."""
    return Table(table.oid, table.schema, aside(table.name), "r", table.secured)


def check_name(table: str) -> str:
    """What the CHECK is called that all rows lie before the boundary."""
    return fitted(f"{table}{HISTORY}_check")


def key_name(table: str, column: str) -> str:
    """What the unique index of the future primary key is called."""
    return fitted(f"{table}{HISTORY}_{column}_key")


def check(conn: Conn, table: Table) -> dict[str, Any] | None:
    """The CHECK as it is: `valid`, `definition`."""
    found = rows(
        conn,
        "SELECT convalidated AS valid, pg_get_constraintdef(oid) AS definition FROM pg_constraint"
        " WHERE conrelid = %s AND conname = %s",
        (table.oid, check_name(table.name)),
    )
    return found[0] if found else None


def until(context: Context, table: Table) -> tuple[date, bool]:
    """Where the history ends, and whether the CHECK that is there says so."""
    found = check(context.conn, table)
    match = _DAY.search(found["definition"]) if found else None
    if match:
        day = date.fromisoformat(match[1])
        if day - context.today >= timedelta(days=limits.BOUNDARY_MARGIN_DAYS):
            return day, True
    return boundary(context.today), False


def primary(conn: Conn, table: Table) -> Primary | None:
    """The primary key, if there is one."""
    found = rows(
        conn,
        """
        SELECT k.conname AS name, array_agg(a.attname::text ORDER BY u.position) AS columns FROM pg_constraint k,
        unnest(k.conkey) WITH ORDINALITY u (number, position) JOIN pg_attribute a ON a.attnum = u.number
        WHERE k.conrelid = %s AND k.contype = 'p' AND a.attrelid = k.conrelid GROUP BY k.conname
        """,
        (table.oid,),
    )
    return Primary(found[0]["name"], tuple(found[0]["columns"])) if found else None
