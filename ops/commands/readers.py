"""`ascent readers`: shows the readers that autoscaling made, and can remove those that no scaling policy keeps."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from infra.clients import clients
from infra.thresholds import READER_POLL, READER_WAIT
from ops import stackfile
from ops.console import agreed, console, errors, progress
from ops.errors import NO, AscentError, ascent_error
from ops.tables import plain_table


def readers(
    *,
    stack: Annotated[str, typer.Option(help="Stack to look at.")],
    remove: Annotated[bool, typer.Option("--remove", help="Delete those that no scaling policy keeps.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before the first one is deleted.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show the Aurora readers that autoscaling made. Pulumi's state has none of them, and they outlive the scaling.

    A stack that has moved below stage 4 goes on paying for them, and a cluster that still has one cannot be deleted:
    remove them after such a move, before pulumi destroy, and before a region is removed. A scaling policy that still
    exists would make them again: first set ascent:readers.maximum to the minimum, or move down, and run pulumi up.

    JSON: {stack, readers: [{region, cluster, instance, kept}], removed: [instance]}; kept: by a scaling policy.

    Exit codes: 0 shown or removed, 1 one could not be removed or you said no, 2 the stack or AWS cannot be asked.

    Examples:

        ascent readers --stack prod

        ascent readers --stack prod --remove --yes
    """
    from ops.readers import ReadersError
    from ops.readers import readers as look
    from ops.readers import remove as delete

    removed: list[str] = []
    try:
        settings = stackfile.settings(stack)
        asking = clients(settings.account.assume_role)
        found = list(look(settings, stack, asking))
    except ReadersError as error:
        raise ascent_error(error) from None
    idle = [one for one in found if not one.kept]
    if remove and idle and not yes:
        agreed(f"Delete {len(idle)} readers of {stack}?")
    problem = None
    with progress() as live:
        for one in idle if remove else ():
            live(f"Deleting {one.instance} in {one.region}")
            try:
                delete(one, asking, seconds=READER_WAIT.value, wait=time.sleep, poll=READER_POLL.value)
            except ReadersError as error:
                problem = str(error)
                break
            removed.append(one.instance)
    document = {"stack": stack, "readers": [one.as_dict() for one in found], "removed": removed}
    if problem and as_json:
        raise AscentError(problem, code=NO, document=document)
    if as_json:
        print(json.dumps(document, indent=2))  # noqa: T201
    elif not found:
        console.print(f"No reader of {stack} was made by autoscaling.")
    else:
        table = plain_table()
        for title in ("Region", "Reader", "State"):
            table.add_column(title, overflow="fold")
        for one in found:
            state = "kept by a policy" if one.kept else "removed" if one.instance in removed else "kept by nothing"
            table.add_row(one.region, one.instance, state)
        console.print(table)
    if problem:
        raise AscentError(problem, code=NO)
    if remove and any(one.kept for one in found):
        errors.print(
            "A scaling policy would make them again: set ascent:readers.maximum to the minimum, or move below stage "
            "4, and run pulumi up first."
        )
