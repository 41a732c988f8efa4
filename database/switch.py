"""The switch of a conversion: one transaction, in which a new partitioned table takes the old one's place and name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from psycopg import sql

from database import catalog, history, likeness, rights
from database.action import Action, qualified, trusted
from database.catalog import IndexState, Table
from database.config import Partition
from database.connection import Conn, one, rows
from database.dependents import carried, dependents
from database.monthly import create, literal
from database.months import Month, ahead
from database.names import aside, fitted
from database.step import Context
from database.views import made_here

_COMMANDS = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}
# pg_trigger.tgenabled: O is how a trigger is made.
_FIRES = {"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


def switch(context: Context, partition: Partition, table: Table) -> Action:
    """Everything that the old table has and is, for the new one; the old one as its partition; and the months ahead."""
    until, _ = history.until(context, table)
    why = f"{table.name}: switches to the partitioned table, with the old one as its partition until {until}"
    return Action(tuple(_statements(context, partition, table)), why, "switch", (table.schema, table.name))


def _statements(context: Context, partition: Partition, table: Table) -> Iterator[sql.Composable]:
    conn, here, old = context.conn, qualified(table.schema, table.name), history.old(table)
    until, _ = history.until(context, table)
    yield sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(here)
    yield from _step_aside(conn, partition, table, old)
    yield from _new_table(conn, partition, table, old)
    yield from _take_over(conn, table, here)
    yield sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM (MINVALUE) TO ({})").format(
        here, qualified(old.schema, old.name), literal(until)
    )
    yield _drop(qualified(old.schema, old.name), history.check_name(table.name))
    for month in ahead(context.today, partition.months_ahead):
        if month >= Month.of(until):
            yield from create(conn, table, month, table.oid)
    # Last: they are on the partitions too by then, so that each is as it was on all of them.
    for row in _triggers(conn, table):
        yield trusted(row["definition"])
        if row["fires"] in _FIRES:
            yield sql.SQL("ALTER TABLE {} {} TRIGGER {}").format(
                here, sql.SQL(_FIRES[row["fires"]]), sql.Identifier(row["name"])
            )
    yield from likeness.comments(conn, table.oid, here)
    yield from carried([*dependents(conn, table.oid, made_here(context))])


def _drop(relation: sql.Composable, constraint: str) -> sql.Composable:
    return sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(relation, sql.Identifier(constraint))


def index_aside(table: str, name: str) -> str:
    """What an index of the old part is called."""
    return fitted(f"{aside(table)}_{name.removeprefix('idx_')}")


def primary_aside(table: str) -> str:
    """What the primary key of the old part is called."""
    return fitted(f"{aside(table)}_pkey")


def _step_aside(conn: Conn, partition: Partition, table: Table, old: Table) -> Iterator[sql.Composable]:
    here = qualified(table.schema, table.name)
    yield sql.SQL("ALTER TABLE {} ALTER COLUMN {} SET NOT NULL").format(here, sql.Identifier(partition.column))
    for row in _triggers(conn, table):
        yield sql.SQL("DROP TRIGGER {} ON {}").format(sql.Identifier(row["name"]), here)
    rename = sql.SQL("ALTER TABLE {} RENAME CONSTRAINT {} TO {}")
    primary = history.primary(conn, table)
    if primary:
        aside = sql.Identifier(primary_aside(table.name))
        if partition.column in primary.columns:
            yield rename.format(here, sql.Identifier(primary.name), aside)
        else:
            yield _drop(here, primary.name)
            yield sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} PRIMARY KEY USING INDEX {}").format(
                here, aside, sql.Identifier(history.key_name(table.name, partition.column))
            )
    for row in _uniques(conn, table):
        aside = sql.Identifier(index_aside(table.name, row["name"]))
        yield rename.format(here, sql.Identifier(row["name"]), aside)
    for index in _indexes(conn, partition, table):
        yield sql.SQL("ALTER INDEX {} RENAME TO {}").format(
            qualified(table.schema, index.name), sql.Identifier(index_aside(table.name, index.name))
        )
    yield from likeness.statistics_aside(conn, table.oid)
    yield sql.SQL("ALTER TABLE {} RENAME TO {}").format(here, sql.Identifier(old.name))


def _new_table(conn: Conn, partition: Partition, table: Table, old: Table) -> Iterator[sql.Composable]:
    here = qualified(table.schema, table.name)
    yield sql.SQL(
        "CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE"
        " INCLUDING COMPRESSION INCLUDING COMMENTS) PARTITION BY RANGE ({})"
    ).format(here, qualified(old.schema, old.name), sql.Identifier(partition.column))
    yield from rights.bare(conn, table.oid, here)
    yield from rights.owned(conn, table.oid, here)
    yield _drop(here, history.check_name(table.name))
    primary = history.primary(conn, table)
    if primary:
        names = primary.columns if partition.column in primary.columns else (*primary.columns, partition.column)
        keys = sql.SQL(", ").join(sql.Identifier(one) for one in names)
        add = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} PRIMARY KEY ({})")
        yield add.format(here, sql.Identifier(primary.name), keys)
    for row in _uniques(conn, table):
        yield _constraint(here, row)
    for index in _indexes(conn, partition, table):
        yield sql.SQL("CREATE {}INDEX {} ON {} {}").format(
            sql.SQL("UNIQUE " if index.unique else ""), sql.Identifier(index.name), here, trusted(index.body)
        )


def _take_over(conn: Conn, table: Table, here: sql.Composable) -> Iterator[sql.Composable]:
    """What LIKE leaves out."""
    yield from likeness.columns(conn, table.oid, here)
    yield from likeness.statistics(conn, table.oid)
    for row in _constraints(conn, table, "f"):
        yield _constraint(here, row)
    for row in rows(conn, _SEQUENCES, (table.oid,)):
        yield sql.SQL("ALTER SEQUENCE {} OWNED BY {}").format(
            qualified(row["schema"], row["name"]), sql.Identifier(table.schema, table.name, row["column"])
        )
    yield from rights.granted(conn, table.oid, here)
    row = one(conn, "SELECT relrowsecurity AS enabled, relforcerowsecurity AS forced FROM pg_class WHERE oid = %s",
              (table.oid,))  # fmt: skip
    if row["enabled"]:
        yield sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(here)
    if row["forced"]:
        yield sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(here)
    for policy in rows(conn, _POLICIES, (table.oid,)):
        yield _policy(policy, here)


def _indexes(conn: Conn, partition: Partition, table: Table) -> list[IndexState]:
    """The indexes that belong to no constraint."""
    ours = history.key_name(table.name, partition.column)
    there = catalog.indexes(conn, table.oid)
    return [one for one in there if not (one.primary or one.constraint or one.name == ours)]


def _constraints(conn: Conn, table: Table, kind: str) -> list[dict[str, Any]]:
    query = """
        SELECT conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
        WHERE conrelid = %s AND contype = %s ORDER BY conname
        """
    return rows(conn, query, (table.oid, kind))


def _uniques(conn: Conn, table: Table) -> list[dict[str, Any]]:
    return _constraints(conn, table, "u")


def _constraint(here: sql.Composable, row: dict[str, Any]) -> sql.Composable:
    return sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(
        here, sql.Identifier(row["name"]), trusted(row["definition"])
    )


_SEQUENCES = """
    SELECT n.nspname AS schema, s.relname AS name, a.attname AS column FROM pg_depend d
    JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_namespace n ON n.oid = s.relnamespace
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.refobjid = %s AND d.deptype = 'a' ORDER BY s.relname
    """
_POLICIES = """
    SELECT p.polname AS name, p.polpermissive AS permissive, p.polcmd::text AS command,
    pg_get_expr(p.polqual, p.polrelid) AS visible, pg_get_expr(p.polwithcheck, p.polrelid) AS checked,
    ARRAY(SELECT r.rolname::text FROM pg_roles r WHERE r.oid = ANY (p.polroles) ORDER BY 1) AS roles
    FROM pg_policy p WHERE p.polrelid = %s ORDER BY p.polname
    """


def _policy(row: dict[str, Any], here: sql.Composable) -> sql.Composable:
    parts: list[sql.Composable] = [
        sql.SQL("CREATE POLICY {} ON {} AS {} FOR {} TO {}").format(
            sql.Identifier(row["name"]),
            here,
            sql.SQL("PERMISSIVE" if row["permissive"] else "RESTRICTIVE"),
            trusted(_COMMANDS[row["command"]]),
            sql.SQL(", ").join(sql.Identifier(role) for role in row["roles"]) if row["roles"] else sql.SQL("PUBLIC"),
        )
    ]
    if row["visible"]:
        parts.append(sql.SQL("USING ({})").format(trusted(row["visible"])))
    if row["checked"]:
        parts.append(sql.SQL("WITH CHECK ({})").format(trusted(row["checked"])))
    return sql.SQL(" ").join(parts)


def _triggers(conn: Conn, table: Table) -> list[dict[str, Any]]:
    query = """
        SELECT tgname AS name, pg_get_triggerdef(oid) AS definition, tgenabled::text AS fires FROM pg_trigger
        WHERE tgrelid = %s AND NOT tgisinternal ORDER BY tgname
        """
    return rows(conn, query, (table.oid,))
