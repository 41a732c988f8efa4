"""The order of the steps, and how each gets done: tried again on locks, looked at again afterwards, written down."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import psycopg

from database import limits
from database.action import Action, Executor
from database.config import Config
from database.errors import BadInputError, BlockedError, RetryError, RunError
from database.extensions import ExtensionStep, SearchStep
from database.indexes import DropIndexStep, index_steps
from database.ledger import APPLY, REFRESH, Ledger
from database.partitions import ConversionStep, PartitionStep
from database.step import Context, Step
from database.views import ViewStep


def steps(config: Config) -> list[Step]:
    """A config's steps in order. Indexes come before the partitions that take them over, views after both."""
    return [
        *(ExtensionStep(name, need == "required") for name, need in config.extensions.items()),
        *index_steps(config),
        *(DropIndexStep(name) for name in config.drop_indexes),
        *([SearchStep(config.search)] if config.search else []),
        *(PartitionStep(one) for one in config.partitions),
        *(ViewStep(one) for one in config.views),
    ]


def plan(context: Context, replace: Sequence[str] = ()) -> list[dict[str, Any]]:
    """What `apply` would run now, step by step. Changes nothing.

    Raises:
        RunError: with every reason why it would refuse.
    """
    ledger = Ledger(context.conn, context.config.ledger_schema)
    result = _planned("ledger", ledger.pending(), context)
    for step, actions in _all(context, replace):
        result += _planned(step.id, actions, context)
    return result


def _planned(step: str, actions: list[Action], context: Context) -> list[dict[str, Any]]:
    return [{"step": step, **action.as_dict(context.conn, context.config.locks)} for action in actions]


def _all(context: Context, replace: Sequence[str]) -> list[tuple[Step, list[Action]]]:
    """Every step with what it has to run: all refusals come before anything is done.

    A table whose own state is in the way is no refusal: the other steps are done all the same.
    """
    applied = Ledger(context.conn, context.config.ledger_schema).applied()
    known = {step.id for step in steps(context.config)}
    problems = [
        f"--replace {name}: there is no such step. Known are: {', '.join(sorted(known))}."
        for name in replace
        if name not in known
    ]
    result = []
    for step in steps(context.config):
        try:
            actions = step.pending(context)
        except BlockedError as error:
            context.failed[step.id] = str(error)
            continue
        except RunError as error:
            problems.append(str(error))
            continue
        before = applied.get(step.id)
        if actions and before and before["checksum"] != step.checksum and step.id not in replace:
            problems.append(
                f"step {step.id} was applied on {before['applied_at']:%Y-%m-%d} by {before['applied_by']} with another"
                f" definition: put that back, or add --replace {step.id} to have the new one built and the old dropped."
            )
        result.append((step, actions))
    if problems:
        raise RunError("\n".join(problems))
    return result


def apply(context: Context, executor: Executor, replace: Sequence[str], say: Callable[[str], None]) -> None:
    """Do all of it. A step that does not work is written to the context's `failed`, and the others are done.

    Raises:
        RunError: if something is refused, before anything is done.
    """
    ledger = Ledger(context.conn, context.config.ledger_schema)
    _all(context, replace)
    context.failed.clear()
    for action in ledger.pending():
        patiently(executor, lambda action=action: [action], say, once=True)  # type: ignore[misc]
    applied = ledger.applied()
    every = steps(context.config)
    for number, step in enumerate(every, 1):

        def tell(text: str, prefix: str = f"[{number}/{len(every)}] {step.id}: ") -> None:
            say(prefix + text)

        def work(step: Step = step, tell: Callable[[str], None] = tell) -> None:
            reach(context, executor, step, tell)
            if applied.get(step.id, {}).get("checksum") != step.checksum:
                ledger.record(step.id, step.checksum)

        context.attempt(step.id, work, None)
    if context.failed:
        return
    if context.config.views and REFRESH not in ledger.jobs():
        # They were filled just now: `health` counts from here until the first scheduled refresh.
        ledger.finished(REFRESH, 0)
    ledger.finished(APPLY, len(executor.ran))


def reach(context: Context, executor: Executor, step: Step, say: Callable[[str], None]) -> None:
    """Run what a step wants, until it wants nothing.

    Raises:
        RunError: if that cannot be; what it left in anybody's way is taken away again.
    """
    try:
        patiently(executor, lambda: step.pending(context), say)
    except RunError:
        _abandon(context, executor, step, say)
        raise
    left = step.pending(context)
    if left:
        raise RunError(f"step {step.id}: ran, but still wants: {left[0].why}. Somebody else may be changing it.")


def stepwise(context: Context, executor: Executor, step: Step, say: Callable[[str], None]) -> None:
    """As `reach`, and looks again before each statement: after hours of building, what is wanted may be another.

    Raises:
        RunError: if that cannot be; what it left in anybody's way is taken away again.
    """
    before: list[str] = []
    try:
        while actions := step.pending(context):
            if actions[0].texts(context.conn) == before:
                raise RunError(
                    f"step {step.id}: ran, but still wants: {actions[0].why}. Somebody else may be changing it."
                )
            before = actions[0].texts(context.conn)
            patiently(executor, lambda: step.pending(context)[:1], say)
    except RunError:
        _abandon(context, executor, step, say)
        raise


def conversion_of(context: Context, table: str) -> ConversionStep:
    """The conversion of a table that the config names.

    Raises:
        BadInputError: if it does not name it.
    """
    named = {one.table: one for one in context.config.partitions}
    if table not in named:
        known = ", ".join(sorted(named)) or "none"
        raise BadInputError(f"--table {table}: the config's partitions do not name it. Named are: {known}.")
    return ConversionStep(named[table])


def _abandon(context: Context, executor: Executor, step: Step, say: Callable[[str], None]) -> None:
    with suppress(psycopg.Error):
        try:
            for action in step.abandon(context):
                say(action.why)
                executor.run(action)
        except RunError as error:
            say(f"could not tidy up, the next run will, and `health` reports it until then: {error}")


def patiently(
    executor: Executor, wanted: Callable[[], list[Action]], say: Callable[[str], None], *, once: bool = False
) -> int:
    """Run what is wanted. After a lock that was not to be had, pause, look at what is wanted by then, and go on.

    Returns:
        how many rows the statements touched.

    Raises:
        RunError: when the last try failed as well.
    """
    touched = 0
    tries = executor.locks.tries
    for attempt in range(1, tries + 1):
        try:
            actions = wanted()
            if not actions and attempt == 1 and not once:
                say("nothing to do")
            for action in actions:
                say(action.why)
                touched += max(0, executor.run(action))
            return touched
        except RetryError as error:
            if attempt == tries:
                raise RunError(f"{error}. Gave up after {tries} tries: {error.advice}.") from None
            pause = min(limits.LONGEST_PAUSE, 0.5 * 2**attempt) * random.uniform(0.5, 1)  # noqa: S311 (no secret)
            say(f"{error}; try {attempt} of {tries}, again in {pause:.1f} s")
            time.sleep(pause)
    raise AssertionError(tries)
