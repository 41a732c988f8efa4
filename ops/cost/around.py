"""The context of a price rule: its resource, the resources beside it, and the assumed usage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ops.cost.span import CostSpan, exactly
from ops.cost.usage import HOURS, Usage

if TYPE_CHECKING:
    from ops.cost.operating import OperatingPoint
    from ops.engine.recorder import Recorded

PROXIED = "cloudflare:index/dnsRecord:DnsRecord"
_OURS = "ascent:infra:"


class CannotPriceError(Exception):
    """A rule lacks something that the price depends on; the message says what."""


@dataclass(frozen=True, slots=True)
class PricedAmount:
    """An amount of a priced item.

    key: item of the price table.
    quantity: units a month.
    what: in words, where the item's name does not say it.
    times: factor on the price: below 1 for a possible discount.
    """

    key: str
    quantity: CostSpan
    what: str = ""
    times: CostSpan = field(default=CostSpan(1, 1))


@dataclass(frozen=True, slots=True)
class Around:
    """One resource of the plan, and its context.

    region: AWS region of the resource; the primary one if it has none.
    regions: all regions of the plan, the primary first.
    discount: share of the on-demand price that a discount saves, by its name in the table.
    point: how many of what scales by itself run, where a load is known; None for anything between the bounds.
    """

    resource: Recorded
    region: str
    regions: Sequence[str]
    usage: Usage
    world: ResourceIndex
    discount: Callable[[str], float]
    point: OperatingPoint | None = None

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The resource's inputs."""
        return self.resource.inputs

    def beside(self, type_: str) -> list[Recorded]:
        """Resources of a type under the same component."""
        return [one for one in self.world.of_type(type_) if one.parent == self.resource.parent]

    def here(self, type_: str) -> list[Recorded]:
        """Resources of a type in the same region."""
        return [one for one in self.world.of_type(type_) if one.region == self.resource.region]

    def everywhere(self, type_: str) -> list[Recorded]:
        """Resources of a type in the plan."""
        return self.world.of_type(type_)

    def scaled(self, kind: str, of: str, bounds: CostSpan) -> CostSpan:
        """How many run of what scales by itself between bounds."""
        return bounds if self.point is None else self.point.within(kind, of, bounds)

    def kind(self, name: str) -> bool:
        """Whether the resource belongs to a component of ours with that name."""
        return name in self.world.components(self.resource)


class ResourceIndex:
    """The plan's resources, by type and by parent."""

    def __init__(self, resources: Iterable[Recorded]) -> None:
        self._by_type: dict[str, list[Recorded]] = defaultdict(list)
        self._by_urn: dict[str, Recorded] = {}
        for one in resources:
            self._by_type[one.type].append(one)
            self._by_urn[one.urn] = one

    def of_type(self, type_: str) -> list[Recorded]:
        """Resources of a type."""
        return self._by_type.get(type_, [])

    def components(self, resource: Recorded) -> list[str]:
        """Names of the components around a resource, the innermost first."""
        found, parent = [], resource.parent
        while parent is not None and parent in self._by_urn:
            one = self._by_urn[parent]
            if one.type.startswith(_OURS):
                found.append(one.type.removeprefix(_OURS))
            parent = one.parent
        return found

    @property
    def proxied(self) -> bool:
        """Whether traffic comes through a CDN."""
        return any(one.inputs.get("proxied") is True for one in self.of_type(PROXIED))


Rule = Callable[[Around], Iterable[PricedAmount]]


def hours(count: CostSpan | float = 1) -> CostSpan:
    """Hours a month of so many things that run around the clock."""
    return count * HOURS if isinstance(count, CostSpan) else exactly(count * HOURS)


def known(value: Any, what: str) -> Any:
    """`value`, if the program knows it.

    Raises:
        CannotPriceError: when only the cloud knows it.
    """
    if value is None or value == {"unknown": True}:
        raise CannotPriceError(f"{what} is not known before the update")
    return value
