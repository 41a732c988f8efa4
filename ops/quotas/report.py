"""The quotas of a stack for people: the worst first, and how to raise what is too low."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ops.quotas.judge import QuotaRow, QuotaVerdict
from ops.tables import plain_table

COLORS = {QuotaVerdict.FAIL: "red", QuotaVerdict.WARN: "yellow", QuotaVerdict.UNKNOWN: "dim", QuotaVerdict.OK: "green"}
_LARGE = 1000  # From here on, tenths do not matter.
_RAISABLE = (QuotaVerdict.FAIL, QuotaVerdict.WARN)


def report(rows: Sequence[QuotaRow], *, is_seen: bool) -> RenderableType:
    """Print all rows, and what to do about those that fail or warn.

    Args:
        rows: the worst first.
        is_seen: whether the account was looked at.
    """
    parts: list[RenderableType] = [_table(rows, is_seen=is_seen)]
    reasons = [*_reasons(rows)]
    if reasons and is_seen:
        parts.append(Text("\n" + "\n".join(reasons)))
    steps = [*_steps(rows)]
    if steps:
        parts.append(Text("\nTo have them raised:\n" + "\n".join(steps)))
    return Group(*parts)


def _table(rows: Sequence[QuotaRow], *, is_seen: bool) -> Table:
    table = plain_table()
    for heading in ("", "Quota", "Region"):
        table.add_column(heading, no_wrap=True)
    for heading in ("Need", "Has", "Uses") if is_seen else ("Need", "Default"):
        table.add_column(heading, justify="right", no_wrap=True)
    for alike in _merged(rows):
        row = alike[0]
        given = (row.given, row.used) if is_seen else (row.quota.default,)
        table.add_row(
            f"[{COLORS[row.verdict]}]{row.verdict}[/]",
            escape(row.quota.title),
            _places(alike),
            *(number(one) for one in (row.needed, *given)),
        )
    return table


def _merged(rows: Sequence[QuotaRow]) -> Iterator[list[QuotaRow]]:
    """Join rows that are the same in several regions, unless they need an action."""

    def key(row: QuotaRow) -> tuple[object, ...]:
        place = row.region if row.verdict in _RAISABLE else ""
        return row.verdict, row.quota.code, place, row.needed, row.given, row.used

    return (list(alike) for _, alike in groupby(rows, key))


def _places(rows: Sequence[QuotaRow]) -> str:
    if len(rows) > 1:
        return f"{len(rows)} regions"
    return rows[0].region or "all"


def number(value: float | None) -> str:
    """A need or a quota as text."""
    if value is None:
        return "?"
    # Rounded up: a need is never shown as less than it is.
    return f"{math.ceil(value * 10) / 10:g}" if value < _LARGE else f"{math.ceil(value)}"


def _reasons(rows: Sequence[QuotaRow]) -> Iterator[str]:
    """The reasons for rows that are not fine, each once, with the quotas that it is about."""
    about: dict[str, list[str]] = {}
    for row in rows:
        if row.why and row.verdict is not QuotaVerdict.OK:
            about.setdefault(f"{row.verdict}: {row.why}", []).append(row.quota.title)
    for reason, titles in about.items():
        yield f"{reason} ({', '.join(dict.fromkeys(titles))})."


def _steps(rows: Sequence[QuotaRow]) -> Iterator[str]:
    """How to raise each quota: one step where several depend on the same one."""
    steps: dict[tuple[str, str], QuotaRow] = {}
    for row in rows:
        if row.verdict in _RAISABLE and not row.adjustable:
            yield f"\n{row.quota.title} in {row.place}: AWS does not raise it. Lower the sizes of the stack."
        if row.ask is None:
            continue
        place = (row.raised.code, row.place)
        if place not in steps or (steps[place].ask or 0) < row.ask:
            steps[place] = row
    for row in steps.values():
        quota = row.raised
        yield f"\nService Quotas, {quota.product}, {quota.name}, ask for {row.ask} in {row.place}:"
        yield f"  {wrapped(row.command or '')}"


def wrapped(command: str) -> str:
    """A command over several lines, joined by backslashes."""
    first, *options = command.split(" --")
    pairs = [" ".join(f"--{one}" for one in options[start : start + 2]) for start in range(0, len(options), 2)]
    return " \\\n    ".join([first, *pairs])
