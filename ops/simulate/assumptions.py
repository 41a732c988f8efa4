"""What the model takes for granted because nobody published it for your application: one table, each with its reason.

`ascent simulate --assume cpu-ms=20` puts a measured number in the place of one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

from infra.thresholds import DATABASE_READS, GUIDE, NARFE, REQUESTS_PER_USER, SUMMARY
from ops.cost.usage import WRITES
from ops.errors import AscentError

_SECONDS = "seconds"


def _assumed(value: float, unit: str, source: str, *, most: float) -> Any:  # as dataclasses.field
    return field(default=value, metadata={"unit": unit, "source": source, "most": most})


@dataclass(frozen=True, kw_only=True, slots=True)
class Assumptions:
    """Numbers of an application, and times that AWS does not promise. `rows` says what each means."""

    cpu_ms: float = _assumed(
        50,
        "ms of one vCPU a request",
        f"Ascent: the two targets of a fleet in the {GUIDE}, 1000 requests a minute and 70 % of 2 vCPUs, meet at 84; "
        "the first is to be reached before the second",
        most=10_000,
    )
    queries: float = _assumed(
        DATABASE_READS.value * 60 / (5000 * REQUESTS_PER_USER.value),
        "statements a request",
        f"{NARFE}, Stage 6: 1000 reads a second, at the 5000 users with which one moves there",
        most=10_000,
    )
    query_ms: float = _assumed(
        5,
        "ms of one vCPU of the database a statement",
        f"Ascent: indexed, between a look-up and the p95 of 200 in {SUMMARY}; no runbook says",
        most=60_000,
    )
    round_trip_ms: float = _assumed(
        1, "ms between application and database a statement", "Ascent: two zones of a region, and a pooler", most=1000
    )
    write_share: float = _assumed(
        (WRITES.span.low + WRITES.span.high) / 2,
        "share of requests",
        f"the middle of what ascent cost assumes, {WRITES.span.low:g} to {WRITES.span.high:g}",
        most=1,
    )
    cache_hits: float = _assumed(
        0.45, "share of reads, from stage 6 on", f"{SUMMARY}, Expected Results: 40-50 % fewer queries", most=1
    )
    boot_seconds: float = _assumed(
        210, _SECONDS, "infra/lifecycle.py: packages, an image and a start take 135 to 210 on a t4g.small", most=3600
    )
    warm_seconds: float = _assumed(
        60,
        _SECONDS,
        "Ascent: EC2 starts a stopped instance in half a minute, and the application takes 30 s",
        most=3600,
    )
    target_seconds: float = _assumed(
        30, _SECONDS, "AWS ALB: a new target serves after its first good check, which come 30 s apart", most=3600
    )
    pod_seconds: float = _assumed(
        30, _SECONDS, "as infra/thresholds.py, APP_RESTART: the start of an application takes 30 s", most=3600
    )
    image_seconds: float = _assumed(
        30, _SECONDS, "Ascent: an image of some hundred MB, pulled by a node that never had it", most=3600
    )
    node_seconds: float = _assumed(
        60, _SECONDS, "Ascent: EKS Auto Mode; EC2 starts the instance and it joins. AWS gives no figure", most=3600
    )
    reader_seconds: float = _assumed(
        600,
        _SECONDS,
        "as infra/thresholds.py, RESTORE_INSTANCE: an Aurora instance is there in 5 to 10 minutes",
        most=7200,
    )
    acu_vcpus: float = _assumed(
        0.25,
        "vCPUs a capacity unit",
        "AWS Aurora, hardware specifications: a db.r7g.large has 2 vCPUs and 16 GiB, which are 8 units of 2 GiB",
        most=4,
    )
    acu_load: float = _assumed(
        0.7, "share of its CPU at which Aurora adds capacity", "Ascent: AWS gives no figure", most=1
    )
    acu_doubling_seconds: float = _assumed(
        30,
        _SECONDS,
        "Ascent: AWS Aurora Serverless v2 grows the faster the larger it is, and gives no figure",
        most=3600,
    )
    acu_halving_seconds: float = _assumed(
        300, _SECONDS, "Ascent: capacity that is no longer needed goes slowly; AWS gives no figure", most=36_000
    )
    failover_seconds: float = _assumed(
        60,
        _SECONDS,
        "AWS Aurora, high availability: a replica takes over in less than 60 s, often in less than 30",
        most=3600,
    )
    recreate_seconds: float = _assumed(
        600,
        _SECONDS,
        "AWS Aurora, high availability: without a replica, a new writer in less than 10 minutes",
        most=7200,
    )
    person_seconds: float = _assumed(
        900, _SECONDS, "Ascent: until somebody is awake, has looked, and runs `ascent failover`", most=86_400
    )


@dataclass(frozen=True, slots=True)
class AssumptionRow:
    """One of them: its key on the command line, the value, what it counts, where it comes from, and its bounds."""

    key: str
    value: float
    unit: str
    source: str
    most: float

    @property
    def whole(self) -> bool:
        """Whether it is a whole number of seconds, as the model steps by seconds."""
        return self.unit == _SECONDS

    @property
    def allowed(self) -> str:
        """What it may be, in words."""
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} {'from 0' if self.least == 0 else 'above 0'} to {self.most:,g}".replace(",", "")

    @property
    def least(self) -> float:
        """0 where nothing of it makes sense; otherwise a little above."""
        seconds = self.whole and self.key not in _DIVISORS
        return 0 if self.key in _MAY_BE_NOTHING or seconds else 1e-6

    def takes(self, value: float) -> bool:
        """Whether it may be this."""
        return self.least <= value <= self.most and (not self.whole or value == int(value))


_MAY_BE_NOTHING = ("write-share", "cache-hits", "round-trip-ms", "queries")
_DIVISORS = ("acu-doubling-seconds", "acu-halving-seconds")


def rows(numbers: Assumptions) -> Iterator[AssumptionRow]:
    """The table."""
    for one in fields(numbers):
        key = one.name.replace("_", "-")
        yield AssumptionRow(
            key, getattr(numbers, one.name), one.metadata["unit"], one.metadata["source"], one.metadata["most"]
        )


def assumed(given: Iterable[str]) -> Assumptions:
    """The table with those of the command line in place: `cpu-ms=20`.

    Raises:
        AscentError: for a name or a number that is not one.
    """
    table = {row.key: row for row in rows(Assumptions())}
    changed: dict[str, float] = {}
    for text in given:
        key, separator, value = text.partition("=")
        row = table.get(key)
        if row is None or not separator:
            raise AscentError(f"--assume: given {text!r}; write KEY=NUMBER, with one of {', '.join(table)}")
        try:
            number = float(value)
        except ValueError:
            number = -1
        if not row.takes(number):
            raise AscentError(f"--assume: {key}: given {value!r}; it should be {row.allowed} ({row.unit})")
        changed[key.replace("-", "_")] = number
    return replace(Assumptions(), **changed)
