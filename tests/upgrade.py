"""`python -m tests.upgrade`: what SDKs and models say of the types that Ascent uses, as JSON, to compare two versions.

A line is one statement, such as `aws:rds/cluster:Cluster input engine: string`, so that a difference reads by itself.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from catalog import tables
from catalog.schema import resource_schema
from tests.aws.shapes import registry_schema
from tests.aws.translate import rows


def statements() -> list[str]:
    """Every statement, sorted."""
    found = {line for type_ in tables.types() for line in _of_sdk(type_)}
    found |= {line for row in rows().values() for view in row.get("views", ()) for line in _of_registry(view)}
    found |= {
        f"{type_} {row['path']}: {json.dumps({key: one for key, one in row.items() if key not in ('path', 'source')})}"
        for type_, some in tables.generated().items()
        for row in some
    }
    return sorted(found)


def _of_sdk(type_: str) -> Iterator[str]:
    schema = resource_schema(type_)
    if schema is None:
        yield f"{type_}: the SDK does not have it"
        return
    for name, one in schema.inputs.items():
        yield f"{type_} input {name}: {json.dumps(one.type)}{', required' if one.required else ''}"
    for name, kind in schema.outputs.items():
        yield f"{type_} output {name}: {json.dumps(kind)}"


def _of_registry(view: str) -> Iterator[str]:
    if not view.startswith("AWS::"):
        return
    schema = registry_schema(view)
    for path in schema.get("createOnlyProperties", ()):
        yield f"{view} is replaced on {path.removeprefix('/properties/')}"
    yield from _defaults(view, "", schema.get("properties", {}))
    for name, one in schema.get("definitions", {}).items():
        yield from _defaults(view, f"{name}.", one.get("properties", {}))


def _defaults(view: str, prefix: str, properties: dict[str, Any]) -> Iterator[str]:
    for name, one in properties.items():
        if isinstance(one, dict) and "default" in one:
            yield f"{view} default of {prefix}{name}: {json.dumps(one['default'])}"


if __name__ == "__main__":
    sys.stdout.write("\n".join(statements()) + "\n")
