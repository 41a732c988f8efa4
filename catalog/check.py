"""Checks inputs against their type's shape and rules, before anything is created."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from catalog import cloudflare, constraints, kubernetes, paths, tables
from catalog.constraints import Failure
from catalog.paths import Path
from catalog.schema import Property, Schema
from catalog.sdk import Type
from catalog.values import Properties, Secret, Unknown

_PRIVATE = "__"  # inputs so named are the engine's own


def failures(schema: Schema, inputs: Properties) -> list[Failure]:
    """Every reason why the provider would refuse `inputs`."""
    provider = schema.token.split(":", 1)[0]
    if provider == "kubernetes":
        found = [] if schema.open else list(shape(schema, inputs, deep=False))
        return found or list(kubernetes.failures(schema, inputs))
    found = list(shape(schema, inputs))
    if found:
        return found  # rules presume the right types
    common = tables.common().get(provider, {}).get("constraints", [])
    rules = [rule for rule in common if _applies(schema, rule)] + tables.constraints().get(schema.token, [])
    found = list(constraints.violations(rules, inputs))
    if provider == "cloudflare":
        found += cloudflare.failures(schema.token, inputs)
    return found


def _applies(schema: Schema, rule: tables.Row) -> bool:
    return "path" in rule and schema.at(paths.parse(rule["path"])) is not None


def shape(schema: Schema, inputs: Properties, *, deep: bool = True) -> Iterator[Failure]:
    """Unknown, missing and ill-typed properties; without `deep`, at the top only."""
    yield from _object(schema, schema.inputs, inputs, (), deep=deep)


def _object(
    schema: Schema, properties: dict[str, Property], value: dict[str, Any], path: Path, *, deep: bool
) -> Iterator[Failure]:
    for name in value:
        if name not in properties and not name.startswith(_PRIVATE):
            close = difflib.get_close_matches(name, properties, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            where = f" of {schema.token}" if not path else ""
            yield Failure(paths.render((*path, name)), f"there is no property {name!r}{where}{hint}")
    for name, prop in properties.items():
        item = value.get(name)
        if item is None:
            if prop.required:
                yield Failure(paths.render((*path, name)), f"Missing required property {name!r}")
        elif deep:
            yield from _typed(schema, prop.type, item, (*path, name))


def _typed(schema: Schema, type_: Type, value: Any, path: Path) -> Iterator[Failure]:
    value = value.value if isinstance(value, Secret) else value
    if value is None or isinstance(value, Unknown) or type_ == "any":
        return
    if isinstance(type_, str):
        if not _scalar(type_, value):
            yield Failure(paths.render(path), f"expected {_article(type_)}, got {_describe(value)}")
    elif "list" in type_:
        if not isinstance(value, list):
            yield Failure(paths.render(path), f"expected a list, got {_describe(value)}")
            return
        for index, item in enumerate(value):
            yield from _typed(schema, type_["list"], item, (*path, index))
    elif not isinstance(value, dict):
        yield Failure(paths.render(path), f"expected an object, got {_describe(value)}")
    elif "map" in type_:
        for key, item in value.items():
            yield from _typed(schema, type_["map"], item, (*path, key))
    elif type_["object"] in schema.objects:
        yield from _object(schema, schema.objects[type_["object"]], value, path, deep=True)


def _scalar(type_: str, value: Any) -> bool:
    """Whether `value` is, or like the real providers is converted to, a `type_`."""
    if type_ == "string":
        return isinstance(value, str | int | float)
    if type_ == "boolean":
        return isinstance(value, bool) or value in ("true", "false")
    if isinstance(value, bool):
        return False
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return False
        return type_ == "number" or number.is_integer()
    return isinstance(value, int) or (isinstance(value, float) and type_ == "number")


def _article(type_: str) -> str:
    return f"an {type_}" if type_ == "integer" else f"a {type_}"


def _describe(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return f"a boolean ({str(value).lower()})"
    return f"a string ({value!r})" if isinstance(value, str) else f"a number ({value})"
