"""`ascent plan`: what a stack consists of at a stage, rendered without an engine."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from ops import stackfile
from ops.console import console, short
from ops.doubts import doubted, over_budget
from ops.tables import plain_table

if TYPE_CHECKING:
    from infra.application import Application
    from ops.engine.recorder import Recorded


def plan(
    *,
    stage: Annotated[int | None, typer.Option(min=1, max=7, help="Scaling stage. Default: the stack's own.")] = None,
    stack: Annotated[str, typer.Option(help="Stack whose Pulumi.<stack>.yaml is read.")] = "sandbox",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with all inputs instead of a table.")] = False,
) -> None:
    """Show what a stack consists of at a stage, without an engine, an account or a state.

    JSON: {stage, stack, resources: [{urn, type, name, parent, region, protect, inputs}], warnings: [text],
    application}. A value that only the cloud knows is {"unknown": true}, a secret {"secret": true}. warnings are about
    values in the stack's file that are allowed but rarely meant. application is what the platform assumes of it:
    {port, health_path, buckets, queues, limits, hashed_paths, never_cached, schedules, environment, names}.

    Exit codes: 0 rendered, 2 the stack's file or the stage is not usable.

    Examples:

        ascent plan --stage 4

        ascent plan --stack prod --json | jq '.resources | length'
    """
    settings = stackfile.settings(stack, stage)
    # The SDK takes a second to import: not before the input is known to be good.
    from ops.cost import estimate
    from ops.engine.provenance.model import PROVIDERS
    from ops.engine.render import render

    warnings = doubted(settings, stack)
    rendered = render(settings, stack)
    warnings += over_budget(estimate(rendered, settings), settings, stack)
    if as_json:
        told = {"warnings": warnings, "application": asdict(settings.described)}
        print(json.dumps(rendered.as_dict() | told, indent=2))  # noqa: T201
        return
    managed = [one for one in rendered.resources if one.custom and not one.type.startswith(PROVIDERS)]
    counts = Counter(map(_row, managed))
    table = plain_table()
    table.add_column("Region")
    table.add_column("Type", no_wrap=True)
    table.add_column("Count", justify="right")
    table.add_column("Protected", justify="right")
    protected = Counter(_row(one) for one in managed if one.protect)
    last = ""
    for (region, type_), count in sorted(counts.items()):
        table.add_row("" if region == last else region, type_, str(count), str(protected[region, type_] or "-"))
        last = region
    console.print(table)
    console.print(_application(settings.described))
    console.print(
        f"\n[bold]{len(managed)} resources[/bold] for {stack} at stage {settings.stage} ({settings.row.name})"
    )
    # The stack itself is none of what it renders.
    every = len(rendered.resources) + 1
    console.print(f"[dim]The engine counts {every}: components, providers and the stack as well.[/dim]")


def _application(application: Application) -> Table:
    """What the platform assumes of the application."""
    buckets = [name + (" (public)" if one.public else "") for name, one in application.buckets.items()]
    limits = [f"{name} {one.per_minute} a minute" for name, one in application.limits.items()]
    rows = {
        "Listens": f"on port {application.port}, answers {application.health_path} with 200",
        "Buckets": ", ".join(buckets),
        "Queues": ", ".join(application.queues),
        "Limits": ", ".join(limits),
        "Schedules": ", ".join(f"{job.name} ({job.cron})" for job in application.schedules),
    }
    table = Table(box=None, padding=(0, 2, 0, 0), title="\nThe application", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for what, told in rows.items():
        if told:
            table.add_row(what, told)
    return table


def _row(one: Recorded) -> tuple[str, str]:
    return one.region or "everywhere", short(one.type)
