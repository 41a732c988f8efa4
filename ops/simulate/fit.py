"""The smallest sizes that carry each stage's users with a zone lost, beside the table's, and what both cost."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from infra.capacity.connections import SERVERLESS
from infra.config.models.runtime import Runtime
from infra.config.settings import Settings
from infra.stages import STAGES
from infra.thresholds import AVAILABILITY_TARGET, LATENCY_HEALTHY_MS
from ops import stackfile
from ops.simulate.assumptions import Assumptions
from ops.simulate.run import SimulatedRun
from ops.simulate.serving import LossTimes
from ops.simulate.shapes import BUSIEST, made
from ops.simulate.simulation import simulate
from ops.simulate.stack import simulated, values_of
from ops.simulate.summary import p95_of_all

# What more of a size would have prevented: a zone that is lost costs requests at any size.
FOR_WANT = ("fleet", "pods", "connections", "writer", "readers")
_TABLE_MOST = 4  # times the table's size, at most: what needs more has another fault
_WHOLE = 10_000
_ACUS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
_MOST_CPU_MS, CPU_STEP = 512, 1.1

Sizes = dict[str, float]


@dataclass(frozen=True, slots=True)
class FittedSize:
    """A size that is looked for.

    key: section and field of a stack's file. least: it is never less.
    choices: what it may be, where not any whole number.
    """

    key: str
    least: float
    choices: Sequence[float] = ()
    below: str | None = None

    def ladder(self, table: float, sizes: Mapping[str, float]) -> list[float]:
        """What it may be, from the smallest on, no smaller than the size that is its lower bound."""
        least = max(self.least, sizes[self.below] if self.below else 0)
        steps = self.choices or range(1, int(table * _TABLE_MOST) + 1)
        return [float(one) for one in steps if least <= one <= table * _TABLE_MOST]


# In the order in which they are looked for. Two are the fewest of which a zone takes one and leaves one.
_FLEET = (FittedSize("fleet.minimum", 2), FittedSize("fleet.maximum", 2, below="fleet.minimum"))
_HPA = (FittedSize("hpa.minimum", 2), FittedSize("hpa.maximum", 2, below="hpa.minimum"))
_DATABASE = (
    FittedSize("database.minAcu", 0.5, _ACUS),
    FittedSize("database.maxAcu", 1, _ACUS, below="database.minAcu"),
)
_READERS = (FittedSize("readers.minimum", 1), FittedSize("readers.maximum", 1, below="readers.minimum"))


@dataclass(frozen=True, slots=True)
class FittedStage:
    """A stage's sizes, and the smallest that carry it.

    users: of each region. holds: whether the table's sizes carry them.
    table, fitted: sizes by key; fitted is empty where nothing up to four times the table carries them.
    cpu_ms: up to which CPU time of a request, in ms, the table's sizes carry the users, in steps of a tenth from what
        is assumed; 0 where they do not carry them with that.
    launch_lost: share of a day's requests that the table's sizes drop when all users come within five minutes.
    launch_minimum: instances or pods at least with which a launch meets the objectives; None where even the maximum
        does not.
    table_usd, fitted_usd: a normal month of the whole stack, as `ascent cost` counts it.
    """

    stage: int
    name: str
    users: int
    holds: bool
    table: Sizes
    fitted: Sizes
    cpu_ms: float
    launch_lost: float
    launch_minimum: int | None
    table_usd: float
    fitted_usd: float

    @property
    def findings(self) -> list[str]:
        """Where the table is too big or too small, one sentence each."""
        if not self.fitted:
            return ["too small: four times the sizes do not carry the users"]
        said = []
        for key, size in self.table.items():
            word = "too small" if self.fitted[key] > size else "larger than needed"
            if self.fitted[key] != size:
                said.append(f"{key} {word}: {size:g}, and {self.fitted[key]:g} carries a day")
        minimum = next((size for key, size in self.table.items() if key.endswith(".minimum")), 0)
        if self.launch_minimum is None:
            said.append("for a launch, even the maximum is too small a minimum")
        elif self.launch_minimum > minimum:
            said.append(f"for a launch, the minimum is too small: {minimum:g}, and {self.launch_minimum} carries one")
        return said

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as `ascent simulate --fit --json` prints it."""
        own = asdict(self)
        names = {"cpu_ms": "cpuMs", "launch_lost": "launchLost", "launch_minimum": "launchMinimum"}
        names |= {"table_usd": "tableUsd", "fitted_usd": "fittedUsd"}
        return {names.get(key, key): value for key, value in own.items()} | {"findings": self.findings}


@dataclass(frozen=True, slots=True)
class FittedStages:
    """All stages of a stack on a runtime."""

    stack: str
    runtime: str
    stages: tuple[FittedStage, ...]

    @property
    def holds(self) -> bool:
        """Whether the table carries every stage's users."""
        return all(one.holds for one in self.stages)

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "stack": self.stack,
            "runtime": self.runtime,
            "holds": self.holds,
            "stages": [one.as_dict() for one in self.stages],
        }


def fitted(
    stack: str, runtime: Runtime | None, numbers: Assumptions, progress: Callable[[str], None] = lambda _: None
) -> FittedStages:
    """Fit every stage of a stack.

    Raises:
        SettingsError: when there is no such stack, or its values are not allowed.
    """
    found = []
    for stage in STAGES:
        progress(f"Fitting stage {stage}")
        found.append(Fitting(stack, stage, runtime, numbers).fit())
    return FittedStages(stack, _settings(stack, 1, runtime, {}).runtime.value, tuple(found))


def _settings(stack: str, stage: int, runtime: Runtime | None, sizes: Mapping[str, float]) -> Settings:
    values = values_of(stack, stage, runtime)
    for key, size in sizes.items():
        section, _, field = key.partition(".")
        number = size if section == "database" else int(size)
        values[section] = {**(values.get(section) or {}), field: number}
    return stackfile.read(values, f"Pulumi.{stack}.yaml", judged=False)


class Fitting:
    """The search for one stage. wanted: the sizes that are looked for, in this order."""

    def __init__(self, stack: str, stage: int, runtime: Runtime | None, numbers: Assumptions) -> None:
        self._stack, self._stage, self._runtime, self._numbers = stack, stage, runtime, numbers
        self._own = self._settings({})
        users = self._own.row.users * max(len(self._own.visited_regions), 1)
        self._traffic, self._launch = made("zone-loss", users), made("launch", users)
        self._tried: dict[tuple[tuple[str, float], ...], bool] = {}
        self.wanted = tuple(self._sought())

    def _sought(self) -> Iterator[FittedSize]:
        own = self._own
        yield from _FLEET if own.runtime.on_ec2 else ()
        yield from _HPA if own.runtime.on_kubernetes else ()
        yield from _DATABASE if own.sizes.database.instance_class == SERVERLESS else ()
        yield from _READERS if own.sizes.readers else ()

    def fit(self) -> FittedStage:
        """The stage, its sizes and the smallest."""
        table = self._table()
        holds = self.carries(table)
        best = self._smallest(table)
        return FittedStage(
            stage=self._stage,
            name=self._own.row.name,
            users=self._own.row.users,
            holds=holds,
            table=table,
            fitted=best,
            cpu_ms=self._cpu_ms(table),
            launch_lost=_lost(self._launched(table)),
            launch_minimum=self._launch_minimum(table),
            table_usd=_normal(self._own, self._stack),
            fitted_usd=_normal(self._settings(best), self._stack) if best else 0.0,
        )

    def _table(self) -> Sizes:
        sizes = self._own.sizes
        readers = sizes.readers
        every = {
            "fleet.minimum": sizes.fleet.minimum,
            "fleet.maximum": sizes.fleet.maximum,
            "hpa.minimum": sizes.hpa.minimum,
            "hpa.maximum": sizes.hpa.maximum,
            "database.minAcu": sizes.database.min_acu,
            "database.maxAcu": sizes.database.max_acu,
            "readers.minimum": readers.minimum if readers else 0,
            "readers.maximum": readers.maximum if readers else 0,
        }
        return {one.key: float(every[one.key]) for one in self.wanted}

    def _smallest(self, table: Sizes) -> Sizes:
        """One size after the other made as small as it may be, the others being as they are by then."""
        best = dict(table)
        if not self.carries(best):
            best = {key: size * _TABLE_MOST for key, size in table.items()}
            if not self.carries(best):
                return {}
        for one in self.wanted:
            ladder = [size for size in one.ladder(table[one.key], best) if size <= best[one.key]]
            # The largest is known to be enough.
            carries = partial(self._carries_with, best, one.key)
            best[one.key] = ladder[bisect_left(ladder[:-1], True, key=carries)]  # noqa: FBT003
        return best

    def _cpu_ms(self, table: Sizes) -> float:
        """From what is assumed on, in steps of a tenth, to the last before the first that the sizes do not carry.

        Not by halving: what needs a little more may be carried better, where it lets the autoscaler add one more.
        """
        best, tried = 0.0, self._numbers.cpu_ms
        while tried <= _MOST_CPU_MS and self.carries(table, replace(self._numbers, cpu_ms=tried)):
            best, tried = tried, tried * CPU_STEP
        return best

    def carries(self, sizes: Sizes, numbers: Assumptions | None = None) -> bool:
        """Whether so much serves a day of the stage's users with a zone lost when it is busiest."""
        key = (*sorted(sizes.items()), ("cpu", (numbers or self._numbers).cpu_ms))
        if key not in self._tried:
            self._tried[key] = self._look(sizes, numbers or self._numbers)
        return self._tried[key]

    def _launch_minimum(self, table: Sizes) -> int | None:
        keys = [one.key for one in (*_FLEET[:1], *_HPA[:1]) if one.key in table]
        most = int(max(table[key.replace("minimum", "maximum")] for key in keys))

        def carries(minimum: int) -> bool:
            bounds = {key: min(float(minimum), table[key.replace("minimum", "maximum")]) for key in keys}
            return _meets(self._launched({**table, **bounds}))

        found = 1 + bisect_left(range(1, most + 1), True, key=carries)  # noqa: FBT003
        return found if found <= most else None

    def _carries_with(self, sizes: Sizes, key: str, size: float) -> bool:
        return self.carries({**sizes, key: size})

    def _look(self, sizes: Sizes, numbers: Assumptions) -> bool:
        settings = self._settings(sizes)
        if not settings.connections.holds:
            return False
        return _meets(simulate(simulated(settings, self._stack), self._traffic, numbers, LossTimes(zone=BUSIEST)))

    def _launched(self, sizes: Sizes) -> SimulatedRun:
        return simulate(simulated(self._settings(sizes), self._stack), self._launch, self._numbers, LossTimes())

    def _settings(self, sizes: Sizes) -> Settings:
        return _settings(self._stack, self._stage, self._runtime, sizes)


def _lost(run: SimulatedRun) -> float:
    """The share of the requests that was dropped for want of a larger size."""
    return sum(run.dropped[cause] for cause in FOR_WANT) / run.totals["arrived"]


def _meets(run: SimulatedRun) -> bool:
    slow = p95_of_all(run.minutes["p95"], run.minutes["served"])
    return _lost(run) <= 1 - AVAILABILITY_TARGET.value / _WHOLE and slow < LATENCY_HEALTHY_MS.value


def _normal(settings: Settings, stack: str) -> float:
    """US dollars of a normal month of the whole stack."""
    from ops.cost import estimate
    from ops.engine.render import render

    return estimate(render(settings, stack), settings).expected
