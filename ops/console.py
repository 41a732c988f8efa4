"""Where commands write for people. Rich leaves out colors when NO_COLOR is set or there is no terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, ConsoleDimensions

from ops.refusal import INTERRUPTED, NO, Refusal

WIDE = 4096  # wider than any line: what goes to a file or another program is not wrapped


class _Output(Console):
    """Standard output: as wide as the terminal or as COLUMNS says, and else as wide as it takes."""

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
    """A line that says what is going on, on a terminal; nothing elsewhere."""
    if not errors.is_terminal:
        yield lambda _: None
        return
    spinner = errors.status("")

    def show(text: str) -> None:
        spinner.update(text.replace("[", r"\["))
        # Not there before there is something to say: it would draw over a question.
        spinner.start() if text else spinner.stop()

    try:
        yield show
    finally:
        spinner.stop()


def asked(question: str, *, why: str = "") -> bool:
    """Whether the answer is yes, asked on standard error.

    Args:
        question: it.
        why: why only a terminal will do, "prod is protected, and "; where empty, the answer may come from a pipe.

    Raises:
        Refusal: when nobody is there, or somebody leaves.
    """
    import typer

    nobody = Refusal(f"{why}nobody is there to ask: say --yes.")
    # Without the question on a terminal, the input may stay open for ever.
    if why and not sys.stdin.isatty():
        raise nobody
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        if sys.stdin.isatty():
            raise Refusal("Interrupted. Nothing was done.", code=INTERRUPTED) from None
        raise nobody from None


def agreed(question: str, *, why: str = "") -> None:
    """Ask, as `asked` does, and end the command where the answer is no.

    Raises:
        Refusal: when it is no, nobody is there, or somebody leaves.
    """
    if not asked(question, why=why):
        raise Refusal("Nothing was done.", code=NO)


def short(type_: str) -> str:
    """A type as the engine shows it: aws:ec2/vpc:Vpc is aws:ec2:Vpc."""
    package, module, name = type_.split(":")
    return f"{package}:{module.partition('/')[0]}:{name}"
