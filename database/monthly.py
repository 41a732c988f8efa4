"""The statements that make one month's partition."""

from __future__ import annotations

from datetime import date

from psycopg import sql

from database import catalog
from database.action import qualified
from database.catalog import Table
from database.connection import Conn
from database.likeness import columns, storage
from database.months import Month
from database.rights import owned, strangers


def name_of(table: str, month: Month) -> str:
    """A month's partition, as the runbook names it."""
    return f"{table}_{month.suffix}"


def create(conn: Conn, table: Table, month: Month, like: int) -> list[sql.Composable]:
    """Make a month's partition by itself and attach it: unlike CREATE TABLE ... PARTITION OF, it blocks no writer.

    like: the oid of the table whose storage options it gets, which a partitioned table cannot keep.
    """
    name = qualified(table.schema, name_of(table.name, month))
    parent = qualified(table.schema, table.name)
    return [
        sql.SQL(
            "CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED"
            " INCLUDING STORAGE INCLUDING COMPRESSION)"
        ).format(name, parent),
        # Who may not ask the parent may not ask the partition either, whatever a new table gives to others by default.
        *strangers(conn, table.oid, name),
        *owned(conn, table.oid, name),
        *([sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(name)] if table.secured else []),
        *storage(conn, like, name),
        *columns(conn, table.oid, name),
        sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(
            parent, name, literal(month.start), literal(month.end)
        ),
    ]


def pattern(conn: Conn, table: Table) -> int:
    """The oid of the table whose storage options a new partition gets: the latest one's."""
    parts = [part for part in catalog.partitions(conn, table.oid) if not part.default and not part.pending]
    return parts[-1].oid if parts else table.oid


def literal(day: date) -> sql.Literal:
    """A day's beginning in UTC; a column without a time zone or time ignores what it has no use for."""
    return sql.Literal(f"{day.isoformat()} 00:00:00+00")
