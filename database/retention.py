"""Retention and archive: rows go in batches, each a transaction of its own; whole months go as partitions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from psycopg import sql

from database import catalog, limits
from database.action import Action, Executor, qualified
from database.catalog import Bounds, Table
from database.config import Retention
from database.connection import one, rows
from database.runner import patiently
from database.step import Context, Report, Say

_EXPIRED = "ascent: expired partition of "


def _cutoff(rule: Retention, now: datetime) -> datetime:
    return now - timedelta(days=rule.days)


def planned(context: Context, rule: Retention, now: datetime) -> list[Action]:
    """What a run would do; a batch's statement is repeated until it finds no more."""
    table = catalog.existing(context.conn, context.config.schema_, rule.table)
    cutoff = _cutoff(rule, now)
    actions = [action for one in _expired(context, table, rule, cutoff) for action in one]
    return actions + [_batch(leaf, rule, cutoff) for leaf in _leaves(context, table)]


def retain(context: Context, executor: Executor, rule: Retention, now: datetime, say: Say) -> Report:
    """Take away what is older than the rule allows."""
    table = catalog.existing(context.conn, context.config.schema_, rule.table)
    cutoff = _cutoff(rule, now)
    dropped = 0
    for actions in _expired(context, table, rule, cutoff):
        patiently(executor, lambda actions=actions: actions, say)  # type: ignore[misc]
        dropped += 1
    deleted = batches = 0
    for leaf in _leaves(context, table):
        action = _batch(leaf, rule, cutoff)
        while count := patiently(executor, lambda: [action], lambda text: None, once=True):  # noqa: ARG005, B023
            deleted, batches = deleted + count, batches + 1
            say(f"{rule.table}: {deleted} rows deleted that are older than {cutoff:%Y-%m-%d %H:%M} UTC")
    return {
        "rule": f"retain:{rule.table}",
        "cutoff": cutoff.astimezone(UTC).isoformat(),
        "deleted": deleted,
        "batches": batches,
        "partitionsDropped": dropped,
    }


def _leaves(context: Context, table: Table) -> list[Table]:
    if not table.partitioned:
        return [table]
    parts = catalog.partitions(context.conn, table.oid)
    return [catalog.existing(context.conn, table.schema, part.name) for part in parts if not part.pending]


def _batch(leaf: Table, rule: Retention, cutoff: datetime) -> Action:
    # Oldest first, so that an interrupted run leaves no gaps. Rows that somebody has locked wait for the next batch.
    statement = sql.SQL(
        "DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {column} < {cutoff}"
        " ORDER BY {column} LIMIT {rows} FOR UPDATE SKIP LOCKED))"
    ).format(
        table=qualified(leaf.schema, leaf.name),
        column=sql.Identifier(rule.column),
        cutoff=sql.Literal(cutoff.isoformat()),
        rows=sql.Literal(limits.BATCH_ROWS),
    )
    why = f"{leaf.name}: {limits.BATCH_ROWS} rows at a time, until none are older than {cutoff:%Y-%m-%d %H:%M} UTC"
    return Action((statement,), why, "batch", (leaf.schema, leaf.name))


def _expired(context: Context, table: Table, rule: Retention, cutoff: datetime) -> Iterator[list[Action]]:
    """For each partition that is expired as a whole, what takes it off and drops it; also what a killed run left."""
    for row in rows(
        context.conn,
        "SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = %s AND obj_description(c.oid, 'pg_class') = %s AND NOT c.relispartition",
        (table.schema, _EXPIRED + table.name),
    ):
        yield [_drop(table, row["name"])]
    if not table.partitioned or not _by(context, table, rule.column):
        return
    parts = catalog.partitions(context.conn, table.oid)
    alone = any(part.default for part in parts)
    for part in parts:
        expired = not part.pending and part.end is not None and _midnight(part.end) <= cutoff
        if expired or (part.pending and _marked(context, part, table)):
            yield [*_detach(table, part, plainly=alone), _drop(table, part.name)]


def _by(context: Context, table: Table, column: str) -> bool:
    query = """
        SELECT 1 AS found FROM pg_partitioned_table p JOIN pg_attribute a ON a.attrelid = p.partrelid
        AND a.attnum = p.partattrs[0] WHERE p.partrelid = %s AND a.attname = %s
        """
    return bool(rows(context.conn, query, (table.oid, column)))


def _marked(context: Context, part: Bounds, table: Table) -> bool:
    """Whether it was one of our runs that was killed while it took a partition off, and not somebody else."""
    row = one(context.conn, "SELECT obj_description(%s::oid, 'pg_class') AS comment", (part.oid,))
    return bool(row["comment"] == _EXPIRED + table.name)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _detach(table: Table, part: Bounds, *, plainly: bool) -> Iterator[Action]:
    parent, name = qualified(table.schema, table.name), qualified(table.schema, part.name)
    mark = sql.SQL("COMMENT ON TABLE {} IS {}").format(name, sql.Literal(_EXPIRED + table.name))
    yield Action(
        (mark,), f"marks {part.name} as expired, should this run be interrupted", table=(table.schema, part.name)
    )
    how = "FINALIZE" if part.pending else "" if plainly else "CONCURRENTLY"
    detach = sql.SQL("ALTER TABLE {} DETACH PARTITION {} {}").format(parent, name, sql.SQL(how))
    why = f"takes {part.name} off: all of its rows are expired"
    yield Action((detach,), why, "build" if how == "CONCURRENTLY" else "short", (table.schema, table.name))


def _drop(table: Table, name: str) -> Action:
    drop = sql.SQL("DROP TABLE IF EXISTS {}").format(qualified(table.schema, name))
    return Action((drop,), f"drops {name}, an expired partition of {table.name}", table=(table.schema, name))
