"""What an account has made of resources, held against what the sandbox would have said: the catalog's templates."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from catalog import outputs, paths, tables, templates
from catalog.schema import resource_schema
from catalog.values import SIGNATURE, UNKNOWN

_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_LONGEST = 120  # characters of a value in the report


@dataclass(frozen=True, slots=True)
class Difference:
    """An output that an account gave another form than the sandbox gives it.

    sandbox: the catalog's template, as JSON. account: what the account gave, without its number.
    """

    type: str
    output: str
    sandbox: str
    account: str
    count: int = 1


def differences(resources: Iterable[Mapping[str, Any]]) -> list[Difference]:
    """Every kind of difference once, with how many resources have it.

    Args:
        resources: of a state, as `pulumi stack export` has them. Secrets in it are encrypted, and not looked at.
    """
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for one in resources:
        if one.get("custom") and not str(one["type"]).startswith("pulumi:"):
            for name, template, value in _of(one):
                found[one["type"], name, _text(template)].append(_text(value))
    return [Difference(*key, values[0], len(values)) for key, values in sorted(found.items())]


def _of(one: Mapping[str, Any]) -> Iterable[tuple[str, Any, Any]]:
    """Name, template and value of each output that is not as the template says."""
    schema = resource_schema(one["type"])
    if schema is None:
        return
    inputs, real = one.get("inputs", {}), one.get("outputs", {})
    place = templates.facts(str(real.get("region", "")))
    context = outputs.context(schema, inputs, one["urn"], place, str(one.get("id", "")))
    context.outputs = dict(real)
    for name, template in tables.row(one["type"]).get("outputs", {}).items():
        value = paths.get(real, name)
        if name not in inputs and value is not None and not _fits(template, value, context):
            yield name, template, value


def _fits(template: Any, value: Any, context: templates.TemplateContext) -> bool:
    """Whether a template could make this output. Secrets, and what depends on several inputs, are not checked."""
    if isinstance(value, dict) and SIGNATURE in value:
        return True
    if isinstance(template, str) and isinstance(value, str):
        return re.fullmatch(_pattern(template, context), _ACCOUNT.sub(templates.ACCOUNT, value)) is not None
    if isinstance(template, list) and isinstance(value, list):
        pairs = zip(template, value, strict=False)
        return len(template) == len(value) and all(_fits(a, b, context) for a, b in pairs)
    if isinstance(template, dict):
        return _fits_rule(template, value, context)
    return isinstance(template, str) or bool(template == value)


def _fits_rule(template: Mapping[str, Any], value: Any, context: templates.TemplateContext) -> bool:
    if "$if" in template:
        branch = templates.chosen(template, context)
        return branch is UNKNOWN or _fits(branch, value, context)
    if any(key.startswith("$") for key in template):
        return True
    return isinstance(value, dict) and all(
        key in value and _fits(inner, value[key], context) for key, inner in template.items()
    )


def _pattern(template: str, context: templates.TemplateContext) -> str:
    pattern, at = "", 0
    for match in templates.PLACEHOLDER.finditer(template):
        pattern += re.escape(template[at : match.start()])
        kind = match[1]
        if kind in templates.ALPHABETS:
            pattern += f"[{templates.ALPHABETS[kind]}]+"
        elif kind == "number":
            pattern += "[0-9]+"
        else:
            known = templates.evaluate(match.group(), context)
            pattern += re.escape(str(known)) if isinstance(known, str | int) else ".*"
        at = match.end()
    return pattern + re.escape(template[at:])


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    text = _ACCOUNT.sub(templates.ACCOUNT, text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
