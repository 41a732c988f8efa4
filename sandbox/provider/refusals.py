"""What a cloud refuses when it is asked to act: clashing names, things that are not there, things still in use."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from typing import Any

from catalog import conditions, naming, outputs, paths, tables
from catalog.errors import CloudRefusedError
from catalog.schema import Schema
from catalog.tables import Row
from catalog.values import Properties, masked, plain
from sandbox.provider.world import Entry, WorldView

LINGERING = "!deleted"  # after a type token: deleted, but its name is not free yet


def unique(view: WorldView, schema: Schema, inputs: Properties, scope: str, own: str = "") -> None:
    """Refuse `inputs` when their identity is taken by something other than the thing with id `own`.

    Raises:
        CloudRefusedError: naming what has it.
    """
    for rule in _identities(schema):
        bare = masked(inputs)
        if "when" in rule and not conditions.holds(rule["when"], bare):
            continue
        identity = [paths.get(bare, path) for path in rule["paths"]]
        if all(part in (None, "") for part in identity):
            continue
        for state in ("", LINGERING):
            for key, entry in view.all(schema.token + state):
                same_scope = rule.get("global") or entry.scope == scope
                if same_scope and (state or key != own) and _identity(rule, entry) == identity:
                    message = rule.get("message", "{kind} {name} already exists")
                    if state:
                        message = rule.get("lingering", message)
                    name = " ".join(str(part) for part in identity if part is not None)
                    raise CloudRefusedError(_fill(message, schema.token, name))


def _identity(rule: Row, entry: Entry) -> list[Any]:
    return [paths.get(entry.inputs, path) for path in rule["paths"]]


def _identities(schema: Schema) -> list[Row]:
    row = tables.row(schema.token)
    if "unique" in row:
        rules: list[Row] = row["unique"]
        return rules
    how = naming.rule(schema)
    return [{"paths": [how.property]}] if how else []


def _fill(message: str, token: str, name: str, **others: str) -> str:
    text = message.replace("{kind}", outputs.kind(token)).replace("{name}", name).replace("{type}", token)
    for key, value in others.items():
        text = text.replace(f"{{{key}}}", value)
    return text


def references(view: WorldView, schema: Schema, inputs: Properties) -> None:
    """Refuse `inputs` that refer to what does not exist.

    Raises:
        CloudRefusedError: naming the first such reference.
    """
    bare = masked(inputs)
    for path, rule in _references(schema):
        for value in _named(rule, (found for _, found in paths.find(bare, path))):
            outside = any(re.fullmatch(one, value) for one in rule.get("but", ()))
            if not outside and not _exists(view, rule, value):
                raise CloudRefusedError(
                    _fill(
                        rule.get("message", "{path} {value} does not exist"),
                        schema.token,
                        "",
                        value=value,
                        path=paths.render(path),
                    )
                )


def _named(rule: Row, values: Iterable[Any]) -> Iterator[str]:
    """What text refers to: itself, or where the rule says so, the names `inside` it."""
    for value in values:
        if isinstance(value, str) and value:
            yield from re.findall(rule["inside"], value) if "inside" in rule else [value]


def _references(schema: Schema) -> Iterator[tuple[paths.Path, Row]]:
    provider = schema.token.split(":", 1)[0]
    own = tables.row(schema.token).get("references", {})
    shared = {} if schema.open else tables.common().get(provider, {}).get("references", {})
    kinds: dict[str, Row] = tables.common().get(provider, {}).get("kinds", {})
    for text, kind in (shared | own).items():
        path = paths.parse(text)
        if kind and (text in own or schema.at(path) is not None):
            yield path, kinds[kind]


def _exists(view: WorldView, rule: Row, value: str) -> bool:
    for source in rule["to"]:
        token, path = source.split("#")
        for key, entry in view.all(token):
            if (key if path == "id" else paths.get(entry.properties, path)) == value:
                return True
    return False


def requirements(view: WorldView, schema: Schema, inputs: Properties, own: str = "") -> None:
    """Refuse `inputs` that need something else in place first, or whose addresses are not free.

    Raises:
        CloudRefusedError: saying what is missing.
    """
    bare = masked(inputs)
    row = tables.row(schema.token)
    for rule in row.get("needs", ()):
        if "when" in rule and not conditions.holds(rule["when"], bare):
            continue
        wanted = paths.get(bare, rule["from"])
        if not any(_meets(rule, entry, wanted) for _, entry in view.all(rule["type"])):
            raise CloudRefusedError(_fill(rule["message"], schema.token, "", value=str(wanted)))
    if "addresses" in row:
        _addresses(view, schema.token, row["addresses"], bare, own)


def _meets(rule: Row, entry: Entry, wanted: Any) -> bool:
    """Whether a thing is the one that is needed, and its document, where the rule names one, says what it must."""
    document, *words = rule.get("holding", [""])
    text = str(entry.properties.get(document, ""))
    value = paths.get(entry.properties, rule["path"])
    if "ending" in rule:
        same = str(value).endswith(f"{rule['ending']}{wanted}")
    elif "starting" in rule:
        same = str(wanted).startswith(f"{rule['starting']}{value}/")
    else:
        same = value == wanted
    bare = "without" not in rule or entry.properties.get(rule["without"]) in (None, "")
    return same and bare and all(word in text for word in words)


def _addresses(view: WorldView, token: str, rule: Row, inputs: Properties, own: str) -> None:
    """A range must lie within its parent's and clear of its siblings'."""
    cidr, parent = inputs.get(rule["cidr"]), inputs.get(rule["parent"])
    if not cidr:
        return
    network = ipaddress.ip_network(cidr)
    for key, entry in view.all(rule["type"]):
        whole = entry.properties.get(rule["cidr"])
        if key == parent and whole and not network.subnet_of(ipaddress.ip_network(whole)):  # type: ignore[arg-type]
            raise CloudRefusedError(
                f"InvalidSubnet.Range: The CIDR '{cidr}' is invalid: it is outside the VPC's {whole}."
            )
    for key, entry in view.all(token):
        other = entry.properties.get(rule["cidr"])
        sibling = key != own and other and entry.properties.get(rule["parent"]) == parent
        if sibling and network.overlaps(ipaddress.ip_network(str(other))):
            raise CloudRefusedError(
                f"InvalidSubnet.Conflict: The CIDR '{cidr}' conflicts with another subnet, {key} ({other})"
            )


def waits(schema: Schema, entry: Entry, olds: Properties, news: Properties) -> None:
    """Refuse an update whose provider would wait in vain for what the cloud has meanwhile made otherwise.

    Raises:
        CloudRefusedError: in the provider's words.
    """
    for rule in tables.row(schema.token).get("waits", ()):
        moved = any(plain(olds.get(name)) != plain(news.get(name)) for name in rule["on"] if name in news)
        if not moved or conditions.holds(rule["unless"], plain(news)):
            continue
        there = entry.properties.get(rule["path"])
        wanted = max(int(plain(side.get(name)) or 0) for side, name in ((news, rule["least"]), (olds, rule["path"])))
        if there != wanted:
            raise CloudRefusedError(
                _fill(rule["message"], schema.token, entry.name, wanted=str(wanted), there=str(there))
            )


def deletion(view: WorldView, schema: Schema, identifier: str, entry: Entry) -> None:
    """Refuse to delete what is protected or in use.

    Raises:
        CloudRefusedError: saying why.
    """
    row = tables.row(schema.token)
    for rule in row.get("protected", ()):
        if conditions.holds(rule["when"], plain(entry.properties)):
            raise CloudRefusedError(_fill(rule["message"], schema.token, entry.name, id=identifier))
    if "in_use" not in row:
        return
    handles = {identifier, *(str(entry.properties.get(name)) for name in row.get("handles", ["arn"]))} - {"None", ""}
    for handle in handles:
        for token, key, other in view.holding(schema.token.split(":", 1)[0], handle):
            if token.endswith(LINGERING) or (token == schema.token and key == identifier):
                continue
            if token not in row.get("weak", ()) and _refers(other, token, handle, schema.token):
                raise CloudRefusedError(
                    _fill(row["in_use"], schema.token, entry.name, id=identifier, by=f"{token} {key}")
                )


def _refers(entry: Entry, token: str, handle: str, target: str) -> bool:
    """Whether `entry` names `handle` in a property that refers to things of type `target`."""
    from catalog.schema import resource_schema

    schema = resource_schema(token)
    return schema is not None and any(
        value == handle
        for path, rule in _references(schema)
        if any(source.split("#")[0] == target for source in rule["to"])
        for _, value in paths.find(entry.inputs, path)
    )


def lingers(token: str, entry: Entry) -> bool:
    """Whether the name of this thing stays taken after it was deleted."""
    rule = tables.row(token).get("lingers")
    return rule is not None and conditions.holds(rule["when"], plain(entry.inputs)) is True
