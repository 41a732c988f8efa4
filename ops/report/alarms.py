"""Which alarms there are, when each fires, and who is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from infra.alarms.model import Alarm, Kind, Severity
from infra.alarms.table import ALARMS
from infra.components.observability.alarms import describe
from infra.config.settings import Settings
from ops.engine.recorder import Recorded
from ops.report.words import long, measured

METRIC = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
# What the rows of the table are about, as the report groups them.
AREAS: Mapping[str, frozenset[Kind]] = {
    "Way in": frozenset(
        {Kind.BALANCER, Kind.OUTSIDE, Kind.VISITED, Kind.EGRESS, Kind.CERTIFICATE, Kind.NAT},
    ),
    "Application": frozenset(
        {
            *(Kind.TARGETS, Kind.SERVING, Kind.FLEET, Kind.PODS),
            *(Kind.APPLICATION, Kind.INSTANCE_LOG, Kind.POD_LOG),
        }
    ),
    "Database": frozenset(
        {
            *(Kind.DATABASE, Kind.SERVERLESS, Kind.DIRECT, Kind.UNTUNED, Kind.READERS, Kind.REPLICA),
            *(Kind.DATABASE_LOG, Kind.STATEMENTS, Kind.SLOW_LOG, Kind.PROXY, Kind.UNCACHED),
        }
    ),
    "Cache and queues": frozenset({Kind.CACHE_NODE, Kind.CACHE_REPLICA, Kind.QUEUE, Kind.DEAD_QUEUE}),
    "Jobs and backups": frozenset(
        {Kind.JOBS, Kind.TASK_LOG, Kind.POD_TASK_LOG, Kind.SCHEDULES, Kind.COPIES, Kind.UNDELIVERED}
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmRow:
    """Alarms of one row of the table.

    says: what is the matter. fires: the metric and its limit. lasting: for how long.
    severity: who is told; None for those that only stop releases. gate: whether they stop releases.
    count: how many there are, in all regions.
    """

    says: str
    fires: str
    lasting: str
    severity: Severity | None
    gate: bool
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmArea:
    """Alarms about one part of the stack."""

    name: str
    rows: Sequence[AlarmRow]

    def count(self, severity: Severity | None) -> int:
        """How many alarms tell these people; for None, nobody."""
        return sum(row.count for row in self.rows if row.severity == severity)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """Who is told of a severity. addresses: by mail. slack: whether a channel shows them."""

    severity: Severity
    addresses: Sequence[str]
    slack: bool

    @property
    def nobody(self) -> bool:
        """Whether an alarm goes unheard."""
        return not self.addresses and not self.slack


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmFacts:
    """All alarms.

    burning: how many metric alarms look at error budgets; they tell people through composite ones alone.
    composites: how many of those, by severity.
    procedures: address of what to do, where it is published.
    """

    areas: Sequence[AlarmArea]
    told: Sequence[Told]
    burning: int
    composites: Mapping[str, int] = field(default_factory=dict)
    procedures: str | None = None

    def count(self, severity: Severity | None) -> int:
        """How many alarms tell these people, those on error budgets included."""
        return sum(area.count(severity) for area in self.areas) + (self.composites.get(severity, 0) if severity else 0)


def alarms(settings: Settings, resources: Iterable[Recorded]) -> AlarmFacts:
    """The alarms of a stack, by the rows of the table that they are made of."""
    procedures = settings.alerts.procedures
    found: dict[str, list[tuple[Alarm, float]]] = {area: [] for area in AREAS}
    burning, composites = 0, Counter[str]()
    for one in resources:
        if one.type == METRIC:
            row = _row(one, procedures)
            if row is None:
                burning += 1
            else:
                area = next(name for name, kinds in AREAS.items() if row.kind in kinds)
                found[area].append((row, float(one.inputs["threshold"])))
        elif one.type == COMPOSITE:
            composites[one.name.rpartition("-")[2]] += 1
    told = [
        Told(
            severity=severity,
            addresses=getattr(settings.alerts, severity),
            slack=settings.alerts.slack is not None,
        )
        for severity in (Severity.CRITICAL, Severity.WARNING)
    ]
    areas = [AlarmArea(name=name, rows=_rows(of)) for name, of in found.items() if of]
    published = procedures if procedures.startswith("https://") else None
    return AlarmFacts(areas=areas, told=told, burning=burning, composites=composites, procedures=published)


def _row(one: Recorded, procedures: str) -> Alarm | None:
    """The row that an alarm is made of; None for one on an error budget."""
    name, said = one.name, one.inputs["alarmDescription"]
    fitting = (row for row in ALARMS if name.endswith(f"-{row.name}"))
    return next((row for row in fitting if describe(row, one.inputs["threshold"], procedures) == said), None)


def _rows(found: Sequence[tuple[Alarm, float]]) -> list[AlarmRow]:
    """One for each row of the table and its severity, the most urgent first; limits of their own become a range."""
    order = {Severity.CRITICAL: 0, Severity.WARNING: 1, None: 2}
    limits: dict[int, list[float]] = {}
    for row, limit in found:
        limits.setdefault(ALARMS.index(row), []).append(limit)
    rows = [
        AlarmRow(
            says=row.says,
            fires=measured(row.panel, "above" if row.above else "below", min(limits[place]), max(limits[place])),
            lasting=long(row.lasting.value),
            severity=row.severity,
            gate=row.gate,
            count=len(limits[place]),
        )
        for place, row in enumerate(ALARMS)
        if place in limits
    ]
    return sorted(rows, key=lambda one: order[one.severity])
