"""Rows of the catalog that the documents of Cloudflare's provider say: the values that an input may have.

The provider's schema lists them in each input's description, after "Available values:", and checks them (its
`OneOfCaseInsensitive`). Pulumi's SDK carries the descriptions, in which Markdown has made some `_` a `*`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from catalog import sdk, tables
from catalog.schema import Property, resource_schema

FILE = tables.FOLDER / "generated" / "cloudflare.json"
ABOUT = "about"  # key of what the rows were made from
LONGEST_LIST = 40  # values; longer ones grow with each release of the service
_LISTED = re.compile(r'Available values: ((?:"[^"]*"|\d+)(?:, (?:"[^"]*"|\d+))*)')
_BEFORE_A_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
Row = dict[str, Any]


def file() -> tuple[Path, str]:
    """The generated file, and what it has to hold."""
    types = tables.load("types/cloudflare.json")
    rows = {type_: list(_rows(type_)) for type_ in sorted(types)}
    about = json.dumps({"pulumi-cloudflare": sdk.sdk_version("cloudflare")})
    lines = [f"  {json.dumps(ABOUT)}: {about}"]
    for type_, some in rows.items():
        if some:
            inner = ",\n".join(f"    {json.dumps(row)}" for row in some)
            lines.append(f"  {json.dumps(type_)}: [\n{inner}\n  ]")
    return FILE, "{\n" + ",\n".join(lines) + "\n}\n"


def _rows(type_: str) -> Iterator[Row]:
    import pulumi_cloudflare as cloudflare

    schema = resource_schema(type_)
    assert schema is not None, type_
    name = type_.rpartition(":")[2]
    arguments = getattr(cloudflare, f"{name}Args")
    by_hand = {row["path"] for row in tables.documented().get(type_, []) if "one_of" in row and "when" not in row}
    for path, values in _listed(arguments, schema.inputs, schema.objects, "", ()):
        if len(values) <= LONGEST_LIST and path not in by_hand:
            yield {"path": path, "one_of": values, "source": f"{name}: {path}"}


def _listed(
    arguments: type, inputs: Mapping[str, Property], objects: Mapping[str, Any], prefix: str, above: tuple[str, ...]
) -> Iterator[tuple[str, list[Any]]]:
    """Path and values of each input, and of what is in it."""
    from pulumi_cloudflare import _inputs as nested

    for name, one in inputs.items():
        getter = getattr(arguments, _BEFORE_A_CAPITAL.sub("_", name).lower(), None)
        text = getter.fget.__doc__ or "" if isinstance(getter, property) and getter.fget else ""
        path, kind = f"{prefix}{name}", one.type
        while isinstance(kind, dict) and "object" not in kind:
            path, kind = f"{path}[*]", kind.get("list") or kind["map"]
        found = _LISTED.search(text)
        if found:
            yield path, json.loads(f"[{found[1].replace('*', '_')}]")
        if isinstance(kind, dict) and kind["object"] not in above:
            inner = kind["object"]
            arguments_of_it = getattr(nested, inner.rpartition("/")[2])
            yield from _listed(arguments_of_it, objects[inner], objects, f"{path}.", (*above, inner))
