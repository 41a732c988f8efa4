"""Rows in a default partition: a month whose rows lie there cannot be made before they are moved."""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import sql

from database.action import qualified, seconds, trusted
from database.catalog import Table
from database.config import Partition
from database.connection import one, rows, timeouts
from database.monthly import create, literal, name_of, pattern
from database.months import Month
from database.references import incoming
from database.step import Context


def holds(context: Context, partition: Partition, table: Table, month: Month) -> bool:
    """Whether rows of a month lie in the default partition, which may have to be read whole."""
    default = _default(context, table)
    if default is None:
        return False
    timeouts(context.conn, *seconds("validate", context.config.locks))
    query = sql.SQL("SELECT EXISTS (SELECT FROM {default} WHERE {within}) AS found").format(
        default=default, within=_within(partition, month)
    )
    found = one(context.conn, query)["found"]
    timeouts(context.conn, *seconds("read", context.config.locks))
    return bool(found)


def in_default(context: Context, partition: Partition, table: Table, months: list[Month]) -> str:
    """What is in the way, and the statements that a person runs, as one transaction."""
    statements = "\n".join(f"  {one.as_string(context.conn)};" for one in _moving(context, partition, table, months))
    named = ", ".join(f"{month.start:%Y-%m}" for month in months)
    return (
        f"the default partition of {table.name} holds rows of {named}, so that no partition can be made for them."
        " Move them when few write to the table, as its lock is held meanwhile:\n"
        f"  BEGIN;\n{statements}\n  COMMIT;"
    )


def _default(context: Context, table: Table) -> sql.Identifier | None:
    query = """
        SELECT n.nspname AS schema, c.relname AS name FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partdefid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE p.partrelid = %s
        """
    return next((qualified(row["schema"], row["name"]) for row in rows(context.conn, query, (table.oid,))), None)


def _moving(context: Context, partition: Partition, table: Table, months: list[Month]) -> Iterator[sql.Composable]:
    parent, aside = qualified(table.schema, table.name), _default(context, table)
    # A partition whose rows are referred to cannot be taken off.
    keys = incoming(context.conn, table.oid)
    for key in keys:
        yield sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(
            qualified(key.schema, key.table), sql.Identifier(key.name)
        )
    yield sql.SQL("ALTER TABLE {} DETACH PARTITION {}").format(parent, aside)
    for month in months:
        # Moved before it is attached: as a partition it would have the triggers, which have seen these rows before.
        *made, attach = create(context.conn, table, month, pattern(context.conn, table))
        yield from made
        yield sql.SQL(
            "WITH moved AS (DELETE FROM {aside} WHERE {within} RETURNING {names})"
            " INSERT INTO {part} ({names}) SELECT {names} FROM moved"
        ).format(
            aside=aside,
            within=_within(partition, month),
            names=sql.SQL(", ").join(map(sql.Identifier, _written(context, table))),
            part=qualified(table.schema, name_of(table.name, month)),
        )
        yield attach
    yield sql.SQL("ALTER TABLE {} ATTACH PARTITION {} DEFAULT").format(parent, aside)
    for key in keys:
        definition = one(context.conn, "SELECT pg_get_constraintdef(%s) AS text", (key.oid,))["text"]
        yield sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(
            qualified(key.schema, key.table), sql.Identifier(key.name), trusted(definition)
        )


def _written(context: Context, table: Table) -> list[str]:
    """The columns that a row is written with: a generated one is computed again."""
    query = """
        SELECT attname AS name FROM pg_attribute
        WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
        """
    return [row["name"] for row in rows(context.conn, query, (table.oid,))]


def _within(partition: Partition, month: Month) -> sql.Composable:
    return sql.SQL("{column} >= {start} AND {column} < {end}").format(
        column=sql.Identifier(partition.column), start=literal(month.start), end=literal(month.end)
    )
