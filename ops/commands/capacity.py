"""`ascent capacity`: whether connections fit the database, each fleet carries its users, and pods fit nodes."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from infra.capacity.nodes import NodeBudget
from infra.config.settings import Settings
from ops import stackfile
from ops.capacity.report import CapacityVerdict, verdict
from ops.console import console
from ops.errors import NO, AscentError
from ops.tables import plain_table


def capacity(
    *,
    stage: Annotated[int | None, typer.Option(min=1, max=7, help="Scaling stage. Default: the stack's own.")] = None,
    stack: Annotated[str, typer.Option(help="Stack whose Pulumi.<stack>.yaml is read.")] = "sandbox",
    load: Annotated[
        str | None, typer.Option(help="Load to carry: users=5000,egress=300, or the name of a YAML file.")
    ] = None,
    details: Annotated[bool, typer.Option("--details", help="With --load: a table for each stage.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Check that a stack can carry what its stage states: connections and pods at most, users with a zone lost.

    With --load, it says which stage carries that load, how much of each resource is left, and which binds first. A load
    has users, requests, reads, writes (a second) and egress (GB a month); what is not given is derived. Without
    --stage, it asks all seven, and shows the smallest that carries it. docs/capacity.md has the resources.

    JSON: {stage, stack, holds, connections: {holds, limit, used, headroom, by: [{who, runtime, region, connections,
    how}], replica: {used, limit}}, fleets: [{region, runtime, color, traffic, users, needed, maximum, left, drained,
    holds}], nodes: {holds, cpu: {needed, usable}, memory: {needed, usable}, by: [{what, pods, cpu, memory}]}, todo:
    [text]}. replica is of each region beside the one that takes the writes, null where there is none. The limit and the
    headroom of an external database are null, as its owner sets them. nodes is null where the stack makes no cluster,
    and drained, the pods that a drain may evict at once, for instances. cpu is in vCPUs; memory of a pod is in
    MiB, of all in GiB. needed is of the nodes that the pods need, usable their limit.

    JSON with --load: {stack, load: {field: {value, unit, given, from}}, smallest: stage or null, carried, stages:
    [{stage, name, refused: text or null, carried, regionLost: bool or null, regions, first: {resource, upTo} or null,
    resources: [{resource, unit, kind: "size" | "quota" | "runbook", holds, upTo, source, lost: {"nothing" | "zone" |
    "region": {needed, limit, holds, upTo}}}], changes: [{key, before, after}] or null, changesRegionLost: as that}]}.
    upTo is in concurrent users. changes is null where no sizes of the stage are enough, changesRegionLost also where
    the stack has one region there. The last five are missing where the stack cannot have the stage, which refused says.
    carried is of the stage that was asked for, else of any.

    Exit codes: 0 all of it holds, or the load is carried; 1 it does not, or is not; 2 the stack's file, the stage or
    the load is not usable.

    Examples:

        ascent capacity --stage 4

        ascent capacity --stack prod --json | jq .connections.headroom

        ascent capacity --load users=5000,egress=300

        ascent capacity --stack prod --stage 7 --load examples/loads/50000-users.yaml
    """
    if load is not None:
        from ops.commands.capacity_load import capacity_of

        capacity_of(stack, stage, load, details=details, as_json=as_json)
        return
    if details:
        raise AscentError("--details: it shows what --load is held against; give a load, as in --load users=5000")
    # A budget that does not hold is explained here rather than refused.
    settings = stackfile.settings(stack, stage, judged=False)
    found = verdict(settings)
    if as_json:
        print(json.dumps({"stage": settings.stage, "stack": stack, **found.as_dict()}, indent=2))  # noqa: T201
    else:
        _show(settings, stack, found)
    if not found.holds:
        raise typer.Exit(NO)


def _show(settings: Settings, stack: str, found: CapacityVerdict) -> None:
    console.print(f"[bold]{stack} at stage {settings.stage} ({settings.row.name})[/bold], {settings.runtime.value}\n")
    console.print(_connections(found))
    if found.limit is None:
        console.print(f"\n{found.total} at most. The external database's own pooler keeps its limit.\n")
    else:
        spare = found.limit - found.total
        room = f"{spare} to spare" if spare >= 0 else f"[red]{-spare} too many[/red]"
        console.print(f"\n{found.total} of {found.limit} connections: {room}.\n")
    if found.replica is not None:
        console.print(f"Each other region's replica: {found.replica}.\n", soft_wrap=True)
    console.print(_fleets(found))
    if found.nodes is not None:
        _show_nodes(found.nodes)
    if found.holds:
        console.print("\n[green]Holds.[/green]")
        return
    console.print("\n[red]Does not hold.[/red]")
    for text in found.todo:
        console.print(f"Pulumi.{stack}.yaml: {text}", markup=False, soft_wrap=True)


def _connections(found: CapacityVerdict) -> Table:
    table = plain_table(("Who connects", False), ("Runtime", False), ("Region", False), ("At most", True), ("", False))
    for use in found.uses:
        table.add_row(use.who, use.runtime or "-", use.region or "-", str(use.connections), f"[dim]{use.how}[/dim]")
    return table


def _fleets(found: CapacityVerdict) -> Table:
    names, numbers = ("Region", "Runtime", "Color"), ("Traffic", "Users", "Needs", "Maximum", "Zone lost", "Drain")
    table = plain_table(*((name, False) for name in names), *((name, True) for name in numbers), ("", False))
    for load in found.loads:
        row = (f"{load.traffic:g} %", str(load.users), str(load.needed), str(load.maximum), str(load.left))
        drained = "-" if load.drained is None else str(load.drained)
        table.add_row(load.region, load.runtime, load.color, *row, drained, "" if load.holds else "[red]too few[/red]")
    return table


def _show_nodes(nodes: NodeBudget) -> None:
    numbers = ("At most", "vCPUs each", "MiB each", "Nodes", "vCPUs each")
    table = plain_table(("Pods of a cluster", False), *((name, True) for name in numbers))
    for need in nodes.needs:
        node = str(need.node.cpu) if need.node else "[red]too large[/red]"
        table.add_row(need.what, str(need.pods), f"{need.cpu:g}", str(need.memory), str(need.nodes), node)
    console.print("")
    console.print(table)
    sums = f"{nodes.cpu_needed} of {nodes.cpu} vCPUs, {nodes.memory_needed} of {nodes.memory} GiB"
    console.print(f"\n{sums}{'' if nodes.holds else ': [red]too few nodes[/red]'}.")
