"""Rows about what visitors see: the addresses of the stack, asked for from outside."""

from __future__ import annotations

from infra.alarms.model import Alarm, Kind, Metric, Missing, Severity
from infra.thresholds import OUTSIDE_MINUTES, Threshold

_OUTSIDE_GOOD = Threshold(1, "percent", "Ascent: not a single check of the minute was answered")

FUNCTION = ("FunctionName",)
# Counted beside each other: what the clock asked for, what ran, and what of it ended badly. Where the clock has struck
# and nothing ran, nothing was good.
CHECKS = {
    "due": Metric("AWS/Events", "TriggeredRules", "Sum", ("RuleName",)),
    "runs": Metric("AWS/Lambda", "Invocations", "Sum", FUNCTION),
    "failures": Metric("AWS/Lambda", "Errors", "Sum", FUNCTION),
}

ROWS = (
    Alarm(
        name="unanswered",
        kind=Kind.OUTSIDE,
        panel="Checks from outside that are answered, percent",
        says="From outside, nobody gets an answer: visitors see nothing",
        metrics=CHECKS,
        expression="100 * (FILL(runs, 0) - FILL(failures, 0)) / due",
        below=_OUTSIDE_GOOD,
        lasting=OUTSIDE_MINUTES,
        filled=True,
        # Breaching would page whenever the check is new, for the minutes before its first.
        missing=Missing("missing", "the check is new: one that is due and does not run counts as failed"),
        severity=Severity.CRITICAL,
        procedure="nobody-comes",
    ),
)
