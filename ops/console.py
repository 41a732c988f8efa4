"""Where commands write for people. Rich leaves out colors when NO_COLOR is set or nobody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

# No emoji: Rich would make one of the ":secret:" of an ARN.
console = Console(highlight=False, emoji=False)
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


def short(type_: str) -> str:
    """A type as the engine shows it: aws:ec2/vpc:Vpc is aws:ec2:Vpc."""
    package, module, name = type_.split(":")
    return f"{package}:{module.partition('/')[0]}:{name}"
