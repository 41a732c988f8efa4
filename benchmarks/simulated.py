"""A simulation second by second, in plain Python: what `ops.simulate` has to agree with, and its floor in `make bench`.

It has the formulas of docs/simulate.md as scalars, meets the autoscalers in every minute and every look, and leaves
nothing out. Only what an autoscaler decides, and when that is there, is the code of `ops.simulate` itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from infra.thresholds import CONNECTIONS_PER_INSTANCE, DATABASE_PROMOTION
from ops.scaling.hpa import SYNC_SECONDS
from ops.simulate.assumptions import Assumptions
from ops.simulate.fleet import FleetScaling
from ops.simulate.pods import SEEN_FROM, PodScaling
from ops.simulate.readers import ReaderFleet
from ops.simulate.requests import CAUSES, FULLEST, LONGEST, MS, NO_WAIT, P95, SLOW, wait_exponent
from ops.simulate.serving import LossTimes
from ops.simulate.stack import SimulatedStack
from ops.simulate.traffic import MINUTE

_DIGITS, _PERCENT = 6, 100


@dataclass
class PlainRun:
    """What came of it: the sums of `SimulatedRun`, and by minute what was served, and the 95th percentile in ms."""

    totals: dict[str, float] = field(default_factory=dict)
    dropped: dict[str, float] = field(default_factory=lambda: dict.fromkeys(CAUSES, 0.0))
    served: list[float] = field(default_factory=list)
    p95: list[float] = field(default_factory=list)
    instances: list[float] = field(default_factory=list)
    pods: list[float] = field(default_factory=list)
    readers: list[float] = field(default_factory=list)
    writer: list[float] = field(default_factory=list)


class _Units:
    """Aurora's capacity, second by second."""

    def __init__(self, stack: SimulatedStack, numbers: Assumptions) -> None:
        self.low, self.high = stack.database.min_acu, stack.database.max_acu
        self.moves = stack.database.serverless
        self.held = self.now = 0.0
        self.each = numbers.acu_vcpus * numbers.acu_load
        self.down, self.up = 0.5 ** (1 / numbers.acu_halving_seconds), 2 ** (1 / numbers.acu_doubling_seconds)

    def follow(self, work: float) -> float:
        if self.moves:
            wanted = min(max(work / self.each, self.low), self.high)
            self.held = max(wanted, self.held * self.down)
            self.now = min(self.held, self.now * self.up) if self.now else wanted
            return self.now
        return self.low


class _Meter:
    """How busy targets were, and how many requests each had, since it was last asked."""

    def __init__(self) -> None:
        self.busy = self.each = 0.0
        self.seconds = 0

    def note(self, rate: float, alive: int, routed: int, per_target: float) -> None:
        if alive:
            self.busy += min(rate / (routed * per_target), 1)
            self.each += rate / routed
            self.seconds += 1

    def read(self) -> tuple[float | None, float | None]:
        found: tuple[float | None, float | None] = (None, None)
        if self.seconds:
            found = (round(self.busy / self.seconds * _PERCENT, _DIGITS), round(self.each, _DIGITS))
        self.busy, self.each, self.seconds = 0.0, 0.0, 0
        return found


def plainly(stack: SimulatedStack, rates: list[float], numbers: Assumptions, lost: LossTimes) -> PlainRun:
    """The same as `simulate`, one second after the other."""
    run = PlainRun()
    totals = dict.fromkeys(("arrived", "served", "slow", "instances", "spot", "pods", "nodes", "readers", "acu"), 0.0)
    part_of = _parts(stack, lost)
    first = rates[0] * part_of(0)[0]
    fleet = pods = readers = None
    if stack.fleet is not None:
        fleet = FleetScaling(stack.fleet, stack.zones, numbers, lost, first * stack.fleet.share)
    if stack.pods is not None:
        pods = PodScaling(stack.pods, stack.zones, numbers, lost, first * stack.pods.share)
    if stack.database.readers is not None:
        readers = ReaderFleet(stack.database, numbers, lost)
    fleet_meter, reader_meter = _Meter(), _Meter()
    windows = [0.0, 0.0, 0.0]  # requests of a pod in this window of a scrape and the two before
    writer_units, reader_units = _Units(stack, numbers), _Units(stack, numbers)
    hits = numbers.cache_hits if stack.database.cached else 0
    writes, reads = numbers.write_share, (1 - numbers.write_share) * (1 - hits)
    cached = (1 - numbers.write_share) * hits
    work = numbers.queries * numbers.query_ms / MS
    service = numbers.cpu_ms / MS
    least_held = (writes + reads) * numbers.queries * (numbers.query_ms + numbers.round_trip_ms) / MS
    answers = slowness = instances = pod_seconds = reader_seconds = units = 0.0
    for second, everybody in enumerate(rates):
        part, regions, astray, up = (*part_of(second), _up(second, stack, numbers, lost))
        rate = everybody * part
        for scaler in (fleet, pods, readers):
            if scaler is not None:
                scaler.advance(second)
        if second and second % MINUTE == 0:
            if fleet is not None:
                fleet.decide(second, *fleet_meter.read())
            if readers is not None:
                readers.decide(second, reader_meter.read()[0])
        if second % SYNC_SECONDS == 0:
            if pods is not None and second >= SEEN_FROM:
                pods.decide(second, pods.millicores(windows[1]))
            windows = [0.0, *windows[:2]]
        # The application
        taken = weighted = lost_here = 0.0
        targets = 0
        for scaler, size, name in ((fleet, stack.fleet, "fleet"), (pods, stack.pods, "pods")):
            if scaler is None or size is None:
                continue
            now = scaler.timeline.changes[-1]
            mine = rate * size.share
            arrives = mine * (now.alive / max(now.routed, 1))
            room = now.alive * scaler.per_target
            takes = min(arrives, room)
            full = min(min(arrives / max(room, 1e-9), 1), FULLEST)
            servers = max(size.vcpus, 1.0)
            weighted += takes * service * (1 + full ** wait_exponent(servers) / (servers * (1 - full)))
            taken += takes
            lost_here += mine - arrives
            targets += now.alive
            run.dropped[name] += (arrives - takes) * regions
            if isinstance(scaler, FleetScaling):
                fleet_meter.note(mine, now.alive, now.routed, scaler.per_target)
                instances += now.counted * regions
                above = max(now.counted * regions - size.minimum * regions, 0)
                totals["instances"] += now.counted * regions
                totals["spot"] += above / 2 * stack.fleet.spot if stack.fleet else 0
            else:
                windows[0] += min(mine / max(now.routed, 1), scaler.per_target)
                pod_seconds += now.counted * regions
                totals["pods"] += now.counted * regions
                totals["nodes"] += math.ceil(now.counted / stack.pods.each_node) * regions if stack.pods else 0
        run.dropped["zone"] += lost_here * regions
        run.dropped["region"] += everybody * astray
        # The database
        there = readers.ready if readers is not None else 0
        read_work = taken * reads * work
        if readers is not None:
            reader_meter.note(read_work, there, there, readers.per_target)
        alone = there < 1
        writer_work = regions * (taken * writes * work + (read_work if alone else 0))
        reader_work = 0.0 if alone else read_work / there
        writer, reader = writer_units.follow(writer_work), reader_units.follow(reader_work)
        writer_load, reader_load = (
            writer_work / (writer * numbers.acu_vcpus),
            reader_work / (reader * numbers.acu_vcpus),
        )
        write_time = _statements(writer_load, numbers)
        held = writes * write_time + reads * (write_time if alone else _statements(reader_load, numbers))
        limit = stack.database.server_connections
        pool = max(min(targets * CONNECTIONS_PER_INSTANCE.value, stack.limit if limit is None else limit), 1)
        demand = taken * held
        connected = min(1.0, pool / max(taken * least_held, 1e-12))
        seconds = weighted / max(taken, 1e-12) + held + cached * numbers.queries * numbers.round_trip_ms / MS
        if demand / pool > NO_WAIT:
            full = min(demand / pool, FULLEST)
            seconds += held * full ** (math.sqrt(2 * (pool + 1)) - 1) / (pool * (1 - full))
        kept = min(1.0, 1 / max(writer_load, 1e-12))
        read = kept * up if alone else min(1.0, 1 / max(reader_load, 1e-12))
        asks = taken * connected
        from_writer = writes + (reads if alone else 0)
        run.dropped["connections"] += taken * (writes + reads) * (1 - connected) * regions
        run.dropped["writer"] += asks * from_writer * (1 - kept) * up * regions
        run.dropped["readers"] += 0 if alone else asks * reads * (1 - read) * regions
        run.dropped["failover"] += asks * from_writer * (1 - up) * regions
        served = (taken * cached + asks * (writes * kept * up + reads * read)) * regions
        totals["arrived"] += everybody
        totals["served"] += served
        totals["slow"] += served * math.exp(-SLOW / max(seconds, 1e-9))
        totals["readers"] += there * regions
        standby = 1 if stack.database.standby and readers is None else 0
        totals["acu"] += writer * (1 + standby) + there * regions * reader
        answers += served
        slowness += served * min(seconds * P95, LONGEST)
        reader_seconds += there * regions
        units += writer
        if second % MINUTE == MINUTE - 1:
            run.served.append(answers)
            run.p95.append(slowness / max(answers, 1e-12) * MS)
            run.instances.append(instances / MINUTE)
            run.pods.append(pod_seconds / MINUTE)
            run.readers.append(reader_seconds / MINUTE)
            run.writer.append(units / MINUTE)
            answers = slowness = instances = pod_seconds = reader_seconds = units = 0.0
    run.totals = totals
    return run


def _statements(load: float, numbers: Assumptions) -> float:
    return numbers.queries * (numbers.query_ms / MS / (1 - min(load, FULLEST)) + numbers.round_trip_ms / MS)


def _parts(stack: SimulatedStack, lost: LossTimes) -> Callable[[int], tuple[float, int, float]]:
    """A region's share of the requests, the regions like it, and the share that is sent to a lost one, by second."""
    count = stack.regions

    def at(second: int) -> tuple[float, int, float]:
        if lost.region is None or second < lost.region:
            return 1 / count, count, 0.0
        if count == 1:
            return 0.0, 0, 1.0
        if second < lost.region + stack.monitor_seconds:
            return 1 / count, count - 1, 1 / count
        return 1 / (count - 1), count - 1, 0.0

    return at


def _up(second: int, stack: SimulatedStack, numbers: Assumptions, lost: LossTimes) -> int:
    if lost.zone is not None:
        without = numbers.failover_seconds if stack.database.standby else numbers.recreate_seconds
        if lost.zone <= second < lost.zone + int(without):
            return 0
    without_writer = int(numbers.person_seconds) + DATABASE_PROMOTION.value
    seen = lost.region is not None and stack.regions > 1
    return int(not (seen and lost.region is not None and lost.region <= second < lost.region + without_writer))
