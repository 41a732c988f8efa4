"""The statements that make one month's partition."""

from __future__ import annotations

from datetime import date

from psycopg import sql

from database.action import qualified
from database.catalog import Table
from database.months import Month


def name_of(table: str, month: Month) -> str:
    """A month's partition, as the runbook names it."""
    return f"{table}_{month.suffix}"


def create(table: Table, month: Month) -> list[sql.Composable]:
    """Make a month's partition by itself and attach it: unlike CREATE TABLE ... PARTITION OF, it blocks no writer."""
    name = qualified(table.schema, name_of(table.name, month))
    parent = qualified(table.schema, table.name)
    statements: list[sql.Composable] = [
        sql.SQL(
            "CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED"
            " INCLUDING STORAGE INCLUDING COMPRESSION)"
        ).format(name, parent)
    ]
    if table.secured:
        # Row security is the parent's for who asks the parent; whoever asks the partition itself gets nothing.
        statements.append(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(name))
    statements.append(
        sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(
            parent, name, literal(month.start), literal(month.end)
        )
    )
    return statements


def literal(day: date) -> sql.Literal:
    """A day's beginning in UTC; a column without a time zone or time ignores what it has no use for."""
    return sql.Literal(f"{day.isoformat()} 00:00:00+00")
