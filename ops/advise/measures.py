"""What can be measured: the names that metrics have in `ascent advise`, their units, and which values are possible."""

from __future__ import annotations

from dataclasses import dataclass

from infra.thresholds import FIFTY_K, GUIDE, NARFE, ORIVA, SUMMARY, Threshold

AVERAGE, P95 = "average", "p95"


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """Something that is measured.

    name, unit: as a file of metrics has them.
    says: what it is, for people.
    statistic: of the values within one period. Another one is refused: a week's maximum does not say that it lasted.
    most: the largest possible value; None where there is none.
    never_idle: of a percentage that is hardly ever below 1, so that in a file values up to 1 are taken for a ratio.
    is_load: whether it is what people ask for, and not how the stack bears it.
    procedure: heading in docs/procedures.md, where it may rise by a fault while the load does not; empty for load.
    """

    name: str
    unit: str
    says: str
    statistic: str = AVERAGE
    most: float | None = None
    never_idle: bool = False
    is_load: bool = False
    procedure: str = ""


_TABLE = (
    Measure(
        name="requests", unit="requests/minute", says="requests to the load balancer, in all regions", is_load=True
    ),
    Measure(name="concurrent-users", unit="users", says="people who use the application at once", is_load=True),
    Measure(name="registered-users", unit="users", says="people who have an account", is_load=True),
    Measure(
        name="database-cpu",
        unit="percent",
        says="CPU of the database's writer",
        most=100,
        never_idle=True,
        procedure="database-cpu",
    ),
    # Added up, so that it can be compared with the writer's: 250 is two and a half instances' work.
    Measure(name="reader-cpu", unit="percent", says="CPU of all readers together", most=1500, procedure="database-cpu"),
    Measure(
        name="database-connections",
        unit="connections",
        says="connections that the writer has",
        procedure="connection-pool-exhaustion",
    ),
    Measure(name="client-connections", unit="connections", says="connections that the application has to the pooler"),
    Measure(
        name="connection-errors",
        unit="errors/minute",
        says='connections that the database refused: "too many connections"',
        procedure="too-many-connections",
    ),
    Measure(
        name="query-p95",
        unit="milliseconds",
        says="what one database query in twenty takes longer than",
        statistic=P95,
        procedure="slow-statements",
    ),
    Measure(
        name="database-reads",
        unit="statements/second",
        says="statements that the database answers",
        procedure="database-cpu",
    ),
    Measure(name="cache-hits", unit="statements/second", says="reads that the cache answered in the database's place"),
    Measure(name="egress", unit="GB/month", says="what leaves the load balancer, at the pace of the period"),
    Measure(name="edge-egress", unit="GB/month", says="what leaves the CDN, at the pace of the period"),
    Measure(name="errors", unit="percent", says="requests that fail with a server error", most=100),
    Measure(
        name="latency-p95",
        unit="milliseconds",
        says="what one request in twenty takes longer than",
        statistic=P95,
    ),
    Measure(name="pool-use", unit="percent", says="connections of the pool that are in use", most=100),
    Measure(name="pool-waiting", unit="requests", says="requests that wait for a connection"),
    Measure(name="rate-limited", unit="percent", says="requests that are refused with status 429", most=100),
)
MEASURES = {one.name: one for one in _TABLE}
PERCENT, RATIO = "percent", "ratio"

# Of 1000 registered users, the runbook expects 400 at once.
CONCURRENT_SHARE = Threshold(40, "percent", f"{SUMMARY}, Realtime Connections: 1000 registered users at 40% at once")


@dataclass(frozen=True, kw_only=True, slots=True)
class Milestone:
    """What a runbook lists for a number of registered users.

    needs: capabilities of the stage table.
    """

    users: int
    needs: tuple[str, ...]
    source: str


# The two runbooks do not agree about readers: docs/adr/0056. So these are named, and decide nothing.
MILESTONES = (
    Milestone(
        users=2000,
        needs=("readers", "database-jobs", "queues", "cache"),
        source=f"{SUMMARY}, When approaching 2000 users",
    ),
    Milestone(users=5000, needs=("edge-rules",), source=f"{SUMMARY}, When approaching 5000 users"),
    Milestone(users=10_000, needs=("database-jobs", "pooling"), source=f"{FIFTY_K}, For 10,000 Users"),
    Milestone(
        users=50_000,
        needs=("cache", "queues", "database-jobs", "edge-rules", "alarms"),
        source=f"{FIFTY_K}, For 50,000 Users",
    ),
    Milestone(users=100_000, needs=("readers", "load-balancer"), source=f"{FIFTY_K}, For 100,000+ Users"),
)

# How long a trigger has to hold, and how much lower a metric has to be for a move down.
HELD_MINUTES = Threshold(60, "minutes a day", f"Ascent: an hour, as what {NARFE}, Stage 3, calls consistently")
UP_DAYS = Threshold(2, "days", "Ascent: once may be a campaign or a bad day")
UP_OF_DAYS = Threshold(3, "days", "Ascent: with a day off between the two")
DOWN_DAYS = Threshold(7, "days", f"{GUIDE}, Right-Sizing Instances: monitor resource usage for 1 week")
DOWN_FROM = Threshold(70, "percent", f"{GUIDE}, Auto-Scaling Triggers: up above 70 %")
DOWN_TO = Threshold(30, "percent", f"{GUIDE}, Auto-Scaling Triggers: down below 30 %")
BASELINE_DAYS = Threshold(14, "days", "Ascent: two weeks, so that no day of the week counts alone")
GROWTH = Threshold(120, "percent of before", "Ascent: busy hours of two days differ by a tenth; this is twice that")
STALE_MINUTES = Threshold(120, "minutes", "Ascent: an export and a meeting; CloudWatch itself is 3 minutes late")
COVERED = Threshold(50, "percent of a day", "Ascent: with less of a day, its busy hour may be missing")
ONGOING_MINUTES = Threshold(
    60, "minutes", f"Ascent: four times the longest alert, {ORIVA}, Alert Thresholds: High 429 Rate"
)


def lower(limit: float) -> float:
    """What a measure has to stay at or below for a move down, where `limit` is the threshold for the move up."""
    return limit * DOWN_TO.value / DOWN_FROM.value
