"""`ascent advise`: whether it is time for another stage, for which, and what is cheaper."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from infra.config.settings import Settings
from infra.stages import STAGES
from ops import stackfile
from ops.console import console, progress
from ops.errors import NO, AscentError, ascent_error, sentence

if TYPE_CHECKING:
    from ops.advise.model import Judgment
    from ops.advise.move import StageMove
    from ops.advise.reading import Metrics
    from ops.advise.remedies import Remedy

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


def advise(
    *,
    metrics: Annotated[
        Path | None,
        typer.Argument(metavar="[METRICS]", help="JSON or CSV: docs/advise.md has its form.", show_default=False),
    ] = None,
    cloudwatch: Annotated[bool, typer.Option("--cloudwatch", help="Read the metrics from CloudWatch instead.")] = False,
    stack: Annotated[str, typer.Option(help="Stack whose Pulumi.<stack>.yaml is read.")] = "sandbox",
    stage: Annotated[int | None, typer.Option(min=1, max=7, help="Present stage. Default: the stack's own.")] = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Judge as of then: 2026-12-01T10:00:00Z. Default: now.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Say whether it is time for another stage, for which, and what is cheaper to do first.

    A stage is recommended where one of the runbooks' triggers holds for an hour on two of the last three days, and the
    load has grown, or it has been so for weeks. What rises while the load does not is an incident: the answer is then a
    procedure. A stage down needs a week below three sevenths of the threshold. Nothing is changed.

    JSON: {stack, stage, at, recommended, direction: "up" | "stay" | "down", fine, binding: MEASURE or null, load: {by,
    growth}, triggers: [{stage, measure, unit, value, threshold, source, headroom, rise, state: "clear" | "brief" |
    "held" | "planned" | "incident" | "unclear" | "waits" | "unknown"}], signals: [{measure, unit, value, threshold,
    source, state: "clear" | "busy" | "incident", procedure}], procedures: [HEADING], quiet: [MEASURE], first: [{says,
    how: "sql" | "config" | "command" | "application", run, source}], passed: [{stage, name, adds, drops, needed,
    rise}], config: {file, key, before, after} or null, move: {refused, clear, problems, updates, cost} or null,
    next: COMMAND or null, notJudged, notes: [TEXT]}.
    value is what the measure was for an hour on two of the last three days; headroom and growth are shares; what is not
    known is null. cost is that of `ascent transition`. The rise of a stage is in US dollars a month.

    Exit codes: 0 stay, and there is nothing to do, 1 there is, 2 the metrics or the stack's file are not usable.

    Examples:

        ascent advise examples/metrics/egress.json --stage 2 --at 2026-12-01T00:00:00Z

        ascent advise --cloudwatch --stack prod

        ascent advise --cloudwatch --stack prod --json | jq .recommended
    """
    from ops.advise.checks import Complaint, instant
    from ops.advise.judge import judge
    from ops.advise.remedies import remedies

    if (metrics is None) == (not cloudwatch):
        raise AscentError("METRICS, --cloudwatch: given both or neither; give a file, or --cloudwatch")
    try:
        now = time.time() if at is None else instant(at, "--at")
    except Complaint as complaint:
        raise AscentError(str(complaint)) from None
    settings = stackfile.settings(stack, stage)
    with progress() as live:
        read = _metrics(metrics, settings, stack, now, live)
        found = judge(read, settings.stage, now)
        move = _move(stack, found, live) if found.recommended != found.stage else None
    first = remedies(settings, stack, found)
    document = _document(stack, at or _now(now), found, move, first)
    if as_json:
        print(json.dumps(document, indent=2))  # noqa: T201
    else:
        _show(document, found, move, first)
    raise typer.Exit(0 if found.fine else NO)


def _metrics(file: Path | None, settings: Settings, stack: str, now: float, live: Any) -> Metrics:
    if file is not None:
        from ops.advise.reading import read

        return read(file, now)
    from infra.clients import clients
    from ops.advise.cloudwatch import ask

    live(f"Asking CloudWatch about {stack}")
    return ask(settings, stack, clients(settings.account.assume_role), now)


def _move(stack: str, found: Judgment, live: Any) -> StageMove:
    from ops.advise.move import stage_move
    from ops.engine.updates import EngineError

    try:
        return stage_move(stack, found, live)
    except EngineError as error:
        raise ascent_error(error, sentence(error)) from None


def _now(now: float) -> str:
    from ops.advise.checks import written

    return written(now)


def _document(stack: str, at: str, found: Judgment, move: StageMove | None, first: Sequence[Remedy]) -> dict[str, Any]:
    from ops.advise.measures import MEASURES

    changed = found.recommended != found.stage
    line = {"file": f"Pulumi.{stack}.yaml", "key": "ascent:stage", "before": found.stage, "after": found.recommended}
    return {
        "stack": stack,
        "stage": found.stage,
        "at": at,
        "recommended": found.recommended,
        "direction": found.direction.value,
        "fine": found.fine,
        "binding": found.binding.trigger.measure if found.binding else None,
        "load": {"by": found.load, "growth": _finite(found.growth)},
        "triggers": [
            {
                "stage": one.trigger.stage,
                "measure": one.trigger.measure,
                "unit": MEASURES[one.trigger.measure].unit,
                "value": one.value,
                "threshold": one.trigger.above.value,
                "source": one.trigger.above.source,
                "headroom": one.headroom,
                "rise": _finite(one.rise),
                "state": one.state.value,
            }
            for one in found.triggers
        ],
        "signals": [
            {
                "measure": one.measure,
                "unit": MEASURES[one.measure].unit,
                "value": one.value,
                "threshold": one.alarm.limit.value,
                "source": one.alarm.limit.source,
                "state": one.state.value,
                "procedure": one.alarm.procedure,
            }
            for one in found.signals
        ],
        "procedures": list(dict.fromkeys(_procedures(found))),
        "quiet": list(found.quiet),
        "first": [one.as_dict() for one in first],
        "passed": [one.as_dict() for one in move.passed] if move else [],
        "config": line if changed else None,
        "move": move.as_dict() if move else None,
        "next": _next(stack, found),
        "notJudged": list(found.unjudged),
        "notes": list(found.notes),
    }


def _finite(value: float | None) -> float | None:
    """JSON has no infinity: what was nothing before has grown by no number of times."""
    return None if value is None or value == float("inf") else value


def _procedures(found: Judgment) -> Sequence[str]:
    from ops.advise.measures import MEASURES
    from ops.advise.model import JudgedSignal

    return [
        one.alarm.procedure if isinstance(one, JudgedSignal) else MEASURES[one.trigger.measure].procedure
        for one in found.incidents
    ]


def _next(stack: str, found: Judgment) -> str | None:
    if found.recommended != found.stage:
        return f"ascent transition {found.stage} {found.recommended} --stack {stack}"
    if found.incidents:
        return f"docs/procedures.md#{_procedures(found)[0]}"
    return None if found.fine else f"ascent capacity --stack {stack}"


def _show(document: dict[str, Any], found: Judgment, move: StageMove | None, first: Sequence[Remedy]) -> None:
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
        _way(found, move)
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
            console.print(f"{escape(_measured(one))}", soft_wrap=True)
        for heading in document["procedures"]:
            console.print(f"What to do: docs/procedures.md#{heading}")
    elif found.direction == "up" and found.binding is not None:
        console.print(f"[red]Time for stage {to}.[/red]")
        console.print(escape(_measured(found.binding)))
    elif found.direction == "down":
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


def _measured(one: Any) -> str:
    from ops.advise.measures import MEASURES
    from ops.advise.model import JudgedSignal

    signal = isinstance(one, JudgedSignal)
    measure, limit = (one.measure, one.alarm.limit) if signal else (one.trigger.measure, one.trigger.above)
    planned = "planned, " if one.state == "planned" else ""
    value = f"{_number(one.value)} {MEASURES[measure].unit}"
    return f"{measure}: {planned}{value}; threshold {limit.value:,} ({_short(limit.source)})"


def _short(source: str) -> str:
    for name, short in SHORT.items():
        source = source.replace(name, short)
    return source


def _table(first: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
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


def _way(found: Judgment, move: StageMove) -> None:
    """The stages between, which nothing asks for, and what would do without them."""
    from ops.advise.remedies import WITHOUT

    for one in move.passed[:-1]:
        drops = f", drops {', '.join(one.drops)}" if one.drops else ""
        why = "is also asked for" if one.needed else "is not what the bottleneck needs"
        cost = "" if one.bill is None else f": {_signed(one.bill.rise)} in a normal month"
        console.print(
            f"\nStage {one.stage} ({one.name}) lies between, and {why}{cost}. It adds {', '.join(one.adds)}{drops}."
        )
    if move.unneeded and found.recommended in WITHOUT:
        text, source = WITHOUT[found.recommended]
        console.print(f"Without them: {escape(text)} [dim]({escape(_short(source))})[/dim]")


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
