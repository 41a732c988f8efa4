"""Indexes: built beside the traffic, replaced by building the new one first, rebuilt when a build was interrupted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import sql

from database import catalog
from database.action import Action, qualified, trusted
from database.catalog import IndexState, Table
from database.config import Config, Index, VectorIndex
from database.connection import rows
from database.errors import RunError
from database.names import NEXT, fitted
from database.step import Context, checksum


@dataclass(frozen=True, slots=True)
class IndexStep:
    """An index of a config."""

    index: Index | VectorIndex

    @property
    def id(self) -> str:
        """Its name in the ledger."""
        return f"index:{self.index.name}"

    @property
    def checksum(self) -> str:
        """Of its definition."""
        return checksum(self.index.model_dump())

    @property
    def body(self) -> sql.Composable:
        """Its definition from USING on."""
        return _vector(self.index) if isinstance(self.index, VectorIndex) else _composite(self.index)

    def wanted(self, context: Context, table: Table) -> str:
        """Its definition from USING on, as the server writes it."""
        return catalog.canonical(context.conn, table, self.body, self.index.name)

    def abandon(self, context: Context) -> list[Action]:  # noqa: ARG002 (an unfinished index is in nobody's way)
        """Nothing: an unfinished index is rebuilt by the next run."""
        return []

    def pending(self, context: Context) -> list[Action]:
        """What has to run until the index is there, valid, and as defined."""
        table = catalog.existing(context.conn, context.config.schema_, self.index.table)
        wanted = self.wanted(context, table)
        return list(_reach(context, table, self.index.name, wanted))


def _composite(index: Index) -> sql.Composable:
    keys = []
    for key in index.columns:
        name, _, order = key.partition(" ")
        keys.append(sql.Identifier(name) + sql.SQL(" DESC") if order else sql.Identifier(name))
    body: sql.Composable = sql.SQL("USING btree ({})").format(sql.SQL(", ").join(keys))
    if index.where:
        conditions = [
            sql.SQL("{} IS NULL").format(sql.Identifier(name))
            if value is None
            else sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(value))
            for name, value in index.where.items()
        ]
        body = sql.SQL("{} WHERE {}").format(body, sql.SQL(" AND ").join(conditions))
    return body


def _vector(index: VectorIndex) -> sql.Composable:
    return sql.SQL("USING hnsw ({column} {operators}) WITH (m = {m}, ef_construction = {ef})").format(
        column=sql.Identifier(index.column),
        operators=sql.Identifier(index.operator_class),
        m=sql.Literal(index.m),
        ef=sql.Literal(index.ef_construction),
    )


def _reach(context: Context, table: Table, name: str, wanted: str) -> Iterator[Action]:
    """From whatever an earlier run or an older config left to an index `name` that is as wanted."""
    present = {one.name: one for one in catalog.indexes(context.conn, table.oid)}
    taken = catalog.table(context.conn, table.schema, name)
    if taken is not None and name not in present:
        raise RunError(
            f"{table.schema}.{name} exists, but is no index of {table.name}: choose another name for the index."
        )
    following = fitted(name + NEXT)
    now, coming = present.get(name), present.get(following)
    if _fine(now, wanted):
        if coming is not None:
            yield _drop(table, following, "left over from an interrupted replacement")
        return
    if now is not None and not now.valid and not table.partitioned:
        yield _drop(table, name, "left invalid by an interrupted build")
        now = None
    if now is None and not _fine(coming, wanted):
        if coming is not None:
            yield _drop(table, following, "left unfinished by an interrupted replacement")
        yield from _build(context, table, name, wanted, f"index {name} is missing")
        return
    if now is not None and table.partitioned and now.body == wanted:
        yield from _build(context, table, name, wanted, f"index {name} is not on every partition yet")
        return
    if not _fine(coming, wanted):
        if coming is not None and not (table.partitioned and coming.body == wanted):
            yield _drop(table, following, "left unfinished by an interrupted replacement")
        yield from _build(
            context, table, following, wanted, f"index {name} is defined otherwise: builds the new one first"
        )
    if now is not None:
        yield _drop(table, name, f"replaced by {following}")
    yield Action(
        (sql.SQL("ALTER INDEX {} RENAME TO {}").format(qualified(table.schema, following), sql.Identifier(name)),),
        f"gives the new index its name, {name}",
        table=(table.schema, table.name),
    )


def _fine(index: IndexState | None, wanted: str) -> bool:
    return index is not None and index.valid and index.body == wanted


def _drop(table: Table, name: str, why: str) -> Action:
    # A partitioned table's index cannot be dropped concurrently: it gives up on its lock soon instead.
    how, limits = (sql.SQL(""), "short") if table.partitioned else (sql.SQL("CONCURRENTLY "), "build")
    statement = sql.SQL("DROP INDEX {}IF EXISTS {}").format(how, qualified(table.schema, name))
    return Action((statement,), f"drops index {name}: {why}", limits, (table.schema, table.name))


def concurrently(table: Table, name: str, wanted: str, why: str, *, unique: bool = False) -> Action:
    """Build an index of a plain table beside its traffic."""
    statement = sql.SQL("CREATE {}INDEX CONCURRENTLY IF NOT EXISTS {} ON {} {}").format(
        sql.SQL("UNIQUE " if unique else ""),
        sql.Identifier(name),
        qualified(table.schema, table.name),
        trusted(wanted),
    )
    return Action((statement,), why, "build", (table.schema, table.name))


def _build(context: Context, table: Table, name: str, wanted: str, why: str) -> Iterator[Action]:
    if not table.partitioned:
        yield concurrently(table, name, wanted, why)
        return
    # CONCURRENTLY does not work on a partitioned table: an empty shell there, each partition by itself, then attached.
    target = (table.schema, table.name)
    parent = next((one for one in catalog.indexes(context.conn, table.oid) if one.name == name), None)
    if parent is None or parent.body != wanted:
        shell = sql.SQL("CREATE INDEX IF NOT EXISTS {} ON ONLY {} {}").format(
            sql.Identifier(name), qualified(*target), trusted(wanted)
        )
        yield Action((shell,), f"{why}: its shell on the partitioned table", table=target)
    attached = _attached(context, parent) if parent else set()
    for partition in catalog.partitions(context.conn, table.oid):
        leaf = catalog.existing(context.conn, table.schema, partition.name)
        if leaf.partitioned:
            raise RunError(f"{table.name} has partitions of partitions ({leaf.name}), which are not supported.")
        if leaf.oid in attached:
            continue
        # The definition is in the name, so that a replacement's parts never meet those they replace.
        mark = hashlib.sha256(wanted.encode()).hexdigest()[:6]
        part = fitted(f"{leaf.name}_{name.removesuffix(NEXT).removeprefix('idx_')}_{mark}")
        there = {one.name: one for one in catalog.indexes(context.conn, leaf.oid)}.get(part)
        if there is not None and not _fine(there, wanted):
            yield _drop(leaf, part, "left invalid by an interrupted build")
            there = None
        if there is None:
            yield concurrently(leaf, part, wanted, f"{why}: on partition {leaf.name}")
        attach = sql.SQL("ALTER INDEX {} ATTACH PARTITION {}")
        yield Action(
            (attach.format(qualified(table.schema, name), qualified(table.schema, part)),),
            f"{why}: attaches partition {leaf.name}'s",
            table=target,
        )


def _attached(context: Context, parent: IndexState) -> set[int]:
    query = """
        SELECT x.indrelid::bigint AS oid FROM pg_inherits i JOIN pg_index x ON x.indexrelid = i.inhrelid
        WHERE i.inhparent = %s
        """
    return {row["oid"] for row in rows(context.conn, query, (parent.oid,))}


@dataclass(frozen=True, slots=True)
class DropIndexStep:
    """A redundant index, dropped only while another one covers it."""

    name: str

    @property
    def id(self) -> str:
        """Its name in the ledger."""
        return f"drop-index:{self.name}"

    @property
    def checksum(self) -> str:
        """Of its definition."""
        return checksum(self.name)

    def abandon(self, context: Context) -> list[Action]:  # noqa: ARG002 (a half-dropped index is in nobody's way)
        """Nothing."""
        return []

    def pending(self, context: Context) -> list[Action]:
        """Drop it, if it is there."""
        found = rows(
            context.conn,
            """
            SELECT t.relname AS table FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = %s AND c.relname = %s
            """,
            (context.config.schema_, self.name),
        )
        if not found:
            return []
        table = catalog.existing(context.conn, context.config.schema_, found[0]["table"])
        cover = covering(context, self.name)
        if cover is None:
            raise RunError(
                f"index {self.name} of {table.name} is not redundant: no other index begins with its columns, or it"
                " guards uniqueness. Take it out of dropIndexes, or drop it by hand."
            )
        return [_drop(table, self.name, f"{cover} covers it")]


REDUNDANT = """
    SELECT n.nspname AS schema, t.relname AS table, a.relname AS name, b.relname AS cover,
    pg_relation_size(a.oid) AS bytes
    FROM pg_index i JOIN pg_index o ON o.indrelid = i.indrelid AND o.indexrelid <> i.indexrelid
    JOIN pg_class a ON a.oid = i.indexrelid JOIN pg_class b ON b.oid = o.indexrelid
    JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
    JOIN pg_am m ON m.oid = a.relam AND m.amname = 'btree'
    WHERE n.nspname = %s AND o.indisvalid AND a.relam = b.relam
    AND NOT i.indisunique AND i.indexprs IS NULL AND o.indexprs IS NULL
    AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)
    AND i.indnkeyatts <= o.indnkeyatts AND i.indnatts = i.indnkeyatts
    AND NOT EXISTS (
        SELECT FROM generate_series(0, i.indnkeyatts - 1) k
        WHERE i.indkey[k] <> o.indkey[k] OR i.indclass[k] <> o.indclass[k] OR i.indoption[k] <> o.indoption[k]
        OR i.indcollation[k] <> o.indcollation[k])
    AND (o.indpred IS NULL
        OR pg_get_expr(o.indpred, o.indrelid) IS NOT DISTINCT FROM pg_get_expr(i.indpred, i.indrelid))
    -- Of two that are alike, the one with the later name is redundant, so that never both are.
    AND (i.indnkeyatts < o.indnkeyatts OR o.indisunique OR (i.indpred IS NOT NULL AND o.indpred IS NULL)
        OR a.relname > b.relname)
    ORDER BY t.relname, a.relname, b.relname
    """


def covering(context: Context, name: str) -> str | None:
    """An index that serves whatever index `name` serves."""
    found = rows(context.conn, REDUNDANT, (context.config.schema_,))
    return next((row["cover"] for row in found if row["name"] == name), None)


def index_steps(config: Config) -> list[IndexStep]:
    """A config's indexes, the composite ones first."""
    return [*map(IndexStep, config.indexes), *map(IndexStep, config.vector_indexes)]
