"""The status of a rollout, as text and as JSON."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from pydantic.alias_generators import to_camel

from infra.config.models.rollout import Phase, Rollout
from ops.rollout import state_machine
from ops.rollout.gates import GateError
from ops.rollout.known import known
from ops.rollout.observer import HealthyTargets
from ops.rollout.runner import RolloutRunner, firing_of
from ops.rollout.state_machine import AlarmedError, Evidence, RolloutRefusedError


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
    gates: str | None = None
    targets: list[HealthyTargets]
    verdict: str | None = None
    next: str | None = None
    done: list[str]

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {to_camel(key): value for key, value in asdict(self).items()}

    def lines(self) -> list[str]:
        """The lines beside the colors."""
        said = ["No rollout is under way."]
        if self.under_way:
            said = [f"{self.strategy} to {self.to}, {self.phase}: {self.verdict}."]
        said += [f"Alarms: {self.gates}."] if self.gates else []
        said += [f"Targets: {'; '.join(map(str, self.targets))}."] if self.targets else []
        return [*said, f"Next: {self.next}"] if self.under_way else said


def status_of(walk: RolloutRunner, done: list[str]) -> Status:
    """The status of the rollout. Reads the stack and its alarms; changes nothing.

    Raises:
        RolloutRefusedError, GateError, EngineError: when something could not be looked at.
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
    color = progress.to if progress else rollout.leading
    # Targets are left out if they cannot be read, except during a rollout, which depends on them.
    with suppress(GateError, RolloutRefusedError):
        common |= {"gates": firing_of(look.alarms(color), look.gate_alarms(color), color)}
    common["targets"] = []
    with suppress(GateError):
        common["targets"] = look.targets(color)
    if progress is None:
        return Status(**common, alarms=[], unhealthy=[])
    # Alarms of a color that is not up yet cannot be looked at.
    evidence = look.evidence(rollout) if progress.since else Evidence()
    left = max(state_machine.waits(rollout, evidence.drain) - evidence.waited, 0) if progress.since else 0
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
        verdict=_verdict(rollout, evidence),
        next=f"ascent rollout step --stack {walk.file.stack}"
        + (" --all" if left and progress.phase is Phase.FORWARD else ""),
    )


def _verdict(rollout: Rollout, evidence: Evidence) -> str:
    """What the next step would do, by the rules of `state_machine`."""
    if state_machine.under_way(rollout).since is None:
        return "the step was begun and is not finished"
    try:
        state_machine.step(rollout, evidence)
    except AlarmedError as error:
        return f"the next step goes back ({error})"
    except RolloutRefusedError as error:
        return f"not yet, {error}"
    return "ready"
