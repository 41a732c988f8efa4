"""Amounts of resources: `500m`, `2Gi`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from catalog.constraints import Failure
from catalog.kubernetes import names
from catalog.kubernetes.reading import at, invalid, mapping, required
from catalog.values import Properties, Unknown

_FORM = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(|[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)")
_POWERS = {suffix: Decimal(1000) ** power for suffix, power in zip("num kMGTPE", range(-3, 7), strict=True)}
_POWERS |= {f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", start=1)}
_STANDARD = ("cpu", "memory", "ephemeral-storage")
_HUGE = "hugepages-"


def amount(value: object) -> Decimal | None:
    """What a quantity is worth, None where it is none."""
    match = _FORM.fullmatch(str(value))
    if match is None:
        return None
    digits, suffix = match.groups()
    if suffix[:1] in ("e", "E") and suffix[1:]:
        return Decimal(digits + suffix)
    return Decimal(digits) * _POWERS.get(suffix, Decimal(1))


def resources(where: str, container: Properties) -> Iterator[Failure]:
    """A container's requests and limits."""
    given = mapping(container, "resources")
    where = at(where, "resources")
    for side in ("limits", "requests"):
        for name, value in mapping(given, side).items():
            yield from _one(f"{where}.{side}[{name}]", name, value)
    limits = mapping(given, "limits")
    for name, value in mapping(given, "requests").items():
        limit = limits.get(name)
        if limit is None and name not in _STANDARD:
            yield required(f"{where}.limits", "Limit must be set for non overcommitable resources")
        least, most = amount(value), amount(limit)
        if least is not None and most is not None and least > most:
            yield invalid(f"{where}.requests", str(value), f"must be less than or equal to {name} limit of {limit}")


def _one(where: str, name: str, value: object) -> Iterator[Failure]:
    if name not in _STANDARD and not name.startswith(_HUGE) and "/" not in name:
        yield invalid(where, name, "must be a standard resource type or fully qualified")
    yield from names.qualified(where, name)
    if isinstance(value, Unknown):
        return
    worth = amount(value)
    if worth is None:
        yield Failure(where, f"{where}: quantities must match the regular expression '{_FORM.pattern}'")
    elif worth < 0:
        yield invalid(where, str(value), "must be greater than or equal to 0")
    elif "/" in name and worth % 1:
        yield invalid(where, str(value), "must be an integer")
