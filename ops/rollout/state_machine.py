"""The legal steps of a rollout. Pure: a rollout as in the stack's file goes in, the next one or an error comes out.

The progress of a rollout is only in the file. It is beside the weights, and is written together with them. `since`
closes a step: without it, the update that the file asks for has still to be made, or to be checked.

| phase    | the file says                                   | step                        | promote | abort |
|----------|-------------------------------------------------|-----------------------------|---------|-------|
| forward  | the new color has the weight of its last step   | next weight; then cleaning  | 100     | back  |
| back     | the old weights (in place: the old image)       | cleaning                    | -       | back  |
| cleaning | the color without traffic has no image any more | over                        | -       | -     |

In place there is nothing to clean: forward and back are followed by the end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from infra.alarms.model import PERCENT
from infra.config.models.rollout import WEIGHTS, Phase, Progress, Rollout, Strategy
from infra.thresholds import ERROR_RATE, GATE_REQUESTS
from ops.errors import NO
from ops.rollout.strategies import STRATEGIES, RolloutPlan

FORMAT = "%Y-%m-%dT%H:%M:%SZ"


class Event(StrEnum):
    """The commands for a rollout under way."""

    STEP = "step"
    PROMOTE = "promote"
    ABORT = "abort"


# The table above: which command is allowed in which phase.
LEGAL: Mapping[Phase, frozenset[Event]] = {
    Phase.FORWARD: frozenset(Event),
    Phase.BACK: frozenset({Event.STEP, Event.ABORT}),
    Phase.CLEANING: frozenset({Event.STEP}),
}
OTHER = {"blue": "green", "green": "blue"}


class RolloutRefusedError(Exception):
    """The step is not allowed. The text says why, and what to do."""

    code = NO


class AlarmedError(RolloutRefusedError):
    """The new version has to be rolled back."""


class NotYetError(RolloutRefusedError):
    """The step is allowed only later."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Traffic:
    """Requests, and how many of them failed."""

    requests: int
    failed: int

    def __add__(self, other: Traffic) -> Traffic:
        """The sum of both."""
        return Traffic(requests=self.requests + other.requests, failed=self.failed + other.failed)


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """The evidence about the new color.

    alarms: its gate alarms that fire, or did since the last step.
    unhealthy: why targets are not healthy, one sentence each.
    waited: seconds since the last step.
    drain: seconds until a color that lost its traffic has answered its last request.
    traffic: requests that it got since the last step; None where they are not counted.
    """

    alarms: tuple[str, ...] = ()
    unhealthy: tuple[str, ...] = ()
    waited: float = 0
    drain: float = 0
    traffic: Traffic | None = None


def plan_of(progress: Progress) -> RolloutPlan:
    """The strategy of a rollout."""
    return STRATEGIES[progress.strategy]


def under_way(rollout: Rollout) -> Progress:
    """The progress of a rollout.

    Raises:
        RolloutRefusedError: where there is none.
    """
    if rollout.progress is None:
        raise RolloutRefusedError(
            "no rollout is under way; begin one with: ascent rollout start --strategy canary --image IMAGE"
        )
    return rollout.progress


def start(rollout: Rollout, strategy: Strategy, image: str, now: datetime, bake: int | None = None) -> Rollout:
    """The new image on the idle color without traffic, or in place on the color that has it all.

    Raises:
        RolloutRefusedError: when one is under way, the traffic is shared, the idle color runs something, or nothing
            changes.
    """
    if rollout.progress is not None:
        raise RolloutRefusedError(
            f"a {rollout.progress.strategy} to {rollout.progress.to} is under way; finish it, or abort it"
        )
    old = next((color for color, one in rollout.colors.items() if one.weight == WEIGHTS), None)
    if old is None:
        shares = " and ".join(f"{color} {one.weight} %" for color, one in rollout.colors.items())
        raise RolloutRefusedError(
            f"the traffic is shared ({shares}); give one color all of it first, and update the stack"
        )
    plan, before = STRATEGIES[strategy], rollout.colors[old].image
    to = old if plan.in_place else OTHER[old]
    if before is None or image == before:
        raise RolloutRefusedError(f"{old} runs {image} already")
    idle = rollout.colors[OTHER[old]].image
    if idle is not None:
        raise RolloutRefusedError(
            f"{OTHER[old]} still runs {idle} without traffic; remove its image, and update the stack"
        )
    progress = {
        "strategy": strategy,
        "phase": Phase.FORWARD,
        "to": to,
        "before": before,
        "bake": plan.bake if bake is None else bake,
        "began": _second(now),
    }
    return _changed(rollout, progress, {to: {"image": image}})


def without_effect(old: Rollout, new: Rollout) -> Rollout:
    """The rollout that `new` begins, before it changes anything: an update of this one shows the other changes."""
    return old.model_copy(update={"progress": new.progress})


def waits(rollout: Rollout, drain: float) -> float:
    """Seconds to wait between the last step and the next."""
    progress = under_way(rollout)
    if progress.phase is Phase.FORWARD:
        # Watching a color without traffic shows nothing.
        baked = progress.bake * 60 if rollout.colors[progress.to].weight else 0
        ends = plan_of(progress).after(rollout.colors[progress.to].weight) is None and not plan_of(progress).in_place
        return max(baked, drain) if ends else baked
    # The color gets no new requests, but ALB nodes get weights one after another, and earlier requests are still being
    # answered: taking its targets away at once means 503 (argo-rollouts issue 4595).
    return drain if progress.phase is Phase.BACK and not plan_of(progress).in_place else 0


def step(rollout: Rollout, evidence: Evidence) -> Rollout:
    """The next step.

    Raises:
        AlarmedError: when the new version has to be rolled back.
        NotYetError: when it is too early, the new color is not healthy, or there were too few requests to judge.
        RolloutRefusedError: when the last step is not finished.
    """
    progress = _open(rollout, Event.STEP)
    _sound(rollout, evidence)
    left = math.ceil(waits(rollout, evidence.drain) - evidence.waited)
    if left > 0:
        raise NotYetError(f"{left // 60} min {left % 60:02} s of watching are left")
    seen, least = evidence.traffic, GATE_REQUESTS.value
    if _watched(rollout) and seen is not None and seen.requests < least:
        raise NotYetError(
            f"too few requests to tell: {progress.to} got {seen.requests} since the last step, and it takes {least}; "
            "wait for more, or go on without: ascent rollout promote"
        )
    weight = plan_of(progress).after(rollout.colors[progress.to].weight)
    if progress.phase is Phase.FORWARD and weight is not None:
        return _forward(rollout, weight)
    return _clean(rollout)


def promote(rollout: Rollout, evidence: Evidence) -> Rollout:
    """All traffic to the new color at once, without watching in between.

    Raises:
        AlarmedError: when the new version has to be rolled back.
        RolloutRefusedError: when it rolls back already, has all the traffic, or the new color is not healthy.
    """
    progress = _open(rollout, Event.PROMOTE)
    _sound(rollout, evidence)
    if rollout.colors[progress.to].weight == WEIGHTS:
        raise RolloutRefusedError(f"{progress.to} has all the traffic already")
    return _forward(rollout, WEIGHTS)


def abort(rollout: Rollout) -> Rollout:
    """The weights from before, or in place the image from before. Needs no evidence, and no finished step.

    Raises:
        RolloutRefusedError: when the rollout is over, and the old color is gone.
    """
    progress = under_way(rollout)
    if Event.ABORT not in LEGAL[progress.phase]:
        raise RolloutRefusedError(
            "there is nothing left to go back from: it is being cleaned up; finish with: ascent rollout step"
        )
    if progress.phase is Phase.BACK:
        return rollout
    back = {**_plain(progress), "phase": Phase.BACK, "since": None}
    if not plan_of(progress).in_place and rollout.colors[progress.to].weight == 0:
        # The new color never had traffic, and may be what makes every update fail.
        return _clean(rollout)
    if plan_of(progress).in_place:
        # By a new launch template version with the old image: EC2's own rollback lands on the new template, because the
        # provider changes the group before it starts the refresh (terraform-provider-aws issue 34189).
        return _changed(rollout, back, {progress.to: {"image": progress.before}})
    return _changed(rollout, back, {progress.to: {"weight": 0}, OTHER[progress.to]: {"weight": WEIGHTS}})


def settled(rollout: Rollout, now: datetime) -> Rollout:
    """The same after the stack was verified: from now on the step is watched, or the rollout is over."""
    progress = under_way(rollout)
    over = progress.phase is Phase.CLEANING or (progress.phase is Phase.BACK and plan_of(progress).in_place)
    return _changed(rollout, None if over else {**_plain(progress), "since": _second(now)}, {})


def _open(rollout: Rollout, event: Event) -> Progress:
    """The progress, if `event` is allowed now."""
    progress = under_way(rollout)
    if event not in LEGAL[progress.phase]:
        going = {Phase.BACK: "it goes back", Phase.CLEANING: "it is being cleaned up"}[progress.phase]
        raise RolloutRefusedError(f"{going}; finish with: ascent rollout step")
    if progress.since is None:
        raise RolloutRefusedError("the last step is not finished")
    return progress


def _sound(rollout: Rollout, evidence: Evidence) -> None:
    progress = under_way(rollout)
    if progress.phase is not Phase.FORWARD:
        return
    if evidence.alarms:
        names = ", ".join(evidence.alarms)
        # No traffic yet, so wait for the alarm to clear.
        raise (AlarmedError if rollout.colors[progress.to].weight else NotYetError)(f"alarms of {progress.to}: {names}")
    seen = evidence.traffic
    # Alarms judge single minutes, which may have too few requests.
    if _watched(rollout) and seen is not None and seen.requests >= GATE_REQUESTS.value and _fails(seen):
        raise AlarmedError(f"{seen.failed} of {seen.requests} requests of {progress.to} failed since the last step")
    if evidence.unhealthy:
        raise NotYetError(f"{progress.to} is not healthy: {'; '.join(evidence.unhealthy)}")


def _fails(seen: Traffic) -> bool:
    return seen.failed * PERCENT > ERROR_RATE.value * seen.requests


def _watched(rollout: Rollout) -> bool:
    """Whether the new color's requests count: its weight gives it some, and the bake time is not 0."""
    progress = under_way(rollout)
    return progress.phase is Phase.FORWARD and progress.bake > 0 and rollout.colors[progress.to].weight > 0


def _forward(rollout: Rollout, weight: int) -> Rollout:
    progress = under_way(rollout)
    shares = {progress.to: {"weight": weight}, OTHER[progress.to]: {"weight": WEIGHTS - weight}}
    return _changed(rollout, {**_plain(progress), "since": None}, shares)


def _clean(rollout: Rollout) -> Rollout:
    """Remove the image of the color without traffic, after the weights have moved and never in the same update."""
    progress = under_way(rollout)
    if plan_of(progress).in_place:
        return _changed(rollout, None, {})
    idle = next(color for color, one in rollout.colors.items() if one.weight == 0)
    return _changed(rollout, {**_plain(progress), "phase": Phase.CLEANING, "since": None}, {idle: {"image": None}})


def old_shares(rollout: Rollout) -> Rollout | None:
    """The same with the weights from before, to be set on the load balancer at once.

    None where there are none: the rollout is in place, or the old color is being cleaned up.
    """
    progress = rollout.progress
    if progress is None or plan_of(progress).in_place or Event.ABORT not in LEGAL[progress.phase]:
        return None
    return _changed(rollout, _plain(progress), {progress.to: {"weight": 0}, OTHER[progress.to]: {"weight": WEIGHTS}})


def _second(now: datetime) -> str:
    return now.astimezone(UTC).strftime(FORMAT)


def _plain(progress: Progress) -> dict[str, Any]:
    return progress.model_dump()


def _changed(rollout: Rollout, progress: Mapping[str, Any] | None, colors: Mapping[str, Mapping[str, Any]]) -> Rollout:
    """`rollout` with other values, checked: the weights add up to 100, and a color with weight has an image."""
    values = rollout.model_dump() | {"progress": progress}
    for color, change in colors.items():
        values[color] = values[color] | change
    return Rollout.model_validate(values, by_name=True)
