"""Archive: rows move to another table, from where they can be taken back; a batch is one statement, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from psycopg import sql

from database import catalog, limits, references
from database.action import Action, Executor, qualified, seconds, trusted
from database.batches import ROW, batch, but_for, count, leaves
from database.catalog import Table
from database.config import Archive
from database.connection import rows, timeouts
from database.errors import RunError
from database.months import months_before
from database.runner import patiently
from database.step import Context, Report, Say

WHEN = "archived_at"


def archive(context: Context, executor: Executor, rule: Archive, now: datetime, say: Say) -> Report:
    """Move what is due, then forget what has been in the archive for long enough. Rows that others refer to stay.

    Raises:
        RunError: if it would reach rows of other tables, before anything is done.
    """
    source = _checked(context, rule)
    patiently(executor, lambda: list(_table(context, rule, source)), say, once=True)
    cutoff = months_before(now, rule.older_than_months)
    moved = kept = 0
    for group in _groups(context, rule, source, cutoff):
        action = _move(context, rule, source, cutoff, group)
        while found := patiently(executor, lambda: [action], lambda text: None, once=True):  # noqa: ARG005, B023
            moved += found
            say(f"{rule.table}: {moved} rows moved to {rule.into} that are older than {cutoff:%Y-%m-%d} UTC")
    held = references.held(context.conn, source.oid, ROW)
    # A group that still has rows which are due has rows that are held.
    for group in _groups(context, rule, source, cutoff) if held else []:
        due = _due(rule, source, cutoff, group)
        kept += count(context, qualified(source.schema, source.name), due, held)
    purged = 0
    for purge in _purge(context, rule, source, now):
        while found := patiently(executor, lambda: [purge], lambda text: None, once=True):  # noqa: ARG005, B023
            purged += found
            say(f"{rule.into}: {purged} rows deleted for good")
    return {
        "rule": f"archive:{rule.table}",
        "cutoff": cutoff.astimezone(UTC).isoformat(),
        "moved": moved,
        "purged": purged,
        "kept": kept,
    }


def _checked(context: Context, rule: Archive) -> Table:
    """What is archived can be taken back: no other row may go or change with it."""
    source = catalog.existing(context.conn, context.config.schema_, rule.table)
    references.check(context, source, remedy=", until they are archived by a rule before this one")
    into = catalog.table(context.conn, context.config.schema_, rule.into)
    if into is not None and rule.purge_after_months is not None:
        references.check(context, into)
    return source


def planned(context: Context, rule: Archive, now: datetime) -> list[Action]:
    """What a run would do; for the first group when there are groups, as the others' differ only in its value.

    Raises:
        RunError: if it would reach rows of other tables.
    """
    source = _checked(context, rule)
    actions = list(_table(context, rule, source))
    cutoff = months_before(now, rule.older_than_months)
    groups = _groups(context, rule, source, cutoff)
    if groups:
        suffix = f", for each of {len(groups)} groups" if rule.group else ""
        actions.append(_move(context, rule, source, cutoff, groups[0], suffix))
    return [*actions, *_purge(context, rule, source, now)]


def _table(context: Context, rule: Archive, source: Table) -> Iterator[Action]:
    """The archive's table, and the columns that the source has got since."""
    name = qualified(source.schema, rule.into)
    there = catalog.table(context.conn, source.schema, rule.into)
    if there is None:
        statements: tuple[sql.Composable, ...] = (
            sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING STORAGE INCLUDING COMPRESSION)").format(
                name, qualified(source.schema, source.name)
            ),
            sql.SQL("ALTER TABLE {} ADD COLUMN {} timestamptz NOT NULL DEFAULT now(), ADD PRIMARY KEY ({})").format(
                name, sql.Identifier(WHEN), sql.Identifier(rule.key)
            ),
            sql.SQL("CREATE INDEX ON {} ({})").format(name, sql.Identifier(WHEN)),
        )
        if source.secured:
            # Without policies of its own nobody but its owner reads it.
            statements += (sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(name),)
        yield Action(statements, f"table {rule.into}, for what is archived of {rule.table}")
        return
    have = catalog.columns(context.conn, there.oid)
    if WHEN not in have:
        raise RunError(
            f"table {source.schema}.{rule.into} has no column {WHEN} timestamptz: add it, or name another table."
        )
    for column, kind in catalog.columns(context.conn, source.oid).items():
        if column not in have:
            add = sql.SQL("ALTER TABLE {} ADD COLUMN {} {}").format(name, sql.Identifier(column), trusted(kind))
            yield Action(
                (add,), f"{rule.into}: column {column} is new in {rule.table}", table=(source.schema, rule.into)
            )


def _groups(context: Context, rule: Archive, source: Table, cutoff: datetime) -> list[Any]:
    """Values of groups without a row since the cutoff and with more rows than stay; [None] when all is one group."""
    if rule.group is None:
        return [None]
    timeouts(context.conn, *seconds("validate", context.config.locks))
    query = sql.SQL(
        "SELECT {group} AS value FROM {table} WHERE {group} IS NOT NULL GROUP BY {group}"
        " HAVING max({column}) < {cutoff} AND count(*) > {keep} ORDER BY {group}"
    ).format(
        group=sql.Identifier(rule.group),
        table=qualified(source.schema, source.name),
        column=sql.Identifier(rule.column),
        cutoff=sql.Literal(cutoff),
        keep=sql.Literal(rule.keep_last),
    )
    return [row["value"] for row in rows(context.conn, query)]


def _due(rule: Archive, source: Table, cutoff: datetime, group: Any) -> sql.Composable:
    """The SQL condition that selects the rows to move."""
    parts = {
        "table": qualified(source.schema, source.name),
        "this_column": sql.Identifier(ROW, rule.column),
        "column": sql.Identifier(rule.column),
        "cutoff": sql.Literal(cutoff),
    }
    if rule.group is None:
        return sql.SQL("{this_column} < {cutoff}").format(**parts)
    # A group that has come to life since it was listed is left alone: the statement looks once more.
    return sql.SQL(
        "{this_group} = {value} AND {this_column} < {cutoff}"
        " AND NOT EXISTS (SELECT FROM {table} WHERE {group} = {value} AND {column} >= {cutoff})"
        " AND {this_key} NOT IN (SELECT {key} FROM {table} WHERE {group} = {value}"
        " ORDER BY {column} DESC, {key} DESC LIMIT {keep})"
    ).format(
        this_group=sql.Identifier(ROW, rule.group),
        group=sql.Identifier(rule.group),
        value=sql.Literal(group),
        this_key=sql.Identifier(ROW, rule.key),
        key=sql.Identifier(rule.key),
        keep=sql.Literal(rule.keep_last),
        **parts,
    )


def _move(context: Context, rule: Archive, source: Table, cutoff: datetime, group: Any, suffix: str = "") -> Action:
    names = list(catalog.columns(context.conn, source.oid))
    statement = sql.SQL(
        "WITH due_rows AS (SELECT {row}.tableoid AS part, {row}.ctid AS place FROM {table} AS {row} WHERE {due}{held}"
        " ORDER BY {row}.{column}, {row}.{key} LIMIT {rows} FOR UPDATE SKIP LOCKED),"
        " moved AS (DELETE FROM {table} USING due_rows WHERE {table}.tableoid = due_rows.part"
        " AND {table}.ctid = due_rows.place RETURNING {returned})"
        " INSERT INTO {into} ({names}, {when}) SELECT {names}, now() FROM moved"
    ).format(
        row=sql.Identifier(ROW),
        table=qualified(source.schema, source.name),
        into=qualified(source.schema, rule.into),
        due=_due(rule, source, cutoff, group),
        held=but_for(references.held(context.conn, source.oid, ROW)),
        column=sql.Identifier(rule.column),
        key=sql.Identifier(rule.key),
        rows=sql.Literal(limits.BATCH_ROWS),
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
        when=sql.Identifier(WHEN),
        returned=sql.SQL(", ").join(sql.Identifier(source.schema, source.name, name) for name in names),
    )
    why = f"{rule.table}: {limits.BATCH_ROWS} rows at a time to {rule.into}{suffix}"
    return Action((statement,), why, "batch", (source.schema, source.name))


def _purge(context: Context, rule: Archive, source: Table, now: datetime) -> list[Action]:
    into = catalog.table(context.conn, source.schema, rule.into)
    if rule.purge_after_months is None or into is None:
        return []
    before = sql.Literal(months_before(now, rule.purge_after_months))
    why = f"{rule.into}: {limits.BATCH_ROWS} rows at a time, those archived {rule.purge_after_months} months ago"
    return [
        batch(leaf, WHEN, before, references.held(context.conn, leaf.oid, ROW), why)
        for leaf in leaves(context, into.oid)
    ]
