"""Where commands write for people. Rich leaves out colors when NO_COLOR is set or there is no terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, ConsoleDimensions

from ops.errors import INTERRUPTED, NO, AscentError

WIDE = 4096  # Wider than any line, so that output to a file or another program is not wrapped.


class _Output(Console):
    """Standard output: as wide as the terminal or COLUMNS; without either, as wide as the longest line."""

    @property  # type: ignore[misc]  # it is never set
    def size(self) -> ConsoleDimensions:
        found = super().size
        told = self._width is not None or sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit()
        return found if told else ConsoleDimensions(WIDE, found.height)


# No emoji: Rich would make one of the ":secret:" of an ARN.
console = _Output(highlight=False, emoji=False)
errors = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A line on the terminal about the present step; without a terminal, nothing."""
    if not errors.is_terminal:
        yield lambda _: None
        return
    spinner = errors.status("")

    def show(text: str) -> None:
        spinner.update(text.replace("[", r"\["))
        # Started only when there is a text: it would draw over a question.
        spinner.start() if text else spinner.stop()

    try:
        yield show
    finally:
        spinner.stop()


def confirmed(question: str, *, why: str = "") -> bool:
    """Whether the answer is yes, asked on standard error.

    Args:
        question: it, as a sentence.
        why: why only a terminal will do, "prod is protected, and "; where empty, the answer may come from a pipe.

    Raises:
        AscentError: where there is no terminal and no answer on standard input, or after ctrl-C.
    """
    import typer

    unanswered = AscentError(f"{why}there is no terminal to ask on: use --yes.")
    # Without the question on a terminal, the input may stay open for ever.
    if why and not sys.stdin.isatty():
        raise unanswered
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        if sys.stdin.isatty():
            raise AscentError("Interrupted. Nothing was done.", code=INTERRUPTED) from None
        raise unanswered from None


def agreed(question: str, *, why: str = "") -> None:
    """Ask, as `confirmed` does, and end the command where the answer is no.

    Raises:
        AscentError: where the answer is no, and where `confirmed` raises it.
    """
    if not confirmed(question, why=why):
        raise AscentError("Nothing was done.", code=NO)


def many(count: int, what: str) -> str:
    """A count of things: 1 update, 2 updates."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def short(type_: str) -> str:
    """A type as the engine shows it: aws:ec2/vpc:Vpc is aws:ec2:Vpc."""
    package, module, name = type_.split(":")
    return f"{package}:{module.partition('/')[0]}:{name}"
