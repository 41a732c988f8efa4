"""Reads the cases: an object that is right, what is changed in it, and what the API server says to that."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from catalog.paths import parse

HERE = Path(__file__).parent
Object = dict[str, Any]
# base objects by kind; changes that are accepted, and changes that are refused, with words of the reason
OBJECTS: dict[str, Any] = json.loads((HERE / "objects.json").read_text())
# a pod that is restricted; changes, with all that admission says at each level, null where it lets the pod in
SECURITY: dict[str, Any] = json.loads((HERE / "security.json").read_text())


def changed(base: Object, change: dict[str, Any]) -> Object:
    """`base` with the values at some paths set, or taken away by null."""
    result = copy.deepcopy(base)
    for path, value in change.items():
        _put(result, list(parse(path)), value)
    return result


def of_kind(case: dict[str, Any]) -> Object:
    """The object of a case."""
    return changed(OBJECTS["objects"][case["object"]], case["change"])


def named(case: dict[str, Any]) -> str:
    """A case's name in a test report."""
    return f"{case.get('object', 'Pod')} {json.dumps(case['change'])[:80]}"


def _put(holder: Any, path: list[str | int], value: Any) -> None:
    head, rest = path[0], path[1:]
    if rest:
        if isinstance(holder, dict):
            holder.setdefault(head, [] if isinstance(rest[0], int) else {})
        _put(holder[head], rest, value)
    elif isinstance(holder, list) and head == len(holder):
        holder.append(value)
    elif value is None:
        del holder[head]
    else:
        holder[head] = value
