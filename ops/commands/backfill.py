"""`ascent backfill`: copies objects that are older than the replication of their bucket."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from infra.config.problems import SettingsError
from infra.thresholds import BACKFILL_POLL
from ops import stackfile
from ops.console import console, errors, progress
from ops.errors import INTERRUPTED, NO, AscentError, ascent_error, sentence
from ops.tables import plain_table

if TYPE_CHECKING:
    from infra.config.settings import Settings
    from ops.backfill.copies import Copies
    from ops.backfill.jobs import CopyJob, CopyJobs

KEY = "backfilled"


def backfill(
    *,
    stack: Annotated[str, typer.Option(help="Stack whose Pulumi.<stack>.yaml is read, and edited when all is copied.")],
    region: Annotated[
        str | None, typer.Option(help="Do nothing if this region's buckets are complete. Default: every region.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is done: minutes to days.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Copy to the other regions the objects that were in the home's buckets before their replication began.

    S3 replicates what is written from stage 7 on, and nothing older. This command has S3 Batch Replication copy the
    rest: a job for each bucket, to all regions at once. It is needed once after the move to stage 7, after a region was
    added, and after a region was removed and added again; not after a failover or a fail-back. Run again, it reports on
    the jobs that run, and starts no second ones. It retries what could not be copied. When all is copied, it writes
    ascent:backfilled into the stack's file: commit it.

    S3 charges for jobs, objects and the transfer between regions. Objects that one of several regions has already are
    sent there again.

    JSON: {stack, done, regions: [REGION], jobs: [{kind, bucket, id, state, total, copied, failed, why, report, done}]};
    id is null where the bucket is empty. jobs is empty where the stack's file says that all is done.

    Exit codes: 0 all is copied, or, without --wait, under way, 1 something could not be copied, 2 the stack has no
    copies, or S3 refuses.

    Examples:

        ascent backfill --stack prod

        ascent backfill --stack prod --wait

        ascent backfill --stack prod --region eu-west-1 --json | jq .done
    """
    from ops.backfill.copies import NoCopiesError
    from ops.backfill.jobs import JobError
    from ops.engine.updates import EngineError
    from ops.stackedit import FileBusyError, refuse_read_only

    try:
        with progress() as live:
            settings = stackfile.settings(stack)
            found = _copies(settings, stack, live)
            wanted = _wanted(found, region)
            jobs: list[CopyJob] = []
            done = all(found.done(settings, one) for one in wanted)
            if not done:
                refuse_read_only(stackfile.ROOT / f"Pulumi.{stack}.yaml")
                jobs = _run(_jobs(found, settings), live, wait=wait)
                done = all(one.done for one in jobs)
                if done:
                    _note(stack, found)
    except (NoCopiesError, JobError, EngineError, FileBusyError) as error:
        raise ascent_error(error, sentence(error)) from None
    except KeyboardInterrupt:
        told = "Interrupted; the jobs go on. To follow them, run the same command again."
        raise AscentError(told, code=INTERRUPTED) from None
    if as_json:
        document = {"stack": stack, "done": done, "regions": wanted, "jobs": [one.as_dict() for one in jobs]}
        print(json.dumps(document, indent=2))  # noqa: T201
    else:
        _show(stack, wanted, jobs, done=done)
    if any(one.ended and not one.done for one in jobs):
        raise typer.Exit(NO)


def _copies(settings: Settings, stack: str, live: Callable[[str], None]) -> Copies:
    from ops.backfill.copies import NoCopiesError, copies
    from ops.engine.updates import Automation

    if settings.unreachable == settings.home:
        raise NoCopiesError(
            f"Pulumi.{stack}.yaml: ascent:unreachable: given {settings.home}, which has the objects; when that region "
            f"answers again, remove the key, run pulumi up --stack {stack}, and then this"
        )
    # Before the question whether AWS answers: the stage alone may be the reason to stop.
    if len(settings.active_regions) == 1:
        return copies(settings, stack, {})
    live(f"Looking up which buckets {stack} copies")
    engine = Automation(stack, live, lambda text: errors.print(text, markup=False))
    return copies(settings, stack, engine.outputs())


def _wanted(found: Copies, region: str | None) -> list[str]:
    if region is not None and region not in found.to:
        raise SettingsError([f"--region: given {region}; objects are copied to {', '.join(found.to)}"])
    return sorted(found.to) if region is None else [region]


def _jobs(found: Copies, settings: Settings) -> CopyJobs:
    from infra.clients import clients
    from ops.backfill.jobs import CopyJobs

    return CopyJobs(found, clients(settings.account.assume_role))


def _run(runs: CopyJobs, live: Callable[[str], None], *, wait: bool) -> list[CopyJob]:
    live("Asking S3 for the jobs")
    jobs = runs.begin()
    while wait and not all(one.ended for one in jobs):
        live(", ".join(f"{one.kind} {_how_far(one)}" for one in jobs))
        time.sleep(BACKFILL_POLL.value)
        jobs = runs.look(jobs)
    return jobs


def _note(stack: str, found: Copies) -> None:
    """Write into the stack's file that the buckets of all regions are complete."""
    from ops.stackedit import EditedFile, edited

    file = EditedFile(stack)
    with file.held():
        noted = dict(stackfile.config(stack).get(KEY) or {})
        today = datetime.now(UTC).date().isoformat()
        noted |= {region: {"date": today, "buckets": found.mark(region)} for region in found.to}
        kept = {region: dict(one) for region, one in noted.items() if region in found.to}
        file.replace(edited(file.text(), KEY, kept, file.name))


def _how_far(one: CopyJob) -> str:
    if one.id is None:
        return "is empty"
    return f"{one.copied} of {one.total or '?'}"


def _show(stack: str, wanted: list[str], jobs: list[CopyJob], *, done: bool) -> None:
    if jobs:
        table = plain_table()
        for heading in ("Bucket", "Job", "State", "Copied", "Failed"):
            table.add_column(heading, overflow="fold")
        for one in jobs:
            table.add_row(one.bucket, one.id or "none", one.state, _how_far(one), str(one.failed or ""))
        console.print(table)
    for one in jobs:
        if one.ended and not one.done:
            reason = one.why or f"{one.failed} could not be copied; which ones, and why, is in {one.report}"
            console.print(f"{one.bucket}: {reason}", style="red", markup=False, soft_wrap=True)
    if done:
        console.print(f"{', '.join(wanted)}: complete, as Pulumi.{stack}.yaml says. Commit it.", markup=False)
    elif any(one.ended and not one.done for one in jobs):
        console.print(f"To try again what could not be copied: ascent backfill --stack {stack}", markup=False)
    else:
        console.print(f"Under way. To follow it: ascent backfill --stack {stack} --wait", markup=False)
