"""Archive: rows move to another table, from where they can be taken back; a batch is one statement, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from psycopg import sql

from database import catalog, limits
from database.action import Action, Executor, qualified, seconds, trusted
from database.catalog import Table
from database.config import Archive
from database.connection import rows, timeouts
from database.errors import RunError
from database.months import months_before
from database.runner import patiently
from database.step import Context, Report, Say

WHEN = "archived_at"


def archive(context: Context, executor: Executor, rule: Archive, now: datetime, say: Say) -> Report:
    """Move what is due, then forget what has been in the archive for long enough."""
    source = catalog.existing(context.conn, context.config.schema_, rule.table)
    patiently(executor, lambda: list(_table(context, rule, source)), say, once=True)
    cutoff = months_before(now, rule.older_than_months)
    moved = 0
    for group in _groups(context, rule, source, cutoff):
        action = _move(context, rule, source, cutoff, group)
        while count := patiently(executor, lambda: [action], lambda text: None, once=True):  # noqa: ARG005, B023
            moved += count
            say(f"{rule.table}: {moved} rows moved to {rule.into} that are older than {cutoff:%Y-%m-%d} UTC")
    purged = 0
    purge = _purge(rule, source, now)
    while purge and (count := patiently(executor, lambda: [purge], lambda text: None, once=True)):  # noqa: ARG005
        purged += count
        say(f"{rule.into}: {purged} rows deleted for good")
    return {
        "rule": f"archive:{rule.table}",
        "cutoff": cutoff.astimezone(UTC).isoformat(),
        "moved": moved,
        "purged": purged,
    }


def planned(context: Context, rule: Archive, now: datetime) -> list[Action]:
    """What a run would do; for the first group when there are groups, as the others' differ only in its value."""
    source = catalog.existing(context.conn, context.config.schema_, rule.table)
    actions = list(_table(context, rule, source))
    cutoff = months_before(now, rule.older_than_months)
    groups = _groups(context, rule, source, cutoff)
    if groups:
        suffix = f", for each of {len(groups)} groups" if rule.group else ""
        actions.append(_move(context, rule, source, cutoff, groups[0], suffix))
    purge = _purge(rule, source, now)
    return [*actions, purge] if purge else actions


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


def _move(context: Context, rule: Archive, source: Table, cutoff: datetime, group: Any, suffix: str = "") -> Action:
    names = sql.SQL(", ").join(sql.Identifier(name) for name in catalog.columns(context.conn, source.oid))
    parts = {
        "table": qualified(source.schema, source.name),
        "into": qualified(source.schema, rule.into),
        "names": names,
        "when": sql.Identifier(WHEN),
        "key": sql.Identifier(rule.key),
        "column": sql.Identifier(rule.column),
        "cutoff": sql.Literal(cutoff),
        "rows": sql.Literal(limits.BATCH_ROWS),
    }
    condition: sql.Composable = sql.SQL("{column} < {cutoff}").format(**parts)
    if rule.group is not None:
        parts |= {"group": sql.Identifier(rule.group), "value": sql.Literal(group), "keep": sql.Literal(rule.keep_last)}
        # A group that has come to life since it was listed is left alone: the statement looks once more.
        condition = sql.SQL(
            "{group} = {value} AND {column} < {cutoff}"
            " AND NOT EXISTS (SELECT FROM {table} WHERE {group} = {value} AND {column} >= {cutoff})"
            " AND {key} NOT IN (SELECT {key} FROM {table} WHERE {group} = {value}"
            " ORDER BY {column} DESC, {key} DESC LIMIT {keep})"
        ).format(**parts)
    statement = sql.SQL(
        "WITH due AS (SELECT tableoid AS part, ctid AS place FROM {table} WHERE {condition} ORDER BY {column}, {key}"
        " LIMIT {rows} FOR UPDATE SKIP LOCKED),"
        " moved AS (DELETE FROM {table} USING due WHERE {table}.tableoid = due.part AND {table}.ctid = due.place"
        " RETURNING {returned})"
        " INSERT INTO {into} ({names}, {when}) SELECT {names}, now() FROM moved"
    ).format(
        condition=condition,
        returned=sql.SQL(", ").join(
            sql.Identifier(source.schema, source.name, name) for name in catalog.columns(context.conn, source.oid)
        ),
        **parts,
    )
    why = f"{rule.table}: {limits.BATCH_ROWS} rows at a time to {rule.into}{suffix}"
    return Action((statement,), why, "batch", (source.schema, source.name))


def _purge(rule: Archive, source: Table, now: datetime) -> Action | None:
    if rule.purge_after_months is None:
        return None
    statement = sql.SQL(
        "DELETE FROM {into} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {into} WHERE {when} < {cutoff} ORDER BY {when}"
        " LIMIT {rows} FOR UPDATE SKIP LOCKED))"
    ).format(
        into=qualified(source.schema, rule.into),
        when=sql.Identifier(WHEN),
        cutoff=sql.Literal(months_before(now, rule.purge_after_months)),
        rows=sql.Literal(limits.BATCH_ROWS),
    )
    why = f"{rule.into}: {limits.BATCH_ROWS} rows at a time, those archived {rule.purge_after_months} months ago"
    return Action((statement,), why, "batch", (source.schema, rule.into))
