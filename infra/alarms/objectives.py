"""The service level objectives: what counts as a bad event, and the alarms on how fast the error budget burns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.alarms import slo
from infra.alarms.data import RDS, ROLE
from infra.alarms.model import SECONDS_A_MINUTE, Alarm, Kind, Metric, Missing, Severity
from infra.alarms.traffic import BALANCER, ELB, FAILED_SHARE, OUTCOMES, QUIET, TOTAL, response_time
from infra.thresholds import (
    AVAILABILITY_TARGET,
    DATABASE_TARGET,
    DAY_MINUTES,
    DAY_SECONDS,
    ERROR_RATE_HEALTHY,
    LATENCY_CRITICAL_MS,
    LATENCY_HEALTHY_MS,
    LATENCY_P95_TARGET,
    LATENCY_P99_TARGET,
    MONTH_DAYS,
    Threshold,
)

MILLISECONDS = 1000  # in a second, which the balancer counts in
MONTH_SECONDS = MONTH_DAYS.value * DAY_SECONDS.value


@dataclass(frozen=True, kw_only=True, slots=True)
class Objective:
    """One objective over 30 days.

    says: what it promises.
    target: share of good events.
    metrics, bad: the metrics, and the expression of them that gives the bad events in percent of all.
    events: expression of how many events there are; None where an event is a minute.
    missing: what the absence of data means.
    """

    name: str
    kind: Kind
    says: str
    target: Threshold
    metrics: Mapping[str, Metric]
    bad: str
    events: str | None
    missing: Missing

    def burn(self, least: int) -> str:
        """Expression of the burn rate in percent: 100 uses the budget up in 30 days.

        It is 0 where there are fewer events than `least`, at which one bad event would be too much of the whole.
        """
        rate = f"({self.bad}) / {float(slo.budget(self.target)):g}"
        return f"IF({self.events} >= {least}, {rate}, 0)" if self.events else rate


def _quick(limit: Threshold) -> dict[str, Metric]:
    """The share of answers within `limit`, and how many answers there are."""
    within = f"PR(:{limit.value / MILLISECONDS:g})"
    return {
        "quick": Metric(ELB, "TargetResponseTime", within, BALANCER),
        "answers": Metric(ELB, "TargetResponseTime", "SampleCount", BALANCER),
    }


# A minute is up when the writer published in it. A writer that has not been there for a whole window, because it is
# new, has not been down in it; one that published nothing at all has.
_UPTIME = {
    "up": Metric(RDS, "EngineUptime", "SampleCount", ROLE),
    "age": Metric(RDS, "EngineUptime", "Maximum", ROLE),
}
_DOWN = f"100 - 100 * {SECONDS_A_MINUTE} * FILL(up, 0) / PERIOD(up)"

OBJECTIVES = (
    Objective(
        name="availability",
        kind=Kind.BALANCER,
        says="99.9 % of requests are answered without a server error",
        target=AVAILABILITY_TARGET,
        metrics=OUTCOMES,
        bad=FAILED_SHARE,
        events=TOTAL,
        missing=QUIET,
    ),
    Objective(
        name="latency-p95",
        kind=Kind.BALANCER,
        says="95 % of requests are answered within a second",
        target=LATENCY_P95_TARGET,
        metrics=_quick(LATENCY_HEALTHY_MS),
        bad="100 - quick",
        events="FILL(answers, 0)",
        missing=QUIET,
    ),
    Objective(
        name="latency-p99",
        kind=Kind.BALANCER,
        says="99 % of requests are answered within three seconds",
        target=LATENCY_P99_TARGET,
        metrics=_quick(LATENCY_CRITICAL_MS),
        bad="100 - quick",
        events="FILL(answers, 0)",
        missing=QUIET,
    ),
    Objective(
        name="uptime",
        kind=Kind.DATABASE,
        says="The database is up 99.95 % of the time",
        target=DATABASE_TARGET,
        metrics=_UPTIME,
        bad=f"IF(FILL(age, {MONTH_SECONDS}) < PERIOD(age), 0, {_DOWN})",
        events=None,
        missing=Missing("breaching", "a database that publishes nothing for a whole window is down"),
    ),
)


def burn_alarms(objective: Objective, window: slo.Window) -> tuple[Alarm, Alarm]:
    """The alarms of a pair of windows, the long and the short. Neither notifies: their composite does."""
    burn = window.burn * 100
    limit = Threshold(int(burn), "percent of the budget's pace", f"SRE Workbook, chapter 5: {window.name}")
    if burn.denominator != 1:
        raise ValueError(f"{objective.name}: a burn rate of {window.name} is no whole percentage")
    long, short = (
        Alarm(
            name=f"{objective.name}-{window.name.replace('.', '-')}-{what}",
            kind=objective.kind,
            panel=f"Error budget: {objective.name}, burn rate in percent",
            says=f"The error budget burns at {window.name} over {minutes} minutes. {objective.says}",
            metrics=objective.metrics,
            expression=objective.burn(least),
            above=limit,
            period=Threshold(
                min(minutes, slo.LONGEST) * SECONDS_A_MINUTE,
                "seconds",
                "SRE Workbook, chapter 5: the window; AWS CloudWatch: a day at most",
            ),
            lasting=Threshold(minutes, "minutes", "SRE Workbook, chapter 5: the window"),
            missing=objective.missing,
            severity=None,
            gate=what == "short" and window.share == min(one.share for one in slo.WINDOWS),
            procedure="error-budget",
        )
        for what, minutes, least in (
            ("long", window.long, window.least(objective.target)),
            ("short", window.short, slo.least_events(objective.target, window.burn)),
        )
    )
    return long, short


# What the runbook promises over 24 hours, as it stands there.
DAILY = (
    Alarm(
        name="errors-day",
        kind=Kind.BALANCER,
        panel="Errors of the last day, percent of requests",
        says="Over the last day, more requests failed than were promised",
        metrics=OUTCOMES,
        expression=f"IF({TOTAL} > 0, {FAILED_SHARE}, 0)",
        above=ERROR_RATE_HEALTHY,
        period=DAY_SECONDS,
        lasting=DAY_MINUTES,
        missing=QUIET,
        severity=Severity.WARNING,
        procedure="error-budget",
    ),
    *(
        Alarm(
            name=f"latency-{stat}-day",
            kind=Kind.BALANCER,
            panel="Response time of the last day, milliseconds",
            says=f"Over the last day, the {stat} of the response time was above what was promised",
            metrics=response_time(stat),
            expression=f"{MILLISECONDS} * seconds",
            above=limit,
            period=DAY_SECONDS,
            lasting=DAY_MINUTES,
            missing=QUIET,
            severity=Severity.WARNING,
            procedure="error-budget",
        )
        for stat, limit in (("p95", LATENCY_HEALTHY_MS), ("p99", LATENCY_CRITICAL_MS))
    ),
)
