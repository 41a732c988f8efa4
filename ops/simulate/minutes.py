"""Fleets and readers over a whole load, from one minute in which an alarm might act to the next.

Between two changes of what serves, the metrics of all coming minutes are one expression of the load. So the first
minute after which an alarm could go off is looked up in arrays, and the policies are told of those before it only as
far as their alarms look back. `benchmarks/simulated.py` asks the same policies in each minute.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from infra.thresholds import REQUESTS_PER_TARGET
from ops.scaling.alarms import IN_DATAPOINTS, OUT_DATAPOINTS
from ops.simulate.arrays import AHEAD, DIGITS, FURTHEST, PERCENT, by, first, runs
from ops.simulate.fleet import FleetScaling
from ops.simulate.readers import ReaderFleet
from ops.simulate.traffic import MINUTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Flags = NDArray[np.bool_]

_ROUNDING = 1e-6  # of an instance


def fleet_over(fleet: FleetScaling, rates: Array) -> None:
    """Let a fleet meet its part of a region's requests, second by second, to their end."""
    sums, peaks = by(rates, MINUTE)
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
    _minutes(readers, work, by(work, MINUTE), None)


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
    minute, told, ahead = 0, 0, AHEAD
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
            earliest = minute - (OUT_DATAPOINTS.value - 1 if rises else least)
            for earlier in range(max(earliest, told, 0), minute):
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
        found = first((up | down)[minute - begin :] | (peaks[coming] > room))
        ahead = min(ahead * 2, FURTHEST) if found is None else AHEAD
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
            up |= runs(values > target) >= OUT_DATAPOINTS.value
    if there > scaler.minimum:
        low, spare = np.ones(count, dtype=bool), np.ones(count, dtype=bool)
        for values, target in metrics:
            low &= values < target * scaler.low_share
            spare &= values <= target * (there - 1 + _ROUNDING) / there
        down = (runs(low) >= IN_DATAPOINTS.value) & spare
    return up, down
