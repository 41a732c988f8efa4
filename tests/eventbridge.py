"""What EventBridge does with an event: match a rule's pattern, and make a target's message of it.

As in the EventBridge User Guide, "Event patterns" and "Input transformation", and in aws/event-ruler, as far as this
program uses it. Anything else raises.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether all fields of the pattern match; below `$or`, one of the alternatives has to."""
    return all(_field(key, wanted, event) for key, wanted in pattern.items())


def _field(key: str, wanted: Any, event: Mapping[str, Any]) -> bool:
    if key == "$or":
        return any(matches(one, event) for one in wanted)
    found = event.get(key)
    if isinstance(wanted, Mapping):
        # An array of objects stands for each of them; two fields have to match in the same one.
        inner = found if isinstance(found, list) else [found or {}]
        return any(matches(wanted, one) for one in inner)
    return any(_value(one, present=key in event, found=found) for one in wanted)


def _value(rule: Any, *, present: bool, found: Any) -> bool:
    if not isinstance(rule, Mapping):
        return present and (rule in found if isinstance(found, list) else type(rule) is type(found) and rule == found)
    ((kind, operand),) = rule.items()
    if kind == "exists":
        return bool(operand) == present
    if kind == "anything-but":
        return present and found not in (operand if isinstance(operand, list) else [operand])
    raise NotImplementedError(kind)


def message(template: str, paths: Mapping[str, str], event: Mapping[str, Any]) -> str:
    """The target's input. A path that the event does not have leaves nothing."""
    values = {name: _at(path, event) for name, path in paths.items()}

    def put(match: re.Match[str]) -> str:
        value = values[match["name"]]
        if value is None:
            return ""
        # In a string as it is, without escaping; by itself as JSON.
        quoted = template[: match.start()].replace(r"\"", "").count('"') % 2
        return str(value) if quoted else json.dumps(value)

    return re.sub(r"<(?P<name>[a-z]+)>", put, template)


def _at(path: str, event: Any) -> Any:
    found = event
    for name, index in re.findall(r"\.([\w-]+)(?:\[(\d+)\])?", path.removeprefix("$")):
        found = found.get(name) if isinstance(found, Mapping) else None
        if index:
            found = found[int(index)] if isinstance(found, list) and int(index) < len(found) else None
    return found
