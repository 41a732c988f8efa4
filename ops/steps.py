"""Steps that a command prints, and takes in order. After an interruption, the command is run again."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from rich.markup import escape

from infra.thresholds import ANSWER_WAIT, FAILOVER_POLL, STILL_WAITING
from ops.console import console, errors
from ops.errors import INTERRUPTED, AscentError
from ops.failover.errors import StepError
from ops.polling import polled
from ops.tables import plain_table

SECONDS = 10  # Seconds until a health check without an answer counts as failed.
MINUTE = 60  # seconds


class RunbookStep(Protocol):
    """One step: its `id` and `title`, the `command` that a person would type, and the `seconds` that it takes."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def command(self) -> str: ...
    @property
    def seconds(self) -> int: ...


def show(steps: Sequence[RunbookStep]) -> None:
    """Print the steps, numbered, each with its command."""
    table = plain_table()
    table.add_column("", justify="right")
    table.add_column("Step", overflow="fold")
    table.add_column("Seconds", justify="right", no_wrap=True)
    for number, step in enumerate(steps, start=1):
        seconds = f"~{step.seconds}" if step.seconds else ""
        table.add_row(str(number), f"{escape(step.title)}\n[dim]{escape(step.command)}[/dim]", seconds)
    console.print(table)


def take(steps: Sequence[RunbookStep], one: Callable[[str], str], results: dict[str, str]) -> str | None:
    """Take every step, and print its result. Returns why one failed, or None.

    Args:
        steps: in order.
        one: takes the step with this id, and returns its result, or raises a StepError.
        results: the result of each step is added here, by id.

    Raises:
        AscentError: when it was interrupted.
    """
    for number, step in enumerate(steps, start=1):
        errors.print(f"{number}. {step.title}...", style="bold", markup=False)
        try:
            results[step.id] = one(step.id)
        except StepError as error:
            errors.print(str(error), style="red", markup=False)
            errors.print("What came before is done. To go on from here, run the same command again.", markup=False)
            return str(error)
        except KeyboardInterrupt:
            told = "Interrupted. AWS finishes the calls that were made; to go on from here, run the same command again."
            raise AscentError(told, code=INTERRUPTED) from None
        errors.print(f"   {results[step.id]}", markup=False)
    return None


class Patience:
    """Waits, and prints from time to time for how long, so that it does not look stuck.

    sleep: waits that many seconds.
    """

    def __init__(self, sleep: Callable[[float], None]) -> None:
        self._sleep = sleep
        self._waited = 0.0

    def __call__(self, seconds: float) -> None:
        """Wait that many seconds."""
        before = self._waited // STILL_WAITING.value
        self._sleep(seconds)
        self._waited += seconds
        if self._waited // STILL_WAITING.value > before:
            errors.print(f"   waiting, {self._waited / MINUTE:.0f} min in all so far...", markup=False)


def answers(url: str, wait: Callable[[float], None]) -> bool:
    """Whether a URL of our own config answers with 200 within a time: a balancer needs a check or two for that.

    Args:
        url: the URL.
        wait: sleeps that many seconds.
    """
    look = partial(_answers, url)
    return polled(look, bool, seconds=ANSWER_WAIT.value, wait=wait, poll=FAILOVER_POLL.value)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310  https, from our own config
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
