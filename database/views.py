"""Materialized views: made with a unique index, so that they can be refreshed while they are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import sql

from database import catalog
from database.action import Action, qualified, trusted
from database.catalog import Table
from database.config import Config, View
from database.connection import one
from database.errors import RunError
from database.indexes import NEXT, fitted
from database.step import Context, checksum

_MARK = "ascent:"


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
            return [*actions, *self._make(schema, name, "is missing"), _first_refresh(schema, name)]
        if now.kind != "m":
            raise RunError(f"{schema}.{name} exists, but is no materialized view: rename one of the two.")
        comment = one(context.conn, "SELECT obj_description(%s::oid, 'pg_class') AS text", (now.oid,))["text"] or ""
        if comment.startswith(_MARK) and comment != _MARK + self.checksum:
            return [*actions, *self._replace(schema, name, following)]
        if not comment.startswith(_MARK):
            context.note(f"materialized view {name} was made by somebody else: its definition is left as it is.")
        actions += self._unique(context, now)
        if not _populated(context, now):
            actions.append(_first_refresh(schema, name))
        return actions

    def _make(self, schema: str, name: str, why: str) -> Iterator[Action]:
        create = sql.SQL("CREATE MATERIALIZED VIEW {} AS {} WITH NO DATA").format(
            qualified(schema, name), trusted(self.view.query)
        )
        comment = sql.SQL("COMMENT ON MATERIALIZED VIEW {} IS {}").format(
            qualified(schema, name), sql.Literal(_MARK + self.checksum)
        )
        yield Action((create, comment, self._index(schema, name)), f"materialized view {self.view.name} {why}")

    def _index(self, schema: str, name: str) -> sql.Composable:
        keys = sql.SQL(", ").join(sql.Identifier(key) for key in self.view.key)
        make = sql.SQL("CREATE UNIQUE INDEX {} ON {} ({})")
        return make.format(sql.Identifier(fitted(f"{name}_{self.checksum[:6]}_key")), qualified(schema, name), keys)

    def _replace(self, schema: str, name: str, following: str) -> Iterator[Action]:
        yield from self._make(schema, following, "is defined otherwise: builds the new one first")
        yield _first_refresh(schema, following)
        old, new = qualified(schema, name), qualified(schema, following)
        swap = (
            sql.SQL("DROP MATERIALIZED VIEW {}").format(old),
            sql.SQL("ALTER MATERIALIZED VIEW {} RENAME TO {}").format(new, sql.Identifier(name)),
        )
        yield Action(swap, f"materialized view {name}: the new one takes its place", "switch", (schema, name))

    def _unique(self, context: Context, view: Table) -> Iterator[Action]:
        there = catalog.indexes(context.conn, view.oid)
        if any(index.unique and index.valid and " WHERE " not in index.body for index in there):
            return
        name = fitted(f"{view.name}_{self.checksum[:6]}_key")
        if any(index.name == name for index in there):
            drop = sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(qualified(view.schema, name))
            yield Action((drop,), f"drops index {name}: left invalid by an interrupted build", "build")
        keys = sql.SQL(", ").join(sql.Identifier(key) for key in self.view.key)
        make = sql.SQL("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS {} ON {} ({})").format(
            sql.Identifier(name), qualified(view.schema, view.name), keys
        )
        why = f"materialized view {view.name} needs a unique index to be refreshed while it is read"
        yield Action((make,), why, "build", (view.schema, view.name))


def _first_refresh(schema: str, name: str) -> Action:
    fill = sql.SQL("REFRESH MATERIALIZED VIEW {}").format(qualified(schema, name))
    return Action((fill,), f"fills {name} for the first time: nobody can read it yet", "refresh", (schema, name))


def _populated(context: Context, view: Table) -> bool:
    row = one(context.conn, "SELECT relispopulated AS filled FROM pg_class WHERE oid = %s", (view.oid,))
    return bool(row["filled"])


def refreshes(context: Context, config: Config) -> Iterator[Action]:
    """One action for each view of a config.

    Raises:
        RunError: if one is not there, or cannot be refreshed while it is read.
    """
    for view in config.views:
        found = catalog.table(context.conn, config.schema_, view.name)
        if found is None or found.kind != "m":
            raise RunError(f"materialized view {config.schema_}.{view.name} does not exist: run `apply` first.")
        if not _populated(context, found):
            yield _first_refresh(found.schema, found.name)
            continue
        if not any(index.unique and index.valid for index in catalog.indexes(context.conn, found.oid)):
            raise RunError(
                f"materialized view {view.name} has no unique index, and could not be read meanwhile: run `apply`."
            )
        again = sql.SQL("REFRESH MATERIALIZED VIEW CONCURRENTLY {}").format(qualified(found.schema, found.name))
        yield Action((again,), f"refreshes {view.name} while it is read", "refresh", (found.schema, found.name))
