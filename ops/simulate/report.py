"""What a simulation comes to, as text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from infra.thresholds import AVAILABILITY_TARGET, LATENCY_HEALTHY_MS
from ops.console import console
from ops.simulate.moments import moment, span
from ops.simulate.summary import SimulationSummary
from ops.tables import plain_table

if TYPE_CHECKING:
    from ops.simulate.fit import FittedStages

_PERCENT = 100
_MODEL = "A model, not a load test: docs/simulate.md has what it assumes."


def show(found: SimulationSummary, charts: Sequence[Path]) -> None:
    """Print it."""
    run, stack = found.run, found.run.stack
    console.print(f"[bold]{stack.name} at stage {stack.stage} ({stack.stage_name}) on {stack.runtime}[/bold]")
    console.print(f"{run.traffic.name}, {span(run.traffic.seconds)}{_lost(found)}", markup=False)
    console.print(f"[dim]{_MODEL}[/dim]\n")
    console.print(_answers(found))
    if found.limits:
        console.print("\n[bold]Limits that were reached, in the order of time[/bold]\n")
        console.print(_limits(found))
    console.print("\n[bold]What grows with the load[/bold]\n")
    console.print(_costs(found))
    console.print(f"\n[dim]The rest of the stack: ascent cost --stage {stack.stage} --stack {stack.name}[/dim]")
    for chart in charts:
        console.print(f"wrote {chart}", markup=False, soft_wrap=True)
    first = found.breaks
    if found.holds:
        console.print("\n[green]It carries this.[/green]")
    elif first is None:
        console.print("\n[red]It answers everything, but too slowly.[/red]")
    else:
        console.print(f"\n[red]It breaks first at {moment(first.first)}: {first.what}.[/red]")


def _lost(found: SimulationSummary) -> str:
    lost = found.run.lost
    words = [("a zone", lost.zone), ("a region", lost.region)]
    return "".join(f"; {what} is lost at {moment(at)}" for what, at in words if at is not None)


def _met(met: bool) -> str:  # noqa: FBT001  what it is about
    return "[green]met[/green]" if met else "[red]missed[/red]"


def _answers(found: SimulationSummary) -> Table:
    table = plain_table(("", False), ("", True), ("", False))
    table.add_row("requests", f"{found.arrived:,.0f}", "")
    share = found.dropped / found.arrived if found.arrived else 0
    table.add_row("dropped", f"{found.dropped:,.0f}", f"{share:.4%}")
    target = AVAILABILITY_TARGET.value / _PERCENT
    table.add_row("availability", f"{found.availability:.3%}", f"{_met(found.available)}: at least {target:g} %")
    table.add_row("p95", f"{found.p95:,.0f} ms", f"{_met(found.fast)}: below {LATENCY_HEALTHY_MS.value} ms")
    table.add_row("p95, worst minute", f"{found.worst:,.0f} ms", f"at {moment(found.worst_at)}")
    return table


def _limits(found: SimulationSummary) -> Table:
    table = plain_table(("First at", False), ("For", True), ("Dropped", True), ("Limit", False))
    for one in found.limits:
        lost = f"{one.dropped:,.0f}" if round(one.dropped) else "-"
        table.add_row(moment(one.first), span(one.seconds), lost, one.what)
    return table


def _costs(found: SimulationSummary) -> Table:
    table = plain_table(("", False), ("Hours", True), ("$ an hour", True), ("$", True))
    for one in found.costs:
        table.add_row(one.what, f"{one.hours:,.1f}", f"{one.price:.4f}", f"{one.usd:,.2f}")
    table.add_row("[bold]total[/bold]", "", "", f"[bold]{found.usd:,.2f}[/bold]")
    table.add_row("a month like this", "", "", f"{found.month:,.0f}")
    return table


def show_fit(found: FittedStages) -> None:
    """Print the fitted table."""
    console.print(f"[bold]{found.stack} on {found.runtime}: sizes that carry each stage's users, a zone lost[/bold]")
    console.print(f"[dim]{_MODEL}[/dim]\n")
    numbers = ("Stage", "Users", "Table, $", "Fitted, $", "CPU ms", "Launch lost", "Launch min.")
    table = plain_table(*((name, True) for name in numbers), ("", False))
    for one in found.stages:
        fitted = f"{one.fitted_usd:,.0f}" if one.fitted else "-"
        row = [str(one.stage), f"{one.users:,}", f"{one.table_usd:,.0f}", fitted, f"{one.cpu_ms:.0f}"]
        least = "-" if one.launch_minimum is None else str(one.launch_minimum)
        row += [f"{one.launch_lost:.2%}", least]
        table.add_row(*row, "" if one.holds else "[red]too small[/red]")
    console.print(table)
    console.print(
        "\n[dim]$: a normal month of the whole stack. CPU ms: of a request, up to which the table carries a day."
    )
    console.print("[dim]Launch: all users come within five minutes. Lost: of a day's requests, at the table's sizes.")
    console.print("[dim]Launch min.: instances or pods at least, with which a launch meets the objectives.")
    for one in found.stages:
        console.print(f"\n[bold]Stage {one.stage}, {one.name}[/bold]")
        for text in one.findings or ("as small as it may be",):
            console.print(f"- {text}", markup=False)
