"""The health query: each check a row of a table, with its limit and what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from database import catalog
from database.action import qualified
from database.config import Partition
from database.connection import one, rows
from database.defaults import in_default
from database.environment import MAX_CONNECTIONS
from database.errors import RunError
from database.indexes import REDUNDANT
from database.ledger import REFRESH, Ledger
from database.months import ahead
from database.partitions import lacking
from database.punctuality import before_first_apply, waiting
from database.step import Context

_GIB = 1024**3
_MOST = 20
_SEES_OTHERS = "SELECT pg_has_role('pg_read_all_stats', 'USAGE') AS sees"
_TOO_EARLY = "the first scheduled `apply` is still to come, and makes them"


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
    largest = rows(
        context.conn,
        """
        SELECT c.relname AS table, pg_total_relation_size(c.oid) AS bytes FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind IN ('r', 'm')
        ORDER BY 2 DESC, 1 LIMIT 10
        """,
        (context.config.schema_,),
    )
    # Aurora alone has this function (its user guide, aurora_version), and a disk that grows by itself (the same, How
    # Aurora storage automatically resizes): a limit would fail for ever, with nothing to raise.
    grows = one(context.conn, "SELECT to_regproc('aurora_version') IS NOT NULL AS found")["found"]
    if health.size_limit_gib is None or grows:
        told = "" if health.size_limit_gib is None else ": health.sizeLimitGib is not used here"
        return Check("size", None, size, None, "GiB", f"the disk grows by itself, or has no limit{told}", largest)
    limit = health.size_limit_gib * health.size_percent / 100
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


def _max_connections(context: Context) -> Check:
    expected = context.environment.max_connections
    most = int(one(context.conn, "SELECT current_setting('max_connections')::int AS most")["most"])
    if expected is None:
        return Check("max_connections", None, most, None, "connections", f"{MAX_CONNECTIONS} is not set: not compared")
    advice = "restart the instances: a static parameter waits for a reboot, and pools count on the expected number"
    return Check("max_connections", most == expected, most, expected, "connections", advice)


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
    if not one(context.conn, _SEES_OTHERS)["sees"]:
        # Without the right, their transactions have no beginning, and none would ever be too long.
        told = "this role does not see other roles' transactions: GRANT pg_read_all_stats to it. Not measured"
        return Check("long transactions", None, 0, 0, "transactions", told)
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
    if before_first_apply(context):
        return Check("partitions", None, 0, 0, "problems", _TOO_EARLY)
    late = [problem for partition in context.config.partitions for problem in _lacks(context, partition)]
    advice = "a row without a partition is refused: see each problem, and why the daily `partitions` did not prevent it"
    return Check("partitions", not late, len(late), 0, "problems", advice, late)


def _lacks(context: Context, partition: Partition) -> list[dict[str, Any]]:
    """What is wrong with a table's partitions up to the next month, each with what to do."""
    name = partition.table
    table = catalog.table(context.conn, context.config.schema_, name)
    if table is None or not (table.partitioned or partition.convert):
        do = f"set convert: true and run `convert --table {name}`, or take it out of partitions"
        return [{"table": name, "problem": "not partitioned" if table else "does not exist", "do": do}]
    if not table.partitioned:
        return []
    there = [part for part in catalog.partitions(context.conn, table.oid) if not part.default and not part.pending]
    missing = [
        month
        for month in ahead(context.today, 1)
        if not any((not p.start or p.start <= month.start) and (not p.end or p.end >= month.end) for p in there)
    ]
    if not missing:
        return []
    try:
        _, held = lacking(context, partition, table)
    except RunError as error:
        return [
            {"table": name, "problem": f"no partition for {month.start:%Y-%m}", "do": str(error)} for month in missing
        ]
    return [
        {
            "table": name,
            "problem": f"no partition for {month.start:%Y-%m}",
            "do": in_default(context, partition, table, [month]) if month in held else "run `partitions`",
        }
        for month in missing
    ]


def _due(context: Context) -> Check:
    """Plain tables that the config wants partitioned: for a person to choose the time, and no fault until then."""
    tables = [catalog.table(context.conn, context.config.schema_, one.table) for one in context.config.partitions]
    due = [{"table": one.name} for one in tables if one and not one.partitioned]
    advice = "to be partitioned by month, each by `convert --table NAME` when it suits you: docs/database.md"
    return Check("conversions due", None, len(due), None, "tables", advice, due)


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
    advice = (
        "a conversion did not finish, and from the CHECK's date on writes will fail: `convert --table NAME` ends it"
    )
    return Check("unfinished conversions", not found, len(found), 0, "tables", advice, found)


def _refreshed(context: Context) -> Check:
    limit = context.config.health.refresh_minutes
    if not context.config.views:
        return Check("views", None, 0, limit, "minutes", "the config has no views")
    if before_first_apply(context):
        return Check("views", None, 0, limit, "minutes", _TOO_EARLY)
    job = Ledger(context.conn, context.config.ledger_schema).jobs().get(REFRESH)
    minutes = float(job["minutes"]) if job else float(limit + 1)
    advice = "the views are old, or were never refreshed: see why the hourly `refresh` does not end well"
    return Check("views", minutes <= limit, minutes, limit, "minutes", advice)


def _jobs(context: Context) -> Check:
    found = waiting(context)
    if not found:
        return Check("jobs", None, 0, None, "jobs", "no schedule has run a job here yet: docs/database.md, As a job")
    late = [
        {"job": one.job, "minutes": round(one.minutes), "limitMinutes": round(one.limit)} for one in found if one.late
    ]
    advice = "no good end within its period and a margin: read its log, repair the cause, and run it once by hand"
    return Check("jobs", not late, len(late), 0, "jobs", advice, late)


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
    "max_connections": _max_connections,
    "slow queries": _slow,
    "long transactions": _long,
    "dead rows": _dead,
    "invalid indexes": _invalid,
    "partitions": _partitions,
    "conversions due": _due,
    "unfinished conversions": _conversions,
    "views": _refreshed,
    "jobs": _jobs,
    "unused indexes": _unused,
    "redundant indexes": _redundant,
}
