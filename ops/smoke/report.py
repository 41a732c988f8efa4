"""A smoke run as Markdown that can be pasted into an issue: no account number, no secret."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING

from catalog.templates import ACCOUNT

if TYPE_CHECKING:
    from ops.smoke.steps import SmokeRun

_PACKAGES = ("pulumi", "pulumi-aws", "pulumi-cloudflare", "pulumi-kubernetes")


def report(run: SmokeRun, account: str) -> str:
    """The whole text.

    Args:
        run: a run that has ended.
        account: number of the account, which is replaced in the text.
    """
    return "\n".join(_lines(run)).replace(account, ACCOUNT) + "\n"


def _lines(run: SmokeRun) -> Iterator[str]:
    yield "## Smoke run on an account"
    yield ""
    yield ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    yield ""
    yield "| step | took | |"
    yield "|---|---|---|"
    for step in run.steps:
        yield f"| {step.name} | {step.seconds:.0f} s | {'**not as it should be**' if step.trouble else 'fine'} |"
    for step in run.steps:
        if step.trouble:
            yield ""
            yield f"### {step.name}"
            yield ""
            yield "```text"
            yield step.trouble.replace("```", "'''")
            yield "```"
    yield ""
    yield "### What differs from the sandbox"
    yield ""
    if not run.found:
        yield f"Nothing, of {run.compared} resources." if run.compared else "Nothing was compared: no update succeeded."
        return
    yield "| type | output | sandbox | account | resources |"
    yield "|---|---|---|---|---|"
    for one in run.found.values():
        yield f"| {one.type} | {one.output} | {_cell(one.sandbox)} | {_cell(one.account)} | {one.count} |"


def _cell(text: str) -> str:
    return f"`{text.replace('|', '¦').replace('`', chr(39))}`"
