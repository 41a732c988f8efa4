"""The price table: ops/data/prices.json, each row with its source, its date, and how sure it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

TABLE = Path(__file__).resolve().parents[1] / "data" / "prices.json"
HOME = "us-east-1"
EVERYWHERE = "*"
# AWS sells every size of these families at a multiple of `large`, rounded to a hundredth of a cent.
_SIZES = {"medium": 0.5, "large": 1, "xlarge": 2}

Confidence = Literal["list", "estimate"]


class PriceError(LookupError):
    """The table has no price for an item."""


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one unit of an item in a region.

    key: the item, as the table calls it.
    usd: US dollars per `unit`, before tax, without any free tier or discount.
    source: the page or list of the price. date: when it was read, as an ISO date.
    confidence: `list` as published, or `estimate`.
    """

    key: str
    region: str
    usd: float
    unit: str
    source: str
    date: str
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Discount:
    """The discount of another way to pay, as a share of the on-demand price."""

    share: float
    on: str
    source: str
    date: str
    confidence: Confidence


class Prices:
    """The table, looked up by item and region."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._items: dict[str, dict[str, Any]] = {one["key"]: one for one in data["items"]}
        self._rows: dict[tuple[str, str], dict[str, Any]] = {(one["key"], one["region"]): one for one in data["prices"]}
        self._factors: dict[str, float] = data["factors"]["usd"]
        self._factor_source: str = data["factors"]["source"]
        self.discounts = {name: Discount(**one) for name, one in data["discounts"].items()}

    @property
    def keys(self) -> list[str]:
        """The items that have a price."""
        return list(self._items)

    @property
    def dates(self) -> tuple[str, str]:
        """Dates of the oldest and the newest row."""
        dates = sorted(one["date"] for one in self._rows.values())
        return dates[0], dates[-1]

    def factor(self, region: str) -> float:
        """Price level of this region, compared to us-east-1.

        Raises:
            PriceError: for a region that the table does not know.
        """
        if region not in self._factors:
            raise PriceError(f"no price factor for the region {region}; add one to {TABLE.name}")
        return self._factors[region] / self._factors[HOME]

    def price(self, key: str, region: str) -> Price:
        """Price of an item: of its region, else the one for all regions, else us-east-1's times the region's factor.

        A size that has no row is priced as a multiple of its family's `large`.

        Raises:
            PriceError: for an item or a region that the table does not know.
        """
        item = self._items.get(key)
        if item is None:
            return self._by_size(key, region)
        for place in (region, EVERYWHERE):
            row = self._rows.get((key, place))
            if row is not None:
                source = row.get("source", item["source"])
                return Price(key, region, row["usd"], item["unit"], source, row["date"], row["confidence"])
        row = self._rows[key, HOME]
        source = f"{item['source']}, us-east-1, times {self.factor(region):.3f} ({self._factor_source})"
        return Price(key, region, row["usd"] * self.factor(region), item["unit"], source, row["date"], "estimate")

    def _by_size(self, key: str, region: str) -> Price:
        family, _, size = key.rpartition(".")
        number, _, rest = size.partition("xlarge")
        multiple = int(number) * _SIZES["xlarge"] if number.isdigit() and not rest else _SIZES.get(size)
        large = f"{family}.large"
        if multiple is None or large not in self._items:
            raise PriceError(f"no price of {key}; add it to {TABLE.name}, or run: ascent prices")
        one = self.price(large, region)
        source = f"{one.source}: {multiple:g} times {large}"
        return Price(key, region, one.usd * multiple, one.unit, source, one.date, "estimate")


@cache
def shipped() -> Prices:
    """The table in the repository."""
    return Prices(json.loads(TABLE.read_text()))
