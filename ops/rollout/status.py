"""Where a rollout is, for people and for machines."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pydantic.alias_generators import to_camel

from infra.choices import Phase
from ops.rollout import machine
from ops.rollout.known import known
from ops.rollout.machine import Evidence
from ops.rollout.walk import Walk


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """A rollout now. `ascent rollout status --help` says what the fields mean."""

    stack: str
    under_way: bool
    strategy: str | None = None
    phase: str | None = None
    to: str | None = None
    settled: bool = True
    since: str | None = None
    bake_minutes: int | None = None
    seconds_left: int = 0
    colors: dict[str, dict[str, Any]]
    weights: dict[str, dict[str, int]]
    workers: str | None
    alarms: list[str]
    unhealthy: list[str]
    next: str | None = None
    done: list[str]

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {to_camel(key): value for key, value in asdict(self).items()}

    def lines(self) -> list[str]:
        """What people want to know beside the colors."""
        if not self.under_way:
            return ["No rollout is under way."]
        left = f"{self.seconds_left // 60} min {self.seconds_left % 60:02} s of watching left"
        where = "the step was begun and is not finished" if not self.settled else left if self.seconds_left else "ready"
        said = [f"{self.strategy} to {self.to}, {self.phase}: {where}."]
        said += [f"Alarms: {', '.join(self.alarms)}"] if self.alarms else []
        said += self.unhealthy
        return [*said, f"Next: {self.next}"]


def status_of(walk: Walk, done: list[str]) -> Status:
    """Where the rollout is. Asks the stack and its alarms; changes nothing.

    Raises:
        RefusedError, GateError, EngineError: when something could not be looked at.
    """
    look = walk.look
    rollout = known(look)
    progress = rollout.progress
    regions = look.regions()
    common: dict[str, Any] = {
        "stack": walk.file.stack,
        "under_way": progress is not None,
        "colors": {color: {"image": one.image, "weight": one.weight} for color, one in rollout.colors.items()},
        "weights": {name: {k: int(v) for k, v in known["weights"].items()} for name, known in regions.items()},
        "workers": rollout.leading if walk.file.settings().sizes.workers is not None else None,
        "done": done,
    }
    if progress is None:
        return Status(**common, alarms=[], unhealthy=[])
    # Alarms of a color that is not up yet cannot be looked at.
    evidence = look.evidence(rollout) if progress.since else Evidence()
    left = max(machine.waits(rollout, evidence.drain) - evidence.waited, 0) if progress.since else 0
    return Status(
        **common,
        strategy=progress.strategy,
        phase=progress.phase,
        to=progress.to,
        settled=progress.since is not None,
        since=progress.since,
        bake_minutes=progress.bake,
        seconds_left=int(left),
        alarms=list(evidence.alarms),
        unhealthy=list(evidence.unhealthy),
        next=f"ascent rollout step --stack {walk.file.stack}"
        + (" --all" if left and progress.phase is Phase.FORWARD else ""),
    )
