"""What depends on a relation that another one is about to replace under the same name.

PostgreSQL binds a view, a policy or a function with a parsed body to the relation itself, not to its name: they would
stay with the old one, without an error. pg_depend knows every one of them, of whatever class. Those that can be defined
again by the text they have are carried over; whatever else is found there, known or not, is refused by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from psycopg import sql

from database.action import qualified, trusted
from database.connection import Conn, one, rows

# Parts of the relation: itself, its types, what it has of its own, and all that is internal to one of these ("i": made
# as a part of its implementation; PostgreSQL's manual, pg_depend). Who depends on a part and is none, is a dependent.
# But nobody refers to a TOAST table, an owned sequence stays the same one, and a constraint with a parent goes with
# that. plain: it only needs the relation and its columns, not its row type or one of its constraints.
_DEPENDENTS = """
    WITH RECURSIVE parts (class, oid) AS (
        SELECT 'pg_class'::regclass::oid, %(oid)s::oid
        UNION SELECT 'pg_class'::regclass, indexrelid FROM pg_index WHERE indrelid = %(oid)s
        UNION SELECT 'pg_constraint'::regclass, oid FROM pg_constraint WHERE conrelid = %(oid)s
        UNION SELECT 'pg_attrdef'::regclass, oid FROM pg_attrdef WHERE adrelid = %(oid)s
        UNION SELECT 'pg_trigger'::regclass, oid FROM pg_trigger WHERE tgrelid = %(oid)s
        UNION SELECT 'pg_policy'::regclass, oid FROM pg_policy WHERE polrelid = %(oid)s
        UNION SELECT 'pg_rewrite'::regclass, oid FROM pg_rewrite WHERE ev_class = %(oid)s
        UNION SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext WHERE stxrelid = %(oid)s
        UNION SELECT d.classid, d.objid FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
            WHERE d.classid = 'pg_class'::regclass AND d.refobjid = %(oid)s AND d.deptype IN ('a', 'i')
        UNION SELECT d.classid, d.objid FROM parts p
            JOIN pg_depend d ON d.refclassid = p.class AND d.refobjid = p.oid AND d.deptype = 'i'
    )
    SELECT d.classid::regclass::text AS class, d.objid::bigint AS oid,
    pg_describe_object(d.classid, d.objid, max(d.objsubid)) AS name,
    bool_and(d.refclassid = 'pg_class'::regclass AND d.refobjid = %(oid)s) AS plain
    FROM parts p JOIN pg_depend d ON d.refclassid = p.class AND d.refobjid = p.oid
    LEFT JOIN pg_class c ON p.class = 'pg_class'::regclass AND c.oid = p.oid
    WHERE coalesce(c.relkind NOT IN ('t', 'S'), true)
    AND NOT EXISTS (SELECT FROM parts o WHERE o.class = d.classid AND o.oid = d.objid)
    AND NOT (d.classid = 'pg_constraint'::regclass AND EXISTS (
        SELECT FROM pg_constraint k WHERE k.oid = d.objid AND k.conparentid <> 0))
    GROUP BY d.classid, d.objid ORDER BY 1, 3
    """
# What each is bound by, and whose it is: it can be defined again by who has the rights of its owner, and may create in
# its schema.
_VIEW = """
    SELECT n.nspname AS schema, c.relname AS name, pg_get_viewdef(c.oid) AS body, c.reloptions AS options,
    c.relowner AS owner FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n
    ON n.oid = c.relnamespace WHERE r.oid = %s AND c.relkind = 'v' AND r.rulename = '_RETURN'
    """
_POLICY = """
    SELECT n.nspname AS schema, c.relname AS table, p.polname AS name, pg_get_expr(p.polqual, p.polrelid) AS visible,
    pg_get_expr(p.polwithcheck, p.polrelid) AS checked, c.relowner AS owner
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE p.oid = %s
    """
_FUNCTION = """
    SELECT n.nspname AS schema, CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END AS body,
    p.proowner AS owner FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.oid = %s AND p.prokind IN ('f', 'p', 'w')
    """
_RIGHTS = """
    SELECT pg_get_userbyid(%(owner)s) AS owner, pg_has_role(%(owner)s::oid, 'USAGE') AS ours,
    %(schema)s::text IS NULL OR has_schema_privilege(%(schema)s::text, 'CREATE') AS room
    """
_ADVICE = {
    "pg_constraint": "foreign keys lead to it, and its primary key will no longer be what they refer to (drop them)",
    "pg_publication_rel": "publications carry it (take it out, and put the new table in afterwards)",
}
_OTHERWISE = "would stay with the old one (drop them, and create them again afterwards)"


@dataclass(frozen=True, slots=True)
class Dependent:
    """Something bound to a relation. again: what binds it to the new one. why: what speaks against that, or nothing."""

    name: str
    again: sql.Composable | None
    why: str


def dependents(conn: Conn, oid: int, besides: Collection[int] = ()) -> Iterator[Dependent]:
    """Everything that depends on a relation. besides: oids of materialized views that somebody else sees to."""
    for row in rows(conn, _DEPENDENTS, {"oid": oid}):
        if row["class"] == "pg_rewrite" and _relation(conn, row["oid"]) in besides:
            continue
        define = _DEFINED.get(row["class"]) if row["plain"] else None
        found = define(conn, row["oid"]) if define else None
        if found is None:
            yield Dependent(row["name"], None, _ADVICE.get(row["class"], _OTHERWISE))
            continue
        again, owner, schema = found
        rights = one(conn, _RIGHTS, {"owner": owner, "schema": schema})
        why = ""
        if not rights["ours"]:
            why = f"of role {rights['owner']}, whose rights this role lacks (run as a member of it)"
        elif not rights["room"]:
            why = f"of schema {schema}, where this role may not create anything (GRANT CREATE ON SCHEMA)"
        yield Dependent(row["name"], again, why)


def refused(found: Collection[Dependent]) -> list[str]:
    """What cannot be carried over: each reason with names."""
    reasons = dict.fromkeys(one.why for one in found if one.why)
    return [f"{why}: {', '.join(sorted(one.name for one in found if one.why == why))}" for why in reasons]


def carried(found: Collection[Dependent]) -> list[sql.Composable]:
    """What binds the others to the relation that has the name by then."""
    return [one.again for one in found if one.again is not None]


def _relation(conn: Conn, rule: int) -> int:
    return int(one(conn, "SELECT ev_class::bigint AS oid FROM pg_rewrite WHERE oid = %s", (rule,))["oid"])


Defined = tuple[sql.Composable, int, str | None]


def _view(conn: Conn, oid: int) -> Defined | None:
    # Keeps its rights, its owner, its comment and who reads it in turn; its options have to be said again.
    for row in rows(conn, _VIEW, (oid,)):
        pairs = [one.partition("=") for one in row["options"] or []]
        options = sql.SQL(", ").join(sql.SQL("{} = {}").format(trusted(key), sql.Literal(v)) for key, _, v in pairs)
        again = sql.SQL("CREATE OR REPLACE VIEW {} {}AS {}").format(
            qualified(row["schema"], row["name"]),
            sql.SQL("WITH ({}) ").format(options) if pairs else sql.SQL(""),
            trusted(row["body"].strip().removesuffix(";")),
        )
        return again, row["owner"], row["schema"]
    return None


def _policy(conn: Conn, oid: int) -> Defined | None:
    row = one(conn, _POLICY, (oid,))
    parts = [
        sql.SQL("ALTER POLICY {} ON {}").format(sql.Identifier(row["name"]), qualified(row["schema"], row["table"]))
    ]
    if row["visible"]:
        parts.append(sql.SQL("USING ({})").format(trusted(row["visible"])))
    if row["checked"]:
        parts.append(sql.SQL("WITH CHECK ({})").format(trusted(row["checked"])))
    return sql.SQL(" ").join(parts), row["owner"], None


def _function(conn: Conn, oid: int) -> Defined | None:
    for row in rows(conn, _FUNCTION, (oid,)):
        return trusted(row["body"].strip()), row["owner"], row["schema"]
    return None


_DEFINED: dict[str, Callable[[Conn, int], Defined | None]] = {
    "pg_rewrite": _view,
    "pg_policy": _policy,
    "pg_proc": _function,
}
