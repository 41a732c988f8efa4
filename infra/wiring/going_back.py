"""Refuses a stack's file that is behind the stack: one from before a rollout's step, or from before a failover.

A rollout and a failover change the stack's file where they run, and the stack with it. Another update, of a file that
does not have the change yet, would undo it at once: it would take a color's traffic and its instances together, or send
the application to a database that takes no writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
from pydantic import ValidationError

from infra.clients import Clients
from infra.config.models.rollout import Phase, Progress, Rollout, Strategy
from infra.config.settings import Settings
from infra.rollout_order import is_behind, same, takes_away
from infra.wiring.engine_version import WORLD

# The outputs that keep what the last update had.
ROLLOUT, WRITER = "rollout", "writer"


def refuse_to_go_back(settings: Settings, outputs: Mapping[str, Any], clients: Clients | None) -> None:
    """Refuse a file that is behind the stack, before anything is declared.

    Args:
        settings: of the stack.
        outputs: its outputs after the last update.
        clients: of AWS' services, to ask where the database is written; None to ask nothing.

    Raises:
        pulumi.RunError: with what the stack has, and what to do.
    """
    where = f"Pulumi.{pulumi.get_stack()}.yaml"
    last = _known(outputs.get(ROLLOUT))
    if last is not None and (why := next(undone(last, settings.rollout), None)):
        raise pulumi.RunError(f"{where}: ascent:rollout: given {_told(settings.rollout)}; {why}")
    if why := next(_unwritten(settings, outputs, clients), None):
        raise pulumi.RunError(f"{where}: ascent:writer: given {settings.writer or 'nothing'}; {why}")


def undone(last: Rollout, now: Rollout) -> Iterator[str]:
    """What an update from the rollout `last` to `now` would undo, in words."""
    was, goes = last.progress, now.progress
    if was is not None and goes is not None and same(was, goes):
        if is_behind(now, last):
            yield f"the stack is further: {_told(last)}. {_TAKE}"
    elif was is not None and not _may_be_over(was):
        if now.colors != last.colors:
            yield f"the stack is in a rollout: {_told(last)}. This would end it at once. {_TAKE}"
    elif was is not None and was.phase is Phase.FORWARD and now.colors[was.to].image == was.before:
        yield f"the stack has a newer image: {_told(last)}. {_TAKE}"
    elif goes is not None and any(_taken(last, now, color) for color in last.colors):
        yield f"the stack has left that rollout behind: {_told(last)}. {_TAKE}"
    for color in takes_away(now, last):
        one = last.colors[color]
        yield (
            f"the stack sends {one.weight} % to {color}, which runs {one.image} and would go in the same update. "
            "Take its traffic away first, and its image with a later update"
        )


_TAKE = "Take the file as it is where the rollout runs, or go on from here: ascent rollout step, or abort to go back"


def _known(applied: Any) -> Rollout | None:
    """The last update's rollout; none where there is none to understand."""
    # The engine hands all numbers over as floats, and all that a rollout has are whole.
    whole = json.loads(json.dumps(applied), parse_float=lambda text: int(float(text)))
    try:
        return Rollout.model_validate_json(json.dumps(whole)) if whole else None
    except ValidationError:
        return None


def _may_be_over(progress: Progress) -> bool:
    """Whether a rollout may have come to its end without a further update: its end is then in the file alone."""
    return progress.phase is Phase.CLEANING or progress.strategy is Strategy.ROLLING


def _taken(last: Rollout, now: Rollout, color: str) -> bool:
    """Whether a rollout that begins would take traffic from a color, or another image than one in place may."""
    one, other, goes = last.colors[color], now.colors[color], now.progress
    begins = goes is not None and goes.to == color and goes.before == one.image
    return other.weight < one.weight or (one.weight > 0 and other.image != one.image and not begins)


def _told(rollout: Rollout) -> str:
    shares = ", ".join(
        f"{color} {one.weight} % {one.image or 'without image'}" for color, one in rollout.colors.items()
    )
    if rollout.progress is None:
        return f"{shares}, no rollout under way"
    return f"{shares}, {rollout.progress.strategy} to {rollout.progress.to} ({rollout.progress.phase})"


def _unwritten(settings: Settings, outputs: Mapping[str, Any], clients: Clients | None) -> Iterator[str]:
    """Why writes cannot be where a file says, in words."""
    last, now = outputs.get(WRITER), settings.writing_region
    if last in (None, now):
        return
    stack = pulumi.get_stack()
    way = (
        f"Set ascent:writer: {last}; to have another region take the writes: ascent failover --stack {stack} --to {now}"
    )
    if settings.writer is None:
        yield f"the last update had {last}, where a failover took the writes to. {way}"
        return
    world = (outputs.get("data") or {}).get(WORLD)
    written = _written(clients, now, str(world)) if clients is not None and world else None
    if written not in (None, now):
        yield f"the database is written in {written}. {way}"


def _written(clients: Clients, region: str, world: str) -> str | None:
    """The region whose cluster is the writer of a global database; None where AWS does not say."""
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

    try:
        answer = clients("rds", region).describe_global_clusters(GlobalClusterIdentifier=world)
    except (BotoCoreError, ClientError) as error:
        pulumi.log.info(f"not looked at where {world} is written: {error}")
        return None
    members = [member for found in answer["GlobalClusters"] for member in found["GlobalClusterMembers"]]
    return next((str(one["DBClusterArn"]).split(":")[3] for one in members if one["IsWriter"]), None)
