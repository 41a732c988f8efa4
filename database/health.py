"""The health query: each check a row of a table, with its limit and what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from database import catalog
from database.action import qualified
from database.connection import one, rows
from database.indexes import REDUNDANT
from database.ledger import REFRESH, Ledger
from database.months import ahead
from database.step import Context

_GIB = 1024**3
_MOST = 20


@dataclass(frozen=True, slots=True)
class Check:
    """ok: None when it is only for information. value and limit are in `unit`. details: rows to look at."""

    name: str
    ok: bool | None
    value: float
    limit: float | None
    unit: str
    advice: str
    details: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "name": self.name,
            "ok": self.ok,
            "value": round(self.value, 2),
            "limit": self.limit,
            "unit": self.unit,
            "advice": "" if self.ok else self.advice,
            "details": self.details,
        }


def checks(context: Context) -> list[Check]:
    """Every check, in order. One that this role may not make says so and does not fail."""
    result = []
    for name, check in _CHECKS.items():
        try:
            result.append(check(context))
        except psycopg.Error as error:
            reason = error.diag.message_primary or str(error)
            result.append(Check(name, None, 0, None, "unknown", f"could not be checked: {reason}"))
    return result


def _size(context: Context) -> Check:
    health = context.config.health
    size = one(context.conn, "SELECT pg_database_size(current_database()) AS bytes")["bytes"] / _GIB
    limit = health.size_limit_gib * health.size_percent / 100
    largest = rows(
        context.conn,
        """
        SELECT c.relname AS table, pg_total_relation_size(c.oid) AS bytes FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind IN ('r', 'm')
        ORDER BY 2 DESC, 1 LIMIT 10
        """,
        (context.config.schema_,),
    )
    advice = "run `retain`, look at the largest tables, or raise the storage and health.sizeLimitGib"
    return Check("size", size <= limit, size, limit, "GiB", advice, largest)


def _connections(context: Context) -> Check:
    row = one(
        context.conn,
        """
        SELECT count(*) FILTER (WHERE backend_type = 'client backend') AS used,
        current_setting('max_connections')::int AS most FROM pg_stat_activity
        """,
    )
    limit = row["most"] * context.config.health.connections_percent / 100
    return Check(
        "connections", row["used"] <= limit, row["used"], limit, "connections", "go to stage 2, pooling, or fix leaks"
    )


def _slow(context: Context) -> Check:
    limit = context.config.health.slow_ms
    if not rows(context.conn, "SELECT 1 AS found FROM pg_extension WHERE extname = 'pg_stat_statements'"):
        return Check("slow queries", None, 0, limit, "queries", "pg_stat_statements is not there: not measured")
    found = rows(
        context.conn,
        """
        SELECT left(query, 200) AS query, calls, mean_exec_time AS mean_ms, max_exec_time AS max_ms
        FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND mean_exec_time > %s AND query !~* '^\\s*(CREATE|REFRESH|ALTER|ANALYZE|VACUUM)'
        ORDER BY mean_exec_time DESC LIMIT 20
        """,
        (limit,),
    )
    advice = f"these take more than {limit} ms on average: EXPLAIN them, and add indexes to the config"
    return Check("slow queries", not found, len(found), 0, "queries", advice, found)


def _long(context: Context) -> Check:
    found = rows(
        context.conn,
        """
        SELECT pid, application_name, state, extract(epoch FROM now() - xact_start)::int AS seconds
        FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND xact_start < now() - interval '5 minutes' AND backend_type = 'client backend'
        AND application_name NOT LIKE 'ascent database %' ORDER BY xact_start LIMIT 20
        """,
    )
    advice = "open for more than 5 minutes, they block clean-up and switches: SELECT pg_terminate_backend(pid)"
    return Check("long transactions", not found, len(found), 0, "transactions", advice, found)


def _dead(context: Context) -> Check:
    limit = context.config.health.dead_percent
    found = rows(
        context.conn,
        """
        SELECT relname AS table, n_dead_tup AS dead, round(100.0 * n_dead_tup / (n_live_tup + n_dead_tup), 1)::float
        AS percent, last_autovacuum::text FROM pg_stat_user_tables
        WHERE schemaname = %s AND n_dead_tup > 10000 AND 100.0 * n_dead_tup / (n_live_tup + n_dead_tup) > %s
        ORDER BY n_dead_tup DESC LIMIT 20
        """,
        (context.config.schema_, limit),
    )
    advice = f"more than {limit} % and 10000 rows are dead: VACUUM (ANALYZE) them, and see what holds autovacuum up"
    return Check("dead rows", not found, len(found), 0, "tables", advice, found)


def _invalid(context: Context) -> Check:
    found = rows(
        context.conn,
        """
        SELECT c.relname AS index, t.relname AS table FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
        WHERE n.nspname = %s AND NOT i.indisvalid ORDER BY 1
        """,
        (context.config.schema_,),
    )
    return Check("invalid indexes", not found, len(found), 0, "indexes", "run `apply`: it builds them again", found)


def _partitions(context: Context) -> Check:
    late = []
    for partition in context.config.partitions:
        table = catalog.table(context.conn, context.config.schema_, partition.table)
        if table is None or not table.partitioned:
            late.append({"table": partition.table, "problem": "not partitioned"})
            continue
        there = [part for part in catalog.partitions(context.conn, table.oid) if not part.default and not part.pending]
        late += [
            {"table": table.name, "problem": f"no partition for {month.start:%Y-%m}"}
            for month in ahead(context.today, 1)
            if not any((not p.start or p.start <= month.start) and (not p.end or p.end >= month.end) for p in there)
        ]
    advice = "run `apply` once, and `partitions` daily: a row without a partition is refused"
    return Check("partitions", not late, len(late), 0, "problems", advice, late)


def _conversions(context: Context) -> Check:
    found = rows(
        context.conn,
        """
        SELECT c.relname AS table, pg_get_constraintdef(k.oid) AS constraint FROM pg_constraint k
        JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = %s AND k.contype = 'c' AND k.conname LIKE '%%\\_history\\_check'
        """,
        (context.config.schema_,),
    )
    advice = "a conversion did not finish, and from the CHECK's date on writes will fail: run `apply`"
    return Check("unfinished conversions", not found, len(found), 0, "tables", advice, found)


def _refreshed(context: Context) -> Check:
    limit = context.config.health.refresh_minutes
    if not context.config.views:
        return Check("views", None, 0, limit, "minutes", "the config has no views")
    job = Ledger(context.conn, context.config.ledger_schema).jobs().get(REFRESH)
    minutes = float(job["minutes"]) if job else float(limit + 1)
    advice = "the views are old, or were never refreshed: see why the hourly `refresh` does not end well"
    return Check("views", minutes <= limit, minutes, limit, "minutes", advice)


def _unused(context: Context) -> Check:
    found = rows(
        context.conn,
        """
        SELECT s.schemaname, s.relname AS table, s.indexrelname AS index, pg_relation_size(s.indexrelid) AS bytes
        FROM pg_stat_user_indexes s JOIN pg_index i USING (indexrelid) WHERE s.schemaname = %s AND s.idx_scan = 0
        AND NOT i.indisunique AND i.indisvalid AND NOT EXISTS (
            SELECT FROM pg_constraint k WHERE k.conindid = s.indexrelid)
        ORDER BY 4 DESC, 3 LIMIT 20
        """,
        (context.config.schema_,),
    )
    advice = "never used since statistics were reset, here; look at the readers too before you drop one"
    return Check("unused indexes", None, len(found), None, "indexes", advice, found)


def _redundant(context: Context) -> Check:
    found = rows(context.conn, REDUNDANT, (context.config.schema_,))
    drop = sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}")
    details = [
        {**row, "drop": drop.format(qualified(row["schema"], row["name"])).as_string(context.conn)}
        for row in found[:_MOST]
    ]
    advice = "another index serves the same: list them in dropIndexes, and `apply` drops them"
    return Check("redundant indexes", None, len({row["name"] for row in found}), None, "indexes", advice, details)


_CHECKS: dict[str, Callable[[Context], Check]] = {
    "size": _size,
    "connections": _connections,
    "slow queries": _slow,
    "long transactions": _long,
    "dead rows": _dead,
    "invalid indexes": _invalid,
    "partitions": _partitions,
    "unfinished conversions": _conversions,
    "views": _refreshed,
    "unused indexes": _unused,
    "redundant indexes": _redundant,
}
