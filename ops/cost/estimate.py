"""What a rendered stack costs a month: a row per resource and priced item, and the sums of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from infra.config.settings import Settings
from ops.cost.around import Around, CannotPriceError, ResourceIndex
from ops.cost.prices import Confidence, Price, PriceError, Prices, shipped
from ops.cost.rules import RULES, free
from ops.cost.span import NOTHING, CostSpan, total
from ops.cost.usage import Usage, usage

if TYPE_CHECKING:
    from ops.cost.operating import OperatingPoint
    from ops.engine.recorder import Recorded
    from ops.engine.render import RenderedStack

_NO_COMPONENT = "none"
# Ascent: a budget allows the maximum of everything for 2.4 hours a day, and the minimum otherwise.
_PEAK_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class CostRow:
    """One priced item of one resource.

    component: the outermost component that the resource belongs to.
    item: of the price table. what: in words, where the item does not say it.
    quantity: units a month. price: of one unit.
    cost: US dollars a month.
    """

    urn: str
    type: str
    region: str
    component: str
    item: str
    what: str
    quantity: CostSpan
    price: Price
    cost: CostSpan

    def as_dict(self) -> dict[str, Any]:
        """The row as `ascent cost --json` prints it."""
        return {
            "urn": self.urn,
            "type": self.type,
            "region": self.region,
            "component": self.component,
            "item": self.item,
            "what": self.what,
            "unit": self.price.unit,
            "quantity": {"low": self.quantity.low, "high": self.quantity.high},
            "price": {
                "usd": self.price.usd,
                "source": self.price.source,
                "date": self.price.date,
                "confidence": self.price.confidence,
            },
            **money(self.cost),
        }


@dataclass(frozen=True, slots=True)
class Unpriced:
    """A resource without a price, and why."""

    urn: str
    type: str
    reason: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a stack costs a month, in US dollars: from everything at its least to everything at its most.

    rows: priced items. unpriced: resources that are not in the sums. region: where it is a part, the one it is of.
    """

    stack: str
    stage: int
    rows: tuple[CostRow, ...]
    unpriced: tuple[Unpriced, ...]
    region: str | None = None

    @property
    def cost(self) -> CostSpan:
        """The sum of all rows."""
        return total(row.cost for row in self.rows)

    @property
    def low(self) -> float:
        """US dollars a month with every size at its minimum, and the load of the stage below."""
        return self.cost.low

    @property
    def high(self) -> float:
        """US dollars a month with every size at its maximum, and the stage's own load around the clock."""
        return self.cost.high

    @property
    def expected(self) -> float:
        """US dollars of a normal month: everything at its most for a tenth of the time, and at its least otherwise."""
        return normal(self.cost)

    @property
    def budget(self) -> int:
        """What a monthly budget should be, in US dollars: above a normal month, far below everything at its most.

        Rounded up to two significant digits: a budget is not more exact.
        """
        wanted = self.expected
        step = int(10 ** max(len(str(int(wanted))) - 2, 0))
        return math.ceil(wanted / step) * step

    @property
    def by_component(self) -> dict[str, CostSpan]:
        """Sums by component, the dearest first."""
        return _sums(self.rows, lambda row: row.component)

    @property
    def by_region(self) -> dict[str, CostSpan]:
        """Sums by region, the dearest first."""
        return _sums(self.rows, lambda row: row.region)

    @property
    def estimated(self) -> CostSpan:
        """The part of the sum whose unit price is an estimate."""
        guess: Confidence = "estimate"
        return total(row.cost for row in self.rows if row.price.confidence == guess)

    def of_region(self, region: str | None) -> Estimate:
        """The part of one region, or all of it for None. Resources without a price are named in both."""
        if region is None:
            return self
        return replace(self, region=region, rows=tuple(row for row in self.rows if row.region == region))

    def unpriced_types(self) -> Counter[str]:
        """Types without a price, and how many resources each has."""
        return Counter(one.type for one in self.unpriced)


def normal(span: CostSpan) -> float:
    """US dollars of a normal month: everything at its most for a tenth of the time, and at its least otherwise."""
    return span.low + (span.high - span.low) * _PEAK_SHARE


def estimate(
    plan: RenderedStack,
    settings: Settings,
    prices: Prices | None = None,
    *,
    used: Usage | None = None,
    point: OperatingPoint | None = None,
) -> Estimate:
    """What the plan's resources cost a month.

    Args:
        plan: a rendered stack.
        settings: what it was rendered from.
        prices: the table to use, or None for the one in the repository.
        used: usage of each region; None for that of the stage.
        point: how many of what scales by itself run; None for anything between their bounds.
    """
    table = prices or shipped()
    world = ResourceIndex(plan.resources)
    load = used or usage(settings)
    rows: list[CostRow] = []
    unpriced: list[Unpriced] = []
    for one in plan.resources:
        if not one.custom:
            continue
        if one.type not in RULES:
            if free(one.type) is None:
                unpriced.append(Unpriced(one.urn, one.type, "no price rule for this type"))
            continue
        region = one.region or settings.regions[0]
        around = Around(
            one, region, settings.active_regions, load, world, lambda name: table.discounts[name].share, point
        )
        try:
            rows += list(_rows(around, table))
        except (CannotPriceError, PriceError) as error:
            unpriced.append(Unpriced(one.urn, one.type, str(error)))
    return Estimate(plan.stack, plan.stage, tuple(rows), tuple(unpriced))


def _rows(around: Around, table: Prices) -> Iterator[CostRow]:
    one: Recorded = around.resource
    component = next(reversed(around.world.components(one)), _NO_COMPONENT)
    for amount in RULES[one.type](around):
        if not amount.quantity.high:
            continue
        price = table.price(amount.key, around.region)
        cost = amount.quantity * amount.times * price.usd
        yield CostRow(
            one.urn, one.type, around.region, component, amount.key, amount.what, amount.quantity, price, cost
        )


def _sums(rows: Iterable[CostRow], name: Callable[[CostRow], str]) -> dict[str, CostSpan]:
    sums: dict[str, CostSpan] = {}
    for row in rows:
        sums[name(row)] = sums.get(name(row), NOTHING) + row.cost
    return dict(sorted(sums.items(), key=lambda one: -one[1].high))


def money(span: CostSpan) -> dict[str, float]:
    """A sum of money as plain data, in whole cents."""
    return {"low": round(span.low, 2), "high": round(span.high, 2)}
