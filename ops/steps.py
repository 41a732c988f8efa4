"""Steps that a command prints, and takes in order. After an interruption, the command is run again."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from rich.markup import escape
from rich.table import Table

from infra.thresholds import ANSWER_WAIT, FAILOVER_POLL, STILL_WAITING
from ops.console import console, errors
from ops.errors import INTERRUPTED, AscentError
from ops.failover.errors import StepError
from ops.polling import polled

SECONDS = 10  # until a health check that does not answer counts as failed
MINUTE = 60  # seconds


class RunbookStep(Protocol):
    """One step: `id` and `title`, `command`, what a person would type for it, and `seconds`, how long it takes."""

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
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", justify="right")
    table.add_column("Step", overflow="fold")
    table.add_column("Seconds", justify="right", no_wrap=True)
    for number, step in enumerate(steps, start=1):
        seconds = f"~{step.seconds}" if step.seconds else ""
        table.add_row(str(number), f"{escape(step.title)}\n[dim]{escape(step.command)}[/dim]", seconds)
    console.print(table)


def take(steps: Sequence[RunbookStep], one: Callable[[str], str], results: dict[str, str]) -> str | None:
    """Take every step, telling how it went. Returns why one failed, or None.

    Args:
        steps: in order.
        one: takes the step with this id, and says what came of it, or raises a StepError.
        results: what came of each, by id, is added here.

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
            told = "Interrupted. AWS goes on with what it was told; to go on from here, run the same command again."
            raise AscentError(told, code=INTERRUPTED) from None
        errors.print(f"   {results[step.id]}", markup=False)
    return None


class Patience:
    """Waits, and says so now and then, so that a person who watches need not guess whether it is stuck.

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
    """Whether a URL of our own config answers with 200 within a while: a balancer takes a check or two to see it.

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
