"""Rules that inputs obey, stated as data: see `catalog/data/constraints`.

A rule names a `path` and tests of what is there, or a relation between several properties (`in_each` of some objects,
`where` a condition holds of them); `when` limits it to inputs for which a condition holds, `message` replaces the
standard wording ({value} and {path} are filled in). A value not known yet passes.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from catalog import conditions, formats, paths
from catalog.tables import Row
from catalog.values import Properties, has_unknown, plain


@dataclass(frozen=True)
class Failure:
    """One reason why inputs are refused."""

    property: str  # path
    reason: str


def violations(rules: list[Row], inputs: Properties) -> Iterator[Failure]:
    """Every rule that `inputs` break."""
    bare = plain(inputs)
    for rule in rules:
        if "when" in rule and conditions.holds(rule["when"], bare) is not True:
            continue
        if "path" in rule:
            yield from _of_values(rule, bare)
        else:
            yield from _of_inputs(rule, bare)


def _of_values(rule: Row, inputs: Properties) -> Iterator[Failure]:
    for path, value in paths.find(inputs, paths.parse(rule["path"])):
        if has_unknown(value):
            continue
        for name, test in _TESTS.items():
            if name in rule:
                reason = test(rule[name], value)
                if reason:
                    yield _failure(rule, paths.render(path), reason, value)


def _of_inputs(rule: Row, inputs: Properties) -> Iterator[Failure]:
    for name, check in _RELATIONS.items():
        if name not in rule:
            continue
        for prefix, scope in paths.find(inputs, paths.parse(rule["in_each"])) if "in_each" in rule else [((), inputs)]:
            if isinstance(scope, dict) and ("where" not in rule or conditions.holds(rule["where"], scope) is True):
                for prop, reason in check(rule[name], scope):
                    yield _failure(rule, paths.render((*prefix, *paths.parse(prop))), reason, None)


def _failure(rule: Row, path: str, reason: str, value: Any) -> Failure:
    if "message" in rule:
        shown = json.dumps(value) if not isinstance(value, str) else value
        reason = rule["message"].replace("{value}", shown).replace("{path}", _attribute(path))
    return Failure(path, reason.replace("{path}", _attribute(path)))


def _attribute(path: str) -> str:
    """The path as the provider's own messages write it: `health_check.0.timeout`."""
    dotted = re.sub(r"\[\"?([^\]\"]+)\"?\]", r".\1", path)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", dotted).lower()


# Lowest and highest; None where there is no end.
Bounds = list[Any]


def _one_of(allowed: list[Any], value: Any) -> str | None:
    return None if value in allowed else f"expected {{path}} to be one of {json.dumps(allowed)}, got {value}"


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _range(bounds: Bounds, value: Any) -> str | None:
    number = _number(value)
    if number is not None and _between(bounds, number):
        return None
    return f"expected {{path}} to be {_said(bounds)}, got {value}"


def _between(bounds: Bounds, number: float) -> bool:
    low, high = bounds
    return (low is None or low <= number) and (high is None or number <= high)


def _said(bounds: Bounds) -> str:
    low, high = bounds
    if high is None:
        return f"at least ({low})"
    return f"at most ({high})" if low is None else f"in the range ({low} - {high})"


def _step(step: float, value: Any) -> str | None:
    number = _number(value)
    return None if number is not None and number % step == 0 else f"expected {{path}} in steps of {step}, got {value}"


def _length(bounds: Bounds, value: Any) -> str | None:
    if _between(bounds, len(value)):
        return None
    what = "characters" if isinstance(value, str) else "items"
    return f"expected length of {{path}} to be {_said(bounds)} {what}, got {len(value)}"


def _bytes(limit: int, value: str) -> str | None:
    size = len(value.encode())
    return None if size <= limit else f"{{path}} has {size} bytes, more than the {limit} allowed"


def _pattern(pattern: str, value: Any) -> str | None:
    if isinstance(value, dict | list):
        # A pattern is about text: `tags[*]` is a map's values for most types, and a list of objects for some.
        return None
    text = str(value)
    return None if re.search(pattern, text) else f"invalid value for {{path}} ({text!r} does not match {pattern})"


def _refuse(pattern: str, value: Any) -> str | None:
    return f"invalid value for {{path}} ({value!r})" if re.search(pattern, str(value)) else None


def _format(name: str, value: Any) -> str | None:
    return formats.FORMATS[name](str(value))


_TESTS: dict[str, Callable[[Any, Any], str | None]] = {
    "one_of": _one_of,
    "range": _range,
    "step": _step,
    "length": _length,
    "bytes": _bytes,
    "pattern": _pattern,
    "refuse": _refuse,
    "format": _format,
}


def _present(inputs: Properties, path: str) -> bool:
    return paths.get(inputs, path) not in (None, [])


Problems = Iterator[tuple[str, str]]


def _conflicts(group: list[str], inputs: Properties) -> Problems:
    there = [path for path in group if _present(inputs, path)]
    if len(there) > 1:
        yield there[1], f'"{_attribute(there[1])}": conflicts with {_attribute(there[0])}'


def _exactly_one(group: list[str], inputs: Properties) -> Problems:
    there = [path for path in group if _present(inputs, path)]
    names = ",".join(_attribute(path) for path in group)
    if not there:
        yield group[0], f"one of `{names}` must be specified"
    elif len(there) > 1:
        yield there[1], f"only one of `{names}` can be specified, but `{','.join(map(_attribute, there))}` were"


def _at_least_one(group: list[str], inputs: Properties) -> Problems:
    if not any(_present(inputs, path) for path in group):
        yield group[0], f"at least one of `{','.join(map(_attribute, group))}` must be specified"


def _together(group: list[str], inputs: Properties) -> Problems:
    there = [path for path in group if _present(inputs, path)]
    if there and len(there) < len(group):
        absent = next(path for path in group if path not in there)
        yield absent, f"all of `{','.join(map(_attribute, group))}` must be specified"


def _required(group: list[str], inputs: Properties) -> Problems:
    for path in group:
        if not _present(inputs, path):
            yield path, f"Missing required property {path!r}"


def _forbidden(group: list[str], _inputs: Properties) -> Problems:
    for path in group:
        yield path, f"{_attribute(path)} cannot be combined with the other settings"


def _ordered(group: list[str], inputs: Properties, *, strict: bool) -> Problems:
    for low, high in itertools.pairwise(group):
        values = [paths.get(inputs, path) for path in (low, high)]
        numbers = [None if has_unknown(value) else _number(value) for value in values]
        first, second = numbers
        if first is None or second is None or first < second or (first == second and not strict):
            continue
        relation = "less than" if strict else "not more than"
        yield low, f"{_attribute(low)} ({values[0]}) must be {relation} {_attribute(high)} ({values[1]})"


def _unique(spec: list[str], inputs: Properties) -> Problems:
    for path in spec:
        seen: list[Any] = []
        for place, value in paths.find(inputs, paths.parse(path)):
            if has_unknown(value):
                continue
            if value in seen:
                yield paths.render(place), f"{value!r} is given twice"
            seen.append(value)


def _product(spec: Row, inputs: Properties) -> Problems:
    """The product of numbers, the largest where a path leads to several, is not more than `most`."""
    total = 1.0
    for path in spec["of"]:
        numbers = [_number(value) for _, value in paths.find(inputs, paths.parse(path)) if not has_unknown(value)]
        if not numbers or None in numbers:
            return
        total *= max(number for number in numbers if number is not None)
    if total > spec["most"]:
        names = " x ".join(map(_attribute, spec["of"]))
        yield spec["of"][0], f"{names} must not exceed {spec['most']}, got {total:g}"


_RELATIONS: dict[str, Callable[[Any, Properties], Problems]] = {
    "conflicts": _conflicts,
    "exactly_one": _exactly_one,
    "at_least_one": _at_least_one,
    "together": _together,
    "required": _required,
    "forbidden": _forbidden,
    "ascending": lambda group, inputs: _ordered(group, inputs, strict=False),
    "strictly_ascending": lambda group, inputs: _ordered(group, inputs, strict=True),
    "unique": _unique,
    "product": _product,
}
