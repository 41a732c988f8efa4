"""What a simulation comes to: the answer, what breaks first, and plain data for --json."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from infra.thresholds import AVAILABILITY_TARGET, LATENCY_HEALTHY_MS, LATENCY_P95_TARGET
from ops.cost.prices import Prices
from ops.halving import halved
from ops.simulate.assumptions import rows
from ops.simulate.bill import SimulatedCost, bill, monthly
from ops.simulate.requests import CAUSES
from ops.simulate.run import LIMITS, SimulatedRun
from ops.simulate.traffic import HOUR, MINUTE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_LOSE = CAUSES.keys() - {"connections"}  # that are worth a word only with what was lost to them
_WHOLE = 10_000  # of an objective's target
_HALVINGS = 60
_TAIL = 1 - LATENCY_P95_TARGET.value / _WHOLE


@dataclass(frozen=True, slots=True)
class ReachedLimit:
    """A limit that was reached.

    limit: its name. what: in words. first: in which second. seconds: how long in all.
    dropped: requests that were lost to it.
    """

    limit: str
    what: str
    first: int
    seconds: int
    dropped: float


@dataclass(frozen=True, slots=True)
class SimulationSummary:
    """What it comes to.

    arrived, served: requests. p95, worst: ms, of all requests, and of the minute in which they took longest.
    worst_at: the first second of that minute. availability, quick: shares of requests that were answered, and of those
        that took no more than a second.
    limits: those that were reached, in the order of time. costs: of what grows with the load. month: US dollars a
        month of that, if it went on like this.
    """

    run: SimulatedRun
    arrived: float
    served: float
    p95: float
    worst: float
    worst_at: int
    availability: float
    quick: float
    limits: tuple[ReachedLimit, ...]
    costs: tuple[SimulatedCost, ...]
    month: float

    @property
    def dropped(self) -> float:
        """Requests that got no answer."""
        return sum(self.run.dropped.values())

    @property
    def all_served(self) -> bool:
        """Whether not one whole request was dropped."""
        return round(self.dropped) == 0

    @property
    def available(self) -> bool:
        """Whether the objective of availability is met."""
        return self.availability >= AVAILABILITY_TARGET.value / _WHOLE

    @property
    def fast(self) -> bool:
        """Whether the objective of latency is met."""
        return self.p95 < LATENCY_HEALTHY_MS.value

    @property
    def holds(self) -> bool:
        """Whether the answer is yes."""
        return self.all_served and self.available and self.fast

    @property
    def usd(self) -> float:
        """US dollars of the simulated time."""
        return sum(one.usd for one in self.costs)

    @property
    def breaks(self) -> ReachedLimit | None:
        """What requests were first lost to; None where none were."""
        return next((one for one in self.limits if round(one.dropped)), None)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as `ascent simulate --json` prints it."""
        run, first = self.run, self.breaks
        hours = {name: round(run.totals[name] / HOUR, 3) for name in ("instances", "spot", "pods", "nodes", "readers")}
        return {
            "stack": run.stack.name,
            "stage": run.stack.stage,
            "runtime": run.stack.runtime,
            "traffic": run.traffic.name,
            "seconds": run.traffic.seconds,
            "holds": self.holds,
            "requests": {
                "arrived": round(self.arrived),
                "served": round(self.served),
                "dropped": round(self.dropped),
                "by": {name: round(count) for name, count in run.dropped.items() if round(count)},
            },
            "objectives": {
                "availability": {"share": round(self.availability, 6), "met": self.available},
                "latency": {"p95": round(self.p95, 1), "quick": round(self.quick, 6), "met": self.fast},
            },
            "worst": {"p95": round(self.worst, 1), "at": self.worst_at},
            "hours": {**hours, "acu": round(run.totals["acu"] / HOUR, 3)},
            "limits": [{**asdict(one), "dropped": round(one.dropped)} for one in self.limits],
            "breaks": first.limit if first else None,
            "cost": {
                "currency": "USD",
                "total": round(self.usd, 2),
                "month": round(self.month, 2),
                "items": [
                    {**asdict(one), "hours": round(one.hours, 3), "usd": round(one.usd, 2)} for one in self.costs
                ],
            },
            "assumptions": {row.key: row.value for row in rows(run.numbers)},
        }


def summary(run: SimulatedRun, prices: Prices) -> SimulationSummary:
    """What a run comes to.

    Raises:
        PriceError: where the table has no price of a type.
    """
    totals, times = run.totals, run.minutes["p95"]
    arrived, served = totals["arrived"], totals["served"]
    costs = tuple(bill(run, prices))
    worst = int(times.argmax())
    return SimulationSummary(
        run=run,
        arrived=arrived,
        served=served,
        p95=p95_of_all(times, run.minutes["served"]),
        worst=float(times[worst]),
        worst_at=worst * MINUTE,
        availability=served / arrived if arrived else 1.0,
        quick=1 - totals["slow"] / served if served else 1.0,
        limits=tuple(_limits(run)),
        costs=costs,
        month=monthly(run, sum(one.usd for one in costs)),
    )


def p95_of_all(times: Array, counts: Array) -> float:
    """The 95th percentile of requests that came in minutes with these 95th percentiles.

    Within a minute, times are distributed exponentially: a share 0.05^(t/p95) takes longer than t.

    Args:
        times: of each minute, in any unit.
        counts: requests of each minute.
    """
    there = counts > 0
    if not there.any():
        return 0.0
    times, counts = times[there], counts[there]

    def longer(time: float) -> bool:
        return float((counts * _TAIL ** (time / times)).sum()) / float(counts.sum()) > _TAIL

    return halved(longer, 0.0, float(times.max()), _HALVINGS)[1]


def _limits(run: SimulatedRun) -> list[ReachedLimit]:
    found = [
        ReachedLimit(name, what, one.first, one.seconds, run.dropped.get(name, 0.0))
        for name, what in LIMITS.items()
        if (one := run.reached[name]).first is not None and (name not in _LOSE or round(run.dropped[name]))
    ]
    return sorted(found, key=lambda one: (one.first, list(LIMITS).index(one.limit)))
