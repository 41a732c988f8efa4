"""Rules that inputs obey, stated as data: see `catalog/data/constraints`.

A rule names a `path` and tests of what is there, or a relation between several properties (`in_each` of some objects,
`where` a condition holds of them); `when` limits it to inputs for which a condition holds, `message` replaces the
standard wording ({value} and {path} are filled in). A value not known yet passes.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from catalog import conditions, paths
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


def _one_of(allowed: list[Any], value: Any) -> str | None:
    return None if value in allowed else f"expected {{path}} to be one of {json.dumps(allowed)}, got {value}"


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _range(bounds: list[float], value: Any) -> str | None:
    number = _number(value)
    if number is not None and bounds[0] <= number <= bounds[1]:
        return None
    return f"expected {{path}} to be in the range ({bounds[0]} - {bounds[1]}), got {value}"


def _step(step: float, value: Any) -> str | None:
    number = _number(value)
    return None if number is not None and number % step == 0 else f"expected {{path}} in steps of {step}, got {value}"


def _length(bounds: list[int], value: Any) -> str | None:
    if bounds[0] <= len(value) <= bounds[1]:
        return None
    what = "characters" if isinstance(value, str) else "items"
    return f"expected length of {{path}} to be in the range ({bounds[0]} - {bounds[1]}) {what}, got {len(value)}"


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
    return _FORMATS[name](str(value))


def _cidr(value: str, *, version: int, low: int, high: int) -> str | None:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return f'"{value}" is not a valid CIDR block: invalid CIDR address: {value}'
    if network.version != version:
        return f'"{value}" is not a valid IPv{version} CIDR block'
    if str(network) != value:
        return f'"{value}" is not a valid CIDR block; did you mean "{network}"?'
    if not low <= network.prefixlen <= high:
        bits = f"between {low} and {high} significant bits, got: {network.prefixlen}"
        return f"expected {{path}} to contain a network Value with {bits}"
    return None


def _json(value: str) -> str | None:
    try:
        json.loads(value)
    except ValueError as error:
        return f'"{{path}}" contains an invalid JSON: {error}'
    return None


def _policy(value: str) -> str | None:
    try:
        document = json.loads(value)
    except ValueError as error:
        return f'"{{path}}" contains an invalid JSON policy: {error}'
    if not isinstance(document, dict) or "Statement" not in document:
        return "MalformedPolicyDocument: The policy document has no Statement"
    if document.get("Version") not in (None, "2012-10-17", "2008-10-17"):
        return f"MalformedPolicyDocument: Version {document.get('Version')!r} is not one of 2012-10-17, 2008-10-17"
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        problem = _statement(statement)
        if problem:
            return f"MalformedPolicyDocument: {problem}"
    return None


def _statement(statement: Any) -> str | None:
    if not isinstance(statement, dict):
        return "a Statement is not an object"
    known = {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
    extra = sorted(statement.keys() - known)
    if extra:
        return f"unknown element {extra[0]!r} in a Statement"
    if statement.get("Effect") not in ("Allow", "Deny"):
        return "Effect must be Allow or Deny"
    if "Action" not in statement and "NotAction" not in statement:
        return "a Statement has neither Action nor NotAction"
    return None


def _base64(value: str) -> str | None:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return "InvalidUserData.Malformed: Invalid BASE64 encoding of user data."
    return None


def _user_data(value: str) -> str | None:
    problem = _base64(value)
    if problem:
        return problem
    size = len(base64.b64decode(value))
    limit = 16 * 1024  # EC2's, before encoding
    return None if size <= limit else f"InvalidParameterValue: User data is limited to {limit} bytes, got {size}"


def _arn(value: str) -> str | None:
    if re.fullmatch(r"arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:(\d{12}|aws|cloudfront)?:.+", value):
        return None
    return f'"{{path}}" ({value}) is an invalid ARN: arn: invalid prefix or sections'


_FORMATS: dict[str, Callable[[str], str | None]] = {
    "vpc-cidr": lambda value: _cidr(value, version=4, low=16, high=28),
    "cidr4": lambda value: _cidr(value, version=4, low=0, high=32),
    "cidr6": lambda value: _cidr(value, version=6, low=0, high=128),
    "json": _json,
    "policy": _policy,
    "base64": _base64,
    "user-data": _user_data,
    "arn": _arn,
}

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
