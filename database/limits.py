"""How long a statement may wait and run, by what it does to others meanwhile, and how often it is tried again."""

from __future__ import annotations

from dataclasses import dataclass

MINUTE = 60
HOUR = 60 * MINUTE

# How often a statement is tried again after it had to give up on a lock, and the longest pause between two tries.
TRIES = 8
LONGEST_PAUSE = 30.0

# How long a second runner waits for the first one, in seconds.
RUNNER_WAIT = 60

# A statement whose client is gone is cancelled after so long, which frees the runners' lock. Milliseconds.
CLIENT_CHECK_MS = 5000

# How many seconds beyond its period a scheduled job may be without a good end, before `health` says so. A run may start
# an hour late (infra/thresholds.py, JOB_EVENT_AGE) and take six hours (JOB_DEADLINE). One missed run of an hourly job
# passes, as with the views: health.refreshMinutes.
MARGIN = 7 * HOUR
HOURLY_MARGIN = 70 * MINUTE

# How many days a conversion's CHECK has to be ahead of today: a run that was killed must not make writes fail soon.
BOUNDARY_MARGIN_DAYS = 14

# Rows in one transaction of a clean-up: short enough to hold no lock for long.
BATCH_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Limit:
    """Timeouts in seconds. `lock` None: the config's `locks.timeoutSeconds`. `why` says what makes them fit."""

    lock: int | None
    statement: int
    why: str


LIMITS: dict[str, Limit] = {
    "short": Limit(None, 30, "changes the catalog under a lock that others queue behind, so it soon gives up"),
    "switch": Limit(None, 30, "swaps two tables in one transaction, under a lock that others queue behind"),
    "build": Limit(10 * MINUTE, 12 * HOUR, "blocks neither reads nor writes, but waits for transactions that run"),
    "validate": Limit(MINUTE, 6 * HOUR, "reads the whole table, blocks neither reads nor writes"),
    "refresh": Limit(MINUTE, 50 * MINUTE, "readers go on; ends before the next hourly one"),
    "batch": Limit(None, 60, "touches only rows that nobody has locked"),
    "read": Limit(5, 60, "reads the catalog or statistics"),
}
