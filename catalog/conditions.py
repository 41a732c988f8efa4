"""Small predicates that data can state: about one resource's inputs, and about a change of them."""

from __future__ import annotations

import re
from typing import Any

from catalog import paths
from catalog.tables import Row
from catalog.values import Properties, Unknown, has_unknown, plain


def holds(condition: Row, inputs: Properties) -> bool | None:
    """Whether `condition` holds of `inputs`; None when that is not known yet.

    A condition names a `path` and one of: `equals`, `in`, `not_in`, `starts`, `below`, `set` (true or false), or
    combines others with `all`, `any`, `not`.
    """
    if "all" in condition or "any" in condition:
        key = "all" if "all" in condition else "any"
        results = [holds(item, inputs) for item in condition[key]]
        decisive = key == "any"
        if decisive in results:
            return decisive
        return None if None in results else not decisive
    if "not" in condition:
        result = holds(condition["not"], inputs)
        return None if result is None else not result
    value = plain(paths.get(inputs, condition["path"]))
    if isinstance(value, Unknown):
        return None
    if "set" in condition:
        return (value not in (None, "", [])) is condition["set"]
    if "equals" in condition:
        return bool(value == condition["equals"])
    if "in" in condition:
        return value in condition["in"]
    if "not_in" in condition:
        return value not in condition["not_in"]
    if "below" in condition:
        return isinstance(value, int | float) and value < condition["below"]
    if "starts" in condition:
        starts = condition["starts"]
        return isinstance(value, str) and value.startswith(starts if isinstance(starts, str) else tuple(starts))
    raise ValueError(f"{condition} states no predicate")


def changed(condition: Row, path: str, old: Properties, new: Properties, config: Properties) -> bool | None:
    """Whether `condition` holds of a change of the input at `path`; None when that is not known yet.

    Beyond `old` and `new` (predicates of the inputs before and after) and `config` (of the provider's configuration),
    `change` names how the value (that at `at`, if given) moved: added, removed, set, changed, other, other_values,
    downgrade, fewer, not_more, emptied_or_filled, other_kind (`among` properties), same_but (`but` the value of another
    property), one_of and unless (with `from` and `to`). `unless_changed` names another property that must stay as it
    is; `any` holds alternatives.
    """
    results: list[bool | None] = []
    if "any" in condition:
        options = [changed(item, path, old, new, config) for item in condition["any"]]
        results.append(True if True in options else None if None in options else False)
    if "unless_changed" in condition:
        other = condition["unless_changed"]
        results.append(paths.get(old, other) == paths.get(new, other))
    if "old" in condition:
        results.append(holds(condition["old"], old))
    if "new" in condition:
        results.append(holds(condition["new"], new))
    if "config" in condition:
        results.append(holds(condition["config"], config))
    if "change" in condition:
        place = condition.get("at", path)
        before, after = plain(paths.get(old, place)), plain(paths.get(new, place))
        unknown = has_unknown(before) or has_unknown(after)
        results.append(None if unknown else _moved(condition, before, after, old, new))
    if False in results:
        return False
    return None if None in results else True


def _version(text: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", str(text or "")))


def _length(value: Any) -> int:
    return value if isinstance(value, int) else len(value or [])


def _moved(condition: Row, before: Any, after: Any, old: Properties, new: Properties) -> bool:
    match condition["change"]:
        case "added":
            return before in (None, "", []) and after not in (None, "", [])
        case "removed":
            return before not in (None, "", []) and after in (None, "", [])
        case "set":
            return after not in (None, "", [])
        case "changed":
            return before not in (None, "") and after not in (None, "")
        case "downgrade":
            common = min(len(_version(before)), len(_version(after)))
            return _version(after)[:common] < _version(before)[:common]
        case "fewer":
            return _length(after) < _length(before)
        case "not_more":
            return _length(after) <= _length(before)
        case "emptied_or_filled":
            return bool(before) != bool(after)
        case "other_kind":
            kinds = condition["among"]
            return {kind for kind in kinds if kind in old} != {kind for kind in kinds if kind in new}
        case "other":
            return bool(before != after)
        case "other_values":
            clean = [{key: item for key, item in (side or {}).items() if item is not None} for side in (before, after)]
            return clean[0] != clean[1]
        case "same_but":
            other = condition["but"]
            sides = [set(before or []) - {old.get(other)}, set(after or []) - {new.get(other)}]
            return sides[0] == sides[1]
        case "one_of":
            return before in condition["from"] and after in condition["to"]
        case "unless":
            return not (before in condition["from"] and after in condition["to"])
    raise ValueError(f"{condition['change']!r} is no kind of change")
