"""What would be lost or go wrong if a table became a partition of a new one: refused before anything is done."""

from __future__ import annotations

from database import history
from database.catalog import Table
from database.config import Partition
from database.connection import rows
from database.dependents import dependents, refused
from database.indexes import index_steps
from database.monthly import name_of
from database.months import ahead
from database.names import NEXT, aside, fitted
from database.step import Context
from database.switch import index_aside, primary_aside
from database.views import made_here

# What it is and what to do: the query that finds it. Each takes %(oid)s, %(column)s and %(ours)s, the names of what a
# conversion itself has made, and names what it found.
_OBSTACLES: dict[str, str] = {
    "it belongs to a role whose rights this one lacks (run as a member of it)": """
        SELECT pg_get_userbyid(relowner)::text AS name FROM pg_class
        WHERE oid = %(oid)s AND NOT pg_has_role(relowner, 'USAGE')
        """,
    "its owner has taken rights from itself, which would come back (grant them)": """
        SELECT privilege_type AS name FROM pg_class c CROSS JOIN aclexplode(acldefault('r', c.relowner)) d
        WHERE c.oid = %(oid)s AND c.relacl IS NOT NULL AND d.grantee = c.relowner EXCEPT
        SELECT privilege_type FROM pg_class c CROSS JOIN aclexplode(c.relacl) x
        WHERE c.oid = %(oid)s AND x.grantee = c.relowner
        """,
    "it is no ordinary table of the default access method and tablespace, or is unlogged or of a type": """
        SELECT c.relname::text AS name FROM pg_class c LEFT JOIN pg_am m ON m.oid = c.relam WHERE c.oid = %(oid)s
        AND (c.relpersistence <> 'p' OR c.reloftype <> 0 OR c.reltablespace <> 0 OR m.amname <> 'heap')
        """,
    "its foreign keys lead to itself, and its primary key will no longer be what they refer to (drop them)": """
        SELECT conname::text AS name FROM pg_constraint
        WHERE conrelid = %(oid)s AND confrelid = %(oid)s AND contype = 'f'
        """,
    "constraints are not valid (ALTER TABLE ... VALIDATE CONSTRAINT each first, or drop them)": """
        SELECT conname::text AS name FROM pg_constraint
        WHERE conrelid = %(oid)s AND NOT convalidated AND conname <> ALL (%(ours)s)
        """,
    "constraints are NO INHERIT, which a partitioned table cannot have (make them anew without it)": """
        SELECT conname::text AS name FROM pg_constraint
        WHERE conrelid = %(oid)s AND contype IN ('c', 'n') AND connoinherit
        """,
    "its primary key is deferrable, or has columns in INCLUDE, which would be lost (make it anew without)": """
        SELECT k.conname::text AS name FROM pg_constraint k JOIN pg_index i ON i.indexrelid = k.conindid
        WHERE k.conrelid = %(oid)s AND k.contype = 'p' AND (k.condeferrable OR i.indnatts <> i.indnkeyatts)
        """,
    "rules on it would be lost (drop them)": """
        SELECT rulename::text AS name FROM pg_rewrite WHERE ev_class = %(oid)s
        """,
    "unique indexes do not include the column it is to be partitioned by (drop them, or add the column)": """
        SELECT i.indexrelid::regclass::text AS name FROM pg_index i WHERE i.indrelid = %(oid)s AND i.indisunique
        AND NOT i.indisprimary AND NOT EXISTS (
            SELECT FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attname = %(column)s
            AND a.attnum = ANY (i.indkey::int2[]))
        """,
    "indexes are invalid or unfinished, and would be built under the lock (run `apply`, or drop them)": """
        SELECT c.relname::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = %(oid)s AND c.relname <> ALL (%(ours)s)
        AND (NOT i.indisvalid OR c.relname = ANY (%(unfinished)s))
        """,
    "exclusion constraints cannot be kept (drop them)": """
        SELECT conname::text AS name FROM pg_constraint WHERE conrelid = %(oid)s AND contype = 'x'
        """,
    "identity columns cannot be attached (make it a default of a sequence)": """
        SELECT attname::text AS name FROM pg_attribute WHERE attrelid = %(oid)s AND attidentity <> ''
        """,
    "the column it is to be partitioned by is generated (choose another)": """
        SELECT attname::text AS name FROM pg_attribute
        WHERE attrelid = %(oid)s AND attname = %(column)s AND attgenerated <> ''
        """,
    "publications carry it with all tables, and would publish its partitions (set publish_via_partition_root)": """
        SELECT t.pubname::text AS name FROM pg_publication_tables t JOIN pg_publication p USING (pubname)
        JOIN pg_class c ON c.relname = t.tablename JOIN pg_namespace n ON n.oid = c.relnamespace
        AND n.nspname = t.schemaname WHERE c.oid = %(oid)s AND NOT p.pubviaroot
        AND NOT EXISTS (SELECT FROM pg_publication_rel r WHERE r.prpubid = p.oid AND r.prrelid = c.oid)
        """,
    "a subscription fills it (take it out)": """
        SELECT srrelid::regclass::text AS name FROM pg_subscription_rel WHERE srrelid = %(oid)s
        """,
    "it inherits, or is inherited from (end that first)": """
        SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhrelid = %(oid)s OR inhparent = %(oid)s
        """,
    "its replica identity would be lost (set it to the default)": """
        SELECT relname::text AS name FROM pg_class WHERE oid = %(oid)s AND relreplident <> 'd'
        """,
    "triggers with transition tables do not work on partitions (drop them)": """
        SELECT tgname::text AS name FROM pg_trigger
        WHERE tgrelid = %(oid)s AND NOT tgisinternal AND (tgoldtable IS NOT NULL OR tgnewtable IS NOT NULL)
        """,
    "triggers that keep its foreign keys are disabled, and would come back (enable them)": """
        SELECT k.conname::text AS name FROM pg_trigger t JOIN pg_constraint k ON k.oid = t.tgconstraint
        WHERE t.tgrelid = %(oid)s AND t.tgisinternal AND t.tgenabled <> 'O'
        """,
    "security labels would be lost (take them off)": """
        SELECT provider || ': ' || label AS name FROM pg_seclabel
        WHERE classoid = 'pg_class'::regclass AND objoid = %(oid)s
        """,
    "it or a part of it belongs to an extension (ALTER EXTENSION ... DROP it first)": """
        SELECT pg_describe_object(d.classid, d.objid, d.objsubid) AS name FROM pg_depend d
        WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype IN ('e', 'x') AND (
            d.classid = 'pg_class'::regclass AND d.objid = %(oid)s
            OR d.classid = 'pg_class'::regclass AND d.objid IN (
                SELECT indexrelid FROM pg_index WHERE indrelid = %(oid)s)
            OR d.classid = 'pg_trigger'::regclass AND d.objid IN (
                SELECT oid FROM pg_trigger WHERE tgrelid = %(oid)s))
        """,
    # Owner, rights and the roles of policies are carried over; nothing else that is shared by databases is known.
    "it depends on what databases share (end that first)": """
        SELECT refclassid::regclass || ' ' || refobjid AS name FROM pg_shdepend
        WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND classid = 'pg_class'::regclass AND objid = %(oid)s AND deptype NOT IN ('o', 'a', 'r')
        """,
    "names that it needs are taken (rename or drop those)": """
        SELECT o.oid::regclass::text AS name FROM pg_class c JOIN pg_class o ON o.relnamespace = c.relnamespace
        WHERE c.oid = %(oid)s AND o.relname = ANY (%(needed)s)
        """,
}


def obstacles(context: Context, table: Table, partition: Partition) -> list[str]:
    """Each kind that was found, with names; last what depends on the table and cannot be carried over."""
    conn = context.conn
    parameters = {
        "oid": table.oid,
        "column": partition.column,
        "ours": [history.check_name(table.name), history.key_name(table.name, partition.column)],
        "unfinished": [fitted(step.index.name + NEXT) for step in index_steps(context.config)],
        "needed": _needed(context, table, partition),
    }
    found = []
    for what, query in _OBSTACLES.items():
        names = [row["name"] for row in rows(conn, query.encode(), parameters)]
        if names:
            found.append(f"{what}: {', '.join(sorted(names))}")
    return found + refused([*dependents(conn, table.oid, made_here(context))])


def _needed(context: Context, table: Table, partition: Partition) -> list[str]:
    """Names of relations that the switch gives."""
    query = "SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = %s"
    until, _ = history.until(context, table)
    return [
        aside(table.name),
        primary_aside(table.name),
        *(index_aside(table.name, row["name"]) for row in rows(context.conn, query, (table.oid,))),
        *(name_of(table.name, month) for month in ahead(context.today, partition.months_ahead) if month.start >= until),
    ]
