"""When each scheduled job runs, in UTC. `database/schedules.yaml` is the database jobs' own list; a test compares."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from infra.thresholds import FIFTY_K, JOB_RETRIES, SUMMARY, Threshold

_JOB_DEADLINE = Threshold(21_600, "seconds", "Ascent: six hours; an HNSW build of millions of rows takes one or two")
_JOB_DEADLINE_HOURLY = Threshold(
    3300,
    "seconds",
    "Ascent: five minutes before the next hourly run, which a run that hangs would hold up; docs/adr/0028",
)

# The database's SQL takes its address from this variable, and finds its tables in the image.
URL_VARIABLE = "DATABASE_URL"
# Set to a job's name, it has the run end with a line of JSON that says how it ended: docs/database.md. An image that
# is older than that takes no notice.
JOB_VARIABLE = "ASCENT_JOB"
# What the health check compares the server's own max_connections with: docs/adr/0038.
CONNECTIONS_VARIABLE = "ASCENT_MAX_CONNECTIONS"
CONFIG = "/etc/ascent/database.yaml"
HEALTH = "database-health"
# The source of a job that the application brings. It is not known whether it may run twice.
OWN = "A job of the application's own"
_WEEKDAY = "day of the week"
_FIELDS = {"minute": (0, 59), "hour": (0, 23), "day of the month": (1, 31), "month": (1, 12), _WEEKDAY: (0, 6)}


def refused(cron: str) -> str | None:
    """Why Kubernetes or EventBridge Scheduler would not take a time, or the two would differ; None if neither.

    Both write numbers, lists, ranges and steps alike, but for the day of the week (EventBridge Scheduler User Guide,
    Schedule types: cron-based schedules; Kubernetes documentation, CronJob: schedule syntax).
    """
    fields = cron.split()
    if len(fields) != len(_FIELDS):
        return "it should have five fields: minute, hour, day of the month, month, day of the week"
    for given, (what, (first, last)) in zip(fields, _FIELDS.items(), strict=True):
        step = "" if what == _WEEKDAY else r"(/[1-9]\d?)?"
        steps = [int(part.partition("/")[2]) for part in given.split(",") if re.fullmatch(r"[^/]+/\d+", part)]
        one = rf"\d{{1,2}}(-\d{{1,2}}{step})?"
        if not re.fullmatch(rf"\*{step}|{one}(,{one})*", given):
            return f"its {what} is {given}; it should be * or numbers, such as 5, 1,15 or 1-5"
        ranges = [part.partition("/")[0].split("-") for part in given.split(",") if not part.startswith("*")]
        if any(not first <= int(ends[0]) <= int(ends[-1]) <= last for ends in ranges) or any(
            one > last for one in steps
        ):
            return f"its {what} is {given}; it should be from {first} to {last}, the smaller number first"
    if fields[2] != "*" and fields[4] != "*":
        return "it should say the day of the month or the day of the week; EventBridge Scheduler refuses both together"
    return None


@dataclass(frozen=True, slots=True)
class ScheduledJob:
    """A job on the database, or one of the application's own.

    name: what it is called everywhere.
    cron: five fields, as Kubernetes takes them and `refused` allows them.
    command: arguments of the image's entry point, which is `python -m database` for those on the database.
    source: runbook and section, or "Ascent" with the reason; of the application's own, that it is.
    """

    name: str
    cron: str
    command: tuple[str, ...]
    source: str

    @property
    def told(self) -> ScheduledJob:
        """The same job of `database/`, told where its tables are."""
        return replace(self, command=(*self.command, "--config", CONFIG))

    @property
    def aws_cron(self) -> str:
        """The same time as EventBridge Scheduler writes it: six fields, Sunday is 1, one of the two days is a `?`."""
        minute, hour, day, month, weekday = self.cron.split()
        if weekday == "*":
            weekday = "?"
        else:
            day, weekday = "?", re.sub(r"\d", lambda found: str(int(found[0]) + 1), weekday)
        return f"cron({minute} {hour} {day} {month} {weekday} *)"

    @property
    def deadline(self) -> Threshold:
        """How long a pod of it may take, its start included: a run that hangs must not hold up the next for long."""
        hourly = self.cron.split()[1:] == ["*"] * 4
        return _JOB_DEADLINE_HOURLY if hourly else _JOB_DEADLINE

    @property
    def retries(self) -> int:
        """How often a pod of it that failed is tried again: what asks a question has its answer, also if it is no."""
        return 0 if self.name == HEALTH or self.source == OWN else JOB_RETRIES.value


JOBS = (
    ScheduledJob(
        "apply", "0 1 * * *", ("apply",), "Ascent: what is applied already costs nothing, what was cut off goes on"
    ),
    ScheduledJob("refresh-statistics", "0 * * * *", ("refresh",), f"{FIFTY_K}, Scheduled Jobs"),
    ScheduledJob("cleanup-cache", "0 2 * * *", ("retain", "--job", "cleanup"), f"{FIFTY_K}, Scheduled Jobs"),
    ScheduledJob("cleanup-metrics", "0 3 * * 0", ("retain", "--job", "metrics"), f"{FIFTY_K}, Scheduled Jobs"),
    ScheduledJob("archive-messages", "0 4 1 * *", ("retain", "--job", "archive"), f"{SUMMARY}, Verify Cron Jobs"),
    ScheduledJob(
        "partitions-ahead", "30 1 * * *", ("partitions",), "Ascent: daily, so that a missed run costs nothing"
    ),
    ScheduledJob(HEALTH, "15 * * * *", ("health",), f"{SUMMARY}, Health Check Monitoring: hourly"),
)

# Half an hour after `health`, so that an hour in which that succeeded is a good one by then.
CLOCK = ScheduledJob(
    "clock", "45 * * * *", (), "Ascent: a zero beside what the hourly job counts, so that silence is data"
)
