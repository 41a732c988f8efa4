"""Reads the public AWS price lists into the price table: one CSV a service and region, line by line.

AWS, "Getting price list files manually": `/offers/v1.0/aws/<service>/current/<region>/index.csv` holds five lines about
the file, a header, and a row for each price. A file of EC2 has hundreds of megabytes, so only the wanted rows are
kept.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

HOST = "https://pricing.us-east-1.amazonaws.com"
_ABOUT = 5  # lines before the header
# AWS, "Understanding your usage reports": the prefix of usage types, by region. us-east-1 mostly has none.
PREFIXES = {
    "us-east-1": ("", "USE1-"),
    "us-east-2": ("USE2-",),
    "us-west-2": ("USW2-",),
    "eu-west-1": ("EU-", "EUW1-"),
    "eu-central-1": ("EUC1-",),
    "ap-southeast-2": ("APS2-",),
    "ap-southeast-1": ("APS1-",),
    "ap-northeast-1": ("APN1-",),
    "ca-central-1": ("CAN1-",),
    "sa-east-1": ("SAE1-",),
    "eu-west-2": ("EUW2-",),
    "eu-west-3": ("EUW3-",),
    "eu-north-1": ("EUN1-",),
    "eu-south-1": ("EUS1-",),
    "ap-south-1": ("APS3-",),
    "ap-northeast-2": ("APN2-",),
    "ap-northeast-3": ("APN3-",),
    "af-south-1": ("AFS1-",),
}

Lines = Iterable[str]
# Opens a service's list of a region: name of the service and of the region in, lines of its CSV out.
Fetch = Callable[[str, str], AbstractContextManager[Lines]]


class PriceListError(Exception):
    """A price list cannot be fetched, or is not one."""


@dataclass(frozen=True, slots=True)
class Read:
    """The prices from one list.

    rows: rows of the price table. missing: items that the list has no price of.
    """

    rows: list[dict[str, Any]]
    missing: list[str]


def read(lines: Lines, items: Sequence[Mapping[str, Any]], region: str) -> Read:
    """Prices of `items` in one list.

    Args:
        lines: of the CSV.
        items: of the price table, each with its `list`: usage (type, without its prefix), operation where one usage
            type has several prices, and scale where the list counts single requests and the table millions.
        region: AWS region of the list.

    Raises:
        PriceListError: when this is no such CSV.
    """
    source = csv.reader(iter(lines))
    about = {one[0]: one[1] for one in (next(source, []) for _ in range(_ABOUT)) if len(one) > 1}
    header = next(source, [])
    wanted = ("TermType", "StartingRange", "PricePerUnit", "Currency", "usageType", "operation")
    columns = {name: header.index(name) for name in wanted if name in header}
    if "Publication Date" not in about or len(columns) != len(wanted):
        raise PriceListError(f"the list of {region} is no AWS price list: no {' or '.join(wanted)} in its header")
    published = about["Publication Date"][:10]
    prefixes = PREFIXES[region] + (f"{region}-",)
    by_usage: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for item in items:
        for prefix in prefixes:
            by_usage[prefix + item["list"]["usage"]].append(item)
    found: dict[str, dict[str, Any]] = {}
    lowest: dict[str, float] = {}
    try:
        for line in source:
            for item in by_usage.get(line[columns["usageType"]], ()):
                row = {name: line[index] for name, index in columns.items()}
                start = float(row["StartingRange"] or 0)
                if _is_price(row, item["list"]) and start < lowest.get(item["key"], math.inf):
                    lowest[item["key"]] = start
                    found[item["key"]] = _row(item, region, row["PricePerUnit"], published)
    except (IndexError, ValueError) as error:
        raise PriceListError(f"the list of {region} is damaged in line {source.line_num}: {error}") from None
    return Read(list(found.values()), [one["key"] for one in items if one["key"] not in found])


def _is_price(row: Mapping[str, str], listed: Mapping[str, Any]) -> bool:
    """Whether this is an on-demand price. A free first tier is none: the table has no free tiers."""
    operation = listed.get("operation")
    return (
        row["TermType"] == "OnDemand"
        and row["Currency"] == "USD"
        and float(row["PricePerUnit"]) > 0
        and (operation is None or row["operation"] == operation)
    )


def _row(item: Mapping[str, Any], region: str, text: str, published: str) -> dict[str, Any]:
    usd = float(text) * item["list"].get("scale", 1)
    return {
        "key": item["key"],
        "region": region,
        "usd": float(f"{usd:.8g}"),
        "date": published,
        "confidence": "list",
        "source": f"AWS Price List, {item['list']['offer']}",
    }


@contextmanager
def fetch(service: str, region: str) -> Iterator[Lines]:
    """The list of a service and region, from AWS.

    Raises:
        PriceListError: when it cannot be fetched.
    """
    # Imported here, as this is the only use of the network in the estimate.
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import urlopen

    address = f"{HOST}/offers/v1.0/aws/{service}/current/{region}/index.csv"
    try:
        with urlopen(address, timeout=60) as answer:  # noqa: S310  the scheme is in the constant
            yield _whole(answer, int(answer.headers.get("Content-Length") or 0), address)
    # A URLError and a TimeoutError are OSErrors.
    except (OSError, HTTPException, UnicodeDecodeError) as error:
        if isinstance(error, HTTPError):
            error.close()  # it is the answer, with its connection
        raise PriceListError(f"{address} cannot be fetched: {error}") from None


def _whole(answer: Iterable[bytes], length: int, address: str) -> Iterator[str]:
    """The lines of an answer. Python's own client takes an answer for whole whose connection ended early."""
    read = 0
    for line in answer:
        read += len(line)
        yield line.decode()
    if read < length:
        raise PriceListError(f"{address} cannot be fetched: it ended after {read:,} of {length:,} bytes")


def merged(data: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The price table's data with these rows in place of those of the same item and region."""
    fresh = {(one["key"], one["region"]): dict(one) for one in rows}
    kept = [one for one in data["prices"] if (one["key"], one["region"]) not in fresh]
    order = {one["key"]: index for index, one in enumerate(data["items"])}
    prices = sorted([*kept, *fresh.values()], key=lambda one: (order[one["key"]], one["region"]))
    return {**data, "prices": prices}


def listed(data: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """The items that a public list has, by service."""
    by_service: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for item in data["items"]:
        if "list" in item:
            by_service[item["list"]["offer"]].append(item)
    return dict(by_service)
