"""The value object of a load, and how fields that were not given follow from those that were."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from infra.thresholds import REQUESTS_PER_USER
from ops.cost.usage import EGRESS, WRITES
from ops.demand.assumptions import MINUTE, READS

_DIGITS = 9  # 5,000 users make 1,000 reads a second, and not a little more
_PER_SECOND = REQUESTS_PER_USER.value / MINUTE


@dataclass(frozen=True, kw_only=True, slots=True)
class Demand:
    """A load at its busiest, over all regions.

    users: concurrent ones, the unit of the stage table.
    requests: a second, before a CDN.
    reads, writes: database statements a second that the application would make without a cache.
    egress: GB a month to the internet, before a CDN.
    given: names of the fields that somebody gave; the others are derived.
    """

    users: float
    requests: float
    reads: float
    writes: float
    egress: float
    given: frozenset[str] = frozenset()

    def times(self, factor: float) -> Demand:
        """This load, so many times."""
        scaled = {name: getattr(self, name) * factor for name in FIELDS}
        return replace(self, **scaled)

    def as_dict(self) -> dict[str, Any]:
        """{field: {value, unit, given: bool, from: text}}, as `--json` prints it."""
        return {
            name: {
                "value": round(getattr(self, name), 6),
                "unit": field.unit,
                "given": name in self.given,
                "from": "given" if name in self.given else self.source(name),
            }
            for name, field in FIELDS.items()
        }

    def source(self, name: str) -> str:
        """Where a field comes from, in words."""
        if name in self.given:
            return "given"
        return FIELDS[_anchor(self.given)].back if name == "users" else FIELDS[name].how


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadField:
    """A field of a load.

    unit: what it counts.
    units: how a value may name it, and what a value in it is multiplied with.
    positive: whether it has to be above 0.
    how: how it follows from users and requests. back: how users follow from it.
    follows: the field from users and requests. users: users from the field.
    """

    unit: str
    units: Mapping[str, float]
    positive: bool
    how: str
    back: str
    follows: Callable[[float, float], float]
    users: Callable[[float], float]


_RATE = {"": 1.0, "/s": 1.0, "/min": 1 / MINUTE}
FIELDS: Mapping[str, LoadField] = {
    "users": LoadField(
        unit="concurrent users",
        units={"": 1.0},
        positive=True,
        how=f"{REQUESTS_PER_USER.value} requests a minute of each user",
        back="",
        follows=lambda users, _: users,
        users=lambda value: value,
    ),
    "requests": LoadField(
        unit="requests/second",
        units=_RATE,
        positive=True,
        how=f"{REQUESTS_PER_USER.value} a minute of each user",
        back=f"{REQUESTS_PER_USER.value} requests a minute of each user",
        follows=lambda users, _: users * _PER_SECOND,
        users=lambda value: value / _PER_SECOND,
    ),
    "reads": LoadField(
        unit="reads/second",
        units=_RATE,
        positive=False,
        how=f"{READS.span.high:g} of each request",
        back=f"{READS.span.high:g} reads of each request",
        follows=lambda _, requests: requests * READS.span.high,
        users=lambda value: value / READS.span.high / _PER_SECOND,
    ),
    "writes": LoadField(
        unit="writes/second",
        units=_RATE,
        positive=False,
        how=f"{WRITES.span.high:g} of each request",
        back=f"{WRITES.span.high:g} writes of each request",
        follows=lambda _, requests: requests * WRITES.span.high,
        users=lambda value: value / WRITES.span.high / _PER_SECOND,
    ),
    "egress": LoadField(
        unit="GB/month",
        units={"": 1.0, "GB": 1.0, "TB": 1000.0},
        positive=False,
        how=f"{EGRESS.span.high:g} GB of each user",
        back=f"{EGRESS.span.high:g} GB of each user",
        follows=lambda users, _: users * EGRESS.span.high,
        users=lambda value: value / EGRESS.span.high,
    ),
}
# What users are derived from, where they are not given: the closest to them first.
_ANCHORS = ("users", "requests", "egress", "reads", "writes")


def _anchor(given: frozenset[str]) -> str:
    return next((name for name in _ANCHORS if name in given), _ANCHORS[0])


def derived(values: Mapping[str, float]) -> Demand:
    """A load from the fields that are given. What is missing follows from them by the assumptions of the project.

    Raises:
        ValueError: where nothing is given from which users follow.
    """
    given = frozenset(values)
    if not given:
        raise ValueError("a load needs at least one of its fields")
    anchor = _anchor(given)
    users = round(FIELDS[anchor].users(values[anchor]), _DIGITS)
    requests = values.get("requests", round(FIELDS["requests"].follows(users, 0), _DIGITS))
    rest = {
        name: values.get(name, round(FIELDS[name].follows(users, requests), _DIGITS))
        for name in ("reads", "writes", "egress")
    }
    return Demand(users=users, requests=requests, **rest, given=given)
