"""Rollback check: refuses a stack file that is older than the stack, from before a rollout step or a failover.

A rollout and a failover change the stack file on the machine where they run, and the stack with it. An update from
another copy of the file, which does not have the change yet, would undo it at once: it would take away the traffic and
the instances of a color together, or send the application to a database that takes no writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
from pydantic import ValidationError

from infra.authoritative import WRITER
from infra.clients import Clients, faults, told
from infra.config.models.rollout import Phase, Progress, Rollout, Strategy
from infra.config.settings import Settings
from infra.rollout_order import is_behind, same, takes_away
from infra.wiring.engine_version import GLOBAL_DATABASE

# The output that keeps the rollout of the last update.
ROLLOUT = "rollout"


def refuse_rollback(settings: Settings, outputs: Mapping[str, Any], clients: Clients | None) -> None:
    """Refuse a stack file that is older than the stack, before anything is declared.

    Args:
        settings: of the stack.
        outputs: its outputs after the last update.
        clients: AWS clients, to look up the writer of the database; None to make no calls.

    Raises:
        pulumi.RunError: with the state of the stack, and what to do.
    """
    where = f"Pulumi.{pulumi.get_stack()}.yaml"
    last = _parsed(outputs.get(ROLLOUT))
    if last is not None and (why := next(undone_changes(last, settings.rollout), None)):
        raise pulumi.RunError(f"{where}: ascent:rollout: given {_described(settings.rollout)}; {why}")
    if why := next(_writer_moved(settings, outputs, clients), None):
        raise pulumi.RunError(f"{where}: ascent:writer: given {settings.writer or 'nothing'}; {why}")


def undone_changes(last: Rollout, now: Rollout) -> Iterator[str]:
    """What an update from the rollout `last` to `now` would undo: one message each."""
    was, goes = last.progress, now.progress
    if was is not None and goes is not None and same(was, goes):
        if is_behind(now, last):
            yield f"the stack is further: {_described(last)}. {_TAKE}"
    elif was is not None and not _may_have_ended(was):
        if now.colors != last.colors:
            yield f"the stack is in a rollout: {_described(last)}. This would end it at once. {_TAKE}"
    elif was is not None and was.phase is Phase.FORWARD and now.colors[was.to].image == was.before:
        yield f"the stack has a newer image: {_described(last)}. {_TAKE}"
    elif goes is not None and any(_takes_traffic(last, now, color) for color in last.colors):
        yield f"the stack has left that rollout behind: {_described(last)}. {_TAKE}"
    for color in takes_away(now, last):
        one = last.colors[color]
        yield (
            f"the stack sends {one.weight} % to {color}, which runs {one.image} and would go in the same update. "
            "Take its traffic away first, and its image with a later update"
        )


_TAKE = "Take the file as it is where the rollout runs, or go on from here: ascent rollout step, or abort to go back"


def _parsed(applied: Any) -> Rollout | None:
    """The rollout of the last update; None where there is none, or it does not parse."""
    # The engine passes all numbers as floats; a rollout has only whole numbers.
    whole = json.loads(json.dumps(applied), parse_float=lambda text: int(float(text)))
    try:
        return Rollout.model_validate_json(json.dumps(whole)) if whole else None
    except ValidationError:
        return None


def _may_have_ended(progress: Progress) -> bool:
    """Whether a rollout may have ended without a further update: then only the file knows that it ended."""
    return progress.phase is Phase.CLEANING or progress.strategy is Strategy.ROLLING


def _takes_traffic(last: Rollout, now: Rollout, color: str) -> bool:
    """Whether the update takes traffic from a color, or replaces an image in service other than by a new rollout."""
    one, other, goes = last.colors[color], now.colors[color], now.progress
    begins = goes is not None and goes.to == color and goes.before == one.image
    return other.weight < one.weight or (one.weight > 0 and other.image != one.image and not begins)


def _described(rollout: Rollout) -> str:
    shares = ", ".join(
        f"{color} {one.weight} % {one.image or 'without image'}" for color, one in rollout.colors.items()
    )
    if rollout.progress is None:
        return f"{shares}, no rollout under way"
    return f"{shares}, {rollout.progress.strategy} to {rollout.progress.to} ({rollout.progress.phase})"


def _writer_moved(settings: Settings, outputs: Mapping[str, Any], clients: Clients | None) -> Iterator[str]:
    """Why the database cannot take writes in the region that the file names: one message at most."""
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
    database = (outputs.get("data") or {}).get(GLOBAL_DATABASE)
    written = _writer_region(clients, now, str(database)) if clients is not None and database else None
    if written not in (None, now):
        yield f"the database is written in {written}. {way}"


def _writer_region(clients: Clients, region: str, database: str) -> str | None:
    """The region of the writer of a global database; None where AWS gives no answer."""
    try:
        answer = clients("rds", region).describe_global_clusters(GlobalClusterIdentifier=database)
    except faults() as error:
        pulumi.log.info(f"not looked at where {database} is written: {told(error)}")
        return None
    members = [member for found in answer["GlobalClusters"] for member in found["GlobalClusterMembers"]]
    return next((str(one["DBClusterArn"]).split(":")[3] for one in members if one["IsWriter"]), None)
