"""What would be lost or go wrong if a table became a partition of a new one: refused before anything is done."""

from __future__ import annotations

from database.catalog import Table
from database.connection import Conn, rows

# What it is and what to do: the query that finds it. Each takes %(oid)s and %(column)s and names what it found.
_OBSTACLES: dict[str, str] = {
    "foreign keys of other tables lead to it, and its primary key will no longer be what they refer to (drop them)": """
        SELECT conname || ' of ' || conrelid::regclass AS name FROM pg_constraint
        WHERE confrelid = %(oid)s AND contype = 'f' AND conrelid <> %(oid)s OR (conrelid = %(oid)s
        AND confrelid = %(oid)s AND contype = 'f')
        """,
    "views read it, and would go on reading the old part only (drop them, and create them again afterwards)": """
        SELECT DISTINCT r.ev_class::regclass::text AS name FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
        WHERE d.classid = 'pg_rewrite'::regclass AND d.refobjid = %(oid)s AND r.ev_class <> %(oid)s
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
    "exclusion constraints cannot be kept (drop them)": """
        SELECT conname::text AS name FROM pg_constraint WHERE conrelid = %(oid)s AND contype = 'x'
        """,
    "identity columns cannot be attached (make it a default of a sequence)": """
        SELECT attname::text AS name FROM pg_attribute WHERE attrelid = %(oid)s AND attidentity <> ''
        """,
    "publications carry it (take it out, and put the new table in afterwards)": """
        SELECT p.pubname::text AS name FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
        WHERE r.prrelid = %(oid)s
        """,
    "columns have rights of their own, which would be lost (grant them on the table)": """
        SELECT attname::text AS name FROM pg_attribute WHERE attrelid = %(oid)s AND attacl IS NOT NULL
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
    "its name for the old part is taken (rename or drop that)": """
        SELECT o.oid::regclass::text AS name FROM pg_class c JOIN pg_class o ON o.relnamespace = c.relnamespace
        AND o.relname = c.relname || '_history' WHERE c.oid = %(oid)s
        """,
}


def obstacles(conn: Conn, table: Table, column: str) -> list[str]:
    """Each kind that was found, with names."""
    found = []
    for what, query in _OBSTACLES.items():
        names = [row["name"] for row in rows(conn, query.encode(), {"oid": table.oid, "column": column})]
        if names:
            found.append(f"{what}: {', '.join(sorted(names))}")
    return found
