"""All requests of a load, once it is known what serves: worked out in stretches, and kept by the minute."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ops.simulate.pieces import Pieces
from ops.simulate.requests import CAUSES, MS, SLOW, Answered, LoadedDatabase, RuntimeAnswers, Serves, p95, reached
from ops.simulate.run import LIMITS, Reaching, SimulatedRun, Surroundings
from ops.simulate.serving import ServingTimeline
from ops.simulate.traffic import MINUTE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_STRETCH = 360 * MINUTE  # seconds that are worked out at once: so many numbers stay in a processor's cache
_NOTHING = 1e-9  # of all requests: less is what sums of numbers leave
_NEARLY = 0.999  # of the maximum capacity
_PERCENT = 100
FLEET, PODS = "fleet", "pods"
_ON_DEMAND_SHARE = 0.5  # infra/components/compute/fleet.py: of the instances above the minimum


@dataclass(frozen=True, slots=True)
class RuntimeServes:
    """What serves at a runtime.

    maximum: targets at most.
    target: CPU at which a target is busier than the autoscaler wants it, as a share of what it can have.
    """

    serves: Serves
    timeline: ServingTimeline
    maximum: int
    target: float


@dataclass(frozen=True, slots=True)
class ReadersServe:
    """The readers of one region. alive: that answer, second by second. target: of their CPU, in percent."""

    alive: Array
    timeline: ServingTimeline
    maximum: int
    target: float


def over(
    run: SimulatedRun,
    around: Surroundings,
    runtimes: Mapping[str, RuntimeServes],
    database: LoadedDatabase,
    readers: ReadersServe | None,
) -> SimulatedRun:
    """Work out all requests, and put what comes of them into `run`."""
    stretches = _Stretches(run, around, runtimes, database, readers)
    end = run.traffic.seconds
    rows = [stretches.one(start, min(start + _STRETCH, end)) for start in range(0, end, _STRETCH)]
    run.minutes = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    _count(run, around, runtimes, readers)
    return run


class _Stretches:
    def __init__(
        self,
        run: SimulatedRun,
        around: Surroundings,
        runtimes: Mapping[str, RuntimeServes],
        database: LoadedDatabase,
        readers: ReadersServe | None,
    ) -> None:
        self._run, self._around, self._runtimes = run, around, runtimes
        self._database, self._readers = database, readers
        self._none = np.broadcast_to(0.0, _STRETCH)
        self._alone = run.stack.regions == 1 and run.lost.region is None
        self._at_most = {name: _at_most(one.timeline, one.maximum) for name, one in runtimes.items()}
        if readers is not None:
            self._at_most["readers"] = _at_most(readers.timeline, readers.maximum)
        run.reached = {name: Reaching() for name in LIMITS}
        run.dropped = dict.fromkeys(CAUSES, 0.0)
        run.totals = dict.fromkeys(("arrived", "served", "slow", "acu"), 0.0)

    def one(self, start: int, end: int) -> dict[str, Array]:
        """The minutes of a stretch."""
        run, around, stretch = self._run, self._around, slice(start, end)
        everybody, regions = run.traffic.rates[stretch], around.regions[stretch]
        rates = everybody if self._alone else everybody * around.part[stretch]
        here = {name: reached(rates, one.serves.part(start, end), run.numbers) for name, one in self._runtimes.items()}
        first, *others = here.values()
        taken, mean = first.taken, first.seconds
        targets = next(iter(self._runtimes.values())).serves.alive[stretch]
        for one, runtime in zip(others, list(self._runtimes.values())[1:], strict=True):
            targets = targets + runtime.serves.alive[stretch]
            weighted = taken * mean + one.taken * one.seconds
            taken = taken + one.taken
            mean = weighted / np.maximum(taken, 1e-12)
        there = self._readers.alive[stretch] if self._readers else self._none[: end - start]
        got = self._database.answer(taken, mean, regions, there, targets, around.up[stretch])
        for name, found in here.items():
            self._note(name, found, start, end)
            self._drop(name, found.over, regions, start)
            self._drop("zone", found.lost, regions, start)
        if run.lost.region is not None:
            self._drop("region", everybody * around.astray[stretch], self._none[:1] + 1, start)
        for name, part in got.dropped.items():
            self._drop(name, part, regions, start)
        self._note_database(got, start, end)
        served = got.served if self._alone else got.served * regions
        totals = run.totals
        totals["slow"] += float((served * np.exp(-SLOW / got.seconds)).sum())
        standby = 1 + float(run.stack.database.standby and self._readers is None)
        totals["acu"] += float(got.writer.sum()) * standby + float(
            ((there if self._alone else there * regions) * got.reader).sum()
        )
        return self._by_minute(everybody, served, got)

    def _drop(self, name: str, part: Array | None, regions: Array, start: int) -> None:
        """Note requests that are lost; None is none."""
        if part is None:
            return
        part = part * regions
        self._run.dropped[name] += float(part.sum())
        self._run.reached[name].note(part > self._run.traffic.rates[start : start + len(part)] * _NOTHING, start)

    def _note(self, name: str, here: RuntimeAnswers, start: int, end: int) -> None:
        """Note the limits of a runtime that cost no requests by themselves."""
        reaching, one = self._run.reached, self._runtimes[name]
        if (at_most := self._at_most[name].array(start, end)) is not None:
            reaching[f"{name}-maximum"].note((at_most > 0) & (here.busy > one.target), start)

    def _note_database(self, got: Answered, start: int, end: int) -> None:
        run, readers = self._run, self._readers
        most = run.stack.database.max_acu
        full = got.writer >= most * _NEARLY if run.stack.database.serverless else got.writer_load >= _NEARLY
        run.reached["writer-maximum"].note(full, start)
        if got.full is not None:
            run.reached["connections"].note(got.full, start)
        if readers is not None and (at_most := self._at_most["readers"].array(start, end)) is not None:
            of_most = got.reader_load * got.reader / most * _PERCENT
            run.reached["readers-maximum"].note((at_most > 0) & (of_most > readers.target), start)

    def _by_minute(self, arrived: Array, served: Array, got: Answered) -> dict[str, Array]:
        came, answers = _sum(arrived), _sum(served)
        dropped = came - answers
        self._run.totals["arrived"] += float(came.sum())
        self._run.totals["served"] += float(answers.sum())
        return {
            "arrived": came,
            "served": answers,
            "dropped": np.where(dropped > came * _NOTHING, dropped, 0),
            "p95": _sum(served * p95(got.seconds)) / np.maximum(answers, 1e-12) * MS,
            "writer": _sum(got.writer) / MINUTE,
            "reader": _sum(got.reader) / MINUTE,
            "connections": _sum(got.connections) / MINUTE,
            "pool": _sum(got.pool) / MINUTE,
        }


def _at_most(timeline: ServingTimeline, maximum: int) -> Pieces:
    """1 while as many are asked for as there may be, and 0 otherwise."""
    return Pieces.of(timeline, lambda now: float(now.wanted >= maximum))


def _count(
    run: SimulatedRun, around: Surroundings, runtimes: Mapping[str, RuntimeServes], readers: ReadersServe | None
) -> None:
    """What there was, in all regions: by minute, and in seconds of each."""
    stack, end = run.stack, run.traffic.seconds
    run.totals |= dict.fromkeys(("instances", "spot", "pods", "nodes", "readers"), 0.0)
    capacity = np.zeros(end // MINUTE)
    for name, one in runtimes.items():
        column = "instances" if name == FLEET else name
        counted = Pieces.of(one.timeline, lambda now: now.counted).times(around)
        run.minutes[column], run.totals[column] = counted.minutes(end), counted.total(end)
        each = one.serves.per_target
        alive = Pieces.of(one.timeline, lambda now, each=each: now.alive * each)  # type: ignore[misc]
        capacity += alive.times(around).minutes(end)
        if stack.pods is not None and name == PODS:
            size = stack.pods.each_node
            nodes = Pieces.of(one.timeline, lambda now, size=size: math.ceil(now.counted / size))  # type: ignore[misc]
            run.totals["nodes"] = nodes.times(around).total(end)
            run.reached["nodes"] = Pieces.of(one.timeline, lambda now: float(now.counted < now.wanted)).reaching(end)
        if stack.fleet is not None and name == FLEET and stack.fleet.spot:
            least = stack.fleet.minimum
            above = Pieces.of(one.timeline, lambda now, least=least: max(now.counted - least, 0))  # type: ignore[misc]
            run.totals["spot"] = above.times(around).total(end) * (1 - _ON_DEMAND_SHARE)
    run.minutes["capacity"] = capacity
    answering = Pieces.of(readers.timeline, lambda now: now.alive) if readers else Pieces([0], [0.0])
    answering = answering.times(around)
    run.minutes["readers"], run.totals["readers"] = answering.minutes(end), answering.total(end)


def _sum(values: Array) -> Array:
    found: Array = values.reshape(-1, MINUTE).sum(axis=1)
    return found
