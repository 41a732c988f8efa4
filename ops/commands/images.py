"""`ascent images`: shows whether each region has the images that it pulls, and can wait until it has."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ops import stackfile
from ops.console import console, progress
from ops.errors import NO, ascent_error
from ops.tables import plain_table

if TYPE_CHECKING:
    from ops.images import FoundImage

POLL = 15.0  # seconds
COLORS = {"there": "green", "missing": "red", "not asked": "default"}
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")


def images(
    *,
    stack: Annotated[str, typer.Option(help="Stack whose images to look for.")] = "sandbox",
    stage: Annotated[int | None, typer.Option(min=1, max=7, help="Another stage than the stack's own.")] = None,
    wait: Annotated[int, typer.Option(min=0, max=720, metavar="MINUTES", help="Wait so long for missing images.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show whether the registry of each region has the stack's images, and what ECR's scan of them found.

    Run it after a push and before an update: ECR takes some minutes to copy an image to other regions, and an instance
    that finds none does not come into service. Registries other than ECR are not asked. Nothing is changed.

    JSON: {stack, ok, images: [{region, key, image, state: "there" | "missing" | "not asked", findings: {severity:
    number} or null}]}.

    Exit codes: 0 no image is missing, 1 one is, 2 a registry cannot be asked.

    Examples:

        ascent images --stack prod

        docker push ... && ascent images --stack prod --wait 30 && pulumi up --stack prod
    """
    from infra.clients import clients
    from ops.images import ImagesError, ImageState, look, until_there

    try:
        # Also for a stack that is refused because only one region has the image: this command shows which.
        settings = stackfile.settings(stack, stage, judged=False)
        asking = clients(settings.account.assume_role)
        with progress() as live:
            live(f"Looking for the images of {stack}")
            found = until_there(lambda: list(look(settings, asking)), seconds=wait * 60, wait=time.sleep, poll=POLL)
    except ImagesError as error:
        raise ascent_error(error) from None
    fine = all(one.state is not ImageState.MISSING for one in found)
    if as_json:
        document = {"stack": stack, "ok": fine, "images": [one.as_dict() for one in found]}
        print(json.dumps(document, indent=2))  # noqa: T201
    else:
        _show(found)
    raise typer.Exit(0 if fine else NO)


def _show(found: Sequence[FoundImage]) -> None:
    table = plain_table()
    for heading in ("Region", "Image", "State", "Scan"):
        table.add_column(heading, overflow="fold")
    for one in found:
        state = f"[{COLORS[one.state]}]{one.state}[/]"
        table.add_row(one.region, f"{one.key}\n[dim]{one.image}[/]", state, _scan(one.findings))
    console.print(table)
    if any(one.state == "missing" for one in found):
        console.print("\nPush what is missing, or wait for its copy: docs/images.md.")


def _scan(findings: Mapping[str, int] | None) -> str:
    if findings is None:
        return ""
    return "\n".join(f"{findings[one]} {one.lower()}" for one in SEVERITIES if findings.get(one)) or "nothing"
