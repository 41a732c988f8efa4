"""Writes examples/metrics: ten days of a made-up stack each, from a curve of the day and what happens on it.

.venv/bin/python -m tests.advise.scenarios
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from scripts.places import ROOT

FOLDER = ROOT / "examples" / "metrics"
END = datetime(2026, 12, 1, 18, tzinfo=UTC)
DAYS, PERIOD = 10, 1800
START = END - timedelta(days=DAYS)
PER_DAY = 86_400 // PERIOD
COUNT = DAYS * PER_DAY
UNITS = {
    "requests": "requests/minute",
    "concurrent-users": "users",
    "database-cpu": "percent",
    "database-connections": "connections",
    "client-connections": "connections",
    "connection-errors": "errors/minute",
    "query-p95": "milliseconds",
    "database-reads": "statements/second",
    "egress": "GB/month",
    "errors": "percent",
    "latency-p95": "milliseconds",
    "pool-use": "percent",
    "pool-waiting": "requests",
}
At = Callable[[int], float]  # value of a period, by its number


def daily(index: int) -> float:
    """The share of the day's peak that is there: a quarter at 4 o'clock, all of it around 16 o'clock."""
    hour = START.hour + index % PER_DAY * 24 / PER_DAY
    return 0.25 + 0.75 * (0.5 - 0.5 * math.cos(2 * math.pi * (hour - 4) / 24))


def last(index: int, *, days: float) -> bool:
    """Whether a period lies in the last days."""
    return index >= COUNT - days * PER_DAY


def like(low: float, high: float, *, since: float = 0.0) -> At:
    """A curve of the day with the peak `low`, and with the peak `high` in the last days."""
    return lambda index: (high if since and last(index, days=since) else low) * daily(index)


def flat(low: float, high: float, *, since: float = 0.0) -> At:
    """The same value all day, and another one in the last days."""
    return lambda index: high if since and last(index, days=since) else low


Scenario = Mapping[str, At]
QUIET: Scenario = {
    "requests": like(60, 60),
    "client-connections": like(14, 14),
    "database-cpu": like(12, 12),
    "query-p95": like(40, 40),
    "egress": flat(21, 21),
    "errors": flat(0.1, 0.1),
}
STEADY: Scenario = {
    "requests": like(700, 700),
    "database-cpu": like(46, 46),
    "query-p95": like(260, 260),
    "database-reads": like(240, 240),
    "egress": flat(120, 120),
    "errors": flat(0.2, 0.2),
    "latency-p95": like(420, 420),
}
SCENARIOS: Mapping[str, Scenario] = {
    "quiet": QUIET,
    "steady": STEADY,
    "traffic-doubles": {
        **STEADY,
        "requests": like(420, 860, since=3),
        "database-cpu": like(37, 76, since=3),
        "query-p95": like(210, 460, since=3),
    },
    "egress": {**STEADY, "requests": like(420, 690, since=4), "egress": flat(140, 263, since=4)},
    "database-full": {
        **STEADY,
        "requests": like(1100, 1900, since=3),
        "database-cpu": lambda index: min(100.0, like(63, 118, since=3)(index)),
        "query-p95": like(310, 900, since=3),
    },
    # The last three hours: nobody comes more often, and all of it is slow.
    "incident": {
        **STEADY,
        "database-cpu": lambda index: 99.0 if last(index, days=1 / 8) else like(46, 46)(index),
        "query-p95": lambda index: 3200.0 if last(index, days=1 / 8) else like(260, 260)(index),
        "latency-p95": lambda index: 5400.0 if last(index, days=1 / 8) else like(420, 420)(index),
        "errors": flat(0.2, 6.5, since=1 / 8),
    },
    "too-many-connections": {
        "requests": like(110, 240, since=3),
        "database-connections": like(31, 72, since=3),
        "connection-errors": lambda index: 3.0 if last(index, days=3) and daily(index) > 0.8 else 0.0,
        "database-cpu": like(30, 52, since=3),
    },
    "pool-exhausted": {
        **STEADY,
        "requests": like(1500, 2600, since=3),
        "pool-use": lambda index: 97.0 if last(index, days=3) and daily(index) > 0.9 else like(55, 55)(index),
        "pool-waiting": lambda index: 27.0 if last(index, days=3) and daily(index) > 0.9 else 0.0,
    },
    "launch-50k": {**STEADY, "requests": like(2400, 2400)},
    # Half an hour, a day and a half before the end.
    "spike": {
        "requests": lambda index: like(700, 700)(index) * (5 if index == COUNT - 3 * PER_DAY // 2 else 1),
        "database-cpu": lambda index: 97.0 if index == COUNT - 3 * PER_DAY // 2 else like(46, 46)(index),
    },
    "stale": STEADY,
}
EXPECTED: Mapping[str, list[dict[str, Any]]] = {
    "launch-50k": [{"name": "registered-users", "unit": "users", "expected": 50_000}],
}
EARLIER = {"stale": timedelta(days=5)}


def _rounded(value: float) -> float:
    found = float(f"{value:.3g}")
    return int(found) if found == int(found) else found


def written(name: str) -> str:
    """The text of an example: CSV for the spike, JSON for the others, a line for each day."""
    start = START - EARLIER.get(name, timedelta())
    if name == "spike":
        return _csv(SCENARIOS[name], start)
    rows = [json.dumps(one) for one in EXPECTED.get(name, [])]
    for measure, at in SCENARIOS[name].items():
        values = [str(_rounded(at(index))) for index in range(COUNT)]
        days = [", ".join(values[day * PER_DAY : (day + 1) * PER_DAY]) for day in range(DAYS)]
        head = {"name": measure, "unit": UNITS[measure], "from": f"{start:%Y-%m-%dT%H:%M:%SZ}", "period": PERIOD}
        rows.append(f'{json.dumps(head)[:-1]}, "values": [\n    ' + ",\n    ".join(days) + "\n  ]}")
    return '{"metrics": [\n  ' + ",\n  ".join(rows) + "\n]}\n"


def _csv(scenario: Scenario, start: datetime) -> str:
    lines = ["name,unit,period,time,value"]
    for measure, at in scenario.items():
        for index in range(COUNT - 4 * PER_DAY, COUNT):
            time = start + timedelta(seconds=PERIOD * index)
            lines.append(f"{measure},{UNITS[measure]},{PERIOD},{time:%Y-%m-%dT%H:%M:%SZ},{_rounded(at(index))}")
    return "\n".join(lines) + "\n"


def file(name: str) -> str:
    """Name of an example's file."""
    return f"{name}.csv" if name == "spike" else f"{name}.json"


if __name__ == "__main__":
    for one in SCENARIOS:
        (FOLDER / file(one)).write_text(written(one))
