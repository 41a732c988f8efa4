"""A load over a stack: the autoscalers first, by jumps, then all requests, in stretches of some hours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from infra.thresholds import CPU_TARGET, POD_CPU_TARGET
from ops.simulate.assumptions import Assumptions
from ops.simulate.fleet import FleetScaling
from ops.simulate.looks import pods_over
from ops.simulate.minutes import fleet_over, readers_over
from ops.simulate.pods import PodScaling
from ops.simulate.readers import ReaderFleet
from ops.simulate.requests import LoadedDatabase, Serves
from ops.simulate.run import SimulatedRun, Surroundings
from ops.simulate.serving import LossTimes
from ops.simulate.stack import SimulatedFleet, SimulatedPods, SimulatedStack
from ops.simulate.stretches import FLEET, PODS, ReadersServe, RuntimeServes, over
from ops.simulate.traffic import TrafficCurve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_PERCENT, _MILLI = 100, 1000


def simulate(
    stack: SimulatedStack,
    traffic: TrafficCurve,
    numbers: Assumptions,
    lost: LossTimes,
    progress: Callable[[str], None] = lambda _: None,
) -> SimulatedRun:
    """What comes of a load over a stack.

    Args:
        stack: its numbers.
        traffic: requests of all regions together.
        numbers: what is assumed.
        lost: what is lost on the way.
        progress: is told what is being worked out.
    """
    seconds = traffic.seconds
    around = Surroundings(stack, numbers, lost, seconds)
    rates = traffic.rates if around.part[0] == around.part[-1] == 1 else traffic.rates * around.part
    runtimes: dict[str, RuntimeServes] = {}
    if (fleet := stack.fleet) is not None:
        progress("instances")
        mine = _scaled(rates, fleet.share)
        instances = FleetScaling(fleet, stack.zones, numbers, lost, float(mine[0]))
        fleet_over(instances, mine)
        runtimes[FLEET] = _runtime(instances, fleet, seconds, CPU_TARGET.value / _PERCENT)
    if (size := stack.pods) is not None:
        progress("pods")
        mine = _scaled(rates, size.share)
        pods = PodScaling(size, stack.zones, numbers, lost, float(mine[0]))
        pods_over(pods, mine)
        # The target is of the request; a pod can use more than it has asked for.
        target = POD_CPU_TARGET.value / _PERCENT * size.request / _MILLI / size.vcpus
        runtimes[PODS] = _runtime(pods, size, seconds, target)
    database = LoadedDatabase(stack, numbers)
    readers = None
    if stack.database.readers is not None:
        progress("readers")
        scaled = ReaderFleet(stack.database, numbers, lost)
        readers_over(scaled, _taken(rates, runtimes) * (database.reads * database.work))
        line = scaled.timeline
        readers = ReadersServe(line.array("alive", seconds), line, scaled.maximum, scaled.target)
    progress("requests")
    return over(SimulatedRun(stack, traffic, numbers, lost), around, runtimes, database, readers)


def _runtime(
    scaled: FleetScaling | PodScaling, size: SimulatedFleet | SimulatedPods, seconds: int, target: float
) -> RuntimeServes:
    timeline = scaled.timeline
    alive = timeline.array("alive", seconds)
    whole = all(one.alive == one.routed > 0 for one in timeline.changes)
    routed = alive if whole else timeline.array("routed", seconds)
    serves = Serves(size.share, scaled.per_target, size.vcpus, alive, routed, whole)
    return RuntimeServes(serves, timeline, size.maximum, target)


def _taken(rates: Array, runtimes: Mapping[str, RuntimeServes]) -> Array:
    """Requests that the application takes, second by second."""
    found: list[Array] = []
    for one in (runtime.serves for runtime in runtimes.values()):
        mine = _scaled(rates, one.share)
        arrives = mine if one.whole else mine * (one.alive / np.maximum(one.routed, 1))
        room = one.alive * one.per_target
        found.append(np.minimum(arrives, room, out=room))
    first, *others = found
    for other in others:
        first += other
    return first


def _scaled(values: Array, share: float) -> Array:
    return values if share == 1 else values * share
