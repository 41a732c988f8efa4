"""Physical names, given the way the providers' own autonaming does."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from catalog import tables
from catalog.constraints import Failure
from catalog.schema import Schema
from catalog.values import UNKNOWN, Properties

DEFAULTS = "__defaults"  # names of the inputs that the provider, not the program, has set
_SUFFIX = {"aws": 7, "kubernetes": 8}  # hexadecimal digits


@dataclass(frozen=True)
class Proposal:
    """What the engine's autonaming configuration asks for."""

    mode: str = "default"  # default, propose, enforce or disable
    name: str = ""


@dataclass(frozen=True)
class Autoname:
    """How a type is named when the program does not name it."""

    property: str
    limit: int
    prefix: str = ""
    lower: bool = False
    suffix_when: tuple[tuple[str, str], ...] = ()
    unless: tuple[str, ...] = ()


def rule(schema: Schema) -> Autoname | None:
    """How resources of this type are named, or None when they are not."""
    provider = schema.token.split(":", 1)[0]
    row = tables.row(schema.token).get("name", {})
    common = tables.common().get(provider, {}).get("name")
    if row is None or (not row and common is None):
        return None
    row = {**(common or {}), **row}
    prop = schema.inputs.get(row["property"])
    if prop is None or prop.required or prop.type != "string":
        return None
    return Autoname(
        row["property"],
        row["max"],
        row.get("prefix", ""),
        row.get("lower", False),
        tuple(row.get("suffix_when", {}).items()),
        tuple(row.get("unless", ())),
    )


def suffix(provider: str, token: str, urn: str, seed: bytes) -> str:
    """Hexadecimal digits after a name: the same for one seed, type and resource, else different."""
    material = b"\0".join([seed, token.encode(), urn.encode()])
    return hashlib.sha256(material).hexdigest()[: _SUFFIX[provider]]


def autoname(
    schema: Schema, urn: str, news: Properties, olds: Properties, seed: bytes, proposal: Proposal
) -> Failure | None:
    """Name `news` where the program did not; what is wrong with the name given, or None.

    A resource that was named automatically keeps its name.
    """
    how = rule(schema)
    if how is None or how.property in news or any(other in news for other in how.unless) or proposal.mode == "disable":
        return None
    old = olds.get(how.property)
    if old and how.property in olds.get(DEFAULTS, ()):
        name = old
    else:
        name = _name(how, schema.token, urn, news, seed, proposal)
    if len(name) > how.limit:
        return Failure(
            how.property,
            f"autonamed {name!r} is {len(name)} characters long: {schema.token} allows {how.limit}; "
            f"shorten the resource's name or set {how.property!r}",
        )
    news[how.property] = name
    news[DEFAULTS] = sorted({*news.get(DEFAULTS, []), how.property})
    return None


def _name(how: Autoname, token: str, urn: str, news: Properties, seed: bytes, proposal: Proposal) -> str:
    base = urn.rsplit("::", 1)[-1]
    if proposal.mode in ("propose", "enforce") and proposal.name:
        name = proposal.name
    else:
        name = f"{base}-{suffix(token.split(':', 1)[0], token, urn, seed)}"
    if how.lower:
        name = name.lower()
    if how.prefix and not name.startswith(how.prefix):
        name = how.prefix + name
    return name + "".join(end for switch, end in how.suffix_when if news.get(switch) is True)


def physical(token: str, properties: Properties) -> Any:
    """The name of a resource with these inputs, as its service knows it; empty when it has none."""
    row = tables.row(token)
    prop = (row.get("name") or {}).get("property") or row.get("named_by") or "name"
    if token.startswith("kubernetes:") and not row.get("name"):
        metadata = properties.get("metadata")
        return metadata.get("name", "") if isinstance(metadata, dict) else UNKNOWN
    return properties.get(prop) or ""
