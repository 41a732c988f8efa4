"""`ascent cost --load`: what a stack costs at a load, which items that is, and what would cost less."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from infra.config.models.runtime import Runtime
from infra.config.problems import SettingsError
from infra.config.settings import Settings
from ops import stackfile
from ops.capacity.headroom import answer, users_at
from ops.commands.capacity_load import load_table
from ops.console import console, errors
from ops.cost.estimate import money
from ops.cost.prices import shipped
from ops.cost.span import NOTHING, CostSpan, dollars
from ops.demand import Demand, demand_of
from ops.errors import NO
from ops.tables import plain_table

if TYPE_CHECKING:
    from ops.cost import Estimate
    from ops.cost.break_even import Commitment, SpotSaving
    from ops.engine.render import RenderedStack

_LARGEST = 12  # items that the table shows; --details shows all


@dataclass(frozen=True, slots=True)
class CostItem:
    """All rows of one item and component together."""

    component: str
    item: str
    what: str
    cost: CostSpan

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {"component": self.component, "item": self.item, "what": self.what, **money(self.cost)}


@dataclass(frozen=True, slots=True)
class _Way:
    """A runtime, rendered."""

    runtime: Runtime
    settings: Settings
    plan: RenderedStack

    def cost(self, wants: Demand) -> CostSpan:
        from ops.cost.break_even import at_load

        return at_load(self.plan, self.settings, wants).cost


def items(found: Estimate) -> list[CostItem]:
    """What an estimate consists of, the largest first."""
    sums: dict[tuple[str, str, str], CostSpan] = {}
    for row in found.rows:
        key = (row.component, row.item, row.what)
        sums[key] = sums.get(key, NOTHING) + row.cost
    return sorted((CostItem(*key, cost) for key, cost in sums.items()), key=lambda one: (-one.cost.high, one.item))


def cost_of(settings: Settings, stack: str, load: str, *, details: bool, as_json: bool) -> None:
    """Answer for a load. `ascent cost` has the options."""
    wants = demand_of(load)
    # The SDK takes a second to import: not before the input is known to be good.
    from ops.cost import estimate
    from ops.cost.break_even import at_load, commitments, spot

    with errors.status("Rendering, once for each runtime"):
        own = _rendered(settings, stack)
        ways, refused = _others(stack, own)
    found = at_load(own.plan, settings, wants)
    held = answer(settings, wants)
    most = users_at(wants, held.first.factor) if held.first else None
    warnings = [] if held.carried else [_not_carried(settings, most)]
    tables = {
        "whole": estimate(own.plan, settings).cost,
        "cheaper": _cheaper(own, ways, wants, most or int(wants.users)),
        "refused": refused,
        "spot": spot(own.plan, settings, wants),
        "commitments": commitments(own.plan, settings, wants),
    }
    if as_json:
        document = _document(found, settings, wants, ways, tables, carried=held.carried)
        print(json.dumps({**document, "warnings": warnings}, indent=2))  # noqa: T201
    else:
        _show(found, settings, wants, ways, tables, details=details)
        for text in warnings:
            errors.print(text, style="yellow", markup=False)
    raise typer.Exit(NO if found.unpriced else 0)


def _not_carried(settings: Settings, most: int | None) -> str:
    upto = "" if most is None else f": {most:,} users at the most"
    return (
        f"Stage {settings.stage} does not carry this load{upto}. The sum is what it costs when it is full; "
        "`ascent capacity --load` says which stage carries it."
    )


def _rendered(settings: Settings, stack: str) -> _Way:
    from ops.engine.render import render

    return _Way(settings.runtime, settings, render(settings, stack))


def _others(stack: str, own: _Way) -> tuple[list[_Way], dict[str, str]]:
    """All runtimes that the stack can have, and why it cannot have the others."""
    ways, refused = [], {}
    for runtime in Runtime:
        if runtime is own.runtime:
            ways.append(own)
            continue
        values = stackfile.config(stack) | {"stage": own.settings.stage, "runtime": runtime.value}
        try:
            ways.append(_rendered(stackfile.read(values, f"Pulumi.{stack}.yaml"), stack))
        except SettingsError as error:
            refused[runtime.value] = str(error.problems[0])
    return ways, refused


def _cheaper(own: _Way, ways: Sequence[_Way], wants: Demand, most: int) -> dict[str, float | None]:
    """For each other runtime, the users from which on it costs less than the stack's own; None where at no load."""
    from ops.cost.break_even import crossing, middle

    def at(way: _Way, users: float) -> float:
        return middle(way.cost(wants.times(users / wants.users)))

    return {
        way.runtime.value: crossing(lambda users: at(own, users), lambda users, way=way: at(way, users), 1, most)  # type: ignore[misc]
        for way in ways
        if way is not own
    }


def _document(
    found: Estimate, settings: Settings, wants: Demand, ways: Sequence[_Way], tables: dict[str, Any], *, carried: bool
) -> dict[str, Any]:
    oldest, newest = shipped().dates
    return {
        "stack": found.stack,
        "stage": found.stage,
        "runtime": settings.runtime.value,
        "currency": "USD",
        "load": wants.as_dict(),
        "carried": carried,
        **money(found.cost),
        "stageRange": money(tables["whole"]),
        "prices": {"oldest": oldest, "newest": newest, "estimated": money(found.estimated)},
        "regions": {name: money(span) for name, span in found.by_region.items()},
        "components": {name: money(span) for name, span in found.by_component.items()},
        "items": [one.as_dict() for one in items(found)],
        "unpriced": [{"urn": one.urn, "type": one.type, "reason": one.reason} for one in found.unpriced],
        "runtimes": [
            *({"runtime": way.runtime.value, **money(way.cost(wants)), "refused": None} for way in ways),
            *({"runtime": name, "low": None, "high": None, "refused": why} for name, why in tables["refused"].items()),
        ],
        "cheaperFrom": {name: None if users is None else round(users) for name, users in tables["cheaper"].items()},
        "spot": tables["spot"].as_dict(),
        "commitments": [one.as_dict() for one in tables["commitments"]],
    }


def _show(
    found: Estimate,
    settings: Settings,
    wants: Demand,
    ways: Sequence[_Way],
    tables: dict[str, Any],
    *,
    details: bool,
) -> None:
    console.print(load_table(wants))
    console.print(f"\n[bold]{found.stack} at stage {found.stage} ({settings.row.name}), US dollars a month[/bold]\n")
    whole = tables["whole"]
    console.print(
        f"[bold]{dollars(found.cost)}[/bold] at this load; ${whole.low:,.0f} to ${whole.high:,.0f} from least to most"
    )
    console.print()
    console.print(_items(items(found), found.cost, _LARGEST if not details else None))
    console.print()
    console.print(_runtimes(ways, wants, settings, tables["cheaper"]))
    for name, why in tables["refused"].items():
        # The first sentence says what is missing; an update of the stack's file says the rest.
        console.print(f"{name}: {why.partition(';')[0]}", style="dim", markup=False)
    console.print(f"\n{_spot(tables['spot'])}\n")
    console.print(_commitments(tables["commitments"]))
    for one in tables["commitments"]:
        if one.share is None:
            console.print(f"[dim]{one.what}: {one.reason}.[/dim]")
    oldest, newest = shipped().dates
    console.print(
        f"\n[dim]List prices of {oldest} to {newest}; estimated ones make {dollars(found.estimated)} of this, and "
        "discounts are estimates. Assumptions: docs/cost.md[/dim]"
    )


def _items(parts: Sequence[CostItem], whole: CostSpan, most: int | None) -> Table:
    table = plain_table(("Component", False), ("Item", False), ("Least", True), ("Most", True))
    shown, rest = parts[:most], parts[most:] if most else []
    for one in shown:
        name = f"{one.item}, {one.what}" if one.what else one.item
        table.add_row(one.component, name, f"{one.cost.low:,.0f}", f"{one.cost.high:,.0f}")
    if rest:
        low, high = sum(one.cost.low for one in rest), sum(one.cost.high for one in rest)
        table.add_row(f"[dim]{len(rest)} more[/dim]", "[dim]--details shows them[/dim]", f"{low:,.0f}", f"{high:,.0f}")
    table.add_row("[bold]total[/bold]", "", f"[bold]{whole.low:,.0f}[/bold]", f"[bold]{whole.high:,.0f}[/bold]")
    return table


def _runtimes(ways: Sequence[_Way], wants: Demand, settings: Settings, cheaper: dict[str, float | None]) -> Table:
    table = plain_table(("Runtime", False), ("Least", True), ("Most", True), ("Costs less than this one", False))
    for way in ways:
        span = way.cost(wants)
        if way.runtime is settings.runtime:
            says = "(this one)"
        else:
            users = cheaper[way.runtime.value]
            says = "at no load" if users is None else "at every load" if users <= 1 else f"from {users:,.0f} users on"
        table.add_row(way.runtime.value, f"{span.low:,.0f}", f"{span.high:,.0f}", says)
    return table


def _spot(one: SpotSaving) -> str:
    if one.above is None:
        return "Spot: none of the stack's instances are its own; EKS chooses the nodes."
    verb = "saves" if one.used else "would save"
    return (
        f"Spot {verb} {dollars(one.saves)} a month at this load: from the first instance above {one.above} in a "
        f"region on, up to {one.share:.0%} of each."
    )


def _commitments(found: Sequence[Commitment]) -> Table:
    heads = ("Pays from", "or months", "On demand", "Commit", "Saves")
    table = plain_table(("Commitment", False), *((name, True) for name in heads))
    for one in found:
        if one.share is not None and one.utilization is not None and one.months is not None:
            hours, months = f"{one.utilization:.0%}", f"{one.months:.1f} of {one.term}"
            # By the hour and at the discounted price, as AWS sells it.
            commits = "by node" if one.commits is None else f"{one.commits:,.3f}/h"
            table.add_row(one.what, hours, months, f"{one.base:,.0f}", commits, f"{one.saves:,.0f}")
    return table
