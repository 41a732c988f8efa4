"""`ascent restore`: shows the steps that restore the database to a time or snapshot, and with --apply, takes them."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from infra.clients import clients
from infra.config.settings import Settings
from ops import stackfile, steps
from ops.console import confirmed, console, errors, progress
from ops.cost.move import Bill
from ops.engine.updates import Automation, EngineError
from ops.errors import NO, AscentError, ascent_error
from ops.failover.errors import CloudError
from ops.over_budget import AGREE, OverBudget
from ops.restore.cloud import RestoreCloud
from ops.restore.look import look
from ops.restore.perform import RestoreRun
from ops.restore.plan import RestorePlan, RestoreRefusedError, plan, refuse, source, wish
from ops.restore.shape import NoDatabaseError, Shape, shape

# Types of resources that exist twice meanwhile: cluster and instances, not proxies.
DATABASE = "aws:rds/cluster"


def restore(
    *,
    stack: Annotated[str, typer.Option(help="Stack whose Pulumi.<stack>.yaml and state are read.")],
    to: Annotated[
        str | None, typer.Option(metavar="TIME", help="Time in ISO 8601 with its zone: 2026-11-29T10:30:00Z.")
    ] = None,
    snapshot: Annotated[
        str | None, typer.Option(metavar="ID", help="Snapshot of a cluster, instead of a time.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Take the steps. Each is skipped if it is done.")] = False,
    over_budget: OverBudget = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask before the restored database takes the place of the other.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Restore the database to a time or a snapshot. The present database stays, under another name.

    Without --apply nothing is done: the steps are printed, with what they cost and what is lost. With it, a second
    database is restored beside the present one, and you are asked before it takes over the name, and so the addresses.
    After a no, both stay: look at the restored one, copy rows from it, and run the same command again to go on, or
    remove it. Both cost until then: if a normal month is above the budget with both, --apply is refused, unless
    --over-budget agrees.

    After an interruption, run the command again with the same time or snapshot. Do not update the stack meanwhile. To
    get back a single table, do not let the restored database take over the name: docs/restore.md.

    JSON: {stack, cluster, region, to, snapshot, restored, kept, host, health, begun, steps: [{id, title, command,
    seconds}], rpo, rto, outage, cost: {before, after: with both databases, budget, unpriced}}; all times are seconds,
    but to, which is in ISO 8601. With --apply also results: {step: text} and, where one failed, error. Questions and
    progress go to standard error.

    Exit codes: 0 printed or done, 1 a step failed or you said no, 2 the stack, the time or the snapshot is not usable,
    130 interrupted.

    Examples:

        ascent restore --stack prod --to 2026-11-29T10:30:00Z

        ascent restore --stack prod --to 2026-11-29T10:30:00Z --apply

        ascent restore --stack prod --snapshot prod-use1-db-final-abc123 --apply

        ascent restore --stack prod --to 2026-11-29T11:30:00+01:00 --apply --yes --json
    """
    now = datetime.now(UTC)
    try:
        settings = stackfile.settings(stack)
        refuse(settings, stack)
        wanted = wish(to, snapshot, now)
        with progress() as live:
            engine = Automation(stack, live, lambda text: errors.print(text, markup=False))
            live(f"Looking up the database of {stack}")
            shaped = shape(engine.resources(), stack, settings.writing_region)
            cloud = RestoreCloud(clients(settings.account.assume_role), shaped.region)
            live("Asking AWS what can be restored")
            names, found = look(cloud, wanted, shaped)
        origin = source(wanted, found, names, shaped)
        planned = plan(settings, stack, shaped, names, origin, found, now)
    except (RestoreRefusedError, NoDatabaseError, EngineError, CloudError) as error:
        raise ascent_error(error) from None
    bill = _bill(planned, settings)
    if not as_json:
        _show(planned, bill)
    results: dict[str, str] = {}
    problem = None
    if apply:
        # A restore that has begun is paid for already.
        if bill.exceeds and not over_budget and not planned.begun:
            raise AscentError(f"Nothing was done: {bill.excess}; {AGREE}", code=NO)
        wait = steps.Patience(time.sleep)
        performance = RestoreRun(
            plan=planned,
            shape=shaped,
            names=names,
            source=origin,
            cloud=cloud,
            engine=engine,
            ask=lambda endpoint: yes or _asked(planned, shaped, endpoint),
            answers=lambda url: steps.answers(url, wait),
            wait=wait,
        )
        problem = steps.take(planned.steps, performance.take, results)
    if as_json:
        document: dict[str, Any] = (
            planned.as_dict() | {"cost": bill.as_dict()} | ({"results": results} if apply else {})
        )
        print(json.dumps(document | ({"error": problem} if problem else {}), indent=2))  # noqa: T201
    if problem:
        raise typer.Exit(NO)


def _bill(planned: RestorePlan, settings: Settings) -> Bill:
    """The cost of a month with both databases: the present one stays, at its present price."""
    from ops.cost import estimate
    from ops.engine.render import render

    now = estimate(render(settings, planned.stack), settings)
    second = tuple(row for row in now.rows if row.type.startswith(DATABASE) and row.region == planned.region)
    then = replace(now, rows=(*now.rows, *second))
    return Bill(before=now, after=then, budget=settings.sizes.budget.monthly_usd)


def _asked(planned: RestorePlan, shaped: Shape, endpoint: str) -> bool:
    """Ask whether the restored database takes the place of the other one."""
    errors.print(
        f"\n{planned.restored} is at {endpoint}\n"
        f"User {shaped.user}, today's password: aws secretsmanager get-secret-value --region {shaped.region} "
        f"--secret-id {shaped.secret}\nConnect to it from within the network, and check that it has what you want.",
        markup=False,
    )
    question = f"Put it in the place of {planned.cluster}? Nothing can be written for about {planned.outage} s."
    return confirmed(question)


def _show(planned: RestorePlan, bill: Bill) -> None:
    what = f"snapshot {planned.snapshot} of {planned.to}" if planned.snapshot else planned.to
    console.print(f"[bold]{planned.stack}: {planned.cluster} in {planned.region} is restored to {what}[/bold]\n")
    if planned.begun:
        console.print("It has been begun; what is left is done.\n")
    steps.show(planned.steps)
    console.print(
        f"\nLost (RPO): what was written since {planned.to}, {_long(planned.rpo)} by now, and what will be until the "
        f"swap\nTakes (RTO): about {_long(planned.rto)}, and the time that you take to look; no writes for about "
        f"{_long(planned.outage)} of it\nStays: the database as it is now, as {planned.kept}, guarded against "
        f"deletion\nCost while both are there: {bill}",
        markup=False,
    )


def _long(seconds: int) -> str:
    """A time for people."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    told = [f"{value} {unit}" for value, unit in parts if value]
    return " ".join(told[:2]) or "0 s"
