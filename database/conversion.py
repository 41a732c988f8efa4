"""A plain table becomes a partitioned one, while it is in use and without copying a row.

The old table becomes the first partition. What takes long is done before, beside the traffic: a unique index with the
partition's column in it, and a CHECK that all rows lie before a boundary, validated. What is left for the switch is
metadata, in one transaction under one lock. It commits as a whole or not at all, so there is nothing half-switched to
resume, and no write can go astray: until the commit it goes to the old table, after it to the new one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from psycopg import sql

from database import catalog, history
from database.action import Action, qualified
from database.catalog import Table
from database.config import Partition
from database.errors import RunError
from database.indexes import concurrently
from database.monthly import literal
from database.obstacles import obstacles
from database.step import Context
from database.switch import switch

_TYPES = ("timestamp with time zone", "timestamp without time zone", "date")


def postponed(context: Context, partition: Partition, table: Table) -> list[Action]:
    """A plain table is left as it is, and named: converting it is for a person to begin.

    The CHECK of a conversion that was not brought to its end goes before its date comes.

    Raises:
        RunError: if the config does not set `convert: true` for it.
    """
    _check_wanted(partition, table)
    context.note(
        f"table {table.schema}.{table.name} is due to be partitioned by month: run `convert --table {table.name}`"
        " when it suits you. Its primary key changes: see docs/database.md."
    )
    if history.check(context.conn, table) is None or history.until(context, table)[1]:
        return []
    return [_drop_check(table, "its CHECK is of an interrupted conversion, and would refuse rows from its date on")]


def _check_wanted(partition: Partition, table: Table) -> None:
    name = f"table {table.schema}.{table.name}"
    if table.kind != "r":
        raise RunError(f"{name} is no table: partitions need one. Correct the config.")
    if not partition.convert:
        raise RunError(
            f"{name} is not partitioned: set convert: true and run `convert --table {table.name}`, or take it out of"
            " partitions."
        )


def pending(context: Context, partition: Partition, table: Table) -> list[Action]:
    """What is left to do, up to the switch.

    Raises:
        RunError: if the table cannot be converted, with everything that is in the way.
    """
    _check_wanted(partition, table)
    name = f"table {table.schema}.{table.name}"
    types = catalog.columns(context.conn, table.oid)
    if re.sub(r"\(\d\)", "", types.get(partition.column, "nothing")) not in _TYPES:
        raise RunError(
            f"{name}: column {partition.column} is {types.get(partition.column, 'not there')};"
            " partitions need a timestamp or date. Correct the config."
        )
    last = _switch(context, partition, table)
    return [*_prepare(context, partition, table), last]


def _switch(context: Context, partition: Partition, table: Table) -> Action:
    """The switch, if nothing is in the way; looked at again under its lock, as hours may have passed."""
    in_the_way = obstacles(context, table, partition)
    if in_the_way:
        name = f"table {table.schema}.{table.name}"
        raise RunError(f"{name} cannot be partitioned as it is: " + "; ".join(in_the_way) + ".")
    return replace(switch(context, partition, table), again=partial(_switch, context, partition, table))


def abandon(context: Context, partition: Partition) -> list[Action]:
    """Take the CHECK away again."""
    table = catalog.table(context.conn, context.config.schema_, partition.table)
    if table is None or table.partitioned or history.check(context.conn, table) is None:
        return []
    return [_drop_check(table, "gives up: its CHECK would refuse rows once its date has come")]


def _drop_check(table: Table, why: str) -> Action:
    drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}")
    statement = drop.format(qualified(table.schema, table.name), sql.Identifier(history.check_name(table.name)))
    return Action((statement,), f"{table.name}: {why}", table=(table.schema, table.name))


def _prepare(context: Context, partition: Partition, table: Table) -> Iterator[Action]:
    yield from _key(context, partition, table)
    target = (table.schema, table.name)
    until, said = history.until(context, table)
    check = history.check(context.conn, table)
    if check and not said:
        yield _drop_check(table, "its CHECK is of an interrupted run, and its date is near")
    name = sql.Identifier(history.check_name(table.name))
    if not (check and said):
        column = sql.Identifier(partition.column)
        add = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} CHECK ({} IS NOT NULL AND {} < {}) NOT VALID").format(
            qualified(*target), name, column, column, literal(until)
        )
        yield Action((add,), f"{table.name}: its rows lie before {until}, the end of its history", table=target)
    if not (check and said and check["valid"]):
        validate = sql.SQL("ALTER TABLE {} VALIDATE CONSTRAINT {}").format(qualified(*target), name)
        why = f"{table.name}: proves it beside the traffic, so that the switch need not read the table"
        yield Action((validate,), why, "validate", target)


def _key(context: Context, partition: Partition, table: Table) -> Iterator[Action]:
    """The unique index of a primary key that includes the partition's column."""
    primary = history.primary(context.conn, table)
    if primary is None or partition.column in primary.columns:
        return
    keys = sql.SQL(", ").join(sql.Identifier(one) for one in (*primary.columns, partition.column))
    body = catalog.canonical(context.conn, table, sql.SQL("USING btree ({})").format(keys), primary.name)
    name = history.key_name(table.name, partition.column)
    there = {one.name: one for one in catalog.indexes(context.conn, table.oid)}.get(name)
    if there is not None and not (there.valid and there.body == body):
        drop = sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(qualified(table.schema, name))
        why = f"drops index {name}: left invalid by an interrupted build"
        yield Action((drop,), why, "build", (table.schema, table.name))
        there = None
    if there is None:
        why = f"{table.name}: a partitioned table's primary key has to include {partition.column}"
        yield concurrently(table, name, body, why, unique=True)
