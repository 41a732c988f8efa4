"""Stand-ins for what a walk goes through: a file in memory, an engine that obeys, eyes that see what a test says.

Every call may be the last one: `Fakes.die_at` raises Killed at the nth, before or after it does its work, and what a
killed process leaves behind is what these objects then hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from infra.config.models.rollout import Rollout
from infra.config.problems import SettingsError
from infra.config.settings import Settings
from ops.engine.updates import EngineError
from ops.rollout.gates import GateError, Refresh
from ops.rollout.runner import RolloutRunner
from ops.rollout.stackfile import plain
from ops.rollout.state_machine import Traffic
from tests.unit.configs import settings

OLD, NEW = "registry.example.com/app:1.0.0", "registry.example.com/app:2.0.0"


class Killed(BaseException):
    """Nothing may catch it, like SIGKILL."""


@dataclass
class Fakes:
    """A stack: what its file says, what the state and the listener hold, and what its alarms do."""

    said: Rollout
    config: dict[str, Any] = field(default_factory=dict)
    applied: Rollout = field(init=False)
    told: list[str] = field(default_factory=list)
    lived: list[str] = field(default_factory=list)
    # (blue, green, the file's phase) after each update.
    updates: list[tuple[int, int, str]] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    # When an alarm fired that is quiet again.
    fired_at: dict[str, datetime] = field(default_factory=dict)
    update_takes: timedelta = timedelta()
    healthy_targets: int | None = None
    # Of each target group, since whenever.
    requests: Traffic | None = None
    refreshes: list[Refresh] = field(default_factory=list)
    # Steps of the engine that an update would take beside the rollout's; and those of them that a rollout keeps back.
    other_changes: list[Any] = field(default_factory=list)
    kept: list[Any] = field(default_factory=list)
    resets_weights: bool = False
    # What listeners have without an update, by region and target group ARN; and where it was moved so, at which call.
    diverted: dict[str, dict[str, int]] = field(default_factory=dict)
    forwarded: list[tuple[str, int]] = field(default_factory=list)
    # A region that does not answer.
    lost: str = ""
    fails: list[str] = field(default_factory=list)
    die_at: int | None = None
    calls: int = 0
    time: datetime = datetime(2026, 11, 25, tzinfo=UTC)
    # Called with the time whenever some passes.
    passing: Callable[[datetime], None] = lambda _: None

    name = "Pulumi.test.yaml"
    stack = "test"
    drain = 60.0
    poll = 15.0

    def __post_init__(self) -> None:
        self.applied = self.said

    @property
    def walk(self) -> RolloutRunner:
        """A new process on this stack."""
        return RolloutRunner(
            file=self, engine=self, gates=self, clock=self, tell=self.told.append, live=self.lived.append
        )

    def settings(self, rollout: Rollout | None = None) -> Settings:
        """As the real file: whatever the program's own door lets in."""
        return _parsed(json.dumps({**self.config, "rollout": plain(rollout or self.said)}, sort_keys=True))

    def rollout(self) -> Rollout:
        return self.settings().rollout

    def write(self, old: Rollout, new: Rollout) -> None:
        self.settings(new)
        if old != self.said:
            raise SettingsError(["changed meanwhile"])
        with self._call():
            self.said = new

    def update(self) -> None:
        with self._call():
            if self.fails:
                raise EngineError(self.fails.pop())
            if self.applied.colors != self.said.colors:
                self.diverted = {}
            self.applied = self.said
            self.time += self.update_takes
            self.passing(self.time)
            progress = self.said.progress
            phase = progress.phase.value if progress else ""
            self.updates.append((self.said.blue.weight, self.said.green.weight, phase))

    @contextmanager
    def copy(self, rollout: Rollout) -> Iterator[Path]:
        self.settings(rollout)
        yield Path(json.dumps(plain(rollout)))

    def foreseen(self, *, config: Path | None = None) -> list[Any]:
        """What waits, and what of it waits without a rollout alone."""
        rollout = json.loads(str(config)) if config else plain(self.said)
        return [one for one in self.other_changes if "progress" not in rollout or one not in self.kept]

    def outputs(self, *, again: bool = False) -> dict[str, Any]:
        del again
        shares, runtime = self._weights(), self.settings().runtime
        region = {
            "listener": "listener",
            "weights": shares,
            "targetGroups": {name: f"arn:{name}" for name in self.applied.shares(runtime)},
            "groups": {color: color for color, one in self.applied.colors.items() if one.image and runtime.on_ec2},
            "alarms": {color: [f"{color}-errors"] for color, one in self.applied.colors.items() if one.image},
        }
        said = self.applied.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"progress": {"since"}})
        regions = {name: {"rollout": region} for name in self.settings().active_regions}
        return {"regions": regions, "rollout": json.loads(json.dumps(said))}

    def fired(self, region: str, names: Sequence[str], since: datetime | None) -> list[str]:
        del region
        then = {name for name, at in self.fired_at.items() if since is not None and at >= since}
        return [name for name in names if name in then.union(self.alarms)]

    def healthy(self, region: str, target_group: str) -> int | None:
        del region, target_group
        return self.healthy_targets

    def traffic(
        self, region: str, listener: str, target_group: str, since: datetime, until: datetime
    ) -> Traffic | None:
        del region, listener, target_group
        assert since <= until
        return self.requests

    def refresh(self, region: str, group: str) -> Refresh:
        del region, group
        return self.refreshes.pop(0) if self.refreshes else Refresh(done=True)

    def weights(self, region: str, listener: str) -> dict[str, int]:
        del listener
        if region == self.lost:
            raise GateError(f"elbv2 in {region}: could not connect")
        return self.diverted.get(region) or {f"arn:{name}": weight for name, weight in self._weights().items()}

    def forward(self, region: str, listener: str, weights: Mapping[str, int]) -> None:
        del listener
        if region == self.lost:
            raise GateError(f"elbv2 in {region}: could not connect")
        with self._call():
            self.diverted[region] = dict(weights)
            self.forwarded.append((region, self.calls))

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        with self._call():
            self.time += timedelta(seconds=max(seconds, 1))
            self.passing(self.time)

    def _weights(self) -> dict[str, int]:
        shares = {name: one for name, one in self.applied.shares(self.settings().runtime).items() if one}
        return dict.fromkeys(shares, 1) if self.resets_weights else shares

    def _call(self) -> _Call:
        return _Call(self)


class _Call:
    """Counts twice, before and after: a process can die at either."""

    def __init__(self, fakes: Fakes) -> None:
        self._fakes = fakes

    def _count(self) -> None:
        self._fakes.calls += 1
        if self._fakes.calls == self._fakes.die_at:
            raise Killed

    def __enter__(self) -> None:
        self._count()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None:
            self._count()


@cache
def _parsed(config: str) -> Settings:
    return settings(**json.loads(config))


def stack(**config: Any) -> Fakes:
    """A stack whose blue has all the traffic."""
    return Fakes(settings(**config).rollout, config)
