"""What becomes of the requests, as arrays: who answers them, what is dropped and why, how long they take.

docs/simulate.md has the formulas. A stretch of seconds is worked out at once; between two decisions of an autoscaler
nothing but the load changes, and what autoscalers decide is known here already.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from infra.thresholds import CONNECTIONS_PER_INSTANCE, IDLE_TIMEOUT, LATENCY_HEALTHY_MS
from ops.simulate.assumptions import Assumptions
from ops.simulate.stack import SimulatedDatabase, SimulatedStack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Flags = NDArray[np.bool_]

MS = 1000
# A queue that is fuller than this is no queue that anybody waits in: the formulas go to infinity at 1.
FULLEST = 0.99
# Below it, nobody waits for a connection: with 20 of them or more, less than one request in a hundred does.
NO_WAIT = 0.5
# The 95th percentile of an exponential distribution, in means: the logarithm of 20.
P95 = math.log(20)
_DIGITS = 1e-9  # of a logarithm
LONGEST = float(IDLE_TIMEOUT.value)  # seconds until the balancer gives an answer up
SLOW = LATENCY_HEALTHY_MS.value / MS

CAUSES = MappingProxyType(
    {
        "region": "a region is lost, and visitors are still sent there",
        "zone": "a zone is lost, and the balancer still sends requests there",
        "fleet": "more requests than the instances take",
        "pods": "more requests than the pods take",
        "connections": "all database connections are in use",
        "writer": "more statements than the writer takes",
        "readers": "more reads than the readers take",
        "failover": "the database has no writer",
    }
)


@dataclass(frozen=True, slots=True)
class Serves:
    """A runtime, second by second. per_target: requests a second that one target takes; vcpus: of it."""

    share: float
    per_target: float
    vcpus: float
    alive: Array
    routed: Array
    whole: bool = False  # whether all that is routed to is alive, and there always is something

    def part(self, start: int, end: int) -> Serves:
        """These seconds of it."""
        alive, routed = self.alive[start:end], self.routed[start:end]
        return Serves(self.share, self.per_target, self.vcpus, alive, routed, self.whole)


@dataclass(frozen=True, slots=True)
class RuntimeAnswers:
    """What a runtime does with its part of the requests: takes, loses in a lost zone, drops for want of capacity.

    lost, over: None where there are none. busy: share of what takes it, at most 1. seconds: mean time of a request.
    """

    taken: Array
    lost: Array | None
    over: Array | None
    busy: Array
    seconds: Array


def wait_exponent(servers: float) -> float:
    """The exponent of Sakasegawa's approximation of the wait in M/M/c (Annals of the Institute of Statistical
    Mathematics 29, 1977): wait = service x busy^(sqrt(2(c+1))-1) / (c (1-busy))."""
    return math.sqrt(2 * (servers + 1)) - 1


def reached(rates: Array, one: Serves, numbers: Assumptions) -> RuntimeAnswers:
    """What becomes of the requests of one region at a runtime."""
    mine = rates * one.share
    room = one.alive * one.per_target
    arrives = mine if one.whole else mine * (one.alive / np.maximum(one.routed, 1))
    busy = arrives / np.maximum(room, 1e-9)
    taken, over, full = arrives, None, busy
    if (most := busy.max(initial=0)) > FULLEST:
        full = np.minimum(busy, FULLEST)
        if most > 1:
            taken, busy = np.minimum(arrives, room), np.minimum(busy, 1)
            over = arrives - taken
    servers = max(one.vcpus, 1.0)
    seconds = numbers.cpu_ms / MS * (1 + full ** wait_exponent(servers) / (servers * (1 - full)))
    return RuntimeAnswers(taken, None if one.whole else mine - arrives, over, busy, seconds)


class Capacity:
    """Aurora's capacity of an instance, which follows its load: down slowly, and up no faster than it can double.

    It begins at rest, with what the first second needs.
    """

    def __init__(self, database: SimulatedDatabase, numbers: Assumptions) -> None:
        self._low, self._high = database.min_acu, database.max_acu
        self._moves = database.serverless and self._high > self._low
        self._per_unit = numbers.acu_vcpus * numbers.acu_load
        self._down, self._up = 1 / numbers.acu_halving_seconds, 1 / numbers.acu_doubling_seconds
        self._held = self._now = math.nan
        self._least = math.log2(self._low)

    def follow(self, work: Array) -> Array:
        """Capacity units in each second, for so many seconds of CPU in it. It goes on where the last call ended."""
        if not self._moves:
            return np.full(len(work), self._low)
        steps = np.arange(1, len(work) + 1, dtype=np.float64)
        needed = work / self._per_unit
        if self._now == self._held == self._least and needed.max() <= self._low:
            return np.full(len(work), self._low)
        wanted = np.log2(np.clip(needed, self._low, self._high))
        if math.isnan(self._now):
            self._held = self._now = float(wanted[0])
        held = np.maximum.accumulate(np.maximum(wanted + steps * self._down, self._held)) - steps * self._down
        units = np.minimum.accumulate(np.minimum(held - steps * self._up, self._now)) + steps * self._up
        self._held, self._now = self._settled(held), self._settled(units)
        return np.exp2(units)

    def _settled(self, values: Array) -> float:
        """The last of them; the least exactly, where only the digits of the sums are above it."""
        last = float(values[-1])
        return self._least if last - self._least < _DIGITS else last


@dataclass(frozen=True, slots=True)
class Answered:
    """What becomes of the requests that the application took, second by second, in one region.

    served: answered. dropped: by cause. seconds: mean time of an answer. writer, reader: capacity units of each.
    connections, pool: in use and there. full: whether all are in use; None where they never are.
    writer_load, reader_load: of what they take, above 1 where it is too much.
    """

    served: Array
    dropped: Mapping[str, Array]
    seconds: Array
    writer: Array
    reader: Array
    connections: Array
    pool: Array
    full: Flags | None
    writer_load: Array
    reader_load: Array


class LoadedDatabase:
    """The database of a stack as its regions' requests meet it. It remembers its capacity from call to call."""

    def __init__(self, stack: SimulatedStack, numbers: Assumptions) -> None:
        self._stack, self._numbers = stack, numbers
        self._writer, self._reader = Capacity(stack.database, numbers), Capacity(stack.database, numbers)
        hits = numbers.cache_hits if stack.database.cached else 0
        self.writes, self.reads = numbers.write_share, (1 - numbers.write_share) * (1 - hits)
        self._hits = (1 - numbers.write_share) * hits
        self.work = numbers.queries * numbers.query_ms / MS  # seconds of its CPU for a request
        # Seconds that a request holds a connection where no statement waits. So many connections let through what they
        # divide by it; more only where the database is the limit itself, since then all wait for that (Denning and
        # Buzen, The Operational Analysis of Queueing Network Models, 1978: the asymptotic bounds).
        self.least_held = (self.writes + self.reads) * (self.work + numbers.queries * numbers.round_trip_ms / MS)

    def answer(
        self, taken: Array, seconds: Array, regions: Array, readers: Array, targets: Array, up: Array
    ) -> Answered:
        """What becomes of requests.

        Args:
            taken: that the application took, in one region.
            seconds: their mean time there.
            regions: that send writes.
            readers: that answer, in one region.
            targets: that answer, in one region.
            up: 1 where there is a writer, and 0 where not.
        """
        numbers, stack = self._numbers, self._stack
        alone = readers < 1
        by_readers, from_writer, reader_work = self._divided(taken, readers, alone)
        writer_work = taken * (from_writer * self.work)
        if regions[0] != 1 or regions[-1] != 1:
            writer_work = writer_work * regions
        writer, reader = self._writer.follow(writer_work), self._reader.follow(reader_work)
        writer_load = writer_work / (writer * numbers.acu_vcpus)
        reader_load = reader_work / (reader * numbers.acu_vcpus)
        held = from_writer * self._request(writer_load) + by_readers * self._request(reader_load)
        limit = stack.database.server_connections
        pool = np.maximum(
            np.minimum(targets * CONNECTIONS_PER_INSTANCE.value, stack.limit if limit is None else limit), 1
        )
        demand = taken * held
        least, most = float(pool.min(initial=math.inf)), float(demand.max(initial=0))
        total = seconds + (held + self._hits * numbers.queries * numbers.round_trip_ms / MS)
        if most > least * NO_WAIT:
            total += _pool_wait(demand / pool, pool, held)
        full = demand >= pool if most >= least else None
        used = demand if full is None else np.minimum(demand, pool)
        loads = max(float(writer_load.max(initial=0)), float(reader_load.max(initial=0)))
        if loads <= 1 and full is None and up.all():
            return Answered(taken, {}, total, writer, reader, used, pool, full, writer_load, reader_load)
        asks = taken * np.minimum(1, pool / np.maximum(taken * self.least_held, 1e-12))
        written, read = asks * from_writer, asks * by_readers
        kept, lost_there = written / np.maximum(writer_load, 1), written * (1 - up)
        given, answered = read / np.maximum(reader_load, 1), kept * up
        dropped = {
            "connections": (taken - asks) * (self.writes + self.reads),
            "writer": written - lost_there - answered,
            "readers": read - given,
            "failover": lost_there,
        }
        served = taken * self._hits + answered + given
        return Answered(served, dropped, total, writer, reader, used, pool, full, writer_load, reader_load)

    def _divided(self, taken: Array, readers: Array, alone: Flags) -> tuple[Array | float, Array | float, Array]:
        """Shares of the requests that read from readers and that ask the writer, and the work of each reader."""
        read_work = taken * (self.reads * self.work)
        if not alone.any():
            return self.reads, self.writes, read_work / readers
        if alone.all():
            return 0.0, self.writes + self.reads, np.zeros(len(taken))
        by_readers: Array = np.where(alone, 0.0, self.reads)
        from_writer: Array = self.writes + self.reads - by_readers
        return by_readers, from_writer, np.where(alone, 0.0, read_work / np.maximum(readers, 1))

    def _request(self, load: Array) -> Array:
        """Mean time of all statements of a request: processor sharing, service / (1 - busy)."""
        numbers = self._numbers
        each = numbers.query_ms / MS / (1 - np.minimum(load, FULLEST)) + numbers.round_trip_ms / MS
        return numbers.queries * each


def _pool_wait(busy: Array, pool: Array, held: Array) -> Array:
    """Mean wait for a connection."""
    waits = busy > NO_WAIT
    found = np.zeros(len(busy))
    if waits.any():
        full, size = np.minimum(busy[waits], FULLEST), pool[waits]
        found[waits] = held[waits] * full ** (np.sqrt(2 * (size + 1)) - 1) / (size * (1 - full))
    return found


def p95(mean: Array) -> Array:
    """The 95th percentile of times that are distributed exponentially, at most what the balancer waits."""
    return np.minimum(mean * P95, LONGEST)
