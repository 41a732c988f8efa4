"""Which rows of other tables a DELETE reaches: by foreign keys that act on it, and by those that forbid it.

PostgreSQL carries ON DELETE CASCADE, SET NULL and SET DEFAULT out by itself, table after table, and says nothing. Rules
delete from the tables that they name, and from no other unless they say so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from psycopg import sql

from database.action import qualified
from database.catalog import Table
from database.connection import Conn, one, rows
from database.errors import RunError
from database.step import Context

# pg_constraint.confdeltype (PostgreSQL's manual). The others are a, NO ACTION, and r, RESTRICT.
_ACTS = {"c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
# Those that lead to a relation, to the tables it is a partition of, or to its own partitions. What PostgreSQL derives
# from them for each partition has a parent. One is indexed when an index begins with its columns, in any order.
_INCOMING = """
    WITH family (oid) AS (
        SELECT %(oid)s::oid UNION SELECT relid FROM pg_partition_tree(%(oid)s::oid::regclass)
        UNION SELECT relid FROM pg_partition_ancestors(%(oid)s::oid::regclass))
    SELECT k.oid::bigint AS oid, k.conname AS name, k.confdeltype::text AS action, k.confrelid::bigint AS target,
    c.oid::bigint AS table_oid, n.nspname AS schema, c.relname AS table,
    (SELECT relname FROM pg_class WHERE oid = coalesce(pg_partition_root(c.oid)::oid, c.oid)) AS whole,
    ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u (number, position)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number ORDER BY u.position) AS columns,
    ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u (number, position)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number ORDER BY u.position) AS keys,
    EXISTS (SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
        AND i.indnkeyatts >= cardinality(k.conkey)
        AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey) AS indexed
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid IN (SELECT oid FROM family)
    ORDER BY n.nspname, c.relname, k.conname
    """


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key that leads to a relation. `target`, and `table` with its rows: by oid. `whole`: the table's name,
    or if it is a partition that of the table it is one of. `action`: pg_constraint.confdeltype.
    """

    oid: int
    name: str
    action: str
    target: int
    table_oid: int
    schema: str
    table: str
    whole: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    indexed: bool


@dataclass(frozen=True, slots=True)
class Reached:
    """A foreign key that a DELETE comes upon, and the names of the tables on the way there."""

    key: ForeignKey
    way: tuple[str, ...]

    def __str__(self) -> str:
        """For people."""
        action = f"ON DELETE {_ACTS[self.key.action]}" if self.key.action in _ACTS else "which forbids it"
        by_way = f", by way of {' and '.join(self.way)}" if self.way else ""
        return f"{self.key.table} by {self.key.name} ({action}{by_way})"


def incoming(conn: Conn, oid: int) -> list[ForeignKey]:
    """The foreign keys that lead to a relation."""
    return [
        ForeignKey(**{**row, "columns": tuple(row["columns"]), "keys": tuple(row["keys"])})
        for row in rows(conn, _INCOMING, {"oid": oid})
    ]


def reached(conn: Conn, oid: int, seen: tuple[Reached, ...] = ()) -> Iterator[Reached]:
    """Every foreign key that a DELETE comes upon, however many tables away."""
    for key in incoming(conn, oid):
        if any(before.key.oid == key.oid for before in seen):
            continue
        found = Reached(key, tuple(before.key.table for before in seen))
        yield found
        if key.action == "c":
            yield from reached(conn, key.table_oid, (*seen, found))


def check(context: Context, table: Table, allowed: Collection[str] = (), remedy: str = "") -> None:
    """That deleting from a table reaches no rows but its own, and those of the tables that are `allowed`.

    remedy: what else there is to do than changing the foreign keys.

    Raises:
        RunError: if it would, with every foreign key; always when a table is reached that the config protects.
    """
    conn, protected = context.conn, set(context.config.protected)
    whole = one(
        conn,
        "SELECT relname AS name FROM pg_class WHERE oid = coalesce(pg_partition_root(%(oid)s::oid)::oid, %(oid)s::oid)",
        {"oid": table.oid},
    )["name"]
    if whole in protected:
        raise RunError(f"table {table.name} is a part of {whole}, which is protected: remove one of them.")
    found = list(reached(conn, table.oid))
    refused = protected | {each.key.whole for each in found} - set(allowed)
    wrong = [each for each in found if each.key.action in _ACTS and each.key.whole in refused]
    if wrong:
        named = ", ".join(sorted({each.key.whole for each in wrong} & protected))
        protection = f" Protected: {named}." if named else ""
        raise RunError(
            f"deleting from {table.schema}.{table.name} would delete or change other rows:"
            f" {'; '.join(map(str, wrong))}.{protection} Make each of these foreign keys ON DELETE NO ACTION, and rows"
            f" that are referred to stay{remedy}."
        )
    for key in (each.key for each in found if not each.key.indexed):
        context.note(
            f"foreign key {key.name} of {key.table} has no index: each row that is deleted from {table.name} reads"
            f" {key.table} whole. CREATE INDEX CONCURRENTLY ON {key.schema}.{key.table} ({', '.join(key.columns)})."
        )


def held(conn: Conn, oid: int, row: str, *, by_all: bool = False) -> list[sql.Composable]:
    """Conditions, each true of a row that cannot be deleted: another refers to it, or to a row that would go with it.

    row: the name that the row has in the query. by_all: count also foreign keys that would act.
    """
    return list(_held(conn, oid, row, by_all=by_all, seen=()))


def _held(conn: Conn, oid: int, row: str, *, by_all: bool, seen: tuple[int, ...]) -> Iterator[sql.Composable]:
    for key in incoming(conn, oid):
        if key.oid in seen:
            continue
        name = f"referring_{len(seen) + 1}"
        match = sql.SQL(" AND ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name, column), sql.Identifier(row, target))
            for column, target in zip(key.columns, key.keys, strict=True)
        )
        more: sql.Composable = sql.SQL("")
        if key.action in _ACTS and not by_all:
            further = (*seen, key.oid)
            inner = list(_held(conn, key.table_oid, name, by_all=False, seen=further)) if key.action == "c" else []
            if not inner:
                continue
            more = sql.SQL(" AND ({})").format(sql.SQL(" OR ").join(inner))
        yield sql.SQL("EXISTS (SELECT FROM {} AS {} WHERE {}{})").format(
            qualified(key.schema, key.table), sql.Identifier(name), match, more
        )


def holders(conn: Conn, oid: int) -> str:
    """The foreign keys by which rows may not be deleted, for people."""
    return "; ".join(str(each) for each in reached(conn, oid) if each.key.action not in _ACTS)
