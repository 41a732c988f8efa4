"""Rows that go in batches, oldest first: each batch a transaction of its own, short enough to hold no lock for long."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from database import limits
from database.action import Action, qualified, seconds
from database.catalog import Table
from database.connection import one, rows, timeouts
from database.step import Context

ROW = "due"
# A relation and all below it that hold rows, whether partitions or tables that inherit. Each is asked by itself: where
# a row is (its ctid) says nothing without the table that it is in.
_LEAVES = """
    WITH RECURSIVE tree (oid) AS (
        SELECT %s::oid UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree ON tree.oid = i.inhparent
        WHERE NOT i.inhdetachpending)
    SELECT c.oid::bigint AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
    c.relrowsecurity AS secured FROM tree JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind <> 'p' ORDER BY n.nspname, c.relname
    """


def leaves(context: Context, oid: int) -> list[Table]:
    """The tables that hold a relation's rows. Foreign ones are named, and left alone."""
    found = [Table(**row) for row in rows(context.conn, _LEAVES, (oid,))]
    for table in found:
        if table.kind != "r":
            context.note(f"{table.schema}.{table.name} is no table of this database: its rows are left as they are.")
    return [table for table in found if table.kind == "r"]


def batch(leaf: Table, column: str, before: sql.Composable, held: Sequence[sql.Composable], why: str) -> Action:
    """Delete the oldest rows of a table whose column lies before a time, except rows that `held` protects.

    Rows that another transaction has locked are skipped, and are left to the next batch.
    """
    statement = sql.SQL(
        "DELETE FROM ONLY {table} WHERE ctid = ANY (ARRAY(SELECT {row}.ctid FROM ONLY {table} AS {row}"
        " WHERE {row}.{column} < {before}{held} ORDER BY {row}.{column} LIMIT {rows} FOR UPDATE SKIP LOCKED))"
    ).format(
        table=qualified(leaf.schema, leaf.name),
        row=sql.Identifier(ROW),
        column=sql.Identifier(column),
        before=before,
        held=but_for(held),
        rows=sql.Literal(limits.BATCH_ROWS),
    )
    return Action((statement,), why, "batch", (leaf.schema, leaf.name))


def but_for(held: Sequence[sql.Composable]) -> sql.Composable:
    """What follows a condition, so that it is true of no row that is held."""
    return sql.SQL("").join(sql.SQL(" AND NOT {}").format(one) for one in held)


def count(context: Context, table: sql.Composable, due: sql.Composable, held: Sequence[sql.Composable]) -> int:
    """How many rows of a table are due, and held."""
    if not held:
        return 0
    timeouts(context.conn, *seconds("validate", context.config.locks))
    query = sql.SQL("SELECT count(*) AS rows FROM {} AS {} WHERE {} AND ({})").format(
        table, sql.Identifier(ROW), due, sql.SQL(" OR ").join(held)
    )
    return int(one(context.conn, query)["rows"])
