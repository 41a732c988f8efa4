"""When each database job runs, in UTC. `database/schedules.yaml` is the jobs' own list; a test compares them."""

from __future__ import annotations

from dataclasses import dataclass

from infra.thresholds import FIFTY_K, SUMMARY

# The database's SQL takes its address from this variable, and finds its tables in the image.
URL_VARIABLE = "DATABASE_URL"
CONFIG = "/etc/ascent/database.yaml"


@dataclass(frozen=True, slots=True)
class Job:
    """A job on the database.

    name: what it is called everywhere.
    cron: five fields, as Kubernetes takes them.
    command: arguments of `python -m database`.
    source: runbook and section, or "Ascent" with the reason.
    """

    name: str
    cron: str
    command: tuple[str, ...]
    source: str

    @property
    def aws_cron(self) -> str:
        """The same time as EventBridge Scheduler writes it: six fields, Sunday is 1, one of the two days is a `?`."""
        minute, hour, day, month, weekday = self.cron.split()
        if weekday == "*":
            weekday = "?"
        else:
            day, weekday = "?", str(int(weekday) + 1)
        return f"cron({minute} {hour} {day} {month} {weekday} *)"


JOBS = (
    Job("apply", "0 1 * * *", ("apply",), "Ascent: what is applied already costs nothing, what was cut off goes on"),
    Job("refresh-statistics", "0 * * * *", ("refresh",), f"{FIFTY_K}, Scheduled Jobs"),
    Job("cleanup-cache", "0 2 * * *", ("retain", "--job", "cleanup"), f"{FIFTY_K}, Scheduled Jobs"),
    Job("cleanup-metrics", "0 3 * * 0", ("retain", "--job", "metrics"), f"{FIFTY_K}, Scheduled Jobs"),
    Job("archive-messages", "0 4 1 * *", ("retain", "--job", "archive"), f"{SUMMARY}, Verify Cron Jobs"),
    Job("partitions-ahead", "30 1 * * *", ("partitions",), "Ascent: daily, so that a missed run costs nothing"),
    Job("database-health", "15 * * * *", ("health",), f"{SUMMARY}, Health Check Monitoring: hourly"),
)
