"""Extensions, and what vector queries run with."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from database.action import Action
from database.config import Search
from database.connection import one, rows
from database.errors import BlockedError, RunError
from database.step import Context, checksum

# No row when the server does not have the extension. On Aurora, rds_superuser stands in for a superuser.
_ALLOWED = """
    SELECT bool_or(v.trusted) AND has_database_privilege(current_database(), 'CREATE') OR EXISTS (
        SELECT FROM pg_roles r WHERE r.rolname = current_user AND r.rolsuper
        OR r.rolname = 'rds_superuser' AND pg_has_role(current_user, r.oid, 'MEMBER')) AS allowed
    FROM pg_available_extension_versions v WHERE v.name = %s GROUP BY v.name
    """

_DATABASE = """
    SELECT datname AS name, pg_has_role(datdba, 'USAGE') AS ours FROM pg_database WHERE datname = current_database()
    """


@dataclass(frozen=True, slots=True)
class ExtensionStep:
    """An extension that a config wants."""

    name: str
    required: bool

    @property
    def id(self) -> str:
        """Its name in the ledger."""
        return f"extension:{self.name}"

    @property
    def checksum(self) -> str:
        """Of its definition."""
        return checksum(self.name)

    def abandon(self, context: Context) -> list[Action]:  # noqa: ARG002 (it is one statement)
        """Nothing."""
        return []

    def pending(self, context: Context) -> list[Action]:
        """Create it, if it is not there and may be."""
        if rows(context.conn, "SELECT 1 AS found FROM pg_extension WHERE extname = %s", (self.name,)):
            return []
        found = rows(context.conn, _ALLOWED, (self.name,))
        allowed = found[0]["allowed"] if found else None
        if allowed:
            create = sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(self.name))
            return [Action((create,), f"extension {self.name} is missing")]
        reason = "this server does not have it" if allowed is None else "this role may not create it"
        message = f"extension {self.name} is missing, and {reason}"
        if self.required:
            raise RunError(f"{message}: have an administrator run CREATE EXTENSION {self.name}, and run again.")
        context.note(f"{message}: done without, as the config says it is optional.")
        return []


@dataclass(frozen=True, slots=True)
class SearchStep:
    """hnsw.ef_search for a role, or for the database."""

    search: Search

    @property
    def id(self) -> str:
        """Its name in the ledger."""
        return "search:ef_search"

    @property
    def checksum(self) -> str:
        """Of its definition."""
        return checksum(self.search.model_dump())

    def abandon(self, context: Context) -> list[Action]:  # noqa: ARG002 (it is one statement)
        """Nothing."""
        return []

    def pending(self, context: Context) -> list[Action]:
        """Set it, if it is not so for new sessions."""
        wanted = f"hnsw.ef_search={self.search.ef_search}"
        role = self.search.role
        if role is not None and not rows(context.conn, "SELECT 1 AS found FROM pg_roles WHERE rolname = %s", (role,)):
            raise RunError(f"search.role: there is no role {role}: create it, or leave it out for the whole database.")
        found = rows(
            context.conn,
            """
            SELECT s.setconfig AS settings FROM pg_db_role_setting s
            WHERE CASE WHEN %(role)s::text IS NULL
            THEN s.setrole = 0 AND s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
            ELSE s.setrole = (SELECT oid FROM pg_roles WHERE rolname = %(role)s) AND s.setdatabase = 0 END
            """,
            {"role": role},
        )
        if found and wanted in (found[0]["settings"] or []):
            return []
        database = one(context.conn, _DATABASE)
        target = sql.SQL("{} {}").format(
            sql.SQL("ROLE" if role else "DATABASE"), sql.Identifier(role or database["name"])
        )
        alter = sql.SQL("ALTER {} SET hnsw.ef_search = {}").format(target, sql.Literal(self.search.ef_search))
        if role is None and not database["ours"]:
            raise BlockedError(
                "search.efSearch: this role does not own the database: have an administrator run once"
                f" {alter.as_string(context.conn)}, or name a role in search.role that this one may alter."
            )
        # The first statement loads pgvector: until then its settings are unknown, and not everybody may set those.
        why = f"vector queries of new sessions look at {self.search.ef_search} candidates"
        return [Action((sql.SQL("SELECT '[1]'::vector"), alter), why)]
