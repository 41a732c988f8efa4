"""Reads a stack and its new color: from the stack's outputs, and through `gates`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from infra.config.models.rollout import Phase, Progress, Rollout
from infra.config.settings import Settings
from ops.engine.updates import RolloutEngine
from ops.rollout import state_machine
from ops.rollout.gates import Gates, named
from ops.rollout.state_machine import Evidence, RolloutRefusedError, Traffic


class File(Protocol):
    """A stack's file."""

    name: str
    stack: str

    def settings(self, rollout: Rollout | None = None) -> Settings:
        """The stack's settings, or with another rollout."""

    def rollout(self) -> Rollout:
        """The rollout that it has now."""

    def write(self, old: Rollout, new: Rollout) -> None:
        """Replace `old` by `new`."""

    def copy(self, rollout: Rollout) -> AbstractContextManager[Path]:
        """A temporary copy of the file with `rollout`."""


class RefreshFailedError(RolloutRefusedError):
    """An instance refresh failed, or EC2 rolled it back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthyTargets:
    """Healthy targets of a target group, and how many its runtime keeps at least."""

    region: str
    group: str
    healthy: int
    least: int

    @property
    def short(self) -> str:
        """The sentence that they are too few; empty if they are enough."""
        return str(self) if self.healthy < self.least else ""

    def __str__(self) -> str:
        return f"{self.healthy} of {self.least} targets of {self.group} in {self.region} are healthy"


@dataclass(frozen=True, kw_only=True)
class Look:
    """Reads one stack. A check that cannot be made raises a GateError or an EngineError."""

    file: File
    engine: RolloutEngine
    gates: Gates
    now: Callable[[], datetime]

    def regions(self) -> dict[str, dict[str, Any]]:
        """The stack's output for each region: see infra/wiring/rollout_outputs.py. A lost region is left out.

        Raises:
            RolloutRefusedError: when it has no such output yet.
        """
        lost = self.file.settings().unreachable
        known: dict[str, dict[str, Any]] = self.engine.outputs().get("regions") or {}
        regions = {name: one for name, one in known.items() if name != lost}
        if not regions or any("rollout" not in one for one in regions.values()):
            raise RolloutRefusedError(
                f"the stack has no outputs about its target groups yet; first: pulumi up --stack {self.file.stack}"
            )
        return {name: one["rollout"] for name, one in regions.items()}

    def evidence(self, rollout: Rollout) -> Evidence:
        """The evidence about the new color. During a rollback nothing is checked, because nothing would stop it."""
        progress = state_machine.under_way(rollout)
        since = _time(progress.since)
        forward = progress.phase is Phase.FORWARD
        return Evidence(
            alarms=tuple(self.alarms(progress.to, since)) if forward else (),
            unhealthy=tuple(one.short for one in self.targets(progress.to) if one.short) if forward else (),
            waited=(self.now() - since).total_seconds() if since else 0,
            drain=self.gates.drain,
            traffic=self.traffic(progress, since) if forward and since else None,
        )

    def alarms(self, color: str, since: datetime | None = None) -> list[str]:
        """Gate alarms of a color that fire, or did since then.

        Raises:
            RolloutRefusedError: when there are none: nothing would ever roll it back.
        """
        fired: list[str] = []
        for region, names in self.gate_alarms(color).items():
            fired += self.gates.fired(region, names, since)
        return fired

    def gate_alarms(self, color: str) -> dict[str, list[str]]:
        """Names of a color's gate alarms, by region.

        Raises:
            RolloutRefusedError: when there are none.
        """
        found = {region: known["alarms"].get(color) or [] for region, known in self.regions().items()}
        for region, names in found.items():
            if not names:
                raise RolloutRefusedError(
                    f"the stack has no gate alarms of {color} in {region}, and a rollout needs them"
                )
        return found

    def traffic(self, progress: Progress, since: datetime) -> Traffic | None:
        """Requests of the new color since then, of all regions; None where they are not counted."""
        counted = [
            self.gates.traffic(region, known["listener"], arn, since, self.now())
            for region, known in self.regions().items()
            for name, arn in known["targetGroups"].items()
            if name.partition("-")[0] == progress.to
        ]
        known_ones = [one for one in counted if one is not None]
        return sum(known_ones[1:], known_ones[0]) if known_ones else None

    def targets(self, color: str) -> list[HealthyTargets]:
        """The target groups of a color; without those that are not counted."""
        size = self.file.settings().sizes
        least = {"ec2": size.fleet.minimum, "k8s": size.hpa.minimum}
        found = []
        for region, known in self.regions().items():
            for name, arn in known["targetGroups"].items():
                whose, _, runtime = name.partition("-")
                healthy = self.gates.healthy(region, arn) if whose == color else None
                if healthy is not None:
                    found.append(HealthyTargets(region=region, group=name, healthy=healthy, least=least[runtime]))
        return found

    def refreshing(self, progress: Progress) -> list[str]:
        """Instance refreshes of the color that are not finished.

        Raises:
            RefreshFailedError: when one failed, or EC2 rolled it back.
        """
        groups = [(region, known["groups"].get(progress.to)) for region, known in self.regions().items()]
        found = [self.gates.refresh(region, group) for region, group in groups if group is not None]
        failed = [one.says for one in found if one.failed]
        if failed:
            raise RefreshFailedError("; ".join(failed))
        return [one.says for one in found if not one.done]

    def same(self, rollout: Rollout) -> None:
        """Compare state and listener with the file: the provider has reset weights before (pulumi-aws issue 5798).

        Raises:
            RolloutRefusedError: where one has other weights.
        """
        wanted = {name: weight for name, weight in rollout.shares(self.file.settings().runtime).items() if weight}
        for region, known in self.regions().items():
            live = named(known["targetGroups"], self.gates.weights(region, known["listener"]))
            for what, found in (("the state", state(known)), ("the listener", live)):
                if found != wanted:
                    raise RolloutRefusedError(
                        f"{what} in {region} has {_said(found)}, and {self.file.name} says {_said(wanted)}; "
                        f"if the file is right: pulumi up --refresh --stack {self.file.stack}; "
                        "if it is not, get its newest version"
                    )


def state(known: Mapping[str, Any]) -> dict[str, int]:
    """Weights of a region's target groups above 0, as the last update left them."""
    return {name: int(weight) for name, weight in known["weights"].items() if weight}


def _said(weights: dict[str, int]) -> str:
    return ", ".join(f"{name} {weight}" for name, weight in sorted(weights.items())) or "no weight"


def _time(since: str | None) -> datetime | None:
    return datetime.strptime(since, state_machine.FORMAT).replace(tzinfo=UTC) if since else None
