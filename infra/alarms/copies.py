"""Rows about the database's copies elsewhere: that there are none, whatever is the reason.

Of one that fails, EventBridge tells (infra/components/data/backup_copies.py), as well as AWS can. Of a plan that makes
none, for example after Aurora was switched off in AWS Backup's settings, no event tells.
"""

from __future__ import annotations

from infra.alarms.model import Alarm, Kind, Metric, Missing, Severity
from infra.thresholds import DAY_SECONDS, Threshold

_COPIES_SILENT_MINUTES = Threshold(
    4320, "minutes", "Ascent: two days without a copy, and what there is of the third; 7 are kept"
)
_ONE_COPY = Threshold(1, "copies", "Ascent: the plan makes one a day")

# Zero by the clock: infra/components/compute/clock.py.
CLOCK = "CopiesExpected"

ROWS = (
    Alarm(
        name="silent",
        kind=Kind.COPIES,
        panel="Copies of the database that were completed",
        says="For days no copy of the database elsewhere has been completed: it fails, or is never begun",
        metrics={
            # AWS Backup Developer Guide, "AWS Backup metrics with Amazon CloudWatch": a copy's vault is that which it
            # goes to, and what is zero is not published.
            "copies": Metric("AWS/Backup", "NumberOfCopyJobsCompleted", "Sum", ("BackupVaultName",)),
            "clock": Metric("", CLOCK, "Sum"),
        },
        expression="clock + FILL(copies, 0)",
        below=_ONE_COPY,
        period=DAY_SECONDS,
        lasting=_COPIES_SILENT_MINUTES,
        missing=Missing("notBreaching", "a clock adds a zero each hour; before its first one no copy was to be made"),
        severity=Severity.WARNING,
        procedure="copies-of-the-database",
        source="AWS Backup, and a clock of the stack",
    ),
)
