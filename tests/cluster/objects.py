"""Objects made fit for a cluster that is somebody's: in namespaces and under names of their own."""

from __future__ import annotations

import copy
from typing import Any

from catalog.kubernetes import is_namespaced
from tests.kubernetes.cases import Object
from tests.kubernetes.rendered import token

# Labels that select a namespace by its name.
NAME = "kubernetes.io/metadata.name"


def named_apart(things: list[Object], prefix: str) -> list[Object]:
    """`things` in namespaces that begin with `prefix`, and under names that do where they are in none."""
    spaces = {each["metadata"].get("namespace", "default") for each in things if _in_namespace(each)}
    spaces |= {each["metadata"]["name"] for each in things if each["kind"] == "Namespace"}
    apart = [_renamed(copy.deepcopy(each), {name: f"{prefix}-{name}" for name in spaces}, prefix) for each in things]
    declared = {each["metadata"]["name"] for each in apart if each["kind"] == "Namespace"}
    others = [_namespace(f"{prefix}-{name}") for name in sorted(spaces) if f"{prefix}-{name}" not in declared]
    return [*others, *sorted(apart, key=lambda each: each["kind"] != "Namespace")]


def _renamed(thing: Object, spaces: dict[str, str], prefix: str) -> Object:
    metadata = thing["metadata"]
    if thing["kind"] == "Namespace":
        metadata["name"] = spaces[metadata["name"]]
    elif _in_namespace(thing):
        metadata["namespace"] = spaces[metadata.get("namespace", "default")]
    else:
        metadata["name"] = f"{prefix}-{metadata['name']}"
    _references(thing, spaces)
    return thing


def _references(value: Any, spaces: dict[str, str]) -> None:
    """Selectors and subjects that name a namespace name the one that stands for it."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in (NAME, "namespace") and isinstance(item, str) and item in spaces:
                value[key] = spaces[item]
            else:
                _references(item, spaces)
    elif isinstance(value, list):
        for item in value:
            _references(item, spaces)


def _in_namespace(thing: Object) -> bool:
    return is_namespaced(token(thing))


def _namespace(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
