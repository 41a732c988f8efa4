"""Small plans, made by hand, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ops.cost.around import Around, PricedAmount, ResourceIndex
from ops.cost.prices import shipped
from ops.cost.rules import RULES
from ops.cost.span import NOTHING, CostSpan
from ops.cost.usage import Assumption, Usage
from ops.engine.recorder import Recorded

HOME = "us-east-1"
PARENT = "urn:pulumi:x::ascent::ascent:infra:Thing::x"
NOBODY = Usage(NOTHING)


def resource(type_: str, name: str = "x", region: str | None = HOME, **inputs: Any) -> Recorded:
    """A resource of a component that the others belong to as well."""
    return Recorded(
        urn=f"{PARENT}${type_}::{name}", type=type_, name=name, parent=PARENT, region=region, protect=False,
        inputs=inputs, custom=True,
    )  # fmt: skip


def amounts(*resources: Recorded, usage: Usage = NOBODY, regions: Sequence[str] = (HOME,)) -> list[PricedAmount]:
    """Priced items of the first resource, with the others around it."""
    first = resources[0]
    around = Around(
        first,
        first.region or HOME,
        regions,
        usage,
        ResourceIndex(resources),
        lambda name: shipped().discounts[name].share,
    )
    return list(RULES[first.type](around))


def dollars(found: Sequence[PricedAmount], *items: str, region: str = HOME) -> CostSpan:
    """What these items cost a month; all items if none is named."""
    wanted = [one for one in found if not items or one.key in items]
    return sum((one.quantity * one.times * shipped().price(one.key, region).usd for one in wanted), NOTHING)


def users_for(quantity: float, assumption: Assumption, *, per_request: bool = False) -> Usage:
    """Users who make up a quantity a month at an assumption's upper end; in GB where that is KB a request."""
    one = Usage(CostSpan(0, 1))
    each = one.gigabytes(assumption).high if per_request else one.per_user(assumption).high
    return Usage(CostSpan(0, quantity / each))
