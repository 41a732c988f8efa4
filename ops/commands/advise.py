"""`ascent advise`: whether it is time for another stage, for which, and what is cheaper."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.config.settings import Settings
from ops import stackfile
from ops.console import progress
from ops.errors import NO, AscentError, ascent_error, sentence

if TYPE_CHECKING:
    from ops.advise.model import Judgment
    from ops.advise.move import StageMove
    from ops.advise.reading import Metrics


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
    rise}], without: {says, source} or null, config: {file, key, before, after} or null, move: {refused, clear,
    problems, updates, cost} or null, next: COMMAND or null, notJudged, notes: [TEXT]}.
    value is what the measure was for an hour on two of the last three days; headroom and growth are shares; what is not
    known is null. cost is that of `ascent transition`. The rise of a stage is in US dollars a month.

    Exit codes: 0 stay, and there is nothing to do, 1 there is, 2 the metrics or the stack's file are not usable.

    Examples:

        ascent advise examples/metrics/egress.json --stage 2 --at 2026-12-01T18:00:00Z

        ascent advise --cloudwatch --stack prod

        ascent advise --cloudwatch --stack prod --json | jq .recommended
    """
    from ops.advise.checks import Complaint, instant, written
    from ops.advise.document import document
    from ops.advise.judge import judge
    from ops.advise.remedies import remedies
    from ops.advise.text import show

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
    told = document(stack, written(now), found, move, first)
    if as_json:
        print(json.dumps(told, indent=2))  # noqa: T201
    else:
        show(told, found, move, first)
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
