"""`ascent failover`: shows the steps by which another region takes the writes, and with --apply, takes them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.clients import clients
from infra.config.settings import Settings
from infra.thresholds import FAILOVER_LAG
from ops import stackfile, steps
from ops.console import agreed, console, errors
from ops.engine.deployment import PulumiError, printed, run
from ops.errors import NO, AscentError, ascent_error
from ops.failover.cloud import FailoverCloud
from ops.failover.config import difference, with_values
from ops.failover.errors import StepError
from ops.failover.fence import Fence
from ops.failover.instances import FailoverInstances
from ops.failover.keys import Keys, provider
from ops.failover.left import left
from ops.failover.perform import FailoverRun
from ops.failover.plan import FailoverPlan, FailoverRefusedError, excluded, plan
from ops.failover.restart import Restart
from ops.over_budget import AGREE, OverBudget
from ops.stackedit import refuse_read_only

if TYPE_CHECKING:
    from ops.cost.move import Bill

SECONDS = 10  # Seconds without an answer after which a region counts as lost.


def failover(
    *,
    to: Annotated[str, typer.Option(help="AWS region that will take the writes.")],
    stack: Annotated[str, typer.Option(help="Stack whose Pulumi.<stack>.yaml is read, and changed with --apply.")],
    lost: Annotated[bool, typer.Option("--lost", help="The region that takes the writes now does not answer.")] = False,
    lag: Annotated[
        float, typer.Option(min=0, help="Seconds that the replicas are behind, for the expected loss.")
    ] = FAILOVER_LAG.value,
    without_old_objects: Annotated[
        bool,
        typer.Option("--without-old-objects", help="Go on although objects from before stage 7 may be missing there."),
    ] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Take the steps. Each is skipped if it is done.")] = False,
    over_budget: OverBudget = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before the first step.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Move the writes to another region: a switchover that loses nothing, or with --lost a failover that may lose data.

    Without --apply nothing is done: the steps are printed, with what they cost and the stack's file after them. The
    way back is the same command with the primary region. After an interruption, run the command again.

    A region is refused while its buckets may lack objects that are older than their replication: `ascent backfill`
    copies them. While the primary region is lost they cannot be copied, and --without-old-objects goes on without them.

    To take a lost region that answers again back into service, run the same command without --lost.

    A switchover after which a normal month costs more than the budget is refused, unless --over-budget agrees. With
    --lost, the budget stops nothing.

    JSON: {stack, home, source, target, lost, drained, returned, fenced, database, cache, regions, host, health,
    steps: [{id, title, command, seconds}], rpo: {database, cache, objects}, rto, diff: [line], cost: {before, after,
    budget, unpriced} or null}; lost, returned and fenced are a region or null, drained and regions lists of regions,
    database and cache names or null, all times seconds.
    rpo.objects is null where old objects may be missing as well. With --apply also
    results: {step: text} and, where one failed, error. Questions and progress go to standard error.

    Exit codes: 0 printed or done, 1 a step failed or you said no, 2 the stack or the region is not usable, 130
    interrupted.

    Examples:

        ascent failover --stack prod --to eu-west-1

        ascent failover --stack prod --to eu-west-1 --lost --lag 2 --apply

        ascent failover --stack prod --to eu-west-1 --lost --without-old-objects --apply

        ascent failover --stack prod --to us-east-1 --apply --yes
    """
    file = stackfile.ROOT / f"Pulumi.{stack}.yaml"
    try:
        settings = stackfile.settings(stack)
        if apply:
            refuse_read_only(file)
        before = file.read_text()
        planned = plan(
            settings, stack, to, lost=lost, lag=lag, without_old_objects=without_old_objects, key=provider(before)
        )
        change = difference(file.name, before, with_values(before, planned.file, file.name))
    except FailoverRefusedError as error:
        raise ascent_error(error) from None
    bill, unpriced = _bill(planned, settings)
    if not as_json:
        _show(planned, change, f"Cost: {bill or unpriced}")
    results: dict[str, str] = {}
    problem = None
    if apply:
        # The budget does not stop a failover of a service that is down.
        if bill and bill.exceeds and not over_budget and not planned.lost:
            raise AscentError(f"Nothing was done: {bill.excess}; {AGREE}", code=NO)
        wait = steps.Patience(time.sleep)
        if not yes:
            agreed(f"Have {to} take the writes of {stack}?")
        asked = clients(settings.account.assume_role)
        restart = Restart(
            stack=stack, instances=FailoverInstances(asked), groups=lambda region: _groups(stack, region), wait=wait
        )
        performance = FailoverRun(
            plan=planned,
            cloud=FailoverCloud(asked),
            file=file,
            update=_update,
            left=lambda: _left(planned),
            answers=lambda url: steps.answers(url, wait),
            fence=Fence(clients(settings.account.assume_role, seconds=SECONDS)),
            keys=Keys(stack=stack, file=file, clients=clients(), run=_engine),
            restart=restart.region,
            complete=lambda region: _complete(settings, stack, region),
            wait=wait,
            tell=lambda text: errors.print(f"   {text}", markup=False),
        )
        problem = steps.take(planned.steps, performance.take, results)
    if as_json:
        told: dict[str, Any] = {**planned.as_dict(), "diff": change, "cost": bill.as_dict() if bill else None}
        told |= {"results": results} if apply else {}
        print(json.dumps(told | ({"error": problem} if problem else {}), indent=2))  # noqa: T201
    if problem:
        raise typer.Exit(NO)


def _bill(planned: FailoverPlan, settings: Settings) -> tuple[Bill | None, str]:
    """What a month costs before and after, or why that is unknown, which does not stop the failover."""
    from ops.cost import estimate
    from ops.cost.move import Bill
    from ops.engine.render import render

    values = stackfile.config(planned.stack)
    for key, value in planned.file.items():
        name = key.removeprefix(f"{stackfile.PROJECT}:")
        values.pop(name, None)
        if value:
            values[name] = value if isinstance(value, str) else list(value)
    try:
        after = stackfile.read(values, f"Pulumi.{planned.stack}.yaml")
        now, then = (estimate(render(one, planned.stack), one) for one in (settings, after))
    except Exception as error:
        return None, f"unknown ({error})"
    return Bill(before=now, after=then, budget=settings.sizes.budget.monthly_usd), ""


def _show(planned: FailoverPlan, change: list[str], cost: str) -> None:
    how = f"failover, {planned.lost} being lost" if planned.lost else "switchover"
    if planned.source == planned.target:
        how = "the file says so already: steps that are done are skipped"
    console.print(f"[bold]{planned.stack}: writes go from {planned.source} to {planned.target}[/bold] ({how})\n")
    steps.show(planned.steps)
    told = ", ".join(
        [
            f"database {_seconds(planned.rpo.database)}",
            f"cache {_seconds(planned.rpo.cache)}",
            "objects "
            + ("all older than their replication" if planned.rpo.objects is None else _seconds(planned.rpo.objects)),
        ]
    )
    reads = f"reads go on, but not in {' and '.join(planned.drained)}" if planned.drained else "reads go on"
    console.print(f"\nExpected loss (RPO): {told}\nWrites wait (RTO): about {planned.rto} s; {reads}")
    console.print(cost, markup=False)
    console.print("\n" + ("\n".join(change) or "The stack's file says so already."), markup=False)


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "known to its owner"
    return f"up to {seconds:g} s" if seconds else "none"


def _complete(settings: Settings, stack: str, region: str) -> bool:
    """Whether the stack's file says that a region's buckets, as its last update left them, have all objects."""
    from ops.backfill.copies import NoCopiesError, copies
    from ops.engine.updates import Automation, EngineError

    engine = Automation(stack, lambda _: None, lambda text: errors.print(text, markup=False))
    try:
        return copies(settings, stack, engine.outputs()).done(settings, region)
    except (EngineError, NoCopiesError) as error:
        raise StepError(
            f"what {region} has is unknown: {error}; to go on without knowing it, use --without-old-objects"
        ) from error


def _groups(stack: str, region: str) -> list[str]:
    """ARNs of the target groups of a region's instances, as the last update left them."""
    from ops.engine.updates import Automation, EngineError

    engine = Automation(stack, lambda _: None, lambda text: errors.print(text, markup=False))
    try:
        told = engine.outputs()["regions"][region]["rollout"]["targetGroups"]
    except (EngineError, KeyError) as error:
        raise StepError(f"the target groups in {region} are unknown: {error}") from error
    return [arn for name, arn in told.items() if name.endswith("-ec2")]


def _update(*arguments: str) -> bool:
    """`pulumi up`, its output on standard error."""
    with _as_step():
        return run(["up", *arguments, "--yes", "--skip-preview"], output=2).returncode == 0


def _left(planned: FailoverPlan) -> list[str]:
    """What an update that leaves the lost region alone would still change of what the new writer needs."""
    from ops.engine.updates import Automation, EngineError

    lost = planned.lost or ""
    engine = Automation(planned.stack, lambda _: None, lambda text: errors.print(text, markup=False))
    try:
        foreseen = engine.foreseen(excluded(planned.stack, lost))
    except EngineError as error:
        raise StepError(f"the update failed, see above, and what it has left to do is unknown: {error}") from error
    return left(foreseen, (lost, *planned.drained))


def _engine(arguments: Sequence[str]) -> str:
    """What the engine prints."""
    with _as_step():
        return printed(arguments)


@contextmanager
def _as_step() -> Iterator[None]:
    try:
        yield
    except PulumiError as error:
        raise StepError(str(error)) from error
