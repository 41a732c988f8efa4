"""Autoscalers over a whole load, from one moment at which they might decide otherwise to the next.

Between two changes of what serves, the metrics of all coming minutes are one expression of the load. So the first
moment at which an alarm could go off, or the HorizontalPodAutoscaler could ask for another number, is looked up in
arrays; the moments before it are left out, but for the last ones that an autoscaler remembers. Those and all that
follow a change are taken one by one, by the same code that `benchmarks/simulated.py` runs second by second.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from infra.thresholds import POD_CPU_TARGET, REQUESTS_PER_TARGET
from ops.scaling.alarms import IN_DATAPOINTS, OUT_DATAPOINTS
from ops.scaling.hpa import SYNC_SECONDS
from ops.simulate.fleet import FleetScaling
from ops.simulate.pods import SEEN_FROM, PodScaling
from ops.simulate.readers import ReaderFleet
from ops.simulate.traffic import MINUTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Flags = NDArray[np.bool_]

PERCENT = 100
DIGITS = 6  # of a metric: sums of the same numbers in another order differ in the last ones
_MILLI = 1000
_ROUNDING = 1e-6  # of an instance
_BEHIND = SEEN_FROM // SYNC_SECONDS  # looks from the beginning of what one sees to itself
_UP_LOOKS, _DOWN_LOOKS = 60 // SYNC_SECONDS, 300 // SYNC_SECONDS
_FIRST, _MOST = 128, 8192  # moments that are looked at ahead: few after a change, more while nothing happens


def fleet_over(fleet: FleetScaling, rates: Array) -> None:
    """Let a fleet meet its part of a region's requests, second by second, to their end."""
    sums, peaks = _by(rates, MINUTE)
    requests = np.full(len(sums), np.nan)

    def one(minute: int) -> None:
        requests[minute] = _each(fleet, rates, sums, minute)

    def coming(minutes: slice, alive: int) -> None:
        requests[minutes] = np.round(sums[minutes] / alive, DIGITS)

    def metrics(minute: int) -> tuple[float | None, ...]:
        return (_known(requests[minute]),)

    _minutes(fleet, rates, (sums, peaks), Beside(requests, float(REQUESTS_PER_TARGET.value), one, coming, metrics))


def readers_over(readers: ReaderFleet, work: Array) -> None:
    """Let the readers of a region meet their work: seconds of their CPU that are needed in each second."""
    _minutes(readers, work, _by(work, MINUTE), None)


class Beside(NamedTuple):
    """A metric beside how busy targets are.

    values: by minute. target: of it. one: notes it for a minute. coming: notes it for minutes to come with so many
    targets. metrics: gives it for a minute, as the scaler takes it.
    """

    values: Array
    target: float
    one: Callable[[int], None]
    coming: Callable[[slice, int], None]
    metrics: Callable[[int], tuple[float | None, ...]]


def _minutes(
    scaler: FleetScaling | ReaderFleet, values: Array, table: tuple[Array, Array], beside: Beside | None
) -> None:
    """Take the minutes of what scales by alarms.

    Args:
        scaler: it.
        values: its work in each second.
        table: sums and peaks of that, by minute.
        beside: another metric that it scales by.
    """
    sums, peaks = table
    count, least = len(sums), IN_DATAPOINTS.value - 1
    busy = np.full(count, np.nan)
    seen = [(busy, scaler.target)] + ([(beside.values, beside.target)] if beside else [])
    # The scaler knows all minutes before `told`, or as many as its alarms look at.
    minute, told, ahead = 0, 0, _FIRST
    while minute < count:
        now = (minute + 1) * MINUTE
        settled = scaler.advance(now)
        busy[minute] = _busy(scaler, values, sums, peaks, minute)
        if beside:
            beside.one(minute)
        serving = scaler.timeline.changes[-1]
        rises = _rises(seen, minute)
        if told == minute or settled or rises or _falls(seen, minute, scaler.low_share):
            # What a step out is decided by are the last datapoints; a step in cannot follow within those of its alarm.
            first = minute - (OUT_DATAPOINTS.value - 1 if rises else least)
            for earlier in range(max(first, told, 0), minute):
                scaler.remember((earlier + 1) * MINUTE, _known(busy[earlier]), *_beside(beside, earlier))
            scaler.decide(now, _known(busy[minute]), *_beside(beside, minute))
            told = minute + 1
            serving = scaler.timeline.changes[-1]
        minute += 1
        # A cooldown begins with the minute after a change.
        if minute >= count or not serving.alive or serving.alive != serving.routed or serving.second >= now:
            continue
        stop = min(minute + ahead, count, _minute_of(scaler.next_event, count))
        if stop <= minute:
            continue
        coming, room = slice(minute, stop), serving.alive * scaler.per_target
        busy[coming] = np.round(sums[coming] / (room * MINUTE) * PERCENT, DIGITS)
        if beside:
            beside.coming(coming, serving.alive)
        begin = max(minute - least, 0)
        up, down = _acts([(one[begin:stop], limit) for one, limit in seen], serving.wanted, scaler)
        found = _first((up | down)[minute - begin :] | (peaks[coming] > room))
        ahead = min(ahead * 2, _MOST) if found is None else _FIRST
        minute = stop if found is None else minute + found


def _rises(metrics: Sequence[tuple[Array, float]], minute: int) -> bool:
    """Whether an alarm to scale out is on after this minute."""
    begin = minute + 1 - OUT_DATAPOINTS.value
    return begin >= 0 and any(
        values[minute] > target and bool((values[begin:minute] > target).all()) for values, target in metrics
    )


def _falls(metrics: Sequence[tuple[Array, float]], minute: int, low_share: float) -> bool:
    """Whether all alarms to scale in are on after this minute."""
    begin = minute + 1 - IN_DATAPOINTS.value
    return (
        begin >= 0
        and all(values[minute] < target * low_share for values, target in metrics)
        and all(bool((values[begin:minute] < target * low_share).all()) for values, target in metrics)
    )


def _beside(beside: Beside | None, minute: int) -> tuple[float | None, ...]:
    return beside.metrics(minute) if beside else ()


def pods_over(pods: PodScaling, rates: Array) -> None:
    """Let pods meet their part of a region's requests, second by second, to their end."""
    sums, peaks = _by(rates, SYNC_SECONDS)
    count = len(sums)
    asked = np.zeros(count, dtype=np.int64)
    look, taken_singly = _BEHIND, -1
    while look < count:
        now = look * SYNC_SECONDS
        pods.advance(now)
        proposed = pods.decide(now, _pod_usage(pods, rates, sums, peaks, look - _BEHIND))
        asked[look] = pods.replicas if proposed is None else proposed
        look += 1
        serving = pods.timeline.changes[-1]
        if look <= taken_singly or look >= count or not pods.at_rest or not serving.alive:
            continue
        if serving.second > (look - _BEHIND) * SYNC_SECONDS:
            continue  # the next look still sees a time in which others shared the load
        taken_singly, remembered = _quiet(pods, asked, sums, peaks, look)
        if taken_singly >= count:
            return
        # An autoscaler that has forgotten what it recommended would act at once. So the last looks begin with one that
        # holds it where it is, for as long as it remembers.
        before = asked[look : max(taken_singly - remembered, look)]
        holds = before == serving.alive
        if serving.alive == pods.pods.maximum:
            holds |= before > serving.alive
        if serving.alive == pods.pods.minimum:
            holds |= before < serving.alive
        look += int(np.flatnonzero(holds)[-1]) if holds.any() else 0


def _quiet(pods: PodScaling, asked: NDArray[np.int64], sums: Array, peaks: Array, look: int) -> tuple[int, int]:
    """The first look from this one on that might change something, and how many before it the autoscaler has to know.

    Notes in `asked` what the metrics ask for in those before it. The first is their number where nothing changes.
    """
    there, event = pods.alive, pods.next_event
    room, start, ahead = there * pods.per_target, look, _FIRST
    last = len(sums) if event is None else min(max(-(-event // SYNC_SECONDS), look), len(sums))
    while start < last:
        stop = min(start + ahead, last)
        coming, window = slice(start, stop), slice(start - _BEHIND, stop - _BEHIND)
        asked[coming] = _proposals(pods, sums[window], there)
        begin = max(start - _DOWN_LOOKS, 0)
        up = _runs(asked[begin:stop] > there)[start - begin :] >= _UP_LOOKS
        down = _runs(asked[begin:stop] < there)[start - begin :] >= _DOWN_LOOKS
        full = peaks[window] > room
        found = _first((up & (there < pods.pods.maximum)) | (down & (there > pods.pods.minimum)) | full)
        if found is not None:
            # More is decided by what was recommended in the window on the way up. What is older could only forbid less,
            # and what asks for more forbids that for longer.
            return start + found, _UP_LOOKS if up[found] and not full[found] else _DOWN_LOOKS
        start, ahead = stop, min(ahead * 2, _MOST)
    return last, _DOWN_LOOKS


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


def _acts(
    metrics: Sequence[tuple[Array, float]], there: int, scaler: FleetScaling | ReaderFleet
) -> tuple[Flags, Flags]:
    """Minutes after which a policy might ask for more, and those after which for fewer.

    More: one metric was above its target for as long as an alarm takes. Fewer: all were below their lower limits for as
    long, and so low that fewer would do.
    """
    count = len(metrics[0][0])
    up, down = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    if there < scaler.maximum:
        for values, target in metrics:
            up |= _runs(values > target) >= OUT_DATAPOINTS.value
    if there > scaler.minimum:
        low, spare = np.ones(count, dtype=bool), np.ones(count, dtype=bool)
        for values, target in metrics:
            low &= values < target * scaler.low_share
            spare &= values <= target * (there - 1 + _ROUNDING) / there
        down = (_runs(low) >= IN_DATAPOINTS.value) & spare
    return up, down


def _runs(flags: Flags) -> NDArray[np.int64]:
    """For each place, how many in a row are true up to it."""
    places = np.arange(len(flags))
    broken = np.maximum.accumulate(np.where(flags, -1, places))
    return places - broken


def _first(flags: Flags) -> int | None:
    place = int(flags.argmax()) if len(flags) else 0
    return place if len(flags) and flags[place] else None
