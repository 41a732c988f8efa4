"""A month of made-up traffic with outages in it, and when the objective's alarms fire. `docs/alarms.md` shows it.

Nothing here is measured: the traffic is a curve, the outages are a list, and a seed makes every run the same. The
objective, its windows and the rows of the table are the platform's own.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from infra.alarms import slo
from infra.alarms.model import PERCENT, SECONDS_A_MINUTE, Alarm, Kind
from infra.alarms.table import alarms_of
from infra.thresholds import AVAILABILITY_TARGET, QUIET_SHARE, REQUESTS_PER_USER

MINUTES = slo.PERIOD
QUIETEST = 4  # o'clock
FAILING_ANYWAY = 1e-4  # A tenth of the error budget: a few requests always fail.
SEED = 5


@dataclass(frozen=True, slots=True)
class Outage:
    """An outage: the day of the month, the hour, the minutes, and the share of requests that fail."""

    says: str
    day: int
    hour: int
    minutes: int
    share: float

    @property
    def start(self) -> int:
        """Minute of the month in which it begins."""
        return (self.day - 1) * slo.DAY + self.hour * slo.HOUR

    @property
    def end(self) -> int:
        """Minute of the month in which it is over."""
        return self.start + self.minutes


OUTAGES = (
    Outage("a minute at night in which everything fails", 2, 3, 1, 1),
    Outage("everything fails, by day", 4, 14, 8, 1),
    Outage("a release fails one request in ten", 7, 11, 25, 0.1),
    Outage("one page in sixty fails", 10, 9, 150, 1 / 60),
    Outage("one request in 130 fails", 14, 8, 600, 1 / 130),
    Outage("one request in 280 fails, for a day", 18, 6, 1440, 1 / 280),
    Outage("one request in 800 fails, for four days", 22, 0, 5760, 1 / 800),
    Outage("everything fails, at night", 29, 3, 30, 1),
)


# Outages in which no request arrives, so none fails. `tests/unit/test_outside.py` runs the check in each of them.
SILENT = (
    Outage("the name leads nowhere: it has run out, or its record is gone", 5, 14, 45, 1),
    Outage("the certificate that visitors are shown has run out", 11, 3, 120, 1),
    Outage("the load balancer's security group admits no requests", 17, 11, 20, 1),
    Outage("the zone is paused at Cloudflare, or its name servers were changed", 24, 4, 60, 1),
)


@dataclass(frozen=True, slots=True)
class SimulatedMonth:
    """Requests and failures, minute by minute."""

    requests: Sequence[int]
    failed: Sequence[int]


@dataclass(frozen=True, slots=True)
class Span:
    """Minutes from `start` to before `end` in which an alarm is on."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Lane:
    """An alarm, whether it pages a person, and when it is on."""

    name: str
    page: bool
    spans: Sequence[Span]


def month(users: int, outages: Sequence[Outage] = OUTAGES) -> SimulatedMonth:
    """A month with `users` in the busiest hour, and the assumed share of them in the quietest."""
    # Not for secrets: a seed, so that every run draws the same month.
    dice = random.Random(SEED)  # noqa: S311
    shares = [FAILING_ANYWAY] * MINUTES
    for one in outages:
        shares[one.start : one.end] = [max(one.share, FAILING_ANYWAY)] * one.minutes
    requests = [int(users * REQUESTS_PER_USER.value * _present(minute)) for minute in range(MINUTES)]
    # Rounded up with the probability of the fraction: correct on average, and always whole requests.
    failed = [int(number * share + dice.random()) for number, share in zip(requests, shares, strict=True)]
    return SimulatedMonth(requests, [min(pair) for pair in zip(requests, failed, strict=True)])


def unvisited(users: int, outages: Sequence[Outage] = SILENT) -> SimulatedMonth:
    """The same month, with outages in which no request arrives."""
    seen = month(users, outages=())
    closed = {minute for one in outages for minute in range(one.start, one.end)}
    requests = [0 if minute in closed else number for minute, number in enumerate(seen.requests)]
    return SimulatedMonth(requests, [min(pair) for pair in zip(requests, seen.failed, strict=True)])


def missed(seen: SimulatedMonth, visits: float) -> Lane:
    """When the alarm about visitors is on, if it expects `visits` in the quietest hours."""
    (row,) = (one for one in alarms_of([Kind.VISITED]) if one.name == "none")
    step = row.period.value // SECONDS_A_MINUTE
    counts = [sum(seen.requests[now : now + step]) for now in range(0, MINUTES, step)]
    few = [count < row.value({str(row.of): visits}) for count in counts]
    on = [all(few[max(now + 1 - row.datapoints, 0) : now + 1]) for now in range(len(few))]
    # A count is known once its period is over.
    return Lane(
        "no requests", row.severity == "critical", _spans([False] * step + [one for one in on for _ in range(step)])
    )


def asked_for(outages: Sequence[Outage] = SILENT) -> Lane:
    """When the check from outside is on: it fails in each minute of an outage."""
    (row,) = alarms_of([Kind.OUTSIDE])
    bad = [False] * MINUTES
    for one in outages:
        bad[one.start : one.end] = [True] * one.minutes
    counted = [0, *accumulate(bad)]
    on = [counted[now] - counted[max(now - row.evaluated, 0)] >= row.datapoints for now in range(1, MINUTES + 1)]
    return Lane("asked from outside", row.severity == "critical", _spans(on))


def _present(minute: int) -> float:
    quiet = QUIET_SHARE.value / PERCENT
    turn = math.tau * (minute / slo.HOUR - QUIETEST) / (slo.DAY / slo.HOUR)
    return quiet + (1 - quiet) * (1 - math.cos(turn)) / 2


def lanes(seen: SimulatedMonth, windows: Sequence[slo.Window]) -> list[Lane]:
    """When each pair of windows is on, and beside them the alarms that evaluate minutes."""
    pairs = [Lane(f"burn rate {one.name}", one.page, _spans(pair_on(seen, one))) for one in windows]
    rows = [row for row in alarms_of([Kind.BALANCER]) if row.name in ("errors", "errors-raised")]
    return [*pairs, *(Lane(_called(row), row.severity == "critical", _spans(_row(seen, row))) for row in rows)]


def _called(row: Alarm) -> str:
    return f"errors above {row.limit.value} % for {row.lasting.value} min"


def pair_on(seen: SimulatedMonth, window: slo.Window) -> list[bool]:
    """For each minute, whether the burn rate is reached over both windows, as `Objective.burn` counts it.

    A long window of days has to reach it on each day, as its alarm does.
    """
    limit = float(slo.limit(AVAILABILITY_TARGET, window.burn))
    total, bad = ([0, *accumulate(one)] for one in (seen.requests, seen.failed))

    def on(now: int, length: int, least: int) -> bool:
        before, now = max(now - length, 0), max(now, 0)
        events = total[now] - total[before]
        return events >= least and bad[now] - bad[before] > limit * events

    once, each = slo.least_events(AVAILABILITY_TARGET, window.burn), window.least(AVAILABILITY_TARGET)
    ends = range(0, window.long, window.period)
    return [
        on(now, window.short, once) and all(on(now - end, window.period, each) for end in ends)
        for now in range(1, MINUTES + 1)
    ]


def _row(seen: SimulatedMonth, row: Alarm) -> list[bool]:
    """For each minute, whether enough of the last data points are above the row's limit."""
    beyond = [
        failed * PERCENT > row.limit.value * requests
        for requests, failed in zip(seen.requests, seen.failed, strict=True)
    ]
    counted = [0, *accumulate(beyond)]
    return [counted[now] - counted[max(now - row.evaluated, 0)] >= row.datapoints for now in range(1, MINUTES + 1)]


def _spans(on: Sequence[bool]) -> list[Span]:
    padded = [False, *on, False]
    edges = [minute for minute in range(len(on) + 1) if padded[minute] != padded[minute + 1]]
    return [Span(*pair) for pair in zip(edges[::2], edges[1::2], strict=True)]


def left(seen: SimulatedMonth) -> list[float]:
    """Share of the month's error budget that is left after each minute; below 0 once it is overspent."""
    allowed = sum(seen.requests) * float(slo.budget(AVAILABILITY_TARGET))
    return [1 - bad / allowed for bad in accumulate(seen.failed)]
