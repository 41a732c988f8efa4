"""From where another way to run or to pay costs less, at a load: runtimes, Spot, and commitments for a year or more."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.capacity.connections import SERVERLESS
from infra.config.settings import Settings
from infra.thresholds import QUIET_SHARE
from ops.cost.estimate import CostRow, Estimate, estimate, money
from ops.cost.operating import operating_point, usage_at
from ops.cost.prices import Prices, shipped
from ops.cost.span import CostSpan, exactly, total
from ops.cost.usage import HOURS
from ops.demand import Demand
from ops.halving import halved

if TYPE_CHECKING:
    from ops.engine.render import RenderedStack

_MONTHS = 12
_WHOLE = 100
_FEE = "Auto Mode fee"
_STEPS = 48  # loads between the least and the most at which two runtimes are compared
_HALVINGS = 30


def at_load(plan: RenderedStack, settings: Settings, wants: Demand, hours: CostSpan | None = None) -> Estimate:
    """What a plan costs a month at a load.

    hours: the average and the busiest hour as shares of the load; None for those of an assumed day.
    """
    given = () if hours is None else (hours,)
    return estimate(
        plan, settings, used=usage_at(settings, wants, *given), point=operating_point(settings, wants, *given)
    )


@dataclass(frozen=True, slots=True)
class Commitment:
    """A way to pay less for what runs most of the time.

    name: of the discount in the price table. what: what it is for.
    share: of the on-demand price that it saves; None where no price is known, and `reason` says why.
    utilization: share of the hours in which what is committed to has to run for it to pay.
    level: share of the busiest hour's load that is there in so many of the hours.
    term: months that it lasts.
    base: US dollars a month, on demand, of what runs at that level: as much is worth a commitment.
    hourly: whether it is bought as US dollars an hour, as Savings Plans are, and not by the node.
    """

    name: str
    what: str
    source: str
    date: str
    share: float | None
    term: int = 12
    base: float = 0.0
    reason: str = ""
    hourly: bool = False

    @property
    def commits(self) -> float | None:
        """US dollars an hour to commit to: the base at the discounted price. None for what is bought by the node.

        Savings Plans User Guide, Understanding how Savings Plans apply to your usage: a commitment is used up at the
        Savings Plans rates. The base at on-demand prices would be too much.
        """
        return self.base * (1 - self.share) / HOURS if self.hourly and self.share is not None else None

    @property
    def utilization(self) -> float | None:
        """Share of the hours from which on it pays: what it costs, as a share of the on-demand price."""
        return None if self.share is None else 1 - self.share

    @property
    def months(self) -> float | None:
        """Months of its term, used around the clock, from which on it pays."""
        return None if self.share is None else self.term * (1 - self.share)

    @property
    def saves(self) -> float:
        """US dollars a month that it saves on the base."""
        return self.base * (self.share or 0)

    def as_dict(self) -> dict[str, Any]:
        """The row as `ascent cost --load --json` prints it."""
        return {
            "name": self.name,
            "what": self.what,
            "share": self.share,
            "paysFromUtilization": None if self.utilization is None else round(self.utilization, 4),
            "termMonths": self.term,
            "paysFromMonths": None if self.months is None else round(self.months, 2),
            "onDemand": round(self.base, 2),
            "commitPerHour": None if self.commits is None else round(self.commits, 4),
            "saves": round(self.saves, 2),
            "source": self.source,
            "date": self.date,
            "reason": self.reason or None,
        }


def _compute(row: CostRow) -> bool:
    """EC2 by the hour, nodes too. The fee of EKS Auto Mode has no discount, and Spot is none of it.

    Nor is Fargate, on which only jobs run, minutes a day: what an hour does not use of a commitment is lost (Savings
    Plans User Guide, Understanding how Savings Plans apply to your usage).
    """
    hourly = row.item.startswith("ec2.") and row.price.unit == "hour"
    return hourly and row.what != "spot" and not row.what.startswith(_FEE)


def _cache(row: CostRow) -> bool:
    return row.item.startswith("elasticache.") and row.price.unit == "hour"


# Discounts of the price table, and the rows that each is for.
COMMITMENTS: Mapping[str, Callable[[CostRow], bool]] = {
    "compute-savings-plan-1y": _compute,
    "compute-savings-plan-3y": _compute,
    "database-savings-plan-1y": lambda row: row.item == "aurora.acu-hour",
    "elasticache-reserved-1y": _cache,
}


def commitments(
    plan: RenderedStack, settings: Settings, wants: Demand, table: Prices | None = None
) -> list[Commitment]:
    """The commitments that a stack could make at a load, the one that saves most first."""
    discounts = (table or shipped()).discounts
    found = []
    for name, applies in COMMITMENTS.items():
        one = discounts[name]
        steady = at_load(plan, settings, wants.times(level_of(1 - one.share)), exactly(1))
        base = total(row.cost for row in steady.rows if applies(row)).low
        if base:
            term = _MONTHS * int(name.rpartition("-")[2].removesuffix("y"))
            found.append(
                Commitment(name, one.on, one.source, one.date, one.share, term, base, hourly="savings-plan" in name)
            )
    found.sort(key=lambda one: -one.saves)
    provisioned = settings.sizes.database.instance_class != SERVERLESS
    reason = (
        "no price in the table: see Amazon Aurora Pricing for the class"
        if provisioned
        else "AWS sells them for provisioned classes only; these instances are serverless"
    )
    source = "Amazon Aurora User Guide, Reserved DB instances for Amazon Aurora"
    return [*found, Commitment("aurora-reserved-1y", "Aurora instances", source, "2026-12-01", None, reason=reason)]


def level_of(share: float) -> float:
    """The load that is there in that share of a day's hours or more, as a share of the busiest hour's.

    The day is the assumed one: a cosine between all users and the quietest hour's.
    """
    quiet = QUIET_SHARE.value / _WHOLE
    return quiet + (1 - quiet) * (1 - math.cos(math.pi * (1 - share))) / 2


@dataclass(frozen=True, slots=True)
class SpotSaving:
    """Spot for the instances above the minimum.

    used: whether the stage uses it already. share: below the on-demand price.
    saves: US dollars a month at this load; from nothing, as AWS promises no price.
    above: instances of a region from which on it saves, None without instances.
    """

    used: bool
    share: float
    saves: CostSpan
    above: int | None
    source: str

    def as_dict(self) -> dict[str, Any]:
        """As `ascent cost --load --json` prints it."""
        return {
            "used": self.used,
            "share": self.share,
            "saves": money(self.saves),
            "aboveInstances": self.above,
            "source": self.source,
        }


def spot(plan: RenderedStack, settings: Settings, wants: Demand, table: Prices | None = None) -> SpotSaving:
    """What Spot saves at a load, or would save."""
    discount = (table or shipped()).discounts["spot"]
    now = at_load(plan, settings, wants).rows
    used = [row for row in now if row.what == "spot"]
    if used:
        # A row's most is without the discount, and its least with all of it.
        full = total(row.quantity * row.price.usd for row in used)
    else:
        idle = at_load(plan, settings, wants.times(0)).rows
        full = _on_demand(now) + _on_demand(idle) * -1
    saves = CostSpan(0, max(full.high, 0) * discount.share)
    above = settings.sizes.fleet.minimum if settings.runtime.on_ec2 else None
    return SpotSaving(bool(used), discount.share, saves, above, discount.source)


def _on_demand(rows: tuple[CostRow, ...]) -> CostSpan:
    return total(row.cost for row in rows if row.item.startswith("ec2.") and row.what == "on demand")


def middle(span: CostSpan) -> float:
    """The middle of a range, by which two ways are compared."""
    return (span.low + span.high) / 2


def crossing(
    first: Callable[[float], float], second: Callable[[float], float], least: float, most: float
) -> float | None:
    """From which load on the second costs less than the first, and not before it; None where it does at no load.

    Args:
        first, second: US dollars a month at a number of users.
        least, most: users between which to look.
    """

    def cheaper(users: float) -> bool:
        return second(users) < first(users)

    if cheaper(least):
        return least
    step = (most - least) / _STEPS
    for number in range(1, _STEPS + 1):
        high = least + step * number
        if cheaper(high):
            return halved(lambda users: not cheaper(users), high - step, high, _HALVINGS)[1]
    return None
