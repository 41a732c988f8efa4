"""Rows about the database's scheduled jobs: those that fail, those that could not be started, and silence.

On either runtime, a scheduled run ends with one JSON object on a line of its own:

    {"ascent_job": "database-health", "result": "succeeded", "code": 0, "seconds": 1.2}

Of what fails without such a line, or never starts, EventBridge tells
(infra/components/observability/task_failures.py), or silence.
"""

from __future__ import annotations

from infra.alarms.application import Filter
from infra.alarms.model import NONE_AT_ALL, SLOW_PERIOD, Alarm, Kind, Metric, Missing, Severity
from infra.schedules import HEALTH
from infra.thresholds import LASTING_MINUTES, Threshold

_JOB_SILENT_MINUTES = Threshold(180, "minutes", "Ascent: three runs of the hourly health check; docs/adr/0028")
_JOB_START_ERRORS = Threshold(
    3, "errors/hour", "Ascent: a schedule's retries; with one more, a job did not start at all"
)
_HOUR_SECONDS = Threshold(3600, "seconds", "Ascent: the shortest period of a schedule")
_HOUR_MINUTES = Threshold(60, "minutes", "Ascent: the shortest period of a schedule")
_ONE_RUN = Threshold(1, "runs", "Ascent: the schedule has one an hour")

SCHEDULER, SQS = "AWS/Scheduler", "AWS/SQS"
# AWS EventBridge Scheduler, "Monitoring with CloudWatch": its metrics have this one dimension.
GROUP = ("ScheduleGroup",)
# Counted in the log, and zero by the clock: infra/components/compute/clock.py.
SUCCEEDED, FAILED = "HealthSucceeded", "RunsFailed"
LINES = "a metric filter on the line that ends each run: docs/database.md"
GOOD = Missing("notBreaching", "nothing that went wrong was counted")


def _lines(root: str, failing: str) -> tuple[Filter, ...]:
    """Filters of the lines, whose fields are below `root`; `failing` are the jobs whose failures count."""
    return (
        Filter(SUCCEEDED, f'{{ {root}.ascent_job = "{HEALTH}" && {root}.result = "succeeded" }}', "1"),
        Filter(FAILED, f'{{ {root}.ascent_job = {failing} && {root}.result = "failed" }}', "1"),
    )


FILTERS = {
    # Of tasks, EventBridge tells each failure but this one, which would come every hour: docs/adr/0028.
    Kind.TASK_LOG: _lines("$", f'"{HEALTH}"'),
    Kind.POD_TASK_LOG: _lines("$.log_processed", "*"),
}

ROWS = (
    Alarm(
        name="silent",
        kind=Kind.JOBS,
        panel="Health checks of the database that succeeded",
        says="For three hours no health check of the database has succeeded: it fails, cannot start, or never starts",
        metrics={"succeeded": Metric("", SUCCEEDED, "Sum")},
        below=_ONE_RUN,
        period=_HOUR_SECONDS,
        lasting=_JOB_SILENT_MINUTES,
        # Breaching would have every new stack fire at once, as all hours before it lack data too.
        missing=Missing("notBreaching", "a clock adds a zero each hour; before its first one nothing was to run yet"),
        severity=Severity.WARNING,
        procedure="database-jobs",
        source=LINES,
    ),
    Alarm(
        name="failed",
        kind=Kind.JOBS,
        panel="Database jobs that failed",
        says="A database job failed, or the health check of the database found something",
        metrics={"failed": Metric("", FAILED, "Sum")},
        above=NONE_AT_ALL,
        period=_HOUR_SECONDS,
        lasting=_HOUR_MINUTES,
        recurring=True,
        missing=GOOD,
        severity=Severity.WARNING,
        procedure="database-jobs",
        source=LINES,
    ),
    Alarm(
        name="dropped",
        kind=Kind.SCHEDULES,
        panel="Schedules that gave up",
        says="EventBridge Scheduler gave up on starting something, in the account's default schedule group",
        metrics={"dropped": Metric(SCHEDULER, "InvocationDroppedCount", "Sum", GROUP)},
        above=NONE_AT_ALL,
        period=SLOW_PERIOD,
        lasting=LASTING_MINUTES,
        missing=GOOD,
        severity=Severity.WARNING,
        procedure="database-jobs",
    ),
    Alarm(
        name="errors",
        kind=Kind.SCHEDULES,
        panel="Errors of what schedules start",
        says="What EventBridge Scheduler starts answers with errors, in the account's default schedule group",
        metrics={"errors": Metric(SCHEDULER, "TargetErrorCount", "Sum", GROUP)},
        above=_JOB_START_ERRORS,
        period=_HOUR_SECONDS,
        lasting=_HOUR_MINUTES,
        missing=GOOD,
        severity=Severity.WARNING,
        procedure="database-jobs",
    ),
    Alarm(
        name="letters",
        kind=Kind.UNDELIVERED,
        panel="Jobs and messages that could not be delivered",
        says="A job could not be started, or a message about one could not be sent, and was put aside",
        metrics={"undelivered": Metric(SQS, "ApproximateNumberOfMessagesVisible", "Maximum", ("QueueName",))},
        above=NONE_AT_ALL,
        period=SLOW_PERIOD,
        lasting=LASTING_MINUTES,
        missing=Missing("notBreaching", "a queue that is empty for long publishes nothing"),
        severity=Severity.WARNING,
        procedure="database-jobs",
    ),
)
