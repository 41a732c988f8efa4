"""What to do before a stage, or instead of one: each with the exact command, statement or line, and its runbook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from infra.capacity.load import pool_size
from infra.config.problems import SettingsError
from infra.config.settings import Settings
from infra.stages import Capability
from infra.thresholds import FIFTY_K, GUIDE, NARFE, ORIVA, SUMMARY
from ops import stackfile
from ops.advise.model import Judgment

LARGER_POOL = 40  # connections: Oriva, Database Connection Pool Exhaustion: "Enter 40 (double current)"
MOST_ACUS = 256  # AWS, Performance and scaling for Aurora Serverless v2: the largest maximum
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
    lacks: only for stacks without this capability; None for all.
    when: whether it is for an hour of alarm, for growth, or for either.
    """

    against: tuple[str, ...]
    says: str
    how: How
    run: str
    source: str
    lacks: Capability | None = None
    when: When = When.GROWTH

    def as_dict(self) -> dict[str, Any]:
        """As `ascent advise --json` prints it."""
        chosen = asdict(self)
        return {key: str(chosen[key]) for key in ("says", "how", "run", "source")}


_BUSY = ("database-cpu", "query-p95")
_POOL = ("database-connections", "connection-errors", "pool-use", "pool-waiting")
_ASKED = ("concurrent-users", "database-cpu")
_SET = "pulumi config set --stack {stack} --path 'ascent:{key}' {value}"
_EGRESS = "Emergency Procedures: Storage Bandwidth Exceeded"

FIXED = (
    Remedy(
        against=("database-cpu",),
        says="End statements that have run for more than five minutes and are no job of ours",
        how=How.SQL,
        run=(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'active' "
            "AND query_start < now() - interval '5 minutes' AND application_name NOT LIKE 'ascent%' "
            "AND pid <> pg_backend_pid();"
        ),
        source=f"{NARFE}, Emergency Procedures: Database CPU at 100%",
        when=When.ALARM,
    ),
    Remedy(
        against=_BUSY,
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
        against=_BUSY,
        says="Build the index that is missing, without a lock; here, the runbook's own",
        how=How.SQL,
        run="CREATE INDEX CONCURRENTLY idx_activities_user_created ON activities (user_id, created_at DESC);",
        source=f"{NARFE}, Stage 3: Add Missing Indexes",
    ),
    Remedy(
        against=_BUSY,
        says="Clear dead rows, and let the planner know what tables hold",
        how=How.SQL,
        run="VACUUM (ANALYZE);",
        source=f"{NARFE}, Cost Optimization: Vacuum regularly",
    ),
    Remedy(
        against=_BUSY,
        says="Move what is older than the archive's age out of the hot tables",
        how=How.SHELL,
        run="python -m database retain --job archive",
        source=f"{NARFE}, Cost Optimization: Archive old data; {SUMMARY}, 9. Message Archival",
    ),
    Remedy(
        against=(*_POOL, "client-connections"),
        says="See who holds connections: many that are idle in transaction are a leak in the application",
        how=How.SQL,
        run="SELECT state, count(*), max(now() - state_change) FROM pg_stat_activity GROUP BY state;",
        source=f"{ORIVA}, Incident Response: Database Connection Pool Exhaustion",
        when=When.EITHER,
    ),
    Remedy(
        against=_POOL,
        says="Have the server close what stays idle in a transaction for a minute",
        how=How.SQL,
        run="ALTER ROLE CURRENT_USER SET idle_in_transaction_session_timeout = '60s';",
        source=f"{GUIDE}, Connection Pool Best Practices: idle timeout 60 seconds",
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
        against=("database-reads", *_BUSY),
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
        says="Do only a sample of the work behind a request that nobody waits for: 70 to 80 % less",
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
        run="ascent rollout abort",
        source=f"{ORIVA}, Incident Response: High Error Rate",
        when=When.ALARM,
    ),
)


def remedies(settings: Settings, stack: str, found: Judgment) -> list[Remedy]:
    """What to do first, by what a judgment presses for, the measure that matters most first; each once."""
    kinds = {When.EITHER}
    kinds |= {When.ALARM} if found.incidents or found.alarming else set()
    kinds |= set() if found.incidents else {When.GROWTH}
    known = [*FIXED, *(one for make in _SIZED for one in make(settings, stack))]
    chosen = [
        one
        for measure in found.pressing
        for one in known
        if measure in one.against and (one.lacks is None or not settings.row.has(one.lacks)) and one.when in kinds
    ]
    return list(dict.fromkeys(chosen))


def _acus(settings: Settings, stack: str) -> Iterator[Remedy]:
    """More of the same database: Aurora takes it within a minute, without a restart."""
    size = settings.sizes.database
    most = min(2 * size.max_acu, MOST_ACUS)
    if size.instance_class == "db.serverless" and most > size.max_acu:
        yield from _line(
            stack,
            settings.stage,
            ("database", "maxAcu", most),
            says=f"Let the database grow to twice its {size.max_acu:g} capacity units; paid only while they are used",
            against=("database-cpu", "query-p95"),
            source=f"{NARFE}, Emergency Procedures: Database CPU at 100%, long-term: upgrade compute size",
        )


def _pool(settings: Settings, stack: str) -> Iterator[Remedy]:
    """A larger pool follows from a larger fleet."""
    size = settings.sizes.fleet
    now = pool_size(size.maximum)
    if not settings.row.has(Capability.POOLING) or now >= LARGER_POOL or not settings.runtime.on_ec2:
        return
    enough = next(count for count in range(size.maximum, LARGER_POOL) if pool_size(count) >= LARGER_POOL)
    yield from _line(
        stack,
        settings.stage,
        ("fleet", "maximum", enough),
        says=f"Give the pooler {pool_size(enough)} connections, not {now}: it has two for each instance, and one",
        against=_POOL,
        source=f"{ORIVA}, Scale Up Database Connection Pool: 20, recommended 30-40",
    )


def _fleet(settings: Settings, stack: str) -> Iterator[Remedy]:
    """Half as many instances more, where autoscaling has them at their most."""
    size = settings.sizes.fleet
    if settings.runtime.on_ec2:
        yield from _line(
            stack,
            settings.stage,
            ("fleet", "maximum", size.maximum + (size.maximum + 1) // 2),
            says=f"Let the fleet grow beyond {size.maximum} instances: horizontally first",
            against=("concurrent-users", "latency-p95"),
            source=f"{GUIDE}, Auto-Scaling Triggers, and Right-Sizing Instances",
            when=When.GROWTH,
        )


def _limits(settings: Settings, stack: str) -> Iterator[Remedy]:
    """Another limit at the edge for each visitor: half of it against load, half as much again for who is refused."""
    if not settings.row.has(Capability.EDGE_RULES):
        return
    name, now = next(iter(settings.rate_limits.items()))
    for value, says, against in (
        (now // 2, f"Halve what one visitor may ask of {name}, {now} a minute, for as long as it is too much", _ASKED),
        (now * 3 // 2, f"Allow half as much again of {name} as {now} a minute, if it is real users", ("rate-limited",)),
    ):
        yield Remedy(
            against=against,
            says=says,
            how=How.CONFIG,
            run=_SET.format(stack=stack, key=f"edge.rateLimitPerMinute.{name}", value=value),
            source=f"{FIFTY_K}, Rate Limiting; {ORIVA}, Adjust Rate Limits: 100 to 150",
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
_SIZED: tuple[Callable[[Settings, str], Iterator[Remedy]], ...] = (_acus, _pool, _fleet, _limits)


def _line(
    stack: str,
    stage: int,
    change: tuple[str, str, float],
    *,
    says: str,
    against: tuple[str, ...],
    source: str,
    when: When = When.EITHER,
) -> Iterator[Remedy]:
    """A changed size, if the stack's file may have it: the connection budget may refuse it."""
    group, key, value = change
    number = int(value) if value == int(value) else value
    try:
        stackfile.settings(stack, stage, sizes={group: {key: number}})
    except SettingsError:
        return
    run = _SET.format(stack=stack, key=f"{group}.{key}", value=number)
    yield Remedy(against=against, says=says, how=How.CONFIG, run=run, source=source, when=when)
