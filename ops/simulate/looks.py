"""Pods over a whole load, from one look of their autoscaler at which it might decide otherwise to the next.

As `minutes` does: what the metrics ask for is known for all coming looks while the pods stay as many. The autoscaler is
told of the last looks that it remembers, and of all that follow a change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from infra.thresholds import POD_CPU_TARGET, POD_DOWN_WINDOW, POD_UP_WINDOW
from ops.scaling.hpa import SYNC_SECONDS
from ops.simulate.arrays import AHEAD, DIGITS, FURTHEST, PERCENT, by, first, runs
from ops.simulate.pods import SEEN_FROM, PodScaling

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_BEHIND = SEEN_FROM // SYNC_SECONDS  # looks from the beginning of what one sees to itself
# Looks within the window of a direction, the present one among them.
_UP_LOOKS, _DOWN_LOOKS = POD_UP_WINDOW.value // SYNC_SECONDS, POD_DOWN_WINDOW.value // SYNC_SECONDS


def pods_over(pods: PodScaling, rates: Array) -> None:
    """Let pods meet their part of a region's requests, second by second, to their end."""
    sums, peaks = by(rates, SYNC_SECONDS)
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
            break
        # An autoscaler that has forgotten what it recommended would act at once. So the last looks begin with one that
        # holds it where it is, for as long as it remembers.
        before = asked[look : max(taken_singly - remembered, look)]
        holds = before == serving.alive
        if serving.alive == pods.pods.maximum:
            holds |= before > serving.alive
        if serving.alive == pods.pods.minimum:
            holds |= before < serving.alive
        look += int(np.flatnonzero(holds)[-1]) if holds.any() else 0
    pods.advance(len(rates))  # what happens by itself after the last look


def _quiet(pods: PodScaling, asked: NDArray[np.int64], sums: Array, peaks: Array, look: int) -> tuple[int, int]:
    """The first look from this one on that might change something, and how many before it the autoscaler has to know.

    Notes in `asked` what the metrics ask for in those before it. The first is their number where nothing changes.
    """
    there, event = pods.alive, pods.next_event
    room, start, ahead = there * pods.per_target, look, AHEAD
    last = len(sums) if event is None else min(max(-(-event // SYNC_SECONDS), look), len(sums))
    while start < last:
        stop = min(start + ahead, last)
        coming, window = slice(start, stop), slice(start - _BEHIND, stop - _BEHIND)
        asked[coming] = _proposals(pods, sums[window], there)
        begin = max(start - _DOWN_LOOKS, 0)
        up = runs(asked[begin:stop] > there)[start - begin :] >= _UP_LOOKS
        down = runs(asked[begin:stop] < there)[start - begin :] >= _DOWN_LOOKS
        full = peaks[window] > room
        found = first((up & (there < pods.pods.maximum)) | (down & (there > pods.pods.minimum)) | full)
        if found is not None:
            # More is decided by what was recommended in the window on the way up. What is older could only forbid less,
            # and what asks for more forbids that for longer.
            return start + found, _UP_LOOKS if up[found] and not full[found] else _DOWN_LOOKS
        start, ahead = stop, min(ahead * 2, FURTHEST)
    return last, _DOWN_LOOKS


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
