"""Retention: rows go in batches, whole months as partitions. Rows that others refer to stay, and are counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from psycopg import sql

from database import catalog, limits, references
from database.action import Action, Executor, qualified, seconds
from database.batches import ROW, batch, count, leaves
from database.catalog import Bounds, Table
from database.config import Retention
from database.connection import one, rows, timeouts
from database.dependents import dependents
from database.runner import patiently
from database.step import Context, Report, Say

_EXPIRED = "ascent: expired partition of "
_REMEDY = ", or name the tables in `reaches` of the rule, if their rows are to go or change with it"


def _cutoff(rule: Retention, now: datetime) -> datetime:
    return now - timedelta(days=rule.days)


def _checked(context: Context, rule: Retention) -> Table:
    table = catalog.existing(context.conn, context.config.schema_, rule.table)
    references.check(context, table, rule.reaches, _REMEDY)
    return table


def planned(context: Context, rule: Retention, now: datetime) -> list[Action]:
    """What a run would do; a batch's statement is repeated until it finds no more.

    Raises:
        RunError: if it would reach rows of other tables.
    """
    table = _checked(context, rule)
    cutoff = _cutoff(rule, now)
    actions = [action for one in _expired(context, table, rule, cutoff) for action in one]
    return actions + [_batch(context, leaf, rule, cutoff) for leaf in leaves(context, table.oid)]


def retain(context: Context, executor: Executor, rule: Retention, now: datetime, say: Say) -> Report:
    """Take away what is older than the rule allows, but for rows that others refer to.

    Raises:
        RunError: if it would reach rows of other tables, before anything is done.
    """
    table = _checked(context, rule)
    cutoff = _cutoff(rule, now)
    dropped = 0
    for actions in _expired(context, table, rule, cutoff):
        patiently(executor, lambda actions=actions: actions, say)  # type: ignore[misc]
        dropped += 1
    deleted = batches = kept = 0
    for leaf in leaves(context, table.oid):
        action = _batch(context, leaf, rule, cutoff)
        while found := patiently(executor, lambda: [action], lambda text: None, once=True):  # noqa: ARG005, B023
            deleted, batches = deleted + found, batches + 1
            say(f"{rule.table}: {deleted} rows deleted that are older than {cutoff:%Y-%m-%d %H:%M} UTC")
        due = sql.SQL("{} < {}").format(sql.Identifier(ROW, rule.column), _literal(cutoff))
        only = sql.SQL("ONLY {}").format(qualified(leaf.schema, leaf.name))
        kept += count(context, only, due, references.held(context.conn, leaf.oid, ROW))
    return {
        "rule": f"retain:{rule.table}",
        "cutoff": cutoff.astimezone(UTC).isoformat(),
        "deleted": deleted,
        "batches": batches,
        "partitionsDropped": dropped,
        "kept": kept,
    }


def _literal(cutoff: datetime) -> sql.Literal:
    return sql.Literal(cutoff.isoformat())


def _batch(context: Context, leaf: Table, rule: Retention, cutoff: datetime) -> Action:
    # Oldest first, so that an interrupted run leaves no gaps.
    why = f"{leaf.name}: {limits.BATCH_ROWS} rows at a time, until none are older than {cutoff:%Y-%m-%d %H:%M} UTC"
    return batch(leaf, rule.column, _literal(cutoff), references.held(context.conn, leaf.oid, ROW), why)


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
        if expired and not _free(context, table, part):
            continue
        if expired or (part.pending and _marked(context, part, table)):
            yield [*_detach(table, part, plainly=alone), _drop(table, part.name)]


def _free(context: Context, table: Table, part: Bounds) -> bool:
    """Whether a partition can be taken off: PostgreSQL refuses that while any row is referred to, even by a CASCADE.

    One that something depends on by itself, a view or a foreign key, could not be dropped: it is emptied, and stays.
    """
    found = [one.name for one in dependents(context.conn, part.oid)]
    if found:
        context.note(f"partition {part.name} of {table.name} is emptied and stays, for {', '.join(found)}: drop those.")
        return False
    held = references.held(context.conn, part.oid, ROW, by_all=True)
    if not held:
        return True
    timeouts(context.conn, *seconds("validate", context.config.locks))
    query = sql.SQL("SELECT NOT EXISTS (SELECT FROM {} AS {} WHERE {}) AS free").format(
        qualified(table.schema, part.name), sql.Identifier(ROW), sql.SQL(" OR ").join(held)
    )
    return bool(one(context.conn, query)["free"])


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
