"""Reads the metrics from CloudWatch: those that the stack's own alarms watch, and others of the same resources.

The alarms say which resources a stack has: their names begin with the stack's and the region's, and their dimensions
name the load balancer, the database's cluster, its proxy and the cache's nodes. So neither an engine nor a state is
needed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from infra import naming
from infra.alarms.data import NODE, PROXY, RDS, REDIS, ROLE
from infra.alarms.model import SECONDS_A_MINUTE, SLOW_PERIOD, Metric
from infra.alarms.traffic import BALANCER, ELB, OUTCOMES, response_time
from infra.clients import Clients, explained
from infra.config.settings import Settings
from infra.thresholds import MONTH_DAYS
from ops.advise.checks import Complaint, checked_series
from ops.advise.measures import BASELINE_DAYS, MEASURES, UP_OF_DAYS
from ops.advise.reading import Metrics
from ops.advise.series import DAY, Sample, Series
from ops.errors import AscentError

PERIOD = SLOW_PERIOD.value
RIGHTS = ("cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData")
_GIGABYTE = 1e9
_PREFIX = "Ascent/"  # namespaces of what the stack makes of log lines: infra/alarms/subject.py
_ID = "m"  # identifiers begin with a small letter
_AT_ONCE = 500  # Amazon CloudWatch API Reference, GetMetricData: the most queries in a call
Values = Mapping[str, float]


How = Callable[[Values, float], float]


def _only(values: Values, _: float) -> float:
    return next(iter(values.values()))


def _a_second(values: Values, seconds: float) -> float:
    return _only(values, seconds) / seconds


def _a_minute(values: Values, seconds: float) -> float:
    return _only(values, seconds) * SECONDS_A_MINUTE / seconds


def _gb_a_month(values: Values, seconds: float) -> float:
    return _only(values, seconds) * MONTH_DAYS.value * DAY / seconds / _GIGABYTE


def _milliseconds(values: Values, seconds: float) -> float:
    return 1000 * _only(values, seconds)


def _failed(values: Values, _: float) -> float:
    total = values["requests"] + values["unplaced"]
    return 100 * (values["failed"] + values["refused"]) / total if total else 0.0


def _share(part: str, whole: str) -> How:
    return lambda values, _: 100 * values[part] / values[whole] if values[whole] else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How a measure follows from CloudWatch's metrics.

    metrics: by identifier.
    how: the measure's value in one period, of the metrics' values and the period's seconds.
    where: dimensions that have to have these values.
    counted: identifiers that CloudWatch publishes only when there is something to count: absent, they are zero.
    fold: what several resources come to, such as the balancers of two regions.
    writing: only in the region that takes the writes.
    """

    metrics: Mapping[str, Metric]
    how: How = _only
    where: Mapping[str, str] = field(default_factory=dict)
    counted: tuple[str, ...] = ()
    fold: Callable[[Sequence[float]], float] = sum
    writing: bool = False


_BYTES = Metric(ELB, "ProcessedBytes", "Sum", BALANCER)
# A proxy is several machines, and each publishes its part once a minute: their average is one machine's, their sum all
# of it (Amazon Aurora User Guide, Monitoring RDS Proxy metrics with Amazon CloudWatch: note, and statistics).
_CLIENTS = Metric(RDS, "ClientConnections", "Sum", PROXY)
_POOL = {
    "borrowed": Metric(RDS, "DatabaseConnectionsCurrentlyBorrowed", "Sum", PROXY),
    "most": Metric(RDS, "MaxDatabaseConnectionsAllowed", "Sum", PROXY),
}

READINGS: Mapping[str, Reading] = {
    "requests": Reading(metrics={"requests": OUTCOMES["requests"]}, how=_a_minute, counted=("requests",)),
    "errors": Reading(metrics=OUTCOMES, how=_failed, counted=tuple(OUTCOMES)),
    "latency-p95": Reading(metrics=response_time("p95"), how=_milliseconds, fold=max),
    "egress": Reading(metrics={"bytes": _BYTES}, how=_gb_a_month, counted=("bytes",)),
    "database-cpu": Reading(
        metrics={"cpu": Metric(RDS, "CPUUtilization", "Average", ROLE)}, where={"Role": "WRITER"}, writing=True
    ),
    # Each reader publishes one value a minute: their sum over a period, by its minutes, is that of all readers at once.
    "reader-cpu": Reading(
        metrics={"cpu": Metric(RDS, "CPUUtilization", "Sum", ROLE)},
        how=_a_minute,
        where={"Role": "READER"},
        writing=True,
    ),
    "database-connections": Reading(
        metrics={"connections": Metric(RDS, "DatabaseConnections", "Average", ROLE)},
        where={"Role": "WRITER"},
        writing=True,
    ),
    "client-connections": Reading(metrics={"clients": _CLIENTS}, how=_a_minute),
    "database-reads": Reading(
        metrics={"all": Metric(RDS, "QueryRequests", "Sum", PROXY)},
        how=_a_second,
        counted=("all",),
    ),
    "pool-use": Reading(metrics=_POOL, how=_share("borrowed", "most")),
    "cache-hits": Reading(
        metrics={"hits": Metric(REDIS, "CacheHits", "Sum", NODE)},
        how=_a_second,
        counted=("hits",),
    ),
    "pool-waiting": Reading(metrics={"waiting": Metric("", "PoolWaiting", "Average")}),
    "connection-errors": Reading(metrics={"errors": Metric("", "PoolErrors", "Sum")}, how=_a_minute),
    "rate-limited": Reading(
        metrics={"limited": Metric("", "RateLimited", "Sum"), "all": Metric("", "Responses", "Sum")},
        how=_share("limited", "all"),
        counted=("limited",),
    ),
}
# Why CloudWatch has no value of the others.
ELSEWHERE = {
    "query-p95": "CloudWatch does not know the time of all statements; pg_stat_statements does: docs/advise.md",
    "edge-egress": "Cloudflare's analytics have it, and CloudWatch has not",
    "registered-users": "the application knows it",
}
Place = tuple[str, tuple[tuple[str, str], ...]]  # a namespace, and dimensions with their values


def ask(settings: Settings, stack: str, clients: Clients, now: float, period: int | None = None) -> Metrics:
    """The metrics of the last two weeks, from all active regions.

    Args:
        settings: of the stack.
        stack: its name.
        clients: of AWS.
        now: the time of the judgment, in seconds since 1970.
        period: seconds of each value; PERIOD without it.

    Raises:
        AscentError: when CloudWatch does not answer, has no alarms of the stack, or nothing usable.
    """
    period = period or PERIOD
    until = now - now % period
    parts: dict[str, dict[str, list[dict[float, float]]]] = defaultdict(lambda: defaultdict(list))
    seen = [one for one in settings.active_regions if one != settings.unreachable]
    for region in seen:
        queries = list(_queries(_places(clients, stack, region), writes=region == settings.writing_region))
        for at in range(0, len(queries), _AT_ONCE):
            some = queries[at : at + _AT_ONCE]
            for (measure, identifier, _, _), values in zip(
                some, _values(region, clients, until, period, some), strict=True
            ):
                parts[measure][identifier].append(values)
    found: dict[str, Series] = {}
    absent: dict[str, str] = dict(ELSEWHERE)
    for measure, reading in READINGS.items():
        samples = _samples(reading, parts[measure], until, period) if measure in parts else []
        if measure not in parts:
            absent[measure] = "no alarm of the stack watches its resource"
            continue
        try:
            found[measure] = checked_series(MEASURES[measure], samples, now, typed=False)
        except Complaint as complaint:
            absent[measure] = f"CloudWatch has {complaint.given}; needed: {complaint.allowed}"
    if not found:
        days = UP_OF_DAYS.value
        raise AscentError(
            f"CloudWatch in {', '.join(seen)} has nothing of {stack} for the last {days} days to judge by"
        )
    return Metrics(found, absent=absent)


def _places(clients: Clients, stack: str, region: str) -> set[Place]:
    """What the stack's alarms watch in a region."""
    prefix = f"{naming.regional(stack, region)}-"
    with explained(AscentError, f"cloudwatch in {region}"):
        pages = clients("cloudwatch", region).get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
        alarms = [one for page in pages for one in page["MetricAlarms"]]
    if not alarms:
        raise AscentError(
            f"cloudwatch in {region}: there is no alarm whose name begins with {prefix}; is {stack} up, and are these "
            "its account's credentials? ascent doctor says what is used"
        )
    return {place for alarm in alarms for place in _watched(alarm)}


def _watched(alarm: Mapping[str, Any]) -> Iterator[Place]:
    plain = [alarm] if alarm.get("MetricName") else []
    for one in (
        *plain,
        *(query["MetricStat"]["Metric"] for query in alarm.get("Metrics", ()) if "MetricStat" in query),
    ):
        dimensions = sorted((each["Name"], each["Value"]) for each in one.get("Dimensions", ()))
        yield one["Namespace"], tuple(dimensions)


def _queries(places: set[Place], *, writes: bool) -> Iterator[tuple[str, str, Metric, Place]]:
    """Each metric of each resource: measure, identifier, metric and place."""
    for measure, reading in READINGS.items():
        if reading.writing and not writes:
            continue
        for identifier, metric in reading.metrics.items():
            for place in sorted(places):
                if _is_of(metric, reading.where, place):
                    yield measure, identifier, metric, place


def _is_of(metric: Metric, where: Mapping[str, str], place: Place) -> bool:
    namespace, dimensions = place
    named = namespace == metric.namespace if metric.namespace else namespace.startswith(_PREFIX)
    has = dict(dimensions)
    return named and set(has) == set(metric.by) and all(has[name] == value for name, value in where.items())


def _values(
    region: str, clients: Clients, until: float, period: int, queries: Sequence[tuple[str, str, Metric, Place]]
) -> list[dict[float, float]]:
    """The values of each query, by the time at which their period begins."""
    answers: list[dict[float, float]] = [{} for _ in queries]
    with explained(AscentError, f"cloudwatch in {region}"):
        pages = (
            clients("cloudwatch", region)
            .get_paginator("get_metric_data")
            .paginate(
                MetricDataQueries=[
                    _query(index, metric, place, period) for index, (_, _, metric, place) in enumerate(queries)
                ],
                StartTime=datetime.fromtimestamp(until - BASELINE_DAYS.value * DAY, UTC),
                EndTime=datetime.fromtimestamp(until, UTC),
                ScanBy="TimestampAscending",
            )
        )
        for page in pages:
            for one in page["MetricDataResults"]:
                times = (each.timestamp() for each in one["Timestamps"])
                answers[int(one["Id"].removeprefix(_ID))] |= dict(zip(times, one["Values"], strict=True))
    return answers


def _query(index: int, metric: Metric, place: Place, period: int) -> dict[str, Any]:
    namespace, dimensions = place
    return {
        "Id": f"{_ID}{index}",
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": metric.name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions],
            },
            "Period": period,
            "Stat": metric.stat,
        },
    }


def _samples(
    reading: Reading, parts: Mapping[str, Sequence[Mapping[float, float]]], until: float, period: int
) -> list[Sample]:
    """A measure's samples: in each period that all its metrics know, but for those that count as zero."""
    folded = {identifier: _folded(reading, found) for identifier, found in parts.items()}
    known = [set(folded.get(one, ())) for one in reading.metrics if one not in reading.counted]
    if known:
        times = set.intersection(*known)
    else:
        # Only what is counted: zero from its first count on.
        first = min((time for values in folded.values() for time in values), default=until)
        times = {first + period * step for step in range(int((until - first) // period))}
    return [
        Sample(time, period, reading.how({one: folded.get(one, {}).get(time, 0.0) for one in reading.metrics}, period))
        for time in sorted(times)
    ]


def _folded(reading: Reading, found: Sequence[Mapping[float, float]]) -> dict[float, float]:
    gathered: dict[float, list[float]] = defaultdict(list)
    for values in found:
        for time, value in values.items():
            gathered[time].append(value)
    return {time: reading.fold(values) for time, values in gathered.items()}
