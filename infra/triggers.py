"""When to move to which stage, as data: the numbers behind the `trigger` of each row in stages.py.

`tests/advise/test_triggers.py` holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass

from infra.thresholds import (
    DATABASE_CPU_RAISED,
    DATABASE_READS,
    DIRECT_CONNECTIONS,
    EGRESS_GB,
    GLOBAL_USERS,
    POOLING_USERS,
    READERS_CPU,
    REFUSED_CONNECTIONS,
    SLOW_QUERY_MS,
    Threshold,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trigger:
    """A reason to move to a stage.

    stage: where to.
    measure: what is above the threshold, as `ascent advise` calls it.
    above: the threshold; its own value is still below it.
    after: the stage that comes first against the same bottleneck; below it, this trigger waits.
    demand: measures that add up to the same demand once the stage relieves `measure`; without them nobody can tell
        what would come back in a move down.
    """

    stage: int
    measure: str
    above: Threshold
    after: int = 1
    demand: tuple[str, ...]


TRIGGERS = (
    Trigger(stage=2, measure="database-connections", above=DIRECT_CONNECTIONS, demand=("client-connections",)),
    Trigger(stage=2, measure="connection-errors", above=REFUSED_CONNECTIONS, demand=("connection-errors",)),
    Trigger(stage=2, measure="concurrent-users", above=POOLING_USERS, demand=("concurrent-users",)),
    Trigger(stage=3, measure="query-p95", above=SLOW_QUERY_MS, demand=("query-p95",)),
    Trigger(stage=3, measure="database-cpu", above=DATABASE_CPU_RAISED, demand=("database-cpu",)),
    # Narfe adds readers after it has tuned: an index that is missing costs each reader as much as the writer.
    Trigger(stage=4, measure="database-cpu", above=READERS_CPU, after=3, demand=("database-cpu", "reader-cpu")),
    Trigger(stage=5, measure="egress", above=EGRESS_GB, demand=("edge-egress",)),
    Trigger(stage=6, measure="database-reads", above=DATABASE_READS, demand=("database-reads", "cache-hits")),
    Trigger(stage=7, measure="concurrent-users", above=GLOBAL_USERS, demand=("concurrent-users",)),
)
