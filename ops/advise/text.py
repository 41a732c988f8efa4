"""The judgment as text, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from infra.stages import STAGES
from ops.advise.measures import MEASURES
from ops.advise.model import Direction, JudgedSignal, JudgedTrigger, Judgment, State
from ops.advise.remedy_table import Remedy
from ops.console import console
from ops.tables import plain_table

if TYPE_CHECKING:
    from ops.advise.move import StageMove

COLORS = {
    "held": "red",
    "planned": "red",
    "incident": "red",
    "brief": "yellow",
    "busy": "yellow",
    "unclear": "yellow",
    "waits": "yellow",
    "clear": "green",
}
SHOWN = 6  # remedies for people; --json has all
# What people call the runbooks, as docs/procedures.md does.
SHORT = {
    "Narfe Backend Scaling Runbook": "Narfe",
    "Oriva Platform Scaling Runbook": "Oriva",
    "Backend Scalability Setup for 50,000+ Users": "50,000 Users",
}


def show(document: dict[str, Any], found: Judgment, move: StageMove | None, first: Sequence[Remedy]) -> None:
    """Print the answer, what it rests on, what is cheaper, and the next command."""
    console.print(
        f"[bold]{document['stack']} at stage {found.stage} ({STAGES[found.stage].name})[/bold], {document['at']}\n"
    )
    _answer(document, found)
    console.print()
    console.print(_triggers(found))
    if found.signals:
        console.print()
        console.print(_signals(found))
    if move is not None:
        _way(document, move)
    if first:
        console.print(f"\n[bold]{'Now' if found.incidents else 'First, as it is cheaper than a stage'}[/bold]")
    for one in first[:SHOWN]:
        console.print(f"- {escape(one.says)} [dim]({escape(_short(one.source))})[/dim]")
        console.print(f"  {one.run}", markup=False, soft_wrap=True)
    if len(first) > SHOWN:
        console.print(f"  and {len(first) - SHOWN} more: --json")
    if move is not None:
        _change(document, move)
    for text in document["notJudged"]:
        console.print(f"[yellow]Not judged:[/yellow] {escape(text)}")
    for text in document["notes"]:
        console.print(f"[dim]{escape(text)}[/dim]")
    if document["next"]:
        console.print(f"\nNext: {document['next']}", markup=False, soft_wrap=True)


def _answer(document: dict[str, Any], found: Judgment) -> None:
    """The answer in a sentence, and what it rests on."""
    to = f"{found.recommended} ({STAGES[found.recommended].name})"
    if found.incidents:
        console.print("[red]An incident, and not growth: no other stage.[/red]")
        for one in found.incidents:
            console.print(escape(_measured(one)))
        for heading in document["procedures"]:
            console.print(f"What to do: docs/procedures.md#{heading}")
    elif found.direction is Direction.UP and found.binding is not None:
        console.print(f"[red]Time for stage {to}.[/red]")
        console.print(escape(_measured(found.binding)))
    elif found.direction is Direction.DOWN:
        console.print(f"[green]Stage {to} would do.[/green]")
        console.print(f"Low on each of the last seven days: {', '.join(found.quiet)}.")
    elif found.fine:
        console.print("[green]No other stage is needed.[/green]")
    else:
        console.print("[yellow]No other stage now, and something to do.[/yellow]")
        console.print(f"Above a threshold: {', '.join(found.pressing)}.")
    if found.growth is not None:
        console.print(f"Load: {found.load} are {_times(found.growth)} what they were before the last three days.")


def _times(value: float) -> str:
    return f"{value:.2f} times" if value != float("inf") else "endless times"


def _measured(one: JudgedTrigger | JudgedSignal) -> str:
    if isinstance(one, JudgedSignal):
        measure, limit = one.measure, one.alarm.limit
    else:
        measure, limit = one.trigger.measure, one.trigger.above
    planned = "planned, " if one.state is State.PLANNED else ""
    value = f"{_number(one.value or 0)} {MEASURES[measure].unit}"
    return f"{measure}: {planned}{value}; threshold {limit.value:,} ({_short(limit.source)})"


def _short(source: str) -> str:
    for name, short in SHORT.items():
        source = source.replace(name, short)
    return source


def _table(first: str) -> Table:
    table = plain_table()
    table.add_column(first, no_wrap=True)
    table.add_column("Measure", no_wrap=True)
    for heading in ("Value", "Threshold", "Headroom"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    return table


def _triggers(found: Judgment) -> Table:
    """The triggers of the stages above; of those that the stack has, the values alone, as a move down looks at them."""
    table = _table("For stage")
    for one in found.triggers:
        value = "-" if one.value is None else _number(one.value)
        row = [str(one.trigger.stage), one.trigger.measure, value, f"{one.trigger.above.value:,}"]
        if one.trigger.stage <= found.stage:
            table.add_row(*row, "", "there", style="dim")
        else:
            table.add_row(*row, _percent(one.headroom), _colored(one.state))
    return table


def _signals(found: Judgment) -> Table:
    table = _table("At this hour")
    for one in found.signals:
        limit = one.alarm.limit.value
        headroom = _percent(1 - one.value / limit) if limit else "-"
        table.add_row("", one.measure, _number(one.value), f"{limit:,}", headroom, _colored(one.state))
    return table


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"  # noqa: PLR2004, RUF100  no 1e+04


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _colored(state: str) -> str:
    return f"[{COLORS[state]}]{state}[/]" if state in COLORS else state


def _way(document: dict[str, Any], move: StageMove) -> None:
    """The stages between, which nothing asks for, and what would do without them."""
    for one in move.passed[:-1]:
        drops = f", drops {', '.join(one.drops)}" if one.drops else ""
        why = "is also asked for" if one.needed else "is not what the bottleneck needs"
        cost = "" if one.bill is None else f": {_signed(one.bill.rise)} in a normal month"
        console.print(
            f"\nStage {one.stage} ({one.name}) lies between, and {why}{cost}. It adds {', '.join(one.adds)}{drops}."
        )
    if document["without"]:
        without = document["without"]
        console.print(f"Without them: {escape(without['says'])} [dim]({escape(_short(without['source']))})[/dim]")


def _signed(dollars: float) -> str:
    return f"{'-' if dollars < 0 else '+'}${abs(dollars):,.0f}"


def _change(document: dict[str, Any], move: StageMove) -> None:
    line = document["config"]
    console.print(f"\n[bold]{line['file']}[/bold]: {line['key']}: {line['before']} → {line['after']}", soft_wrap=True)
    for text in (*move.refused, *move.problems):
        console.print(f"The stack cannot yet: {text}", style="red", markup=False, soft_wrap=True)
    if move.clear:
        console.print(f"Nothing is lost. Updates: {', then '.join(move.updates)}.", markup=False)
    if move.bill is not None:
        console.print(f"Cost: {move.bill}", markup=False)
