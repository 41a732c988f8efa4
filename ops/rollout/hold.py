"""Keeps traffic off a new color until an update has rolled back as well: the rollout's own, or an abort's."""

from __future__ import annotations

from datetime import timedelta

from infra.config.models.rollout import Phase
from infra.rollout_order import same, went_back
from infra.thresholds import ENGINE_WAIT, HEALTHY_WAIT
from ops.rollout.clock import TimeSource
from ops.rollout.divert import Tell, divert, put_right
from ops.rollout.gates import GateError
from ops.rollout.known import applied
from ops.rollout.observer import Look
from ops.rollout.state_machine import RolloutRefusedError, old_shares, under_way

# The time of an update that is under way, and of the wait for targets after it.
LONGEST = timedelta(minutes=ENGINE_WAIT.value + HEALTHY_WAIT.value)


def hold(look: Look, clock: TimeSource, tell: Tell, live: Tell) -> None:
    """Move the weights back, and again whenever an update moves them forward.

    Raises:
        RolloutRefusedError: when there is nothing to roll back, or the rollout ended nevertheless.
        GateError: when the weights could not be moved in the end.
        EngineError: when the stack's outputs cannot be read.
    """
    last = applied(look, again=True)
    if last is None or old_shares(last) is None:
        raise RolloutRefusedError(
            f"no rollout of {look.file.stack} has weights to move back; see: ascent rollout status"
        )
    began, until, failed = under_way(last), clock.now() + LONGEST, [""]
    while last is not None and last.progress and same(last.progress, began) and last.progress.phase is Phase.FORWARD:
        failed = divert(look, last, tell)
        if clock.now() > until:
            if failed:
                raise GateError("; ".join(failed))
            raise RolloutRefusedError(
                f"no update has gone back within {LONGEST.seconds // 60} minutes; the traffic is off {began.to}. "
                f"Go back with: ascent rollout abort --stack {look.file.stack}"
            )
        live("; ".join(failed) or "Waiting for an update to roll back as well")
        clock.sleep(look.gates.poll)
        last = applied(look, again=True)
    if last is not None and last.progress and last.progress.phase is Phase.CLEANING and not went_back(last):
        # Weights that were moved meanwhile lead to a color that is gone.
        put_right(look, last, tell)
        raise RolloutRefusedError(
            f"the rollout of {look.file.stack} came to its end before: {last.leading} has all the traffic"
        )
    tell("An update has rolled back as well.")
