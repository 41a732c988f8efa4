"""Whether the scheduled jobs run when they should, by the ledger."""

from __future__ import annotations

from dataclasses import dataclass

from database.action import Executor
from database.ledger import APPLY, Ledger
from database.runner import patiently
from database.schedules import scheduled
from database.step import Context, Say

HEALTH = "health"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A scheduled job. minutes: since it ended well, or since it is scheduled. limit: how many there may be."""

    job: str
    minutes: float
    limit: float

    @property
    def late(self) -> bool:
        """Whether it should have ended well by now."""
        return self.minutes > self.limit


def begin(context: Context, executor: Executor, say: Say) -> None:
    """A scheduled run begins: from the first of them on, the ledger knows that all jobs are expected.

    Raises:
        RunError: if the ledger cannot be made.
    """
    ledger = Ledger(context.conn, context.config.ledger_schema)
    if ledger.pending():
        patiently(executor, ledger.pending, say, once=True)
    ledger.expect(job.recorded for job in scheduled())


def waiting(context: Context) -> list[Waiting]:
    """All jobs but `health`, which asks; none where nothing is scheduled."""
    minutes = Ledger(context.conn, context.config.ledger_schema).waiting()
    return [
        Waiting(job.name, minutes[job.recorded], job.minutes)
        for job in scheduled()
        if job.recorded in minutes and job.recorded != HEALTH
    ]


def before_first_apply(context: Context) -> bool:
    """Whether the first scheduled `apply` is still to come: what it makes cannot be there, and nothing is wrong."""
    ledger = Ledger(context.conn, context.config.ledger_schema)
    if ledger.applied() or APPLY in ledger.jobs():
        return False
    due = {job.name for job in scheduled() if job.recorded == APPLY}
    return any(one.job in due and not one.late for one in waiting(context))
