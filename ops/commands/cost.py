"""`ascent cost`: what a stage costs a month, and what a move costs, worked out offline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from infra.config.problems import SettingsError
from infra.config.settings import Settings
from ops import stackfile
from ops.console import console, errors
from ops.cost.estimate import money
from ops.cost.prices import PriceError, shipped
from ops.cost.span import dollars
from ops.doubts import doubted, over_budget
from ops.errors import NO, AscentError, ascent_error
from ops.tables import plain_table

if TYPE_CHECKING:
    from ops.cost import CostSpan, Estimate


def cost(
    *,
    stage: Annotated[int | None, typer.Option(min=1, max=7, help="Scaling stage. Default: the stack's own.")] = None,
    came_from: Annotated[
        int | None, typer.Option("--from", min=1, max=7, help="Also show what moving from this stage changes.")
    ] = None,
    stack: Annotated[str, typer.Option(help="Stack whose Pulumi.<stack>.yaml is read.")] = "sandbox",
    region: Annotated[str | None, typer.Option(help="Only this AWS region's part.")] = None,
    load: Annotated[
        str | None, typer.Option(help="What it costs at a load: users=5000,egress=300, or the name of a YAML file.")
    ] = None,
    details: Annotated[bool, typer.Option("--details", help="A line for each priced item.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with every row instead of tables.")] = False,
) -> None:
    """Show what a stack costs a month at a stage, from everything at its least to everything at its most.

    Least: autoscaling at its minimum, and the load of the stage below. Most: autoscaling at its maximum, and the
    stage's users around the clock. US dollars, list prices, on demand, no free tier, no tax. docs/cost.md has the
    assumptions; the prices are in ops/data/prices.json, each with its source and date.

    With --load, what it costs at that load, from an average hour to the busiest hour around the clock; which items that
    is, the largest first; and from where another runtime, Spot or a commitment costs less. A load is given as for
    `ascent capacity`.

    JSON: {stack, stage, currency, low, high, budget: US dollars or null for one region, prices: {oldest, newest,
    estimated: {low, high}}, regions: {name: {low, high}}, components: {name: {low, high}}, rows: [{urn, type, region,
    component, item, what, unit, quantity: {low, high}, price: {usd, source, date, confidence: "list" | "estimate"},
    low, high}], unpriced: [{urn, type, reason}], hints: [{text, source, saves: {low, high}}], transition: null | {from,
    low, high, components: {name: {low, high}}}, warnings: [text]}.
    A transition's low is the change of the least, its high the change of the most.

    JSON with --load: {stack, stage, runtime, currency, load: {field: {value, unit, given, from}}, carried, low, high,
    stageRange: {low, high}, prices, regions, components, items: [{component, item, what, low, high}], unpriced,
    runtimes: [{runtime, low, high, refused: text or null}], cheaperFrom: {runtime: users or null}, spot: {used, share,
    saves: {low, high}, aboveInstances, source}, commitments: [{name, what, share, paysFromUtilization, termMonths,
    paysFromMonths, onDemand, commitPerHour, saves, source, date, reason}], warnings}. commitPerHour is what to commit
    to, at the discounted price, null for what is bought by the node. carried says whether the stage carries the load.
    cheaperFrom has the users from which on another runtime costs less, null where it does at no load. A commitment
    without a price has a share of null, and a reason.

    Exit codes: 0 everything is priced, 1 something has no price and is not in the sums, 2 the input is not usable.

    Examples:

        ascent cost --stage 4 --stack prod

        ascent cost --stage 6 --from 5 --stack prod

        ascent cost --stage 7 --stack prod --region eu-west-1 --details

        ascent cost --stage 5 --stack prod --load users=4000,egress=600
    """
    if load is not None:
        from ops.commands.cost_load import cost_of

        for option, given in (("--from", came_from), ("--region", region)):
            if given is not None:
                raise AscentError(f"{option}: not with --load, which is the cost of the whole stack at one stage")
        cost_of(_settings(stack, stage, None), stack, load, details=details, as_json=as_json)
        return
    chosen = _settings(stack, stage, region)
    before = _settings(stack, came_from, None) if came_from is not None else None
    warnings = doubted(chosen, stack)
    # On stderr, and silent without a terminal: stdout holds the answer alone.
    with errors.status("Rendering"):
        found = _estimate(chosen, stack, region)
        earlier = _estimate(before, stack, region) if before is not None else None
    if region is None:
        warnings += over_budget(found, chosen, stack)
    if as_json:
        print(json.dumps(_document(found, earlier) | {"warnings": warnings}, indent=2))  # noqa: T201
    else:
        _show(found, chosen, earlier, details=details)
    raise typer.Exit(NO if found.unpriced else 0)


def _settings(stack: str, stage: int | None, region: str | None) -> Settings:
    chosen = stackfile.settings(stack, stage)
    try:
        if region is not None and region not in chosen.regions:
            listed = ", ".join(chosen.regions)
            raise SettingsError([f"--region: given {region!r}; the regions of {stack} are {listed}"])
        for one in chosen.regions:
            shipped().factor(one)
    except PriceError as error:
        raise ascent_error(error) from None
    return chosen


def _estimate(settings: Settings, stack: str, region: str | None) -> Estimate:
    # The SDK takes a second to import: not before the input is known to be good.
    from ops.cost import estimate
    from ops.engine.render import render

    return estimate(render(settings, stack), settings).of_region(region)


def changes(before: Mapping[str, CostSpan], after: Mapping[str, CostSpan]) -> dict[str, CostSpan]:
    """What each component costs more in `after`, or less where negative; what stays the same is left out."""
    from ops.cost.span import NOTHING

    names = [*after, *(name for name in before if name not in after)]
    changed = {name: after.get(name, NOTHING) + before.get(name, NOTHING) * -1 for name in names}
    return {name: span for name, span in changed.items() if round(span.low, 2) or round(span.high, 2)}


def _document(found: Estimate, earlier: Estimate | None) -> dict[str, Any]:
    from ops.cost.hints import hints

    oldest, newest = shipped().dates
    move = None
    if earlier is not None:
        components = changes(earlier.by_component, found.by_component)
        move = {
            "from": earlier.stage,
            **money(found.cost + earlier.cost * -1),
            "components": {name: money(span) for name, span in components.items()},
        }
    return {
        "stack": found.stack,
        "stage": found.stage,
        "currency": "USD",
        **money(found.cost),
        "budget": found.budget if found.region is None else None,
        "prices": {"oldest": oldest, "newest": newest, "estimated": money(found.estimated)},
        "regions": {name: money(span) for name, span in found.by_region.items()},
        "components": {name: money(span) for name, span in found.by_component.items()},
        "rows": [row.as_dict() for row in found.rows],
        "unpriced": [{"urn": one.urn, "type": one.type, "reason": one.reason} for one in found.unpriced],
        "hints": [hint.as_dict() for hint in hints(found)],
        "transition": move,
    }


def _show(found: Estimate, settings: Settings, earlier: Estimate | None, *, details: bool) -> None:
    from ops.cost.hints import hints

    console.print(f"[bold]{found.stack} at stage {found.stage} ({settings.row.name}), US dollars a month[/bold]\n")
    console.print(_sums("Component", found.by_component, found.cost))
    if len(found.by_region) > 1:
        console.print()
        console.print(_sums("Region", found.by_region, found.cost))
    if details:
        console.print()
        console.print(_rows(found))
    if earlier is not None:
        change = found.cost + earlier.cost * -1
        console.print(f"\n[bold]Moving from stage {earlier.stage}[/bold]\n")
        console.print(_sums("Component", changes(earlier.by_component, found.by_component), change, signed=True))
    if found.region is None:
        console.print(f"\nA budget that fits: {found.budget} (everything at its most for a tenth of the time)")
    tips = hints(found)
    if tips:
        console.print("\n[bold]Cheaper[/bold]")
    for tip in tips:
        saved = f" ({dollars(tip.saves)} a month)" if tip.saves.high else ""
        console.print(f"- {tip.text}{saved} [dim]{tip.source}[/dim]")
    oldest, newest = shipped().dates
    console.print(
        f"\n[dim]List prices of {oldest} to {newest}; estimated ones make {dollars(found.estimated)} of this. "
        f"Assumptions: docs/cost.md. Newer prices: ascent prices[/dim]"
    )
    factors = [f"{one} {shipped().factor(one):.2f}" for one in settings.active_regions if shipped().factor(one) != 1]
    if factors:
        console.print(
            f"[dim]Where the table has no price of a region, it is that of us-east-1, times: {', '.join(factors)}. "
            "`ascent prices` reads those that AWS publishes.[/dim]"
        )
    for type_, count in sorted(found.unpriced_types().items()):
        reason = next(one.reason for one in found.unpriced if one.type == type_)
        errors.print(f"not priced: {count} x {type_}: {reason}", style="yellow", markup=False)


def _sums(title: str, parts: Mapping[str, CostSpan], whole: CostSpan, *, signed: bool = False) -> Table:
    table = plain_table()
    table.add_column(title)
    table.add_column("Least", justify="right")
    table.add_column("Most", justify="right")
    form = "+,.0f" if signed else ",.0f"
    for name, span in parts.items():
        table.add_row(name, format(span.low, form), format(span.high, form))
    table.add_row("[bold]total[/bold]", f"[bold]{whole.low:{form}}[/bold]", f"[bold]{whole.high:{form}}[/bold]")
    return table


def _rows(found: Estimate) -> Table:
    table = plain_table()
    for column in ("Resource", "Item", "Unit price"):
        table.add_column(column, overflow="fold")
    for column in ("Units", "Least", "Most"):
        table.add_column(column, justify="right")
    for row in found.rows:
        guess = "~" if row.price.confidence == "estimate" else ""
        price = f"{guess}{row.price.usd:.6g}/{row.price.unit}"
        item = f"{row.item}\n[dim]{row.what}[/dim]" if row.what else row.item
        units = f"{row.quantity.low:,.4g}..{row.quantity.high:,.4g}"
        name = row.urn.rpartition("::")[2]
        table.add_row(name, item, price, units, f"{row.cost.low:,.2f}", f"{row.cost.high:,.2f}")
    return table
