"""Templates: how data says what an output looks like.

A string may hold `{region}`, `{short}` (the region as zone ids begin: `use1`), `{account}`, `{partition}`, `{dns}`,
`{id}`, `{name}`, `{item}`, `{hex:N}`, `{digits:N}`, `{upper:N}`, `{lower:N}` (N characters made from the resource's
seed; `{hex:N:salt}` for others), `{number:LOW-HIGH}`, `{in:path}`, `{out:path}`. A template that is nothing but one
placeholder keeps the value's type. An object may be `{"$each": path, "as": template}`, `{"$if": path, "is": value,
"then": template, "else": template}` (without "is": whether it is set and not false), `{"$first": [templates]}` (the
first that is not empty), `{"$ending": path, "is": {character: template}}` (by a text's last character) or `{"$bump":
start}` (one more on each recomputation).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from catalog import paths
from catalog.values import UNKNOWN, Properties, Secret, Unknown, has_secret, has_unknown, plain

ACCOUNT: Final = "123456789012"
PLACEHOLDER = re.compile(r"\{([a-z]+)(?::([^{}]*))?\}")
ALPHABETS: Final = {
    "hex": "0123456789abcdef",
    "digits": "0123456789",
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "lower": "abcdefghijklmnopqrstuvwxyz0123456789",
}


@dataclass
class TemplateContext:
    """What placeholders stand for."""

    seed: str
    inputs: Properties
    facts: dict[str, Any] = field(default_factory=dict)  # region, id, name and the like
    outputs: Properties = field(default_factory=dict)
    previous: Any = None  # the output's value before, for $bump


def partition(region: str) -> str:
    """The AWS partition of a region."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(re.sub(r"-[a-z]+-\d+$", "", region), "aws")


def facts(region: str, account: str = ACCOUNT) -> dict[str, Any]:
    """Placeholders that only depend on the region and the account."""
    part = partition(region)
    dns = "amazonaws.com.cn" if part == "aws-cn" else "amazonaws.com"
    return {"region": region, "account": account, "partition": part, "dns": dns, "short": _short(region)}


def _short(region: str) -> str:
    """As zone ids begin: `use1` for us-east-1, `apse2` for ap-southeast-2."""
    # north, south, east, west and central by their first letters, also in pairs.
    word = re.sub(r"(n|s|e|w|c)(?:orth|outh|ast|est|entral)", r"\1", region)
    return word.replace("-", "")


def characters(kind: str, count: int, seed: str) -> str:
    """`count` characters of an alphabet, always the same for one seed."""
    alphabet = ALPHABETS[kind]
    number = int.from_bytes(hashlib.sha512(seed.encode()).digest())
    text = ""
    while len(text) < count:
        number, index = divmod(number, len(alphabet))
        text += alphabet[index]
        if not number:
            number = int.from_bytes(hashlib.sha512((seed + text).encode()).digest())
    return text


def evaluate(template: Any, context: TemplateContext) -> Any:
    """The value of `template`."""
    if isinstance(template, str):
        return _text(template, context)
    if isinstance(template, list):
        return [evaluate(item, context) for item in template]
    if isinstance(template, dict):
        for key, operation in _OPERATIONS.items():
            if key in template:
                return operation(template, context)
        return {key: evaluate(item, context) for key, item in template.items()}
    return template


def _text(template: str, context: TemplateContext) -> Any:
    whole = PLACEHOLDER.fullmatch(template)
    if whole:
        return _value(whole, context)
    values = [_value(match, context) for match in PLACEHOLDER.finditer(template)]
    if has_unknown(values):
        return UNKNOWN
    pieces = iter(values)

    def piece(_match: re.Match[str]) -> str:
        value = plain(next(pieces))
        return "" if value is None else str(value)

    text = PLACEHOLDER.sub(piece, template)
    return Secret(text) if has_secret(values) else text


def _value(match: re.Match[str], context: TemplateContext) -> Any:
    kind, argument = match.groups()
    if kind in ALPHABETS:
        count, _, salt = argument.partition(":")
        return characters(kind, int(count), f"{context.seed}/{kind}/{salt}")
    if kind == "number":
        bounds, _, salt = argument.partition(":")
        low, high = (int(bound) for bound in bounds.split("-"))
        return low + int(characters("hex", 8, f"{context.seed}/{kind}/{salt}"), 16) % (high - low + 1)
    if kind == "in":
        return paths.get(context.inputs, argument)
    if kind == "out":
        return paths.get(context.outputs, argument)
    if kind not in context.facts:
        raise ValueError(f"{match.group()} is not a placeholder")
    return context.facts[kind]


def _each(template: Mapping[str, Any], context: TemplateContext) -> Any:
    items = paths.get(context.inputs, template["$each"])
    if isinstance(items, Unknown):
        return UNKNOWN
    return [
        evaluate(
            template["as"],
            TemplateContext(context.seed, context.inputs, context.facts | {"item": item}, context.outputs),
        )
        for item in items or []
    ]


def chosen(template: Mapping[str, Any], context: TemplateContext) -> Any:
    """The branch of an `$if`; UNKNOWN where it is not known yet which."""
    value = paths.get(context.inputs, template["$if"])
    if isinstance(value, Unknown):
        return UNKNOWN
    met = value == template["is"] if "is" in template else value not in (None, False, "", [])
    return template["then" if met else "else"]


def _if(template: Mapping[str, Any], context: TemplateContext) -> Any:
    return evaluate(chosen(template, context), context)


def _first(template: Mapping[str, Any], context: TemplateContext) -> Any:
    values = (evaluate(item, context) for item in template["$first"])
    return next((value for value in values if value not in (None, "", [])), None)


def _ending(template: Mapping[str, Any], context: TemplateContext) -> Any:
    value = paths.get(context.inputs, template["$ending"])
    if isinstance(value, Unknown):
        return UNKNOWN
    found = template["is"].get(value[-1:]) if isinstance(value, str) else None
    return None if found is None else evaluate(found, context)


def _bump(template: Mapping[str, Any], context: TemplateContext) -> Any:
    old = plain(context.previous)
    return template["$bump"] if old is None else old + 1


_OPERATIONS: dict[str, Callable[[Mapping[str, Any], TemplateContext], Any]] = {
    "$each": _each,
    "$if": _if,
    "$first": _first,
    "$ending": _ending,
    "$bump": _bump,
}
