"""What was applied and which jobs ran, in the database itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from database import catalog
from database.action import Action, qualified
from database.connection import LOCK_SPACE, Conn, rows

STEPS, JOBS, EXPECTED = "steps", "jobs", "expected"
APPLY, REFRESH = "apply", "refresh"
# Beside the runners' keys in `connection`: two runs that make the ledger at the same moment do it one after the other.
_MAKING = 3


@dataclass(frozen=True, slots=True)
class Ledger:
    """Three tables in a schema of their own: steps that are applied, jobs that ended well, jobs that are scheduled."""

    conn: Conn
    schema: str

    def pending(self) -> list[Action]:
        """What makes its tables, if they are missing."""
        if all(catalog.table(self.conn, self.schema, name) for name in (STEPS, JOBS, EXPECTED)):
            return []
        statements = (
            sql.SQL("SELECT pg_advisory_xact_lock({}, {})").format(sql.Literal(LOCK_SPACE), sql.Literal(_MAKING)),
            sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(self.schema)),
            sql.SQL(
                "CREATE TABLE IF NOT EXISTS {} (id text PRIMARY KEY, checksum text NOT NULL,"
                " applied_at timestamptz NOT NULL DEFAULT now(), applied_by text NOT NULL DEFAULT"
                " current_setting('application_name'))"
            ).format(qualified(self.schema, STEPS)),
            sql.SQL(
                "CREATE TABLE IF NOT EXISTS {} (job text PRIMARY KEY, finished_at timestamptz NOT NULL DEFAULT now(),"
                " touched bigint NOT NULL)"
            ).format(qualified(self.schema, JOBS)),
            sql.SQL(
                "CREATE TABLE IF NOT EXISTS {} (job text PRIMARY KEY, since timestamptz NOT NULL DEFAULT now())"
            ).format(qualified(self.schema, EXPECTED)),
        )
        # A schema that exists needs no right to create schemas.
        there = rows(self.conn, "SELECT 1 AS found FROM pg_namespace WHERE nspname = %s", (self.schema,))
        wanted = (statements[0], *statements[2:]) if there else statements
        return [Action(wanted, f"the ledger, in schema {self.schema}")]

    def applied(self) -> dict[str, dict[str, Any]]:
        """The steps by id; none when there is no ledger yet."""
        if catalog.table(self.conn, self.schema, STEPS) is None:
            return {}
        query = sql.SQL("SELECT id, checksum, applied_at, applied_by FROM {}").format(qualified(self.schema, STEPS))
        return {row["id"]: row for row in rows(self.conn, query)}

    def record(self, step: str, checksum: str) -> None:
        """Write down that a step is applied."""
        query = sql.SQL(
            "INSERT INTO {} (id, checksum) VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET checksum = excluded.checksum,"
            " applied_at = now(), applied_by = current_setting('application_name')"
        ).format(qualified(self.schema, STEPS))
        self.conn.execute(query, (step, checksum))

    def finished(self, job: str, touched: int) -> None:
        """Write down that a job ended well, if there is a ledger."""
        if catalog.table(self.conn, self.schema, JOBS) is None:
            return
        query = sql.SQL(
            "INSERT INTO {} (job, touched) VALUES (%s, %s) ON CONFLICT (job) DO UPDATE SET finished_at = now(),"
            " touched = excluded.touched"
        ).format(qualified(self.schema, JOBS))
        self.conn.execute(query, (job, touched))

    def jobs(self) -> dict[str, dict[str, Any]]:
        """The jobs by name, with the minutes since they ended."""
        if catalog.table(self.conn, self.schema, JOBS) is None:
            return {}
        query = sql.SQL("SELECT job, touched, extract(epoch FROM now() - finished_at) / 60 AS minutes FROM {}")
        return {row["job"]: row for row in rows(self.conn, query.format(qualified(self.schema, JOBS)))}

    def expect(self, jobs: Iterable[str]) -> None:
        """Write down that these jobs are scheduled; those that already are keep the time since when."""
        query = sql.SQL("INSERT INTO {} (job) SELECT unnest(%s::text[]) ON CONFLICT (job) DO NOTHING")
        self.conn.execute(query.format(qualified(self.schema, EXPECTED)), (list(jobs),))

    def waiting(self) -> dict[str, float]:
        """The minutes since each scheduled job ended well, or where it never has, since it is scheduled."""
        if catalog.table(self.conn, self.schema, EXPECTED) is None:
            return {}
        query = sql.SQL("SELECT job, extract(epoch FROM now() - since) / 60 AS minutes FROM {}")
        found = rows(self.conn, query.format(qualified(self.schema, EXPECTED)))
        ended = self.jobs()
        return {row["job"]: float(ended.get(row["job"], row)["minutes"]) for row in found}
