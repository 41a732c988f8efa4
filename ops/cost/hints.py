"""Right-sizing hints: what would make a stack cheaper, with what it saves a month."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ops.cost.estimate import CostRow, Estimate, money
from ops.cost.prices import Prices, shipped
from ops.cost.span import NOTHING, CostSpan, total

_WORTH = 1.0  # US dollars a month; below it, a hint is noise


@dataclass(frozen=True, slots=True)
class Hint:
    """A change that makes a stack cheaper.

    saves: US dollars a month, if known.
    source: where the advice comes from.
    """

    text: str
    source: str
    saves: CostSpan = NOTHING

    def as_dict(self) -> dict[str, Any]:
        """The hint as `ascent cost --json` prints it."""
        return {"text": self.text, "source": self.source, "saves": money(self.saves)}


def hints(found: Estimate, prices: Prices | None = None) -> list[Hint]:
    """The hints for this stack."""
    table = prices or shipped()
    return [*_spot(found, table), *_commitments(found, table)]


def _spot(found: Estimate, table: Prices) -> Iterator[Hint]:
    """Spot instances for work that may be interrupted, if the stage has none yet."""
    if any(row.what == "spot" for row in found.rows):
        return
    steady = _cost(found, lambda row: row.item.startswith("ec2.") and row.what == "on demand")
    spot = table.discounts["spot"]
    saves = CostSpan(0, (steady.high - steady.low) * spot.share)
    if saves.high > _WORTH:
        yield Hint(
            "instances above the minimum could be spot; a stage with the spot capability mixes it in",
            spot.source,
            saves,
        )


def _commitments(found: Estimate, table: Prices) -> Iterator[Hint]:
    """Commitments for the minimum, which runs all the time anyway."""
    minimum: dict[str, Callable[[CostRow], bool]] = {
        "compute-savings-plan-1y": lambda row: _steady_compute(row),
        "compute-savings-plan-3y": lambda row: _steady_compute(row),
        "database-savings-plan-1y": lambda row: row.item == "aurora.acu-hour",
        "elasticache-reserved-1y": lambda row: row.item.startswith("elasticache.") and row.price.unit == "hour",
    }
    for name, applies in minimum.items():
        discount = table.discounts[name]
        saves = _cost(found, applies).low * discount.share
        if saves > _WORTH:
            yield Hint(f"commit to the minimum: {discount.on}", discount.source, CostSpan(saves, saves))


def _steady_compute(row: CostRow) -> bool:
    """Instances and nodes. The fee of EKS Auto Mode has no discount (Amazon EKS Pricing: Auto Mode)."""
    hourly = row.item.startswith(("ec2.", "fargate.")) and row.price.unit == "hour"
    return hourly and row.what != "spot" and not row.what.startswith("Auto Mode fee")


def _cost(found: Estimate, applies: Callable[[CostRow], bool]) -> CostSpan:
    return total(row.cost for row in found.rows if applies(row))
