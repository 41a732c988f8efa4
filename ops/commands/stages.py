"""`ascent stages`: the stage table."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from infra.stages import STAGES, Stage
from ops.console import console
from ops.tables import plain_table

Json = Annotated[bool, typer.Option("--json", help="Print a JSON list instead of a table.")]


def stages(*, as_json: Json = False) -> None:
    """Show what each scaling stage adds, when to move to it, and how big it is.

    JSON: a list of {number, name, trigger, users, adds, drops, sizes}.

    Examples:

        ascent stages

        ascent stages --json | jq '.[3].sizes.fleet'
    """
    if as_json:
        print(json.dumps([stage.as_dict() for stage in STAGES.values()], indent=2))  # noqa: T201
        return
    table = plain_table()
    for heading, justify in (("", "right"), ("Stage", "left"), ("Move here when", "left"), ("Adds", "left")):
        table.add_column(heading, justify="right" if justify == "right" else "left", overflow="fold")
    for heading in ("Fleet", "ACUs", "Readers"):
        table.add_column(heading, justify="right", no_wrap=True)
    for stage in STAGES.values():
        table.add_row(str(stage.number), stage.name, stage.trigger, _adds(stage), *_sizes(stage))
    console.print(table)


def _adds(stage: Stage) -> str:
    added = ", ".join(stage.adds)
    return f"{added}; no more {', '.join(stage.drops)}" if stage.drops else added


def _sizes(stage: Stage) -> tuple[str, str, str]:
    sizes = stage.sizes
    readers = f"{sizes.readers.minimum}-{sizes.readers.maximum}" if sizes.readers else "-"
    fleet, database = sizes.fleet, sizes.database
    return f"{fleet.minimum}-{fleet.maximum}", f"{database.min_acu:g}-{database.max_acu:g}", readers
