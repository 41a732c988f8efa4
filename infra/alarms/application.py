"""What only logs tell: the filters that make metrics of log lines, and the rows about the application's own.

CloudWatch cannot see into the application. Where it writes one JSON object a line to its standard output, with the
names of the runbooks, these filters make metrics of it:

- `status` in a line per response: the HTTP status;
- `db_pool_waiting_requests`, `db_pool_active_connections`, `db_pool_connection_errors` in a line a minute.

An application that does not leaves these alarms in INSUFFICIENT_DATA, which is what they then are.
"""

from __future__ import annotations

from dataclasses import dataclass

from infra.alarms.model import NONE_AT_ALL, SLOW_PERIOD, Alarm, Chart, Kind, Metric, Missing, Severity
from infra.thresholds import (
    POOL_MINUTES,
    POOL_WAITING_CRITICAL,
    POOL_WAITING_WARNING,
    RATE_LIMITED_CRITICAL,
    RATE_LIMITED_MINUTES,
    RATE_LIMITED_WARNING,
    SLOW_STATEMENT_MS,
    TOO_MANY_REQUESTS,
)

LOG = "the application, as JSON lines in its log: docs/alarms.md"
SILENT = Missing("missing", "INSUFFICIENT_DATA says that the application does not log it")


@dataclass(frozen=True, slots=True)
class Filter:
    """A metric made of log lines.

    metric: its name.
    pattern: lines that count, as CloudWatch Logs filters them.
    value: what each adds: 1, or a field of the line.
    """

    metric: str
    pattern: str
    value: str


# PostgreSQL's log_line_prefix at RDS has no space after the date and time, so a slow statement's line is
# `date time prefix:LOG: duration: 2345.678 ms statement: ...`, and fields are told apart by blanks.
_DURATION = '[date, time, prefix, label="duration:", duration{}, unit="ms", ...]'


def _lines(root: str) -> tuple[Filter, ...]:
    """Filters of the application's lines, whose fields are below `root`."""
    gauges = {
        "PoolWaiting": f"{root}.db_pool_waiting_requests",
        "PoolActive": f"{root}.db_pool_active_connections",
        "PoolErrors": f"{root}.db_pool_connection_errors",
    }
    return (
        Filter("Responses", f"{{ {root}.status = * }}", "1"),
        Filter("RateLimited", f"{{ {root}.status = {TOO_MANY_REQUESTS.value} }}", "1"),
        *(Filter(metric, f"{{ {field} = * }}", field) for metric, field in gauges.items()),
    )


FILTERS = {
    Kind.INSTANCE_LOG: _lines("$"),
    # Fluent Bit, as the add-on sets it up, puts what it can read of a line under this key.
    Kind.POD_LOG: _lines("$.log_processed"),
    Kind.DATABASE_LOG: (
        Filter("RefusedConnections", '?"too many clients" ?"remaining connection slots" ?"too many connections"', "1"),
    ),
    Kind.STATEMENTS: (
        Filter("SlowStatements", _DURATION.format(""), "1"),
        Filter("VerySlowStatements", _DURATION.format(f" > {SLOW_STATEMENT_MS.value}"), "1"),
    ),
    Kind.SLOW_LOG: (Filter("StatementMilliseconds", _DURATION.format(""), "$duration"),),
}

_LIMITED = {"limited": Metric("", "RateLimited", "Sum"), "all": Metric("", "Responses", "Sum")}
_SHARE = "100 * FILL(limited, 0) / all"
_WAITING = {"waiting": Metric("", "PoolWaiting", "Maximum")}

ROWS = (
    Alarm(
        name="limited",
        kind=Kind.APPLICATION,
        panel="Rate limited, percent of responses",
        says="Users run into their rate limit",
        metrics=_LIMITED,
        expression=_SHARE,
        above=RATE_LIMITED_WARNING,
        period=SLOW_PERIOD,
        lasting=RATE_LIMITED_MINUTES,
        missing=SILENT,
        severity=Severity.WARNING,
        procedure="rate-limits",
        source=LOG,
    ),
    Alarm(
        name="limited-much",
        kind=Kind.APPLICATION,
        panel="Rate limited, percent of responses",
        says="Many users run into their rate limit, or somebody attacks",
        metrics=_LIMITED,
        expression=_SHARE,
        above=RATE_LIMITED_CRITICAL,
        period=SLOW_PERIOD,
        lasting=RATE_LIMITED_MINUTES,
        missing=SILENT,
        severity=Severity.CRITICAL,
        procedure="rate-limits",
        source=LOG,
    ),
    Alarm(
        name="waiting-raised",
        kind=Kind.APPLICATION,
        panel="Requests waiting for a connection",
        says="Requests wait for a database connection",
        metrics=_WAITING,
        above=POOL_WAITING_WARNING,
        lasting=POOL_MINUTES,
        missing=SILENT,
        severity=Severity.WARNING,
        procedure="connection-pool-exhaustion",
        source=LOG,
    ),
    Alarm(
        name="waiting",
        kind=Kind.APPLICATION,
        panel="Requests waiting for a connection",
        says="Many requests wait for a database connection",
        metrics=_WAITING,
        above=POOL_WAITING_CRITICAL,
        lasting=POOL_MINUTES,
        missing=SILENT,
        severity=Severity.CRITICAL,
        procedure="connection-pool-exhaustion",
        source=LOG,
    ),
    Alarm(
        name="connection-errors",
        kind=Kind.APPLICATION,
        panel="Failed database connections",
        says="The application cannot connect to its database",
        metrics={"failed": Metric("", "PoolErrors", "Sum")},
        above=NONE_AT_ALL,
        lasting=POOL_MINUTES,
        missing=SILENT,
        severity=Severity.WARNING,
        procedure="too-many-connections",
        source=LOG,
    ),
)

CHARTS = (
    Chart(
        panel="Connections in use by the application",
        kind=Kind.APPLICATION,
        metrics={"active": Metric("", "PoolActive", "Maximum")},
        source=LOG,
    ),
)
