"""The recurring jobs: partitions ahead, refreshed views, retention, archive. One bad table does not stop the others."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from database import archive, catalog, references, retention
from database.action import Action, Executor
from database.config import Archive, Retention, View
from database.errors import RunError
from database.ledger import REFRESH, Ledger
from database.partitions import PartitionStep
from database.punctuality import before_first_apply
from database.runner import conversion_of, patiently, reach, stepwise
from database.step import Context, Report, Say
from database.views import again, left_behind, to_follow

RETAIN = ("cleanup", "metrics", "archive")
_TOO_EARLY = "the first scheduled `apply` is still to come, and makes what this works on: nothing to do until then"
_NOTHING: list[Action] = []
Planned = tuple[str, list[Action]]


def conversion_actions(context: Context, table: str) -> list[Planned]:
    """What `convert` would run."""
    step = conversion_of(context, table)
    found = catalog.existing(context.conn, context.config.schema_, table)
    return [(step.id, [*step.pending(context), *to_follow(context, found)])]


def convert(context: Context, executor: Executor, table: str, say: Say) -> list[Report]:
    """Turn a plain table into a partitioned one; nothing where it is one."""
    step = conversion_of(context, table)
    stepwise(context, executor, step, say)
    for view in left_behind(context):
        reach(context, executor, view, partial(_tell, say, view.id))
    return [{"rule": step.id, "actions": len(executor.ran)}]


def partition_actions(context: Context) -> list[Planned]:
    """What each table of partitions lacks."""
    steps = [PartitionStep(one) for one in context.config.partitions]
    return [(step.id, context.attempt(step.id, partial(step.pending, context), _NOTHING)) for step in steps]


def partitions(context: Context, executor: Executor, say: Say) -> list[Report]:
    """Make the months that are missing."""
    if before_first_apply(context):
        context.note(_TOO_EARLY)
        return [{"rule": "partitions", "made": 0}]
    for step in map(PartitionStep, context.config.partitions):
        tell = partial(_tell, say, step.id)
        context.attempt(step.id, partial(reach, context, executor, step, tell), None)
    # A month is made in a transaction; the statistics that follow are not.
    made = sum(one["transaction"] for one in executor.ran)
    _finished(context, "partitions", made)
    return [{"rule": "partitions", "made": made}]


def _tell(say: Say, step: str, text: str) -> None:
    say(f"{step}: {text}")


def _finished(context: Context, job: str, touched: int) -> None:
    """Write down that a job ended well, if it did."""
    if not context.failed:
        Ledger(context.conn, context.config.ledger_schema).finished(job, touched)


def refresh_actions(context: Context) -> list[Planned]:
    """What `refresh` would run."""

    def wanted(view: View) -> list[Action]:
        return [again(context, view)]

    views = context.config.views
    return [("refresh", context.attempt(f"refresh:{view.name}", partial(wanted, view), _NOTHING)) for view in views]


def refresh(context: Context, executor: Executor, say: Say) -> list[Report]:
    """Refresh every view while it is read."""
    if before_first_apply(context):
        context.note(_TOO_EARLY)
        return [{"rule": "refresh", "refreshed": 0}]

    def work(view: View) -> int:
        patiently(executor, lambda: [again(context, view)], say)
        return 1

    views = context.config.views
    refreshed = sum(context.attempt(f"refresh:{view.name}", partial(work, view), 0) for view in views)
    _finished(context, REFRESH, refreshed)
    return [{"rule": "refresh", "refreshed": refreshed}]


def retain_actions(context: Context, jobs: tuple[str, ...], now: datetime) -> list[Planned]:
    """What `retain` would run."""

    def wanted(rule: Retention | Archive) -> list[Action]:
        _check(context, rule)
        if isinstance(rule, Archive):
            return archive.planned(context, rule, now)
        return retention.planned(context, rule, now)

    every = [one for job in jobs for one in _rules(context, job)]
    return [(step, context.attempt(step, partial(wanted, rule), _NOTHING)) for step, rule in every]


def retain(context: Context, executor: Executor, jobs: tuple[str, ...], now: datetime, say: Say) -> list[Report]:
    """Do the rules of each job; what each removed or moved."""

    def work(step: str, rule: Retention | Archive) -> list[Report]:
        _check(context, rule)
        if isinstance(rule, Archive):
            report = archive.archive(context, executor, rule, now, say)
        else:
            report = retention.retain(context, executor, rule, now, say)
        if report["kept"]:
            context.failed[step] = _kept(context, rule, report["kept"])
        return [report]

    nothing: list[Report] = []
    reports: list[Report] = []
    for job in jobs:
        rules = _rules(context, job)
        done = [one for step, rule in rules for one in context.attempt(step, partial(work, step, rule), nothing)]
        if not any(step in context.failed for step, _ in rules):
            touched = sum(one.get("deleted", 0) + one.get("moved", 0) for one in done)
            Ledger(context.conn, context.config.ledger_schema).finished(f"retain {job}", touched)
        reports += done
    return reports


def _kept(context: Context, rule: Retention | Archive, number: int) -> str:
    table = catalog.existing(context.conn, context.config.schema_, rule.table)
    return (
        f"{number} rows of {rule.table} are due, and kept: other rows refer to them. Those of"
        f" {references.holders(context.conn, table.oid)}. Have a rule before this one take those first."
    )


def _rules(context: Context, job: str) -> list[tuple[str, Retention | Archive]]:
    rules: list[Retention | Archive] = [one for one in context.config.retention if one.job == job]
    if job == "archive":
        rules += context.config.archives
    return [(f"{job}:{rule.table}", rule) for rule in rules]


def _check(context: Context, rule: Retention | Archive) -> None:
    table = catalog.existing(context.conn, context.config.schema_, rule.table)
    named = [rule.column]
    if isinstance(rule, Archive):
        named += [rule.key, *([rule.group] if rule.group else [])]
    for name in named:
        if name not in catalog.columns(context.conn, table.oid):
            raise RunError(f"table {table.schema}.{table.name} has no column {name}: correct the config.")
