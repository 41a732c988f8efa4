"""What a load turns into, and what one unit of a resource carries: one table, each row with its source.

Those that `ascent cost` has already, such as egress of a user or writes of a request, are in ops/cost/usage.py.
"""

from __future__ import annotations

from infra.stages import STAGES
from infra.thresholds import DATABASE_READS, NARFE, QUIET_SHARE, REQUESTS_PER_USER, SUMMARY
from ops.cost.span import CostSpan
from ops.cost.usage import Assumption

MINUTE = 60  # seconds
_BEFORE_CACHE = 5  # the stage at which a team moves up because of its reads
_BUSIEST_READS = DATABASE_READS.value / (STAGES[_BEFORE_CACHE].users * REQUESTS_PER_USER.value / MINUTE)
_PGBENCH = "pgbench of PostgreSQL 15 on one machine of ours, scale 20"


def _row(name: str, low: float, high: float, unit: str, source: str) -> Assumption:
    return Assumption(name, CostSpan(low, high), unit, source)


READS = _row(
    "database reads",
    1,
    _BUSIEST_READS,
    "reads/request",
    f"Ascent: one at least; to {NARFE}, Stage 6's {DATABASE_READS.value} reads a second at stage {_BEFORE_CACHE}'s "
    "users",
)
STATEMENT_MS = _row(
    "a statement",
    2,
    20,
    "ms of a connection",
    f"Ascent: no runbook has a mean; to a tenth of the p95 of 200 ms in {SUMMARY}, Success Metrics",
)
READ_CPU_MS = _row(
    "a read",
    0.25,
    1,
    "ms of a vCPU",
    f"Ascent, estimate: {_PGBENCH}, takes 0.025 ms for a row by its key; ten to forty times that for joins, sorting "
    "and row security",
)
WRITE_CPU_MS = _row(
    "a write",
    0.75,
    3,
    "ms of a vCPU",
    f"Ascent, estimate: {_PGBENCH}, takes 0.29 ms for a transaction of three updates; 2.5 to ten times that for "
    "indexes and triggers",
)
ACU_CPU = _row(
    "an ACU",
    0.25,
    0.25,
    "vCPUs",
    "Amazon Aurora User Guide: an ACU has 2 GiB and the CPU that goes with it; hardware specifications of the r7g "
    "classes: 8 GiB a vCPU",
)
CACHE_HITS = _row(
    "reads that a cache saves", 0.4, 0.5, "share of reads", f"{SUMMARY}, Query Performance: caching, 40-50 % fewer"
)
CACHE_COMMANDS = _row(
    "cache commands",
    1.5,
    2,
    "commands/read",
    "Ascent: one to look, and one to keep what was not there; to both each time",
)
CACHE_NODE = _row(
    "a cache node",
    20_000,
    100_000,
    "commands/second",
    "AWS Database Blog, Five workload characteristics for ElastiCache: the M family from 20,000 on; to Redis "
    "documentation, benchmarks: 100,000 on one core without pipelining",
)
NAT_GBPS = _row(
    "a NAT gateway", 5, 100, "Gbit/s", "Amazon VPC User Guide, NAT gateway basics: 5, and it scales to 100 by itself"
)
BALANCER_TARGETS = _row(
    "a load balancer",
    1000,
    1000,
    "targets",
    "Elastic Load Balancing, Quotas for your Application Load Balancers: targets per load balancer, can be raised",
)
JOB_SECONDS = _row(
    "a job of a queue",
    1,
    5,
    "seconds of a worker",
    "Ascent: a call to an AI provider; QUEUE_VISIBILITY allows a minute",
)
DAY = _row(
    "an average hour",
    (1 + QUIET_SHARE.value / 100) / 2,
    1,
    "share of the busiest hour",
    f"Ascent: a day between all users and {QUIET_SHARE.value} % of them, as a cosine; to the busiest hour around the "
    "clock",
)

TABLE = (
    READS,
    STATEMENT_MS,
    READ_CPU_MS,
    WRITE_CPU_MS,
    ACU_CPU,
    CACHE_HITS,
    CACHE_COMMANDS,
    CACHE_NODE,
    NAT_GBPS,
    BALANCER_TARGETS,
    JOB_SECONDS,
    DAY,
)
