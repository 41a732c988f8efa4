"""`ascent failover`: the steps by which another region takes the writes, and with --apply, taking them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from typing import Annotated, Any

import typer
from rich.table import Table

from infra.settings import SettingsError
from infra.thresholds import FAILOVER_LAG
from ops import stackfile
from ops.console import console, errors
from ops.failover.cloud import Cloud, sdk
from ops.failover.config import difference, with_values
from ops.failover.perform import Performance, StepError
from ops.failover.plan import Plan, RefusedError, plan

FAILED, BAD_INPUT = 1, 2
SECONDS = 10  # until a health check that does not answer counts as failed


def failover(
    *,
    to: Annotated[str, typer.Option(help="AWS region that is to take the writes.")],
    stack: Annotated[str, typer.Option(help="Stack whose Pulumi.<stack>.yaml is read, and changed with --apply.")],
    lost: Annotated[bool, typer.Option("--lost", help="The region that takes the writes now does not answer.")] = False,
    lag: Annotated[
        float, typer.Option(min=0, help="Seconds that the replicas are behind, for the expected loss.")
    ] = FAILOVER_LAG.value,
    apply: Annotated[bool, typer.Option("--apply", help="Take the steps. Each is skipped if it is done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before the first step.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Have another region take the writes: a switchover that loses nothing, or with --lost a failover that may.

    Without --apply nothing is done: the steps are printed, with what they cost and the stack's file after them. The
    way back is the same command with the primary region. What was interrupted is run again.

    JSON: {stack, home, source, target, lost, database, cache, regions, host,
    steps: [{id, title, command, seconds}], rpo: {database, cache, objects}, rto, diff: [line]}; lost is a region or
    null, database and cache are names or null, all times are seconds. With --apply also
    results: {step: text} and, where one failed, error. Questions and progress go to standard error.

    Exit codes: 0 printed or done, 1 a step failed or you said no, 2 the stack or the region is not usable.

    Examples:

        ascent failover --stack prod --to eu-west-1

        ascent failover --stack prod --to eu-west-1 --lost --lag 2 --apply

        ascent failover --stack prod --to us-east-1 --apply --yes
    """
    file = stackfile.ROOT / f"Pulumi.{stack}.yaml"
    try:
        settings = stackfile.settings(stack)
        planned = plan(settings, stack, to, lost=lost, lag=lag)
        before = file.read_text()
        change = difference(file.name, before, with_values(before, planned.file))
    except (SettingsError, RefusedError) as error:
        raise _bad(str(error)) from None
    except ValueError as error:
        raise _bad(f"{file.name}: {error}; set ascent:writer and ascent:unreachable by hand") from None
    if not as_json:
        _show(planned, change)
    results: dict[str, str] = {}
    problem = None
    if apply:
        if not yes and not typer.confirm(f"Have {to} take the writes of {stack}?", err=True):
            raise typer.Exit(FAILED)
        performance = Performance(plan=planned, cloud=Cloud(sdk), file=file, update=_update, answers=_answers)
        problem = _perform(performance, results)
    if as_json:
        told: dict[str, Any] = {**planned.as_dict(), "diff": change}
        told |= {"results": results} if apply else {}
        print(json.dumps(told | ({"error": problem} if problem else {}), indent=2))  # noqa: T201
    if problem:
        raise typer.Exit(FAILED)


def _bad(text: str) -> typer.Exit:
    errors.print(text, style="red", markup=False)
    return typer.Exit(BAD_INPUT)


def _show(planned: Plan, change: list[str]) -> None:
    how = f"failover, {planned.lost} being lost" if planned.lost else "switchover"
    if planned.source == planned.target:
        how = "the file says so already; what is left is done"
    console.print(f"[bold]{planned.stack}: writes go from {planned.source} to {planned.target}[/bold] ({how})\n")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", justify="right")
    table.add_column("Step", overflow="fold")
    table.add_column("Seconds", justify="right", no_wrap=True)
    for number, step in enumerate(planned.steps, start=1):
        seconds = f"~{step.seconds}" if step.seconds else ""
        table.add_row(str(number), f"{step.title}\n[dim]{step.command}[/dim]", seconds)
    console.print(table)
    losses = {"database": planned.rpo.database, "cache": planned.rpo.cache, "objects": planned.rpo.objects}
    told = ", ".join(f"{what} {_seconds(one)}" for what, one in losses.items())
    console.print(f"\nExpected loss (RPO): {told}\nWrites wait (RTO): about {planned.rto} s; reads go on")
    console.print("\n" + ("\n".join(change) or "The stack's file says so already."), markup=False)


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "its owner's to say"
    return f"up to {seconds:g} s" if seconds else "none"


def _perform(performance: Performance, results: dict[str, str]) -> str | None:
    """Take every step, telling how it went. Returns why one failed."""
    for number, step in enumerate(performance.plan.steps, start=1):
        errors.print(f"{number}. {step.title}...", style="bold", markup=False)
        try:
            results[step.id] = performance.take(step.id)
        except StepError as error:
            errors.print(str(error), style="red", markup=False)
            errors.print("What came before is done. To go on from here, run the same command again.", markup=False)
            return str(error)
        errors.print(f"   {results[step.id]}", markup=False)
    return None


def _update(*arguments: str) -> bool:
    """`pulumi up`, its output on standard error, with the engine on PATH or else the repository's own."""
    own = stackfile.ROOT / ".toolchain" / "bin" / "pulumi"
    engine = shutil.which("pulumi") or str(own)
    command = [engine, "up", *arguments, "--yes", "--skip-preview", "--non-interactive"]
    try:
        return subprocess.run(command, cwd=stackfile.ROOT, stdout=2, env=os.environ, check=False).returncode == 0
    except OSError as error:
        raise StepError(f"there is no pulumi ({error.strerror}); install it, or run: make setup") from None


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310  https, from our own config
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
