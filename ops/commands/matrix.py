"""`ascent matrix`: what every move of a stack between two stages does, worked out offline or by the real engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from infra.stages import STAGES
from ops import stackfile
from ops.console import console, progress
from ops.errors import NO, ascent_error
from ops.transition.model import SIGNS

if TYPE_CHECKING:
    from ops.transition.matrix import Live, Matrix
    from ops.transition.model import Transition


def matrix(
    *,
    stack: Annotated[
        str | None, typer.Option(help="Stack whose Pulumi.<stack>.yaml is read. Default: every shipped one.")
    ] = None,
    engine: Annotated[
        bool, typer.Option("--engine", help="Ask the real engine, in a sandbox made for it: minutes, not seconds.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with the URNs instead of tables.")] = False,
) -> None:
    """Show what each move between two stages creates, updates, replaces and deletes, and whether anything is lost.

    A resource is lost if it holds data or identity that nothing else holds. What the platform rebuilds is not lost, nor
    are the copies in a region that is removed below stage 7: docs/transitions.md.

    JSON: {stack, transitions: [{from, to, create, update, replace, delete: [URN], stateful: {replace, delete:
    [URN]}}]}, and without --stack a list of those. stateful holds what is lost. Stages that a stack cannot be at have
    no transitions; where there are any, refused: [{stage, problems: [TEXT]}] says why.

    Exit codes: 0 all clear, 1 a move loses something or is refused, 2 a stack's file is not usable.

    Examples:

        ascent matrix --stack prod

        ascent matrix --json | jq '.[].transitions[] | select(.stateful.delete != [])'

        ascent matrix --stack sandbox --engine
    """
    # The SDK takes a second to import: not before it is needed.
    from ops.transition.engine import FailedError

    names = [stack] if stack is not None else stackfile.names()
    with progress() as live:
        try:
            found = [_matrix(name, live, engine=engine) for name in names]
        except FailedError as error:
            raise ascent_error(error) from None
    if as_json:
        documents = [one.as_dict() for one in found]
        print(json.dumps(documents if stack is None else documents[0], indent=2))  # noqa: T201
    else:
        for one in found:
            _show(one)
    if not all(one.clear for one in found):
        raise typer.Exit(NO)


def _matrix(stack: str, live: Live, *, engine: bool) -> Matrix:
    from ops.transition.matrix import offline

    if not engine:
        return offline(stack, live)
    from ops.transition.engine import matrix as by_engine

    return by_engine(stack, live)


def _show(found: Matrix) -> None:
    console.print(f"[bold]{found.stack}[/bold], from the stage on the left to the one on top\n")
    moves = {(one.came_from, one.to): one for one in found.transitions}
    table = Table(box=None, padding=(0, 2, 1, 0), header_style="bold")
    table.add_column("")
    for stage in STAGES:
        table.add_column(str(stage))
    for came_from in STAGES:
        cells = [_cell(found, moves.get((came_from, to))) for to in STAGES]
        table.add_row(f"[bold]{came_from}[/bold]", *cells)
    console.print(table)
    for stage, problems in found.refused.items():
        console.print(f"Stage {stage}: {' '.join(problems)}", style="yellow", markup=False, soft_wrap=True)
    for one in found.transitions:
        for text in one.problems:
            console.print(f"From {one.came_from} to {one.to}: {text}", style="red", markup=False, soft_wrap=True)
    for (came_from, to), route in found.several.items():
        if not route.steps:
            text = f"From {came_from} to {to}: no updates lead there: {route.reasons}"
            console.print(text, style="red", markup=False, soft_wrap=True)
    verdict = "[green]Nothing is lost by any move.[/green]" if found.clear else "[red]Not all moves are clear.[/red]"
    console.print(f"{verdict} [dim]+ created, ~ updated, ± replaced, - deleted, in 2: by two updates[/dim]\n")


def _cell(found: Matrix, one: Transition | None) -> str:
    if one is None:
        return "-"
    counts = " ".join(f"{sign}{len(urns)}" for op, sign in SIGNS.items() if (urns := one.urns(op)))
    text = counts or "same"
    route = found.several.get((one.came_from, one.to))
    if route is not None:
        text += f" in {len(route.steps)}" if route.steps else " [red]no way[/red]"
    return text if one.clear else f"[red]{text} lost {len(one.losses)}[/red]"
