"""What is cheaper than a stage, whatever the stack: each with the exact command or statement, and its runbook."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from infra.stages import Capability
from infra.thresholds import FIFTY_K, GUIDE, NARFE, ORIVA, SUMMARY

STACK = "STACK"  # in a command; the stack's name takes its place
FREE_TIER = (100, 150)  # requests a minute: Oriva, Adjust Rate Limits


class How(StrEnum):
    """Where it is done."""

    SQL = "sql"  # on DATABASE_DIRECT_URL, the writer itself
    CONFIG = "config"  # a line of the stack's file, then pulumi preview and pulumi up
    SHELL = "command"
    CODE = "application"  # in the application


class When(StrEnum):
    """What it helps against."""

    ALARM = "alarm"  # something is beyond an alarm's limit at this hour
    GROWTH = "growth"
    EITHER = "either"


@dataclass(frozen=True, kw_only=True, slots=True)
class Remedy:
    """Something that is cheaper than a stage.

    against: the measures that it lowers.
    says: what it does, as a sentence without its end.
    run: the exact text: a statement, a line, a command.
    source: runbook and section.
    lacks, has: only for stacks without this capability, or with it; None for all.
    when: whether it is for an hour of alarm, for growth, or for either.
    """

    against: tuple[str, ...]
    says: str
    how: How
    run: str
    source: str
    lacks: Capability | None = None
    has: Capability | None = None
    when: When = When.GROWTH

    def as_dict(self) -> dict[str, Any]:
        """As `ascent advise --json` prints it."""
        chosen = asdict(self)
        return {key: str(chosen[key]) for key in ("says", "how", "run", "source")}


BUSY = ("database-cpu", "query-p95")
POOL = ("database-connections", "connection-errors", "pool-use", "pool-waiting")
_EGRESS = "Emergency Procedures: Storage Bandwidth Exceeded"

FIXED = (
    Remedy(
        against=("database-cpu",),
        says="End statements that have run for more than five minutes and are no job of ours",
        how=How.SQL,
        # The master user may not end autovacuum, a replication or AWS' own rdsadmin, and one refusal ends the statement
        # (PostgreSQL, Server Signaling Functions; Amazon Aurora User Guide, The rds_superuser role).
        run=(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'active' "
            "AND query_start < now() - interval '5 minutes' AND backend_type = 'client backend' "
            "AND usename <> 'rdsadmin' AND application_name NOT LIKE 'ascent%' AND pid <> pg_backend_pid();"
        ),
        source=f"{NARFE}, Emergency Procedures: Database CPU at 100%",
        when=When.ALARM,
    ),
    Remedy(
        against=BUSY,
        says="Make the view of what the server counts of each statement: below stage 3, no job has made it",
        how=How.SQL,
        run="CREATE EXTENSION IF NOT EXISTS pg_stat_statements;",
        source=f"{NARFE}, Stage 3: Add Missing Indexes: pg_stat_statements",
        lacks=Capability.DATABASE_JOBS,
        when=When.EITHER,
    ),
    Remedy(
        against=BUSY,
        says="Find the statements that take longest; one without an index is the usual answer",
        how=How.SQL,
        run=(
            "SELECT calls, mean_exec_time, max_exec_time, left(query, 100) FROM pg_stat_statements "
            "ORDER BY mean_exec_time DESC LIMIT 20;"
        ),
        source=f"{NARFE}, Stage 3: Add Missing Indexes; {ORIVA}, Slow Query Performance",
        when=When.EITHER,
    ),
    Remedy(
        against=BUSY,
        says="Build the index that is missing, without a lock; here, the runbook's own",
        how=How.SQL,
        run="CREATE INDEX CONCURRENTLY idx_activities_user_created ON activities (user_id, created_at DESC);",
        source=f"{NARFE}, Stage 3: Add Missing Indexes",
        # The jobs divide tables by month, and a divided one takes no index so (PostgreSQL, CREATE INDEX, Building
        # Indexes Concurrently: not for partitioned tables).
        lacks=Capability.DATABASE_JOBS,
    ),
    Remedy(
        against=BUSY,
        says="Add the index that is missing to the config of the database jobs, which build it without a lock",
        how=How.SHELL,
        run="python -m database apply --config database.yaml",
        source=f"{NARFE}, Stage 3: Add Missing Indexes",
        has=Capability.DATABASE_JOBS,
    ),
    Remedy(
        against=BUSY,
        says="Clear dead rows, and let the planner know what tables hold",
        how=How.SQL,
        run="VACUUM (ANALYZE);",
        source=f"{NARFE}, Cost Optimization: Vacuum regularly",
    ),
    Remedy(
        against=BUSY,
        says="Move what is older than the archive's age out of the hot tables",
        how=How.SHELL,
        run="python -m database retain --config database.yaml --job archive",
        source=f"{NARFE}, Cost Optimization: Archive old data; {SUMMARY}, 9. Message Archival",
    ),
    Remedy(
        against=(*POOL, "client-connections"),
        says="See who holds connections: many that are idle in transaction are a leak in the application",
        how=How.SQL,
        run="SELECT state, count(*), max(now() - state_change) FROM pg_stat_activity GROUP BY state;",
        source=f"{ORIVA}, Incident Response: Database Connection Pool Exhaustion",
        when=When.EITHER,
    ),
    Remedy(
        against=("database-connections", "connection-errors"),
        says="Keep fewer connections in each instance",
        how=How.CODE,
        run="new Pool({ max: Number(process.env.DB_POOL_MIN), idleTimeoutMillis: 60_000 })",
        source=f"{GUIDE}, Database Connection Exhaustion: reduce connections per instance",
        lacks=Capability.POOLING,
    ),
    Remedy(
        against=("egress",),
        says="Load images only when they come into view",
        how=How.CODE,
        run='<img loading="lazy" src="...">',
        source=f"{NARFE}, {_EGRESS}, short-term",
    ),
    Remedy(
        against=("egress",),
        says="Let browsers keep what never changes under its name",
        how=How.CODE,
        run="Cache-Control: public, max-age=31536000, immutable",
        source=f"{GUIDE}, CDN Configuration: headers",
    ),
    Remedy(
        against=("egress",),
        says="Compress images before they are uploaded, and show thumbnails: half of the bandwidth",
        how=How.CODE,
        run="cwebp -q 80 -resize 1280 0 photo.jpg -o photo.webp",
        source=f"{FIFTY_K}, Storage Optimization; {SUMMARY}, Image Compression",
    ),
    Remedy(
        against=("egress", "database-reads"),
        says="Answer with pages, and with the columns that are shown",
        how=How.CODE,
        run="SELECT id, image_url, created_at FROM analyses ORDER BY created_at DESC LIMIT 20;",
        source=f"{NARFE}, Cost Optimization: pagination; {FIFTY_K}, Query Optimization",
    ),
    Remedy(
        against=("database-reads", *BUSY),
        says="Keep in each process what seldom changes: 40 to 50 % fewer queries",
        how=How.CODE,
        run="new LRUCache({ max: 10_000, ttl: 300_000 }) // settings 600_000, usage counters 60_000",
        source=f"{SUMMARY}, 2. LLM Config Cache, and 3. Query Result Caching",
        lacks=Capability.CACHE,
    ),
    Remedy(
        against=("database-reads", "database-cpu"),
        says="Compute statistics once an hour, and not for each reader",
        how=How.SQL,
        run="REFRESH MATERIALIZED VIEW CONCURRENTLY user_statistics_cache;",
        source=f"{FIFTY_K}, Database-Level Caching",
    ),
    Remedy(
        against=("database-cpu", "database-reads", "concurrent-users"),
        says="Do background work for a sample of the requests only: 70 to 80 % less of it",
        how=How.CODE,
        run="if (text.length < 50 || messages < 3 || Math.random() > 0.3) return // no extraction",
        source=f"{SUMMARY}, 1. Memory Extraction Sampling",
    ),
    Remedy(
        against=("rate-limited",),
        says="Raise the tier that legitimate users run into",
        how=How.CODE,
        run=f"free: {{ requestsPerMinute: {FREE_TIER[1]} }} // from {FREE_TIER[0]}",
        source=f"{ORIVA}, Adjust Rate Limits",
    ),
    Remedy(
        against=("errors", "latency-p95"),
        says="See whether a release is the cause, and take it back",
        how=How.SHELL,
        run=f"ascent rollout abort --stack {STACK}",
        source=f"{ORIVA}, Incident Response: High Error Rate",
        when=When.ALARM,
    ),
)


# What relieves the bottleneck of a stage without that stage, where stages between are not wanted.
WITHOUT = {
    4: (
        "a larger ascent:database.maxAcu carries twice the load, up to 256",
        f"{NARFE}, Emergency Procedures: Database CPU at 100%, long-term: upgrade compute size",
    ),
    5: (
        "a CloudFront distribution of your own in front of the load balancer, kept outside of this stack",
        f"{SUMMARY}, CDN Setup, Alternative: CloudFront",
    ),
    6: (
        "caches in the memory of each instance; they share nothing, so each is filled by itself",
        f"{SUMMARY}, 3. Query Result Caching",
    ),
    7: (
        "one region with larger bounds, ascent:fleet.maximum and ascent:database.maxAcu, as ascent capacity allows",
        f"{GUIDE}, Right-Sizing Instances: scale horizontally",
    ),
}
