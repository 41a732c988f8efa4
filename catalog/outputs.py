"""What a provider adds to what was asked for: ids, ARNs, endpoints, defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from catalog import naming, paths, tables, templates
from catalog.schema import Schema
from catalog.templates import TemplateContext
from catalog.values import UNKNOWN, Properties, Secret, has_unknown, plain

_FALLBACKS: dict[str, Any] = {"integer": 0, "number": 0, "boolean": False, "any": None}


def kind(token: str) -> str:
    """The type's own name in lower case with hyphens: `load-balancer`."""
    name = token.rsplit(":", 1)[-1]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def service(token: str) -> str:
    """The service a type belongs to: `ec2` of `aws:ec2/vpc:Vpc`."""
    return token.split(":")[1].split("/")[0]


def context(
    schema: Schema, inputs: Properties, seed: str, place: Mapping[str, Any], identifier: str = ""
) -> TemplateContext:
    """What templates of this resource can refer to; `place` is where it is, as `templates.facts` tells."""
    facts = dict(place) | {"name": naming.physical(schema.token, inputs), "id": identifier}
    return TemplateContext(seed, inputs, facts)


def identifier(schema: Schema, inputs: Properties, seed: str, place: Mapping[str, Any]) -> str:
    """Id of a new resource."""
    row = tables.row(schema.token)
    template = row.get("id")
    given = context(schema, inputs, seed, place)
    if template is None:
        template = "{name}" if given.facts["name"] else f"{kind(schema.token)}-{{hex:12}}"
    return str(plain(templates.evaluate(template, given)))


def _tables(schema: Schema) -> dict[str, Any]:
    provider = schema.token.split(":", 1)[0]
    row = tables.row(schema.token)
    common = tables.common().get(provider, {})
    shared = {name: item for name, item in common.get("outputs", {}).items() if name in schema.outputs}
    table: dict[str, Any] = shared | row.get("outputs", {})
    return table


def computed(schema: Schema, inputs: Properties, given: TemplateContext, only: set[str] | None = None) -> Properties:
    """Outputs beyond the inputs; keys may be paths into an input object.

    With `only`, just these are computed.
    """
    table = _tables(schema)
    found: Properties = {}
    for name, template in table.items():
        if (only is not None and name not in only) or name in inputs:
            continue
        given.previous = paths.get(given.outputs, name)
        value = templates.evaluate(template, given)
        if value is not None:
            found[name] = value
            given.outputs[name] = value
    for name in schema.computed:
        if name not in found and name not in inputs and not _nested(name, table) and only is None:
            value = _fallback(schema, name, given)
            if value is not None:
                found[name] = value
    return found


def _nested(name: str, table: dict[str, Any]) -> bool:
    return any(key.startswith(f"{name}.") for key in table)


def _fallback(schema: Schema, name: str, given: TemplateContext) -> Any:
    """A stable value of the right type for an output that no table knows."""
    type_ = schema.outputs[name]
    if name == "arn":
        return templates.evaluate(
            f"arn:{{partition}}:{service(schema.token)}:{{region}}:{{account}}:{kind(schema.token)}/{{id}}", given
        )
    if type_ == "string":
        return f"{kind(schema.token)}-{templates.characters('hex', 12, f'{given.seed}/{name}')}"
    if isinstance(type_, str):
        return _FALLBACKS[type_]
    return [] if "list" in type_ else {}


def merge(inputs: Properties, extra: Properties) -> Properties:
    """State: inputs with what the provider added; dotted keys go into the objects they name."""
    state = {name: value for name, value in inputs.items() if name != naming.DEFAULTS}
    for name, value in extra.items():
        *parents, last = paths.parse(name) if "." in name else (name,)
        target = state
        for parent in parents:
            below = target.get(str(parent))
            target[str(parent)] = dict(below) if isinstance(below, dict) else {}
            target = target[str(parent)]
        target.setdefault(str(last), value)
    return state


def seal(schema: Schema, state: Properties) -> Properties:
    """`state` with what the type declares secret wrapped as such."""
    names = schema.secrets | set(tables.row(schema.token).get("secrets", ()))
    return {
        name: Secret(value) if name in names and not isinstance(value, Secret) and value is not None else value
        for name, value in state.items()
    }


def preview(schema: Schema, inputs: Properties) -> Properties:
    """State of a resource about to be created: all that the provider will add is unknown."""
    extra: Properties = dict.fromkeys([*schema.computed, *_tables(schema)], UNKNOWN)
    extra = {name: value for name, value in extra.items() if name not in inputs}
    return merge(inputs, extra)


def kept(schema: Schema, olds: Properties, old_inputs: Properties) -> Properties:
    """Of an existing resource's state, what the provider had added."""
    return {
        name: value
        for name, value in olds.items()
        if name != naming.DEFAULTS and (name not in schema.inputs or name not in old_inputs)
    }


def stale(schema: Schema, news: Properties, old_inputs: Properties) -> set[str]:
    """Names of outputs that this change of inputs makes the provider compute anew."""
    changed = {
        name
        for name in {*news, *old_inputs} - {naming.DEFAULTS}
        if has_unknown(news.get(name)) or plain(news.get(name)) != plain(old_inputs.get(name))
    }
    rules: dict[str, list[str]] = tables.row(schema.token).get("changes", {})
    return {
        output
        for output, triggers in rules.items()
        if output not in news and changed and ("*" in triggers or changed & set(triggers))
    }
