"""A plain table becomes a partitioned one, while it is in use and without copying a row.

The old table becomes the first partition. What takes long is done before, beside the traffic: a unique index with the
partition's column in it, and a CHECK that all rows lie before a boundary, validated. What is left for the switch is
metadata, in one transaction under one lock. It commits as a whole or not at all, so there is nothing half-switched to
resume, and no write can go astray: until the commit it goes to the old table, after it to the new one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from psycopg import sql

from database import catalog, limits
from database.action import Action, qualified, trusted
from database.catalog import IndexState, Table
from database.config import Partition
from database.connection import rows
from database.errors import RunError
from database.indexes import NEXT, concurrently, fitted, index_steps
from database.monthly import create, literal
from database.months import Month, ahead, boundary
from database.obstacles import obstacles
from database.step import Context

HISTORY = "_history"
_TYPES = ("timestamp with time zone", "timestamp without time zone", "date")
_DAY = re.compile(r"'(\d{4}-\d{2}-\d{2})")


def _check_name(table: str) -> str:
    return fitted(f"{table}{HISTORY}_check")


def pending(context: Context, partition: Partition, table: Table) -> list[Action]:
    """What is left to do, up to the switch.

    Raises:
        RunError: if the table cannot be converted, with everything that is in the way.
    """
    name = f"table {table.schema}.{table.name}"
    if table.kind != "r":
        raise RunError(f"{name} is no table: partitions need one. Correct the config.")
    if not partition.convert:
        raise RunError(f"{name} is not partitioned: set convert: true to have that done, or take it out of partitions.")
    types = catalog.columns(context.conn, table.oid)
    if re.sub(r"\(\d\)", "", types.get(partition.column, "nothing")) not in _TYPES:
        raise RunError(
            f"{name}: column {partition.column} is {types.get(partition.column, 'not there')};"
            " partitions need a timestamp or date. Correct the config."
        )
    in_the_way = obstacles(context.conn, table, partition.column)
    if in_the_way:
        raise RunError(f"{name} cannot be partitioned as it is: " + "; ".join(in_the_way) + ".")
    return [*_prepare(context, partition, table), _switch(context, partition, table)]


def abandon(context: Context, partition: Partition) -> list[Action]:
    """Take the CHECK away again."""
    table = catalog.table(context.conn, context.config.schema_, partition.table)
    if table is None or table.partitioned or _check(context, table) is None:
        return []
    return [_drop_check(table, "gives up: its CHECK would refuse rows once its date has come")]


def _drop_check(table: Table, why: str) -> Action:
    drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}")
    statement = drop.format(qualified(table.schema, table.name), sql.Identifier(_check_name(table.name)))
    return Action((statement,), f"{table.name}: {why}", table=(table.schema, table.name))


def _check(context: Context, table: Table) -> dict[str, Any] | None:
    found = rows(
        context.conn,
        "SELECT convalidated AS valid, pg_get_constraintdef(oid) AS definition FROM pg_constraint"
        " WHERE conrelid = %s AND conname = %s",
        (table.oid, _check_name(table.name)),
    )
    return found[0] if found else None


def _boundary(context: Context, table: Table) -> tuple[date, bool]:
    """Where the history ends, and whether the CHECK that is there says so."""
    check = _check(context, table)
    match = _DAY.search(check["definition"]) if check else None
    if match:
        day = date.fromisoformat(match[1])
        if day - context.today >= timedelta(days=limits.BOUNDARY_MARGIN_DAYS):
            return day, True
    return boundary(context.today), False


def _key_index(table: Table, partition: Partition) -> str:
    return fitted(f"{table.name}{HISTORY}_{partition.column}_key")


def _primary(context: Context, table: Table) -> tuple[str, tuple[str, ...]] | None:
    found = rows(
        context.conn,
        """
        SELECT k.conname AS name, array_agg(a.attname::text ORDER BY u.position) AS columns FROM pg_constraint k,
        unnest(k.conkey) WITH ORDINALITY u (number, position) JOIN pg_attribute a ON a.attnum = u.number
        WHERE k.conrelid = %s AND k.contype = 'p' AND a.attrelid = k.conrelid GROUP BY k.conname
        """,
        (table.oid,),
    )
    return (found[0]["name"], tuple(found[0]["columns"])) if found else None


def _prepare(context: Context, partition: Partition, table: Table) -> Iterator[Action]:
    target = (table.schema, table.name)
    primary = _primary(context, table)
    if primary and partition.column not in primary[1]:
        keys = sql.SQL(", ").join(sql.Identifier(one) for one in (*primary[1], partition.column))
        body = catalog.canonical(context.conn, table, sql.SQL("USING btree ({})").format(keys), primary[0])
        name = _key_index(table, partition)
        there = {one.name: one for one in catalog.indexes(context.conn, table.oid)}.get(name)
        if there is not None and not (there.valid and there.body == body):
            drop = sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(qualified(table.schema, name))
            yield Action((drop,), f"drops index {name}: left invalid by an interrupted build", "build", target)
            there = None
        if there is None:
            why = f"{table.name}: a partitioned table's primary key has to include {partition.column}"
            yield concurrently(table, name, body, why, unique=True)
    until, said = _boundary(context, table)
    check = _check(context, table)
    if check and not said:
        yield _drop_check(table, "its CHECK is of an interrupted run, and its date is near")
    if not (check and said):
        column = sql.Identifier(partition.column)
        add = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} CHECK ({} IS NOT NULL AND {} < {}) NOT VALID").format(
            qualified(*target), sql.Identifier(_check_name(table.name)), column, column, literal(until)
        )
        yield Action((add,), f"{table.name}: its rows lie before {until}, the end of its history", table=target)
    if not (check and said and check["valid"]):
        validate = sql.SQL("ALTER TABLE {} VALIDATE CONSTRAINT {}").format(
            qualified(*target), sql.Identifier(_check_name(table.name))
        )
        why = f"{table.name}: proves it beside the traffic, so that the switch need not read the table"
        yield Action((validate,), why, "validate", target)


def _indexes(context: Context, table: Table, partition: Partition) -> Iterator[tuple[str, str, bool]]:
    """Name, body and uniqueness of what the new table has, with what earlier steps of this run are going to make."""
    wanted = {
        step.index.name: step.wanted(context, table)
        for step in index_steps(context.config)
        if step.index.table == table.name
    }
    ours = {_key_index(table, partition), *(fitted(name + NEXT) for name in wanted), *context.config.drop_indexes}
    there: list[IndexState] = [
        one for one in catalog.indexes(context.conn, table.oid) if not one.primary and one.name not in ours
    ]
    result = {one.name: (one.body, one.unique) for one in there}
    result |= {name: (body, False) for name, body in wanted.items()}
    return ((name, *result[name]) for name in sorted(result))


def _switch(context: Context, partition: Partition, table: Table) -> Action:
    old = Table(table.oid, table.schema, table.name + HISTORY, "r", table.secured)
    until, _ = _boundary(context, table)
    statements = [
        *_step_aside(context, partition, table, old),
        *_new_table(context, partition, table, old),
        *_take_over(context, table),
        sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM (MINVALUE) TO ({})").format(
            qualified(table.schema, table.name), qualified(old.schema, old.name), literal(until)
        ),
        sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(
            qualified(old.schema, old.name), sql.Identifier(_check_name(table.name))
        ),
    ]
    for month in ahead(context.today, partition.months_ahead):
        if month >= Month.of(until):
            statements += create(table, month)
    statements += _triggers(context, table)
    why = f"{table.name}: switches to the partitioned table, with the old one as its partition until {until}"
    return Action(tuple(statements), why, "switch", (table.schema, table.name))


def _step_aside(context: Context, partition: Partition, table: Table, old: Table) -> Iterator[sql.Composable]:
    here = qualified(table.schema, table.name)
    yield sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(here)
    yield sql.SQL("ALTER TABLE {} ALTER COLUMN {} SET NOT NULL").format(here, sql.Identifier(partition.column))
    for row in _user_triggers(context, table):
        yield sql.SQL("DROP TRIGGER {} ON {}").format(sql.Identifier(row["name"]), here)
    primary = _primary(context, table)
    if primary:
        aside = sql.Identifier(fitted(f"{old.name}_pkey"))
        if partition.column in primary[1]:
            rename = sql.SQL("ALTER TABLE {} RENAME CONSTRAINT {} TO {}")
            yield rename.format(here, sql.Identifier(primary[0]), aside)
        else:
            yield sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(here, sql.Identifier(primary[0]))
            yield sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} PRIMARY KEY USING INDEX {}").format(
                here, aside, sql.Identifier(_key_index(table, partition))
            )
    for name, _, _ in _indexes(context, table, partition):
        yield sql.SQL("ALTER INDEX {} RENAME TO {}").format(
            qualified(table.schema, name), sql.Identifier(fitted(f"{old.name}_{name.removeprefix('idx_')}"))
        )
    yield sql.SQL("ALTER TABLE {} RENAME TO {}").format(here, sql.Identifier(old.name))


def _new_table(context: Context, partition: Partition, table: Table, old: Table) -> Iterator[sql.Composable]:
    here = qualified(table.schema, table.name)
    yield sql.SQL(
        "CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE"
        " INCLUDING COMPRESSION INCLUDING STATISTICS INCLUDING COMMENTS) PARTITION BY RANGE ({})"
    ).format(here, qualified(old.schema, old.name), sql.Identifier(partition.column))
    drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}")
    yield drop.format(here, sql.Identifier(_check_name(table.name)))
    primary = _primary(context, table)
    if primary:
        names = primary[1] if partition.column in primary[1] else (*primary[1], partition.column)
        keys = sql.SQL(", ").join(sql.Identifier(one) for one in names)
        add = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} PRIMARY KEY ({})")
        yield add.format(here, sql.Identifier(primary[0]), keys)
    for name, body, unique in _indexes(context, table, partition):
        yield sql.SQL("CREATE {}INDEX {} ON {} {}").format(
            sql.SQL("UNIQUE " if unique else ""), sql.Identifier(name), here, trusted(body)
        )


def _take_over(context: Context, table: Table) -> Iterator[sql.Composable]:
    """What LIKE leaves out: foreign keys, sequences, rights, row security, the comment, and last the owner."""
    here = qualified(table.schema, table.name)
    query = "SELECT conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint"
    for row in rows(context.conn, query + " WHERE conrelid = %s AND contype = 'f' ORDER BY conname", (table.oid,)):
        add = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}")
        yield add.format(here, sql.Identifier(row["name"]), trusted(row["definition"]))
    for row in rows(context.conn, _SEQUENCES, (table.oid,)):
        owned = sql.SQL("ALTER SEQUENCE {} OWNED BY {}")
        column = sql.Identifier(table.schema, table.name, row["column"])
        yield owned.format(qualified(row["schema"], row["name"]), column)
    for row in rows(context.conn, _GRANTS, (table.oid,)):
        to = sql.Identifier(row["role"]) if row["role"] else sql.SQL("PUBLIC")
        option = sql.SQL(" WITH GRANT OPTION" if row["option"] else "")
        yield sql.SQL("GRANT {} ON {} TO {}{}").format(trusted(row["right"]), here, to, option)
    for row in rows(context.conn, _SECURITY, (table.oid,)):
        yield from _security(row, here)
    for row in rows(context.conn, _POLICIES, (table.oid,)):
        yield _policy(row, here)


_SEQUENCES = """
    SELECT n.nspname AS schema, s.relname AS name, a.attname AS column FROM pg_depend d
    JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_namespace n ON n.oid = s.relnamespace
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.refobjid = %s AND d.deptype = 'a' ORDER BY s.relname
    """
_GRANTS = """
    SELECT r.rolname AS role, x.privilege_type AS right, x.is_grantable AS option
    FROM pg_class c, aclexplode(c.relacl) x LEFT JOIN pg_roles r ON r.oid = x.grantee
    WHERE c.oid = %s AND x.grantee <> c.relowner ORDER BY r.rolname, x.privilege_type
    """
_SECURITY = """
    SELECT c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced, obj_description(c.oid, 'pg_class') AS comment,
    CASE WHEN c.relowner <> (SELECT oid FROM pg_roles WHERE rolname = current_user)
    THEN pg_get_userbyid(c.relowner) END AS owner
    FROM pg_class c WHERE c.oid = %s
    """
_POLICIES = """
    SELECT p.polname AS name, p.polpermissive AS permissive, p.polcmd::text AS command,
    pg_get_expr(p.polqual, p.polrelid) AS visible, pg_get_expr(p.polwithcheck, p.polrelid) AS checked,
    ARRAY(SELECT r.rolname::text FROM pg_roles r WHERE r.oid = ANY (p.polroles) ORDER BY 1) AS roles
    FROM pg_policy p WHERE p.polrelid = %s ORDER BY p.polname
    """
_COMMANDS = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}


def _security(row: dict[str, Any], here: sql.Composable) -> Iterator[sql.Composable]:
    if row["enabled"]:
        yield sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(here)
    if row["forced"]:
        yield sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(here)
    if row["comment"]:
        yield sql.SQL("COMMENT ON TABLE {} IS {}").format(here, sql.Literal(row["comment"]))
    if row["owner"]:
        yield sql.SQL("ALTER TABLE {} OWNER TO {}").format(here, sql.Identifier(row["owner"]))


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


def _user_triggers(context: Context, table: Table) -> list[dict[str, Any]]:
    query = """
        SELECT tgname AS name, pg_get_triggerdef(oid) AS definition FROM pg_trigger
        WHERE tgrelid = %s AND NOT tgisinternal ORDER BY tgname
        """
    return rows(context.conn, query, (table.oid,))


def _triggers(context: Context, table: Table) -> Iterator[sql.Composable]:
    # Their definitions name the table by the name that the new one has by now.
    return (trusted(row["definition"]) for row in _user_triggers(context, table))
