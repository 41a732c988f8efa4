"""What `CREATE TABLE ... LIKE` leaves out, for a new table that takes the place of another or stands beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from psycopg import sql

from database.action import qualified, trusted
from database.connection import Conn, rows
from database.names import aside

# -1 up to PostgreSQL 16, NULL from 17 on, is the default of both targets.
_COLUMNS = """
    SELECT attname AS name, CASE WHEN attstattarget >= 0 THEN attstattarget END AS target, attoptions AS options
    FROM pg_attribute WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped
    AND (attstattarget >= 0 OR attoptions IS NOT NULL) ORDER BY attnum
    """
_OPTIONS = """
    SELECT c.reloptions AS options, t.reloptions AS toast FROM pg_class c
    LEFT JOIN pg_class t ON t.oid = c.reltoastrelid WHERE c.oid = %s
    """
_STATISTICS = """
    SELECT n.nspname AS schema, s.stxname AS name, pg_get_statisticsobjdef(s.oid) AS definition,
    CASE WHEN s.stxstattarget >= 0 THEN s.stxstattarget END AS target,
    nullif(pg_get_userbyid(s.stxowner), current_user) AS owner
    FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE s.stxrelid = %s ORDER BY 1, 2
    """
# LIKE takes comments of columns and of CHECKs along. These are on what is made anew, under the same name.
_COMMENTS = """
    SELECT d.description AS text, o.kind, o.name, o.schema FROM pg_description d JOIN (
        SELECT 'pg_class'::regclass AS class, c.oid, 'TABLE' AS kind, NULL AS name, NULL AS schema FROM pg_class c
            WHERE c.oid = %(oid)s
        UNION ALL SELECT 'pg_constraint'::regclass, oid, 'CONSTRAINT', conname, NULL FROM pg_constraint
            WHERE conrelid = %(oid)s AND contype IN ('p', 'u', 'f')
        UNION ALL SELECT 'pg_trigger'::regclass, oid, 'TRIGGER', tgname, NULL FROM pg_trigger
            WHERE tgrelid = %(oid)s AND NOT tgisinternal
        UNION ALL SELECT 'pg_policy'::regclass, oid, 'POLICY', polname, NULL FROM pg_policy WHERE polrelid = %(oid)s
        UNION ALL SELECT 'pg_class'::regclass, c.oid, 'INDEX', c.relname, n.nspname FROM pg_index i
            JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE i.indrelid = %(oid)s
        UNION ALL SELECT 'pg_statistic_ext'::regclass, s.oid, 'STATISTICS', s.stxname, n.nspname
            FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE s.stxrelid = %(oid)s
    ) o ON o.class = d.classoid AND o.oid = d.objoid AND d.objsubid = 0 ORDER BY o.kind, o.name
    """


def columns(
    conn: Conn, oid: int, target: sql.Composable, only: Collection[str] | None = None
) -> Iterator[sql.Composable]:
    """How exactly the planner's statistics of the columns are, for those of `only`, or for all."""
    for row in rows(conn, _COLUMNS, (oid,)):
        if only is not None and row["name"] not in only:
            continue
        column = sql.SQL("ALTER TABLE {} ALTER COLUMN {}").format(target, sql.Identifier(row["name"]))
        if row["target"] is not None:
            yield sql.SQL("{} SET STATISTICS {}").format(column, sql.Literal(row["target"]))
        if row["options"]:
            yield sql.SQL("{} SET ({})").format(column, _pairs(row["options"]))


def storage(conn: Conn, oid: int, target: sql.Composable) -> Iterator[sql.Composable]:
    """The fill factor, autovacuum's settings and the like. A partitioned table has none, each partition its own."""
    for row in rows(conn, _OPTIONS, (oid,)):
        options = [*(row["options"] or []), *(f"toast.{option}" for option in row["toast"] or [])]
        if options:
            yield sql.SQL("ALTER TABLE {} SET ({})").format(target, _pairs(options))


def statistics_aside(conn: Conn, oid: int) -> Iterator[sql.Composable]:
    """Extended statistics give their names up."""
    for row in rows(conn, _STATISTICS, (oid,)):
        yield sql.SQL("ALTER STATISTICS {} RENAME TO {}").format(
            qualified(row["schema"], row["name"]), sql.Identifier(aside(row["name"]))
        )


def statistics(conn: Conn, oid: int) -> Iterator[sql.Composable]:
    """The same, of the table that has the name by then."""
    for row in rows(conn, _STATISTICS, (oid,)):
        name = qualified(row["schema"], row["name"])
        yield trusted(row["definition"])
        if row["target"] is not None:
            yield sql.SQL("ALTER STATISTICS {} SET STATISTICS {}").format(name, sql.Literal(row["target"]))
        if row["owner"]:
            yield sql.SQL("ALTER STATISTICS {} OWNER TO {}").format(name, sql.Identifier(row["owner"]))


def comments(conn: Conn, oid: int, target: sql.Composable) -> Iterator[sql.Composable]:
    """Comments on the table, and on what belongs to it and has been made anew."""
    for row in rows(conn, _COMMENTS, {"oid": oid}):
        of: sql.Composable = target
        if row["schema"]:
            of = qualified(row["schema"], row["name"])
        elif row["name"]:
            of = sql.SQL("{} ON {}").format(sql.Identifier(row["name"]), target)
        yield sql.SQL("COMMENT ON {} {} IS {}").format(sql.SQL(row["kind"]), of, sql.Literal(row["text"]))


def _pairs(options: list[str]) -> sql.Composable:
    pairs = [option.partition("=") for option in options]
    return sql.SQL(", ").join(sql.SQL("{} = {}").format(trusted(key), sql.Literal(value)) for key, _, value in pairs)
