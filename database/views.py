"""Materialized views: made with a unique index, so that they can be refreshed while they are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from database import catalog, likeness, rights
from database.action import Action, qualified, trusted
from database.catalog import Table
from database.config import View
from database.connection import one, rows
from database.dependents import carried, dependents, refused
from database.errors import RunError
from database.names import NEXT, aside, fitted
from database.step import Context, checksum

_MARK = "ascent:"
_PREVIOUS = "_previous"
# Partitions that a view reads itself, not through the table that they belong to.
_PARTS = """
    SELECT DISTINCT p.relname AS part, w.relname AS whole FROM pg_rewrite r
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
    JOIN pg_class p ON p.oid = d.refobjid AND p.relispartition JOIN pg_inherits i ON i.inhrelid = p.oid
    JOIN pg_class w ON w.oid = i.inhparent WHERE r.ev_class = %s
    """
_READERS = """
    SELECT DISTINCT r.ev_class::bigint AS oid FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = %s
    """
# The indexes of a view, each with the columns that it uses.
_INDEXES = """
    SELECT c.relname AS name, i.indisunique AS unique, pg_get_indexdef(c.oid) AS definition,
    obj_description(c.oid, 'pg_class') AS comment, ARRAY(
        SELECT DISTINCT a.attname::text FROM pg_depend d JOIN pg_attribute a
        ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE d.classid = 'pg_class'::regclass
        AND d.objid = c.oid AND d.refobjid = i.indrelid AND d.refobjsubid > 0 ORDER BY 1) AS columns
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = %s AND i.indisvalid ORDER BY c.relname
    """
_COMMENTS = """
    SELECT a.attname AS name, d.description AS text FROM pg_description d
    JOIN pg_attribute a ON a.attrelid = d.objoid AND a.attnum = d.objsubid
    WHERE d.classoid = 'pg_class'::regclass AND d.objoid = %s ORDER BY a.attnum
    """


@dataclass(frozen=True, slots=True)
class ViewStep:
    """A materialized view of a config."""

    view: View

    @property
    def id(self) -> str:
        """Its name in the ledger."""
        return f"view:{self.view.name}"

    @property
    def checksum(self) -> str:
        """Of its definition."""
        return checksum(self.view.model_dump())

    @property
    def mark(self) -> str:
        """The comment by which one that was made here is known, and of which definition it is."""
        return _MARK + self.checksum

    def abandon(self, context: Context) -> list[Action]:  # noqa: ARG002 (an unfinished view is in nobody's way)
        """Nothing: the next run drops what is unfinished."""
        return []

    def pending(self, context: Context) -> list[Action]:
        """Make it, replace it by another definition, or give it the unique index that it lacks."""
        schema, name = context.config.schema_, self.view.name
        now = catalog.table(context.conn, schema, name)
        following = fitted(name + NEXT)
        coming = catalog.table(context.conn, schema, following)
        actions = []
        if coming is not None:
            drop = sql.SQL("DROP MATERIALIZED VIEW IF EXISTS {}").format(qualified(schema, following))
            actions.append(Action((drop,), f"drops {following}: left by an interrupted run", table=(schema, following)))
        if now is None:
            return [*actions, self._make(schema, name, self._key, "is missing"), _first_refresh(schema, name)]
        if now.kind != "m":
            raise RunError(f"{schema}.{name} exists, but is no materialized view: rename one of the two.")
        comment = _comment(context, now)
        if comment.startswith(_MARK) and comment != self.mark:
            return [*actions, *self.replaced(context, now, "is defined otherwise")]
        if not comment.startswith(_MARK):
            context.note(f"materialized view {name} was made by somebody else: its definition is left as it is.")
        elif self.left_behind(context, now):
            return [*actions, *self.replaced(context, now, "reads only the old part of a table")]
        actions += self._unique(context, now)
        if not _populated(context, now):
            actions.append(_first_refresh(schema, name))
        return actions

    def left_behind(self, context: Context, now: Table) -> bool:
        """Whether it reads the old part of a converted table in place of the table that its query names."""
        tables = {one.table for one in context.config.partitions}
        return any(
            row["whole"] in tables and row["part"] == aside(row["whole"]) and row["part"] not in self.view.query
            for row in rows(context.conn, _PARTS, (now.oid,))
        )

    def _make(self, schema: str, name: str, key: str, why: str, *more: sql.Composable) -> Action:
        create = sql.SQL("CREATE MATERIALIZED VIEW {} AS {} WITH NO DATA").format(
            qualified(schema, name), trusted(self.view.query)
        )
        columns = sql.SQL(", ").join(sql.Identifier(column) for column in self.view.key)
        unique = sql.SQL("CREATE UNIQUE INDEX {} ON {} ({})").format(
            sql.Identifier(key), qualified(schema, name), columns
        )
        return Action(
            (create, _commented(schema, name, self.mark), unique, *more), f"materialized view {self.view.name} {why}"
        )

    @property
    def _key(self) -> str:
        """What its unique index is called."""
        return _key(self.view.name, self.checksum)

    def replaced(self, context: Context, now: Table, why: str) -> Iterator[Action]:
        """Build it anew beside the old one, which then gives it its place and whatever others have given to it.

        Raises:
            RunError: if something depends on the old one that cannot be carried over.
        """
        schema, name = now.schema, now.name
        in_the_way = refused([*dependents(context.conn, now.oid)])
        if in_the_way:
            raise RunError(f"materialized view {schema}.{name} cannot be replaced: {'; '.join(in_the_way)}.")
        following = fitted(name + NEXT)
        new = qualified(schema, following)
        columns = self._columns(context)
        more = [
            *likeness.storage(context.conn, now.oid, new),
            *likeness.columns(context.conn, now.oid, new, columns),
            *(statement for index in self._others(context, now, columns) for statement in index),
        ]
        yield self._make(schema, following, fitted(self._key + NEXT), f"{why}: builds the new one first", *more)
        yield _first_refresh(schema, following)
        analyze = sql.SQL("ANALYZE {}").format(new)
        yield Action((analyze,), f"statistics of {following}, for whoever reads it first", "validate")
        yield self._swap(context, now, columns)

    def _swap(self, context: Context, now: Table, columns: set[str]) -> Action:
        schema, name = now.schema, now.name
        following, previous = fitted(name + NEXT), fitted(name + _PREVIOUS)
        here = qualified(schema, name)
        rename = sql.SQL("ALTER MATERIALIZED VIEW {} RENAME TO {}")
        indexes = self._indexes(context, now, columns)
        statements = [
            # Changes nothing, and takes a lock: what is carried over stays as it is until the end.
            _commented(schema, name, _comment(context, now)),
            rename.format(here, sql.Identifier(previous)),
            rename.format(qualified(schema, following), sql.Identifier(name)),
            *rights.bare(context.conn, now.oid, here),
            *rights.owned(context.conn, now.oid, here),
            *rights.granted(context.conn, now.oid, here, columns),
            *(
                sql.SQL("COMMENT ON COLUMN {} IS {}").format(
                    sql.Identifier(schema, name, row["name"]), sql.Literal(row["text"])
                )
                for row in rows(context.conn, _COMMENTS, (now.oid,))
                if row["name"] in columns
            ),
            *carried([*dependents(context.conn, now.oid)]),
            sql.SQL("DROP MATERIALIZED VIEW {}").format(qualified(schema, previous)),
            *(
                sql.SQL("ALTER INDEX {} RENAME TO {}").format(
                    qualified(schema, fitted(index + NEXT)), sql.Identifier(index)
                )
                for index in (self._key, *(row["name"] for row in indexes))
            ),
        ]
        why = f"materialized view {name}: the new one takes its place"
        return Action(tuple(statements), why, "switch", (schema, name), lambda: self._swap(context, now, columns))

    def _columns(self, context: Context) -> set[str]:
        """The columns that its query gives."""
        query = sql.SQL("SELECT * FROM ({}) AS columns LIMIT 0").format(trusted(self.view.query))
        try:
            return {column.name for column in context.conn.execute(query).description or ()}
        except psycopg.Error as error:
            reason = error.diag.message_primary or str(error)
            raise RunError(f"materialized view {self.view.name}: its query: {reason}. Correct the config.") from None

    def _indexes(self, context: Context, now: Table, columns: set[str]) -> list[dict[str, Any]]:
        """Indexes that others have given to it, as far as the columns are still there."""
        made = _comment(context, now).removeprefix(_MARK)
        ours = {_key(name, made) for name in (now.name, fitted(now.name + NEXT))}
        found = [row for row in rows(context.conn, _INDEXES, (now.oid,)) if row["name"] not in ours]
        for row in found:
            if not columns.issuperset(row["columns"]):
                context.note(f"index {row['name']} of {now.name} goes: its query no longer gives what that indexes.")
        return [row for row in found if columns.issuperset(row["columns"])]

    def _others(self, context: Context, now: Table, columns: set[str]) -> Iterator[list[sql.Composable]]:
        new = qualified(now.schema, fitted(now.name + NEXT))
        for row in self._indexes(context, now, columns):
            name = fitted(row["name"] + NEXT)
            make = sql.SQL("CREATE {}INDEX {} ON {} {}").format(
                sql.SQL("UNIQUE " if row["unique"] else ""),
                sql.Identifier(name),
                new,
                trusted(catalog.body_of(row["definition"])),
            )
            comment = sql.SQL("COMMENT ON INDEX {} IS {}").format(
                qualified(now.schema, name), sql.Literal(row["comment"])
            )
            yield [make, comment] if row["comment"] else [make]

    def _unique(self, context: Context, view: Table) -> Iterator[Action]:
        there = catalog.indexes(context.conn, view.oid)
        if any(index.unique and index.valid and " WHERE " not in index.body for index in there):
            return
        name = self._key
        if any(index.name == name for index in there):
            drop = sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(qualified(view.schema, name))
            yield Action((drop,), f"drops index {name}: left invalid by an interrupted build", "build")
        keys = sql.SQL(", ").join(sql.Identifier(key) for key in self.view.key)
        make = sql.SQL("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS {} ON {} ({})").format(
            sql.Identifier(name), qualified(view.schema, view.name), keys
        )
        why = f"materialized view {view.name} needs a unique index to be refreshed while it is read"
        yield Action((make,), why, "build", (view.schema, view.name))


def made_here(context: Context) -> set[int]:
    """The oids of the config's views as it defines them: each is built anew once it has been left behind."""
    return {now.oid for _, now in _made(context)}


def _made(context: Context) -> list[tuple[ViewStep, Table]]:
    schema = context.config.schema_
    there = [(ViewStep(view), catalog.table(context.conn, schema, view.name)) for view in context.config.views]
    return [(step, now) for step, now in there if now and now.kind == "m" and _comment(context, now) == step.mark]


def left_behind(context: Context) -> list[ViewStep]:
    """The config's views that read the old part of a converted table in place of the table: to be built anew."""
    return [step for step, now in _made(context) if step.left_behind(context, now)]


def to_follow(context: Context, table: Table) -> list[Action]:
    """What builds those anew that read a table which is still to be converted."""
    readers = {row["oid"] for row in rows(context.conn, _READERS, (table.oid,))}
    why = "would read only the old part of a table"
    following = [(step, now) for step, now in _made(context) if now.oid in readers]
    return [action for step, now in following for action in step.replaced(context, now, why)]


def _key(name: str, definition: str) -> str:
    return fitted(f"{name}_{definition[:6]}_key")


def _comment(context: Context, view: Table) -> str:
    row = one(context.conn, "SELECT obj_description(%s::oid, 'pg_class') AS text", (view.oid,))
    return row["text"] or ""


def _commented(schema: str, name: str, text: str) -> sql.Composable:
    return sql.SQL("COMMENT ON MATERIALIZED VIEW {} IS {}").format(qualified(schema, name), sql.Literal(text))


def _first_refresh(schema: str, name: str) -> Action:
    fill = sql.SQL("REFRESH MATERIALIZED VIEW {}").format(qualified(schema, name))
    return Action((fill,), f"fills {name} for the first time: nobody can read it yet", "refresh", (schema, name))


def _populated(context: Context, view: Table) -> bool:
    row = one(context.conn, "SELECT relispopulated AS filled FROM pg_class WHERE oid = %s", (view.oid,))
    return bool(row["filled"])


def again(context: Context, view: View) -> Action:
    """What refreshes a view.

    Raises:
        RunError: if it is not there, or cannot be refreshed while it is read.
    """
    schema = context.config.schema_
    found = catalog.table(context.conn, schema, view.name)
    if found is None or found.kind != "m":
        raise RunError(f"materialized view {schema}.{view.name} does not exist: run `apply` first.")
    if not _populated(context, found):
        return _first_refresh(found.schema, found.name)
    if not any(index.unique and index.valid for index in catalog.indexes(context.conn, found.oid)):
        raise RunError(
            f"materialized view {view.name} has no unique index, and could not be read meanwhile: run `apply`."
        )
    statement = sql.SQL("REFRESH MATERIALIZED VIEW CONCURRENTLY {}").format(qualified(found.schema, found.name))
    return Action((statement,), f"refreshes {view.name} while it is read", "refresh", (found.schema, found.name))
