"""All requests of a load, once it is known what serves: worked out in stretches, and kept by the minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ops.simulate.requests import CAUSES, MS, SLOW, Answered, Database, Reached, Serves, p95, reached
from ops.simulate.run import LIMITS, Around, Reaching, SimulatedRun
from ops.simulate.traffic import MINUTE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_STRETCH = 240 * MINUTE  # seconds that are worked out at once: so many numbers stay in a processor's cache
_NOTHING = 1e-9  # of all requests: less is what sums of numbers leave
_NEARLY = 0.999  # of the maximum capacity
_PERCENT = 100
FLEET, PODS = "fleet", "pods"
_ON_DEMAND_SHARE = 0.5  # infra/components/compute/fleet.py: of the instances above the minimum


@dataclass(frozen=True, slots=True)
class RuntimeServes:
    """What serves at a runtime: second by second, with what costs and what is asked for.

    target: CPU at which a target is busier than the autoscaler wants it, as a share of what it can have.
    """

    serves: Serves
    counted: Array
    wanted: Array
    maximum: int
    target: float


@dataclass(frozen=True, slots=True)
class ReadersServe:
    """The readers of one region, second by second."""

    alive: Array
    wanted: Array
    maximum: int
    target: float


def over(
    run: SimulatedRun,
    around: Around,
    runtimes: Mapping[str, RuntimeServes],
    database: Database,
    readers: ReadersServe | None,
) -> SimulatedRun:
    """Work out all requests, and put what comes of them into `run`."""
    stretches = _Stretches(run, around, runtimes, database, readers)
    end = run.traffic.seconds
    rows = [stretches.one(start, min(start + _STRETCH, end)) for start in range(0, end, _STRETCH)]
    run.minutes = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    return run


class _Stretches:
    def __init__(
        self,
        run: SimulatedRun,
        around: Around,
        runtimes: Mapping[str, RuntimeServes],
        database: Database,
        readers: ReadersServe | None,
    ) -> None:
        self._run, self._around, self._runtimes = run, around, runtimes
        self._database, self._readers = database, readers
        run.reached = {name: Reaching() for name in LIMITS}
        run.dropped = dict.fromkeys(CAUSES, 0.0)
        names = ("arrived", "served", "slow", "instances", "spot", "pods", "nodes", "readers", "acu")
        run.totals = dict.fromkeys(names, 0.0)

    def one(self, start: int, end: int) -> dict[str, Array]:
        """The minutes of a stretch."""
        run, around = self._run, self._around
        stretch = slice(start, end)
        everybody, regions = run.traffic.rates[stretch], around.regions[stretch]
        rates = everybody * around.part[stretch]
        zero = np.zeros(end - start)
        taken, weighted, targets, capacity, lost = zero, zero, zero, zero, zero
        drops: dict[str, Array] = {"region": everybody * around.astray[stretch]}
        columns: dict[str, Array] = {}
        for name, one in self._runtimes.items():
            here = reached(rates, one.serves.part(start, end), run.numbers)
            taken, weighted = taken + here.taken, weighted + here.taken * here.seconds
            lost, drops[name] = lost + here.lost, here.over * regions
            alive = one.serves.alive[stretch]
            targets, capacity = targets + alive, capacity + alive * one.serves.per_target
            columns["instances" if name == FLEET else name] = self._note(name, one, here, stretch, regions)
        drops["zone"] = lost * regions
        there = self._readers.alive[stretch] if self._readers else zero
        mean = weighted / np.maximum(taken, 1e-12)
        up = around.up[stretch]
        got = self._database.answer(taken, mean, regions, there, targets, up)
        drops |= {name: part * regions for name, part in got.dropped.items()}
        self._note_database(got, stretch)
        served = got.served * regions
        self._add(everybody, served, got, drops, start)
        columns["readers"] = there * regions
        self._add_hours(columns, got, regions)
        return self._by_minute(everybody, served, drops, got, capacity * regions, columns)

    def _note(self, name: str, one: RuntimeServes, here: Reached, stretch: slice, regions: Array) -> Array:
        """Note the limits of a runtime. Gives the targets of all regions."""
        reaching, wanted, counted = self._run.reached, one.wanted[stretch], one.counted[stretch]
        busy = here.busy > one.target
        reaching[f"{name}-maximum"].note((wanted >= one.maximum) & busy, stretch.start)
        if name == PODS:
            reaching["nodes"].note(counted < wanted, stretch.start)
        return counted * regions

    def _note_database(self, got: Answered, stretch: slice) -> None:
        run, readers = self._run, self._readers
        most = run.stack.database.max_acu
        full = got.writer >= most * _NEARLY if run.stack.database.serverless else got.writer_load >= _NEARLY
        run.reached["writer-maximum"].note(full, stretch.start)
        if readers is not None:
            of_most = got.reader_load * got.reader / most * _PERCENT
            at_end = (readers.wanted[stretch] >= readers.maximum) & (of_most > readers.target)
            run.reached["readers-maximum"].note(at_end, stretch.start)

    def _add(self, arrived: Array, served: Array, got: Answered, drops: Mapping[str, Array], start: int) -> None:
        totals = self._run.totals
        totals["arrived"] += float(arrived.sum())
        totals["served"] += float(served.sum())
        totals["slow"] += float((served * np.exp(-SLOW / np.maximum(got.seconds, 1e-9))).sum())
        for name, part in drops.items():
            self._run.dropped[name] += float(part.sum())
            full = got.connections >= got.pool if name == "connections" else part > arrived * _NOTHING
            self._run.reached[name].note(full, start)

    def _add_hours(self, columns: Mapping[str, Array], got: Answered, regions: Array) -> None:
        stack, totals = self._run.stack, self._run.totals
        if stack.fleet is not None:
            instances = columns["instances"]
            above = np.maximum(instances - stack.fleet.minimum * regions, 0)
            totals["instances"] += float(instances.sum())
            totals["spot"] += float(above.sum()) * (1 - _ON_DEMAND_SHARE) * stack.fleet.spot
        if stack.pods is not None:
            pods = columns["pods"]
            totals["pods"] += float(pods.sum())
            totals["nodes"] += float((np.ceil(pods / np.maximum(regions, 1) / stack.pods.each_node) * regions).sum())
        totals["readers"] += float(columns["readers"].sum())
        standby = float(stack.database.standby and stack.database.readers is None)
        totals["acu"] += float((got.writer + standby * got.writer + columns["readers"] * got.reader).sum())

    def _by_minute(
        self,
        arrived: Array,
        served: Array,
        drops: Mapping[str, Array],
        got: Answered,
        capacity: Array,
        columns: Mapping[str, Array],
    ) -> dict[str, Array]:
        answers = _sum(served)
        slowness = _sum(served * p95(got.seconds)) / np.maximum(answers, 1e-12) * MS
        table = {
            "arrived": _sum(arrived),
            "served": answers,
            "dropped": _sum(sum(drops.values(), np.zeros(len(arrived)))),
            "p95": slowness,
            "capacity": _mean(capacity),
            "writer": _mean(got.writer),
            "reader": _mean(got.reader),
            "connections": _mean(got.connections),
            "pool": _mean(got.pool),
        }
        return table | {name: _mean(values) for name, values in columns.items()}


def _sum(values: Array) -> Array:
    found: Array = values.reshape(-1, MINUTE).sum(axis=1)
    return found


def _mean(values: Array) -> Array:
    return _sum(values) / MINUTE
