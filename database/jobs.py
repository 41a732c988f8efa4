"""The recurring jobs: partitions ahead, refreshed views, retention and archive."""

from __future__ import annotations

from datetime import datetime

from database import archive, catalog, retention
from database.action import Action, Executor
from database.config import Archive, Retention
from database.errors import RunError
from database.ledger import REFRESH, Ledger
from database.partitions import months_ahead
from database.runner import patiently
from database.step import Context, Report, Say
from database.views import refreshes

RETAIN = ("cleanup", "metrics", "archive")


def partition_actions(context: Context) -> list[tuple[str, list[Action]]]:
    """What each table of partitions lacks.

    Raises:
        RunError: if one is not partitioned.
    """
    result = []
    for one in context.config.partitions:
        table = catalog.existing(context.conn, context.config.schema_, one.table)
        if not table.partitioned:
            raise RunError(f"table {table.schema}.{table.name} is not partitioned yet: run `apply` first.")
        result.append((f"partitions:{one.table}", months_ahead(context, one, table)))
    return result


def partitions(context: Context, executor: Executor, say: Say) -> list[Report]:
    """Make the months that are missing."""
    made = 0
    for index, (step, actions) in enumerate(partition_actions(context)):
        if actions:
            patiently(executor, lambda index=index: partition_actions(context)[index][1], say)  # type: ignore[misc]
            made += len(actions) - 1  # the last one is ANALYZE
        else:
            say(f"{step}: nothing to do")
    Ledger(context.conn, context.config.ledger_schema).finished("partitions", made)
    return [{"rule": "partitions", "made": made}]


def refresh(context: Context, executor: Executor, say: Say) -> list[Report]:
    """Refresh every view while it is read."""
    actions = list(refreshes(context, context.config))
    for action in actions:
        patiently(executor, lambda action=action: [action], say)  # type: ignore[misc]
    Ledger(context.conn, context.config.ledger_schema).finished(REFRESH, len(actions))
    return [{"rule": "refresh", "refreshed": len(actions)}]


def retain(context: Context, executor: Executor, jobs: tuple[str, ...], now: datetime, say: Say) -> list[Report]:
    """Do the rules of each job; what each removed or moved."""
    reports: list[Report] = []
    for job in jobs:
        rules = _rules(context, job)
        done = [
            archive.archive(context, executor, rule, now, say)
            if isinstance(rule, Archive)
            else retention.retain(context, executor, rule, now, say)
            for rule in rules
        ]
        touched = sum(one.get("deleted", 0) + one.get("moved", 0) for one in done)
        Ledger(context.conn, context.config.ledger_schema).finished(f"retain {job}", touched)
        reports += done
    return reports


def retain_actions(context: Context, jobs: tuple[str, ...], now: datetime) -> list[tuple[str, list[Action]]]:
    """What `retain` would run."""
    return [
        (
            f"{job}:{rule.table}",
            archive.planned(context, rule, now) if isinstance(rule, Archive) else retention.planned(context, rule, now),
        )
        for job in jobs
        for rule in _rules(context, job)
    ]


def _rules(context: Context, job: str) -> list[Retention | Archive]:
    rules: list[Retention | Archive] = [one for one in context.config.retention if one.job == job]
    if job == "archive":
        rules += context.config.archives
    for rule in rules:
        table = catalog.existing(context.conn, context.config.schema_, rule.table)
        named = [rule.column]
        if isinstance(rule, Archive):
            named += [rule.key, *([rule.group] if rule.group else [])]
        for name in named:
            if name not in catalog.columns(context.conn, table.oid):
                raise RunError(f"table {table.schema}.{table.name} has no column {name}: correct the config.")
    return rules
