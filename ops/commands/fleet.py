"""`ascent fleet`: shows whether the instances are what the last update asked for, and can wait until they are."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ops import stackfile
from ops.console import console, errors, progress
from ops.errors import NO, ascent_error
from ops.tables import plain_table

if TYPE_CHECKING:
    from ops.fleet import AutoscalingGroup

COLORS = {"fine": "green", "under way": "yellow", "failed": "red"}


def fleet(
    *,
    stack: Annotated[str, typer.Option(help="Stack to look at.")] = "sandbox",
    wait: Annotated[
        int, typer.Option(min=0, max=720, metavar="MINUTES", help="Wait at most so long for what is under way.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show whether every autoscaling group has finished its instance refresh, and has its minimum of healthy targets.

    An update that changes what instances run ends before they are replaced: EC2 does that afterwards, in steps, and
    stops where an alarm fires. This shows how it ended. Nothing is changed.

    JSON: {stack, ok, fleets: [{region, name, group, state: "fine" | "under way" | "failed", healthy: number or null,
    least, refresh}]}.

    Exit codes: 0 all groups are fine, 1 one failed, or is still under way when the time is up, 2 the stack cannot be
    looked at.

    Examples:

        ascent fleet --stack prod

        pulumi up --stack prod && ascent fleet --stack prod --wait 50
    """
    from ops.engine.updates import Automation, EngineError
    from ops.fleet import GroupState, fleets, settled
    from ops.rollout.gates import GateError, gates

    try:
        settings = stackfile.settings(stack)
        with progress() as live:
            live(f"Looking at the instances of {stack}")
            engine = Automation(stack, live, lambda text: errors.print(text, markup=False))
            regions, eyes = engine.outputs().get("regions") or {}, gates(settings.account.assume_role)
            found = settled(
                lambda: list(fleets(settings, regions, eyes)), seconds=wait * 60, wait=time.sleep, poll=eyes.poll
            )
    except (EngineError, GateError) as error:
        raise ascent_error(error) from None
    fine = all(one.state is GroupState.FINE for one in found)
    if as_json:
        document = {"stack": stack, "ok": fine, "fleets": [one.as_dict() for one in found]}
        print(json.dumps(document, indent=2))  # noqa: T201
    else:
        _show(stack, found)
    raise typer.Exit(0 if fine else NO)


def _show(stack: str, found: Sequence[AutoscalingGroup]) -> None:
    if not found:
        console.print(f"{stack} has no instances.", markup=False)
        return
    table = plain_table()
    for heading in ("Group", "State", "Healthy", "Instance refresh"):
        table.add_column(heading, overflow="fold")
    for one in found:
        healthy = "" if one.healthy is None else f"{one.healthy} of {one.least}"
        table.add_row(one.name, f"[{COLORS[one.state]}]{one.state}[/]", healthy, one.refresh)
    console.print(table)
    if any(one.state == "failed" for one in found):
        console.print(
            "\nAfter a refresh that failed, some instances are replaced, and the others are as they were. See the "
            "alarms and docs/procedures.md, correct what is wrong, then bring the stack up again.",
        )
