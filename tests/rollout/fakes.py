"""Stand-ins for what a rollout works with: the stack's file, the engine, AWS and the clock, each an object of its own.

They share one made-up stack. Every call may be the last one: `Fakes.die_at` raises Killed at the nth, before or after
it does its work, and what a killed process leaves behind is what the stack then holds.
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

    def __post_init__(self) -> None:
        self.applied = self.said
        self.file = FakeFile(self)
        self.engine = FakeEngine(self)
        self.gates = FakeGates(self)
        self.clock = FakeClock(self)

    @property
    def walk(self) -> RolloutRunner:
        """A new process on this stack."""
        return RolloutRunner(
            file=self.file, engine=self.engine, gates=self.gates, clock=self.clock,
            tell=self.told.append, live=self.lived.append,
        )  # fmt: skip

    @property
    def settings(self) -> Settings:
        """What the stack's file says."""
        return self.file.settings()

    @property
    def weights(self) -> dict[str, int]:
        """Weight by target group, as the last update left it."""
        shares = {name: one for name, one in self.applied.shares(self.settings.runtime).items() if one}
        return dict.fromkeys(shares, 1) if self.resets_weights else shares

    def pass_time(self, takes: timedelta) -> None:
        self.time += takes
        self.passing(self.time)

    @contextmanager
    def call(self) -> Iterator[None]:
        """A call that changes something. It counts twice, before and after: a process can die at either."""
        self._count()
        yield
        self._count()

    def _count(self) -> None:
        self.calls += 1
        if self.calls == self.die_at:
            raise Killed


@dataclass
class FakeFile:
    """The stack's config file, in memory."""

    _on: Fakes

    name = "Pulumi.test.yaml"
    stack = "test"

    def settings(self, rollout: Rollout | None = None) -> Settings:
        """As the real file: whatever the program's own rules allow."""
        return _parsed(json.dumps({**self._on.config, "rollout": plain(rollout or self._on.said)}, sort_keys=True))

    def rollout(self) -> Rollout:
        return self.settings().rollout

    def write(self, old: Rollout, new: Rollout) -> None:
        self.settings(new)
        if old != self._on.said:
            raise SettingsError(["changed meanwhile"])
        with self._on.call():
            self._on.said = new

    @contextmanager
    def copy(self, rollout: Rollout) -> Iterator[Path]:
        self.settings(rollout)
        yield Path(json.dumps(plain(rollout)))


@dataclass
class FakeEngine:
    """An engine that makes the stack what its file says."""

    _on: Fakes

    def update(self) -> None:
        on = self._on
        with on.call():
            if on.fails:
                raise EngineError(on.fails.pop())
            if on.applied.colors != on.said.colors:
                on.diverted = {}
            on.applied = on.said
            on.pass_time(on.update_takes)
            phase = on.said.progress.phase.value if on.said.progress else ""
            on.updates.append((on.said.blue.weight, on.said.green.weight, phase))

    def foreseen(self, *, config: Path | None = None) -> list[Any]:
        """What waits, and what of it waits without a rollout alone."""
        rollout = json.loads(str(config)) if config else plain(self._on.said)
        return [one for one in self._on.other_changes if "progress" not in rollout or one not in self._on.kept]

    def outputs(self, *, again: bool = False) -> dict[str, Any]:
        del again
        on = self._on
        runtime = on.settings.runtime
        region = {
            "listener": "listener",
            "weights": on.weights,
            "targetGroups": {name: f"arn:{name}" for name in on.applied.shares(runtime)},
            "groups": {color: color for color, one in on.applied.colors.items() if one.image and runtime.on_ec2},
            "alarms": {color: [f"{color}-errors"] for color, one in on.applied.colors.items() if one.image},
        }
        said = on.applied.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"progress": {"since"}})
        regions = {name: {"rollout": region} for name in on.settings.active_regions}
        return {"regions": regions, "rollout": json.loads(json.dumps(said))}


@dataclass
class FakeGates:
    """AWS, as a test says that it is."""

    _on: Fakes

    drain = 60.0
    poll = 15.0

    def fired(self, region: str, names: Sequence[str], since: datetime | None) -> list[str]:
        del region
        then = {name for name, at in self._on.fired_at.items() if since is not None and at >= since}
        return [name for name in names if name in then.union(self._on.alarms)]

    def healthy(self, region: str, target_group: str) -> int | None:
        del region, target_group
        return self._on.healthy_targets

    def traffic(
        self, region: str, listener: str, target_group: str, since: datetime, until: datetime
    ) -> Traffic | None:
        del region, listener, target_group
        assert since <= until
        return self._on.requests

    def refresh(self, region: str, group: str) -> Refresh:
        del region, group
        return self._on.refreshes.pop(0) if self._on.refreshes else Refresh(done=True)

    def weights(self, region: str, listener: str) -> dict[str, int]:
        del listener
        self._reach(region)
        return self._on.diverted.get(region) or {f"arn:{name}": weight for name, weight in self._on.weights.items()}

    def forward(self, region: str, listener: str, weights: Mapping[str, int]) -> None:
        del listener
        self._reach(region)
        with self._on.call():
            self._on.diverted[region] = dict(weights)
            self._on.forwarded.append((region, self._on.calls))

    def _reach(self, region: str) -> None:
        if region == self._on.lost:
            raise GateError(f"elbv2 in {region}: could not connect")


@dataclass
class FakeClock:
    """Time that passes only when a rollout waits."""

    _on: Fakes

    def now(self) -> datetime:
        return self._on.time

    def sleep(self, seconds: float) -> None:
        with self._on.call():
            self._on.pass_time(timedelta(seconds=max(seconds, 1)))


@cache
def _parsed(config: str) -> Settings:
    return settings(**json.loads(config))


def stack(**config: Any) -> Fakes:
    """A stack whose blue has all the traffic."""
    return Fakes(settings(**config).rollout, config)
