"""`ascent capacity --load`: which stage carries a load, and what is left of each resource."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import typer
from rich.table import Table

from infra.config.problems import SettingsError
from infra.stages import STAGES
from ops import stackfile
from ops.capacity.changes import Make, SizeChange, changes
from ops.capacity.headroom import Headroom, StageAnswer, answer, users_at
from ops.capacity.supply import Lost
from ops.console import console
from ops.demand import FIELDS, Demand, demand_of
from ops.errors import NO
from ops.tables import plain_table

_SIGNIFICANT = 3  # digits of a number of users: more would be more exact than the assumptions
_ESTIMATES = (
    "What the database and the cache carry are estimates, good to a factor of four: docs/capacity.md has them, and how "
    "to measure yours."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """One stage: its answer, or why the stack cannot have it, and what would make it carry the load."""

    stage: int
    found: StageAnswer | None
    refused: str | None = None
    changes: tuple[SizeChange, ...] | None = None
    regional: tuple[SizeChange, ...] | None = None

    @property
    def carried(self) -> bool:
        return self.found is not None and self.found.carried


def capacity_of(stack: str, stage: int | None, load: str, *, details: bool, as_json: bool) -> None:
    """Answer for a load, and exit with 1 where it is not carried. `ascent capacity` has the options."""
    wants = demand_of(load)
    # At its own stage the file has to be good; other stages may be none that it can have.
    stackfile.settings(stack, judged=False)
    asked = [_ask(stack, one, wants, strict=stage is not None) for one in ([stage] if stage else STAGES)]
    smallest = next((one for one in asked if one.carried), None)
    if as_json:
        print(json.dumps(_document(stack, wants, asked), indent=2))  # noqa: T201
    else:
        _show(stack, wants, asked, smallest, details=details)
    if smallest is None:
        raise typer.Exit(NO)


def _ask(stack: str, stage: int, wants: Demand, *, strict: bool) -> _Asked:
    make: Make = partial(_made, stack, stage)
    try:
        found = answer(make({}, judged=False), wants)
    except SettingsError as error:
        if strict:
            raise
        return _Asked(stage=stage, found=None, refused=str(error.problems[0]))
    enough = changes(make, wants)
    both = changes(make, wants, tuple(Lost)) if found.regional is not None else None
    return _Asked(stage=stage, found=found, changes=enough, regional=both)


def _made(stack: str, stage: int, sizes: Any, *, judged: bool) -> Any:
    return stackfile.settings(stack, stage, sizes=sizes, judged=judged)


def _document(stack: str, wants: Demand, asked: Sequence[_Asked]) -> dict[str, Any]:
    smallest = next((one.stage for one in asked if one.carried), None)
    return {
        "stack": stack,
        "load": wants.as_dict(),
        "smallest": smallest,
        "carried": smallest is not None,
        "stages": [_stage(one, wants) for one in asked],
    }


def _stage(one: _Asked, wants: Demand) -> dict[str, Any]:
    found, head = one.found, {"stage": one.stage, "name": STAGES[one.stage].name, "refused": one.refused}
    if found is None:
        return {**head, "carried": False, "regionLost": None}
    first = found.first
    return {
        **head,
        "carried": found.carried,
        "regionLost": found.regional,
        "regions": found.has.regions,
        "first": {"resource": first.resource.name, "upTo": users_at(wants, first.factor)} if first else None,
        "resources": [room.as_dict(wants) for room in found.rooms],
        "changes": _plain(one.changes),
        "changesRegionLost": _plain(one.regional),
    }


def _plain(found: tuple[SizeChange, ...] | None) -> list[dict[str, Any]] | None:
    if found is None:
        return None
    return [{"key": one.key, "before": one.before, "after": one.after} for one in found]


def _show(stack: str, wants: Demand, asked: Sequence[_Asked], smallest: _Asked | None, *, details: bool) -> None:
    console.print(load_table(wants))
    if len(asked) > 1:
        console.print(f"\n[bold]{stack}[/bold]\n")
        console.print(_stages(wants, asked))
        refused = next((one.refused for one in asked if one.refused), None)
        if refused is not None:
            console.print(f"\n{refused}", style="dim", markup=False)
    there = [one for one in asked if one.found is not None]
    if there:
        # Where no stage carries it: the one that nearly does, else the largest.
        near = smallest or next((one for one in there if one.changes), there[-1])
        for one in there if details else [near]:
            _show_stage(stack, one, wants)
    if smallest is not None:
        console.print(f"\n[green]Stage {smallest.stage} carries it.[/green]")
    else:
        which = f"Stage {asked[0].stage}" if len(asked) == 1 else "No stage as it is configured"
        console.print(f"\n[red]{which} {'does not carry' if len(asked) == 1 else 'carries'} it.[/red]")
        _advise(stack, asked)


def load_table(wants: Demand) -> Table:
    """The load, and where each field is from."""
    table = _table(("Load", False), ("", True), ("", False), ("From", False))
    for name, field in FIELDS.items():
        table.add_row(name, f"{getattr(wants, name):,.6g}", field.unit, wants.source(name))
    return table


def _stages(wants: Demand, asked: Sequence[_Asked]) -> Table:
    table = _table(
        ("Stage", False), ("Carries it", False), ("Region lost", False), ("First to bind", False), ("At users", True)
    )
    for one in asked:
        name = f"{one.stage} {STAGES[one.stage].name}"
        if one.found is None:
            table.add_row(name, "[red]no[/red]", "-", "[dim]not with this config[/dim]", "-")
            continue
        first = one.found.first
        bound = (first.resource.name, _count(users_at(wants, first.factor))) if first else ("nothing known", "-")
        table.add_row(name, _word(one.carried), _word(one.found.regional), *bound)
    return table


def _show_stage(stack: str, one: _Asked, wants: Demand) -> None:
    if one.found is None:
        return
    has = one.found.has
    where = f"{has.regions} regions, each with an equal share" if has.regions > 1 else "one region"
    console.print(f"\n[bold]{stack} at stage {one.stage} ({STAGES[one.stage].name})[/bold], {where}\n")
    numbers = ["Needs", "Has", "Has, zone lost", *(["Needs, region lost"] if has.regions > 1 else []), "Up to users"]
    table = _table(("Resource", False), ("Unit", False), *((name, True) for name in numbers))
    for room in one.found.rooms:
        level = room.levels[Lost.NOTHING]
        alone = [_need(room)] if has.regions > 1 else []
        most = _count(users_at(wants, room.factor))
        row = (_number(level.need), _limit(room, Lost.NOTHING), _limit(room, Lost.ZONE), *alone, most)
        table.add_row(room.resource.name, room.resource.unit, *row)
    console.print(table)
    console.print(f"\n[dim]{_ESTIMATES}[/dim]")
    if has.gateways == 1 and has.zones > 1:
        console.print("[dim]The one NAT gateway is in one zone: if that is lost, calls to the internet fail.[/dim]")
    if one.found.carried and one.found.regional is False:
        if one.regional:
            console.print("\nTo carry it with a region lost as well:")
            _print_changes(stack, one.regional)
        else:
            console.print("\nWith a region lost, no sizes carry it: add a region.")


def _limit(room: Headroom, lost: Lost) -> str:
    level = room.levels.get(lost)
    if level is None:
        return "-"
    text = "no limit" if level.limit is None else _number(level.limit)
    return text if room.holds(lost) else f"[red]{text}[/red]"


def _need(room: Headroom) -> str:
    """What one of the other regions needs with a region lost. It has as much as before."""
    level = room.levels.get(Lost.REGION)
    if level is None:
        return "-"
    return _number(level.need) if room.holds(Lost.REGION) else f"[red]{_number(level.need)}[/red]"


def _advise(stack: str, asked: Sequence[_Asked]) -> None:
    near = next((one for one in asked if one.found is not None and one.changes), None)
    if near is not None:
        console.print(f"Stage {near.stage} would, with these sizes:")
        _print_changes(stack, near.changes or ())
        return
    last = asked[-1]
    if last.found is None:
        console.print(last.refused or "", markup=False, soft_wrap=True)
        return
    short = last.found.short()
    console.print(f"No sizes of stage {last.stage} are enough for: {'; '.join(room.resource.name for room in short)}.")
    if any(room.resource.kind == "runbook" for room in short):
        console.print("The runbooks move up a stage by then: without --stage, this command says to which.")
    else:
        console.print("Add a region, or take load off: a cache in front of the reads, a CDN in front of the files.")


def _print_changes(stack: str, found: Sequence[SizeChange]) -> None:
    for one in found:
        console.print(f"Pulumi.{stack}.yaml: {one}", markup=False, soft_wrap=True)


def _table(*columns: tuple[str, bool]) -> Table:
    table = plain_table()
    for heading, is_number in columns:
        table.add_column(heading, justify="right" if is_number else "left", no_wrap=not is_number)
    return table


def _word(value: bool | None) -> str:  # noqa: FBT001  what is shown
    return "-" if value is None else "[green]yes[/green]" if value else "[red]no[/red]"


def _count(users: int | None) -> str:
    """Users in three digits, rounded down; a number that a table states stays as it is."""
    if users is None:
        return "-"
    step = int(10 ** max(len(str(users)) - _SIGNIFICANT, 0))
    return f"{users // step * step:,}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
