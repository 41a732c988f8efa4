"""`ascent drift`: what was changed by hand, and what may differ."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from ops import stackfile
from ops.console import console, errors
from ops.drift.steps import COMMAND, Refreshed, UnreadableRefreshError, read, refreshed
from ops.errors import NO, ascent_error

if TYPE_CHECKING:
    from ops.drift.judge import Difference, Drifted, Owned, Report

WIDTH = 60
# How many resources are listed when many have the same change.
SHOWN = 10
REPAIRS = {
    "create": "gone; an update makes it again",
    "update": "changed; an update puts it back",
    "replace": "changed; an update REPLACES it to put it back",
    "fail": "changed, and cannot be put back",
    "hand": "stopped, and no update starts it again",
}


def drift(
    *,
    refresh: Annotated[
        Path | None, typer.Argument(metavar="[REFRESH.json]", help=f"Judge this, from: {COMMAND}", show_default=False)
    ] = None,
    stack: Annotated[
        str | None, typer.Option(help="Stack to look at. [default: sandbox, or that of the file]", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Show what was changed by hand, apart from what autoscaling and the like may change.

    Nothing is changed: the engine compares what exists with the state (`pulumi refresh --preview-only`). Its JSON from
    an earlier run can be given instead. It lacks what only owners set, such as a desired capacity.
    Which properties have another owner is a table, ops/drift/ledger.py; docs/changes.md shows it.

    JSON: {stack, lookedAt, drift: [{urn, type, gone, precious, open, repair: "create" | "update" | "replace" | "fail" |
    "hand", properties: [{path, recorded, found}], keep: lines of the stack's file, held: why it cannot be put back,
    or null, byHand: commands that put back what no update does}], expected: [{urn, type, path, recorded, found, owner,
    reason}], groups: [[urn]]}. recorded and found are as the provider has them, null where there is nothing, and
    {"secret": true} where it is secret. open: it lets in clients that could not connect before. Open changes come
    first, then precious ones. groups has changes that are the same on several resources.

    Exit codes: 0 nothing was changed by hand, 1 something was, 2 the stack or the file cannot be looked at.

    Examples:

        ascent drift --stack prod

        pulumi refresh --stack prod --preview-only --json > refresh.json; ascent drift refresh.json

        ascent drift --stack prod --json | jq -r '.drift[].urn'
    """
    try:
        steps = _look(stack or "sandbox") if refresh is None else read(refresh)
        if refresh is not None and stack not in (None, steps[0].stack):
            raise UnreadableRefreshError(f"{refresh}: this is of {steps[0].stack}, not of {stack}")
    except UnreadableRefreshError as error:
        raise ascent_error(error) from None
    # Its tables take a moment to read, so it is imported only when there is something to judge.
    from ops.drift.judge import judge

    found = judge(steps, steps[0].stack)
    if as_json:
        print(json.dumps(found.as_dict(), indent=2))  # noqa: T201
    else:
        _show(found)
    raise typer.Exit(NO if found.drifted else 0)


def _look(stack: str) -> list[Refreshed]:
    from ops.engine.updates import Automation, EngineError

    stackfile.there(stack)
    with errors.status(f"Looking at {stack}"):
        engine = Automation(stack, lambda _: None, lambda text: errors.print(text, markup=False))
        try:
            ignored = {one["urn"]: one.get("ignoreChanges") or () for one in engine.resources()}
            steps = [refreshed(step, ignored.get(step.urn, ())) for step in engine.look()] if ignored else []
        except EngineError as error:
            raise ascent_error(error, f"{stack} cannot be looked at: {error}") from None
    if not steps:
        raise UnreadableRefreshError(
            f"{stack} has nothing in its state: it was never brought up, or the state is elsewhere"
        )
    return steps


def _show(found: Report) -> None:
    many, stack = len(found.drifted), escape(found.stack)
    if many:
        changed = f"{many} of {found.looked_at} resources {'is' if many == 1 else 'are'} not as recorded"
        console.print(f"[bold]{stack}: {changed}[/bold]\n", soft_wrap=True)
    for alike in found.groups:
        _show_drifted(alike)
    if found.owned:
        console.print("[bold]Expected[/bold], as something other than an update sets it:\n")
        for owned in found.owned:
            line = f"  {_called(owned)}: {_told(owned.difference)} ({owned.row.owner})"
            console.print(line, markup=False, soft_wrap=True)
        console.print()
    if not many:
        console.print(f"[green]{stack}: none of {found.looked_at} resources was changed by hand.[/green]")
        return
    _show_next(found)


def _show_drifted(alike: Sequence[Drifted]) -> None:
    """The change of one resource, or the same change of several."""
    one, many = alike[0], len(alike)
    mark = ("[red]OPEN TO THE WORLD[/red], " if one.is_open else "") + ("[red]precious[/red], " if one.precious else "")
    why = f": {escape(one.held)}" if one.held else ""
    called = _called(one) if many == 1 else f"{many} resources, all the same"
    console.print(f"[bold]{escape(called)}[/bold]: {mark}{REPAIRS[one.repair]}{why}", soft_wrap=True)
    for each in alike[:SHOWN]:
        told = each.urn if many == 1 else f"{_called(each)}, {each.urn}"
        console.print(f"  {told}", style="dim", markup=False, soft_wrap=True)
    if many > SHOWN:
        console.print(f"  ... and {many - SHOWN} more: --json", style="dim", markup=False)
    for difference in one.differences:
        console.print(f"  {_told(difference)}", markup=False, soft_wrap=True)
    console.print()


def _called(one: Drifted | Owned) -> str:
    return f"{one.type.rpartition(':')[2]} {one.name}"


def _show_next(found: Report) -> None:
    stuck = {line: one.held for one in found.drifted for line in one.keep if one.held}
    for line, why in sorted(stuck.items()):
        told = f"First keep what cannot be put back, as {why}: Pulumi.{found.stack}.yaml: {line}"
        console.print(told, markup=False, soft_wrap=True)
    for command in sorted({line for one in found.drifted for line in one.by_hand}):
        console.print(f"To start it again: {command}", markup=False, soft_wrap=True)
    if any(not one.held and one.repair != "hand" for one in found.drifted):
        console.print(f"To put all of it back: pulumi up --stack {found.stack} --refresh", markup=False, soft_wrap=True)
    lines = sorted({line for one in found.drifted for line in one.keep} - stuck.keys())
    for line in lines:
        console.print(f"To keep it: Pulumi.{found.stack}.yaml: {line}", markup=False, soft_wrap=True)
    if any(not one.gone and not one.keep and one.repair != "hand" for one in found.drifted):
        console.print("To keep a change that no key of the stack's file sets, change the program.", soft_wrap=True)
    lost = [one.name for one in found.drifted if one.precious and one.repair in ("create", "replace")]
    if lost:
        console.print(
            f"[red]Save first what they hold: {escape(', '.join(lost))} would come back empty.[/red]", soft_wrap=True
        )


def _told(difference: Difference) -> str:
    return f"{difference.path}: {_value(difference.recorded)} -> {_value(difference.found)}"


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    if value == {"secret": True}:
        return "(secret)"
    text = json.dumps(value)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."
