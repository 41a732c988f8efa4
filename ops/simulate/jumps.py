"""Autoscalers over a whole load, from one moment at which they might decide otherwise to the next.

Between two changes of what serves, the metrics of all coming minutes are one expression of the load. So the first
moment at which an alarm could go off, or the HorizontalPodAutoscaler could ask for another number, is looked up in
arrays; the moments before it are left out, but for the last ones that an autoscaler remembers. Those and all that
follow a change are taken one by one, by the same code that `benchmarks/simulated.py` runs second by second.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from infra.thresholds import CPU_TARGET, POD_CPU_TARGET, REQUESTS_PER_TARGET
from ops.scaling.alarms import IN_DATAPOINTS, OUT_DATAPOINTS
from ops.scaling.hpa import SYNC_SECONDS
from ops.simulate.fleet import FleetScaling
from ops.simulate.pods import SEEN_FROM, PodScaling
from ops.simulate.readers import ReaderFleet
from ops.simulate.traffic import MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Flags = NDArray[np.bool_]

PERCENT = 100
DIGITS = 6  # of a metric: sums of the same numbers in another order differ in the last ones
_MILLI = 1000
_ROUNDING = 1e-6  # of an instance
_REMEMBERED = IN_DATAPOINTS.value + 5  # minutes that are run before a moment that matters
_UP_LOOKS, _DOWN_LOOKS = 60 // SYNC_SECONDS, 300 // SYNC_SECONDS
_FIRST, _MOST = 256, 8192  # moments that are looked at ahead: few after a change, more while nothing happens


def fleet_over(fleet: FleetScaling, rates: Array) -> None:
    """Let a fleet meet its part of a region's requests, second by second, to their end."""
    sums, peaks = _by(rates, MINUTE)
    requests = np.full(len(sums), np.nan)

    def single(minute: int, now: int, cpu: float) -> None:
        requests[minute] = _each(fleet, rates, sums, minute)
        fleet.decide(now, _known(cpu), _known(requests[minute]))

    def others(coming: slice, alive: int) -> list[tuple[Array, float]]:
        requests[coming] = np.round(sums[coming] / alive, DIGITS)
        return [(requests, float(REQUESTS_PER_TARGET.value))]

    _minutes(fleet, rates, sums, peaks, single, others, float(CPU_TARGET.value))


def readers_over(readers: ReaderFleet, work: Array) -> None:
    """Let the readers of a region meet their work: seconds of their CPU that are needed in each second."""
    sums, peaks = _by(work, MINUTE)

    def single(_: int, now: int, cpu: float) -> None:
        readers.decide(now, _known(cpu))

    _minutes(readers, work, sums, peaks, single, lambda *_: [], readers.target)


def _minutes(
    scaler: FleetScaling | ReaderFleet,
    values: Array,
    sums: Array,
    peaks: Array,
    single: Callable[[int, int, float], None],
    others: Callable[[slice, int], list[tuple[Array, float]]],
    target: float,
) -> None:
    """Take the minutes of what scales by alarms.

    Args:
        scaler: it.
        values: its work in each second. sums, peaks: by minute.
        single: takes a minute, its end in seconds, and how busy the targets were in it.
        others: notes metrics beside that one for minutes to come with so many targets; gives each with its target.
        target: of that one, in percent.
    """
    count = len(sums)
    busy = np.full(count, np.nan)
    minute, taken_singly, ahead = 0, -1, _FIRST
    while minute < count:
        now = (minute + 1) * MINUTE
        scaler.advance(now)
        busy[minute] = _busy(scaler, values, sums, peaks, minute)
        single(minute, now, busy[minute])
        minute += 1
        serving = scaler.timeline.changes[-1]
        if minute <= taken_singly or minute >= count or not serving.alive or serving.alive != serving.routed:
            continue
        if serving.second >= now:
            continue  # a cooldown begins with the next minute, which sees the change
        stop = min(minute + ahead, count, _minute_of(scaler.next_event, count))
        if stop <= minute:
            continue
        coming, room = slice(minute, stop), serving.alive * scaler.per_target
        busy[coming] = np.round(sums[coming] / (room * MINUTE) * PERCENT, DIGITS)
        begin = max(minute - IN_DATAPOINTS.value, 0)
        metrics = [(busy, target), *others(coming, serving.alive)]
        seen = [(one[begin:stop], limit) for one, limit in metrics]
        acts = _acts(seen, serving.wanted, scaler)[minute - begin :]
        acts |= peaks[coming] > room
        first = _first(acts)
        ahead = min(ahead * 2, _MOST) if first is None else _FIRST
        taken_singly = stop if first is None else minute + first
        minute = max(minute, taken_singly - _REMEMBERED)


def pods_over(pods: PodScaling, rates: Array) -> None:
    """Let pods meet their part of a region's requests, second by second, to their end."""
    sums, peaks = _by(rates, SYNC_SECONDS)
    count = len(sums)
    asked = np.zeros(count, dtype=np.int64)
    look, taken_singly, ahead = SEEN_FROM // SYNC_SECONDS, -1, _FIRST
    behind = SEEN_FROM // SYNC_SECONDS
    while look < count:
        now = look * SYNC_SECONDS
        pods.advance(now)
        proposed = pods.decide(now, _pod_usage(pods, rates, sums, peaks, look - behind))
        asked[look] = pods.replicas if proposed is None else proposed
        look += 1
        serving = pods.timeline.changes[-1]
        if look <= taken_singly or look >= count or not pods.at_rest or not serving.alive:
            continue
        if serving.second > (look - behind) * SYNC_SECONDS:
            continue  # the next look still sees a time in which others shared the load
        event = pods.next_event
        stop = min(look + ahead, count, count if event is None else max(-(-event // SYNC_SECONDS), look))
        there, room = serving.alive, serving.alive * pods.per_target
        coming, window = slice(look, stop), slice(look - behind, stop - behind)
        asked[coming] = _proposals(pods, sums[window], there)
        begin = max(look - _DOWN_LOOKS, 0)
        above, below = asked[begin:stop] > there, asked[begin:stop] < there
        acts = np.zeros(stop - begin, dtype=bool)
        if there < pods.pods.maximum:
            acts |= _runs(above) >= _UP_LOOKS
        if there > pods.pods.minimum:
            acts |= _runs(below) >= _DOWN_LOOKS
        acts[look - begin :] |= peaks[window] > room
        first = _first(acts[look - begin :])
        ahead = min(ahead * 2, _MOST) if first is None else _FIRST
        taken_singly = stop if first is None else look + first
        # An autoscaler that has forgotten what it recommended would act at once. So the last looks begin with one that
        # holds it where it is, for as long as it remembers.
        before = asked[look : max(taken_singly - _DOWN_LOOKS, look)]
        holds = before == there
        if there == pods.pods.maximum:
            holds |= before > there
        if there == pods.pods.minimum:
            holds |= before < there
        look += int(np.flatnonzero(holds)[-1]) if holds.any() else 0


def _by(values: Array, step: int) -> tuple[Array, Array]:
    """Sums and peaks of each `step` seconds."""
    table = values.reshape(-1, step)
    return table.sum(axis=1), table.max(axis=1)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _minute_of(event: int | None, count: int) -> int:
    """The minute that has to be taken singly, since something happens by itself in it or at its end."""
    return count if event is None else max(-(-event // MINUTE) - 1, 0)


def _busy(scaler: FleetScaling | ReaderFleet, values: Array, sums: Array, peaks: Array, minute: int) -> float:
    """How busy the targets were in this minute, in percent; not a number where none answers."""
    start = minute * MINUTE
    used = seconds = 0.0
    for begin, end, serving in scaler.timeline.between(start, start + MINUTE):
        if not serving.alive:
            continue
        room = serving.routed * scaler.per_target
        whole = end - begin == MINUTE and peaks[minute] <= room
        used += float(sums[minute] / room if whole else np.minimum(values[begin:end] / room, 1).sum())
        seconds += end - begin
    return round(used / seconds * PERCENT, DIGITS) if seconds else math.nan


def _each(fleet: FleetScaling, rates: Array, sums: Array, minute: int) -> float:
    """Requests for each target in this minute; not a number where no instance answers."""
    start, found = minute * MINUTE, math.nan
    for begin, end, serving in fleet.timeline.between(start, start + MINUTE):
        if serving.alive:
            part = sums[minute] if end - begin == MINUTE else rates[begin:end].sum()
            found = float(part) / serving.routed + (0 if math.isnan(found) else found)
    return round(found, DIGITS)


def _pod_usage(pods: PodScaling, rates: Array, sums: Array, peaks: Array, window: int) -> int:
    """Millicores of each pod in this window of a scrape."""
    start = window * SYNC_SECONDS
    requests = 0.0
    for begin, end, serving in pods.timeline.between(start, start + SYNC_SECONDS):
        each = pods.per_target
        targets = max(serving.routed, 1)
        if end - begin == SYNC_SECONDS and peaks[window] <= each * targets:
            requests += float(sums[window]) / targets
        else:
            requests += float(np.minimum(rates[begin:end] / targets, each).sum())
    return pods.millicores(requests)


def _proposals(pods: PodScaling, sums: Array, there: int) -> NDArray[np.int64]:
    """What the metrics ask for while `there` pods share these requests a window: `HorizontalPodAutoscaler`, at rest."""
    usage = np.round(np.round(sums / there * pods.millicores_a_request, DIGITS)).astype(np.int64)
    utilization = usage * PERCENT // pods.pods.request
    ratio = utilization / POD_CPU_TARGET.value
    wanted = np.ceil(ratio * there).astype(np.int64)
    return np.where(np.abs(1 - ratio) <= pods.rules.tolerance, there, wanted)


def _acts(metrics: Sequence[tuple[Array, float]], there: int, scaler: FleetScaling | ReaderFleet) -> Flags:
    """Minutes after which a policy might change how many there are.

    One metric was above its target for as long as an alarm takes, or all were below their lower limits for as long,
    and so low that fewer would do.
    """
    count = len(metrics[0][0])
    acts, low = np.zeros(count, dtype=bool), np.ones(count, dtype=bool)
    with np.errstate(invalid="ignore"):
        if there < scaler.maximum:
            for values, target in metrics:
                acts |= _runs(values > target) >= OUT_DATAPOINTS.value
        if there > scaler.minimum:
            spare = np.ones(count, dtype=bool)
            for values, target in metrics:
                low &= values < target * scaler.low_share
                spare &= values <= target * (there - 1 + _ROUNDING) / there
            acts |= (_runs(low) >= IN_DATAPOINTS.value) & spare
    return acts


def _runs(flags: Flags) -> NDArray[np.int64]:
    """For each place, how many in a row are true up to it."""
    places = np.arange(len(flags))
    broken = np.maximum.accumulate(np.where(flags, -1, places))
    return places - broken


def _first(flags: Flags) -> int | None:
    place = int(flags.argmax()) if len(flags) else 0
    return place if len(flags) and flags[place] else None
