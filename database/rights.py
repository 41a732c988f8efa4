"""A relation's owner and rights, for a new one that takes its place: exactly these, and none that come by default."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from psycopg import sql

from database.action import trusted
from database.connection import Conn, one, rows

# What ALTER DEFAULT PRIVILEGES gives to others with each table that this role makes (PostgreSQL's manual,
# pg_default_acl).
_DEFAULT = """
    SELECT DISTINCT r.rolname AS role, EXISTS (
        SELECT FROM pg_class c, aclexplode(c.relacl) k WHERE c.oid = %(oid)s AND k.grantee = x.grantee) AS known
    FROM pg_default_acl d CROSS JOIN aclexplode(d.defaclacl) x LEFT JOIN pg_roles r ON r.oid = x.grantee
    WHERE d.defaclobjtype = 'r' AND d.defaclrole = (SELECT oid FROM pg_roles WHERE rolname = current_user)
    AND d.defaclnamespace IN (0, (SELECT relnamespace FROM pg_class WHERE oid = %(oid)s)) AND x.grantee <> d.defaclrole
    ORDER BY 1
    """
_GRANTS = """
    SELECT r.rolname AS role, x.is_grantable AS option, a.attname AS column,
    string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type) AS rights
    FROM pg_class c
    CROSS JOIN LATERAL (
        SELECT 0 AS number, c.relacl AS acl UNION ALL SELECT attnum, attacl FROM pg_attribute
        WHERE attrelid = c.oid AND NOT attisdropped
    ) g CROSS JOIN aclexplode(g.acl) x
    LEFT JOIN pg_roles r ON r.oid = x.grantee LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = g.number
    WHERE c.oid = %s AND x.grantee <> c.relowner GROUP BY r.rolname, x.is_grantable, a.attname, g.number
    ORDER BY g.number, r.rolname, x.is_grantable
    """


def owned(conn: Conn, oid: int, target: sql.Composable) -> Iterator[sql.Composable]:
    """The relation's owner, where that is not the role that makes `target`."""
    query = "SELECT pg_get_userbyid(relowner) AS owner, current_user AS me FROM pg_class WHERE oid = %s"
    row = one(conn, query, (oid,))
    if row["owner"] != row["me"]:
        yield sql.SQL("ALTER TABLE {} OWNER TO {}").format(target, sql.Identifier(row["owner"]))


def bare(conn: Conn, oid: int, target: sql.Composable) -> Iterator[sql.Composable]:
    """Take away what `target`, just made in the schema of the relation, has given to others by default."""
    for row in rows(conn, _DEFAULT, {"oid": oid}):
        yield sql.SQL("REVOKE ALL ON {} FROM {}").format(target, _role(row["role"]))


def strangers(conn: Conn, oid: int, target: sql.Composable) -> Iterator[sql.Composable]:
    """The same, but only from those who have no right at all on the relation."""
    for row in rows(conn, _DEFAULT, {"oid": oid}):
        if not row["known"]:
            yield sql.SQL("REVOKE ALL ON {} FROM {}").format(target, _role(row["role"]))


def granted(
    conn: Conn, oid: int, target: sql.Composable, columns: Collection[str] | None = None
) -> Iterator[sql.Composable]:
    """The relation's rights, for `target`; of those on single columns only the ones on `columns`, if that is given."""
    for row in rows(conn, _GRANTS, (oid,)):
        name = row["column"]
        if name is not None and columns is not None and name not in columns:
            continue
        yield sql.SQL("GRANT {} ON {} TO {}{}").format(
            trusted(row["rights"]) if name is None else _on_column(row["rights"], name),
            target,
            _role(row["role"]),
            sql.SQL(" WITH GRANT OPTION" if row["option"] else ""),
        )


def _on_column(rights: str, name: str) -> sql.Composable:
    each = [sql.SQL("{} ({})").format(trusted(right), sql.Identifier(name)) for right in rights.split(", ")]
    return sql.SQL(", ").join(each)


def _role(name: str | None) -> sql.Composable:
    return sql.SQL("PUBLIC") if name is None else sql.Identifier(name)
