"""`ascent simulate`: whether a stack carries a load over time, where it breaks first, and what that costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.config.models.runtime import Runtime
from ops.console import progress
from ops.cost.prices import PriceError, shipped
from ops.errors import NO, AscentError, ascent_error

if TYPE_CHECKING:
    from ops.simulate.serving import LossTimes
    from ops.simulate.stack import SimulatedStack
    from ops.simulate.traffic import TrafficCurve

_MOST_USERS, _MOST_DAYS = 10_000_000, 92


def simulate(
    *,
    trace: Annotated[
        Path | None, typer.Argument(help="CSV file: time,requests_per_second.", show_default=False)
    ] = None,
    shape: Annotated[
        str | None, typer.Option(help="Instead of a file: daily, launch, zone-loss or region-loss.")
    ] = None,
    users: Annotated[
        int | None,
        typer.Option(min=1, max=_MOST_USERS, help="Concurrent users of a shape at its busiest. Default: the stage's."),
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=_MOST_DAYS, help="How long a shape is. Default: one day.")
    ] = None,
    stage: Annotated[int | None, typer.Option(min=1, max=7, help="Scaling stage. Default: the stack's own.")] = None,
    runtime: Annotated[Runtime | None, typer.Option(help="Where it runs. Default: the stack's own.")] = None,
    stack: Annotated[str, typer.Option(help="Stack whose Pulumi.<stack>.yaml is read.")] = "sandbox",
    lose_zone: Annotated[
        str | None, typer.Option(metavar="AT", help="Lose a zone at this time from the start: 90m, 6h, 16:00.")
    ] = None,
    lose_region: Annotated[
        str | None, typer.Option(metavar="AT", help="Lose the region that takes the writes at this time.")
    ] = None,
    assume: Annotated[
        list[str] | None, typer.Option(metavar="KEY=NUMBER", help="A number of your own, such as cpu-ms=20.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Directory for charts, as PNG and SVG.")] = None,
    fit: Annotated[
        bool, typer.Option("--fit", help="Instead: the smallest sizes that carry each stage's users, a zone lost.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Simulate a load over a stack: what is served, how fast, what breaks first, and what it costs.

    A model, not a load test: arithmetic on the stack's sizes, what its autoscalers do, and assumptions about the
    application. docs/simulate.md has the formulas and the assumptions; `--assume` puts measured numbers in their place.

    JSON: {stack, stage, runtime, traffic, seconds, holds, requests: {arrived, served, dropped, by: {cause: count}},
    objectives: {availability: {share, met}, latency: {p95, quick, met}}, worst: {p95, at}, hours: {instances, spot,
    pods, nodes, readers, acu}, limits: [{limit, what, first, seconds, dropped}], breaks: limit | null, cost: {currency,
    total, month, items: [{what, hours, price, usd}]}, assumptions: {key: number}, charts: [file]}. p95 is in
    milliseconds, quick the share of answers within a second, at and first are seconds from the start.
    With --fit: {stack, runtime, holds, stages: [{stage, name, users, holds, table, fitted, cpuMs, launchLost,
    launchMinimum, tableUsd, fittedUsd, findings: [text]}]}.

    Exit codes: 0 all is served and the objectives are met, 1 something is dropped or an objective is missed, 2 the
    input is not usable. With --fit: 0 the table carries each stage's users, 1 it does not.

    Examples:

        ascent simulate examples/traces/weekday.csv --stage 4 --stack prod --out charts

        ascent simulate --shape launch --users 50000 --stage 6 --runtime kubernetes

        ascent simulate --stage 4 --shape daily --lose-zone 16:00 --assume cpu-ms=20
    """
    if fit:
        beside = {"TRACE.csv": trace, "--shape": shape, "--users": users, "--days": days, "--stage": stage}
        beside |= {"--out": out, "--lose-zone": lose_zone, "--lose-region": lose_region}
        if extra := [name for name, value in beside.items() if value is not None]:
            raise AscentError(f"--fit: given with {', '.join(extra)}; it takes --stack, --runtime and --assume alone")
        _fit(stack, runtime, assume or [], as_json=as_json)
    # numpy takes a moment to import: not before the input is known to be good.
    from ops.simulate.assumptions import assumed
    from ops.simulate.report import show
    from ops.simulate.simulation import simulate as run
    from ops.simulate.stack import of_file
    from ops.simulate.summary import summary

    numbers = assumed(assume or [])
    chosen = of_file(stack, stage, runtime)
    traffic = _traffic(trace, shape, users, days, chosen)
    lost = _lost(shape, lose_zone, lose_region, traffic)
    _writable(out)
    charts: list[Path] = []
    with progress() as live:
        found = run(chosen, traffic, numbers, lost, progress=lambda what: live(f"Simulating {what}"))
        try:
            told = summary(found, shipped())
        except PriceError as error:
            raise ascent_error(error) from None
        if out is not None:
            from ops.simulate.charts import write

            live("Drawing")
            charts = write(found, out)
    if as_json:
        print(json.dumps(told.as_dict() | {"charts": [str(one) for one in charts]}, indent=2))  # noqa: T201
    else:
        show(told, charts)
    raise typer.Exit(0 if told.holds else NO)


def _traffic(
    trace: Path | None, shape: str | None, users: int | None, days: int | None, stack: SimulatedStack
) -> TrafficCurve:
    from infra.stages import STAGES
    from ops.simulate.shapes import SHAPES, made
    from ops.simulate.traffic import read

    if (trace is None) == (shape is None):
        given = "neither" if trace is None else f"{trace} and --shape {shape}"
        raise AscentError(f"traffic: given {given}; give a CSV file or --shape {', '.join(SHAPES)}")
    if trace is not None:
        if users is not None:
            raise AscentError("--users: is for --shape; a file says itself how many requests there are")
        if days is not None:
            raise AscentError("--days: is for --shape; a file says itself how long it is")
        return read(trace)
    assert shape is not None  # noqa: S101  one of both is there
    if shape not in SHAPES:
        raise AscentError(f"--shape: given {shape!r}; the shapes are {', '.join(SHAPES)}")
    return made(shape, users or STAGES[stack.stage].users * stack.regions, days or 1)


def _lost(shape: str | None, zone: str | None, region: str | None, traffic: TrafficCurve) -> LossTimes:
    from ops.simulate.moments import second_of
    from ops.simulate.serving import LossTimes
    from ops.simulate.shapes import BUSIEST

    zone_at = None if zone is None else second_of(zone, "--lose-zone", traffic.seconds)
    region_at = None if region is None else second_of(region, "--lose-region", traffic.seconds)
    if shape == "zone-loss" and zone_at is None:
        zone_at = BUSIEST
    if shape == "region-loss" and region_at is None:
        region_at = BUSIEST
    return LossTimes(zone=zone_at, region=region_at)


def _writable(out: Path | None) -> None:
    """Make the directory, so that a typo is said before anything is worked out."""
    if out is None:
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AscentError(f"--out: {out}: {error.strerror}; give a directory that can be written") from None


def _fit(stack: str, runtime: Runtime | None, assume: list[str], *, as_json: bool) -> None:
    from ops.simulate.assumptions import assumed
    from ops.simulate.fit import fitted
    from ops.simulate.report import show_fit

    numbers = assumed(assume)
    with progress() as live:
        found = fitted(stack, runtime, numbers, progress=live)
    if as_json:
        print(json.dumps(found.as_dict(), indent=2))  # noqa: T201
    else:
        show_fit(found)
    raise typer.Exit(0 if found.holds else NO)
