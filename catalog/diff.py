"""What changed between the inputs a resource has and those it is to have, and what that change entails."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from catalog import conditions, naming, paths, tables
from catalog.paths import Path
from catalog.schema import Schema
from catalog.values import Properties, has_unknown, plain

_OF_SECRETS = "kubernetes:core/v1:Secret"
ADD, DELETE, UPDATE = "add", "delete", "update"


@dataclass(frozen=True)
class PropertyChange:
    """One place that differs."""

    path: Path
    kind: str  # add, delete or update
    replaces: bool = False


@dataclass
class Outcome:
    """What an update would do."""

    changes: list[PropertyChange] = field(default_factory=list)
    delete_first: bool = False
    errors: list[str] = field(default_factory=list)

    @property
    def replaces(self) -> bool:
        """Whether the resource would be replaced."""
        return any(change.replaces for change in self.changes)


def differences(old: Any, new: Any, sets: list[Path], path: Path = ()) -> Iterator[PropertyChange]:
    """Every leaf at which `old` and `new` differ. Lists that `sets` names compare without regard to order."""
    if has_unknown(new) and not isinstance(new, dict | list):
        yield PropertyChange(path, ADD if old is None else UPDATE)
    elif old is None and new is not None:
        yield PropertyChange(path, ADD)
    elif new is None and old is not None:
        yield PropertyChange(path, DELETE)
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            if path or key != naming.DEFAULTS:
                yield from differences(old.get(key), new.get(key), sets, (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        if any(paths.matches(pattern, path) for pattern in sets) and not has_unknown(new):
            old, new = sorted(old, key=repr), sorted(new, key=repr)
            common = [item for item in old if item in new]
            # What both have comes first, so that one added member is one addition.
            old = common + [item for item in old if item not in common]
            new = common + [item for item in new if item not in common]
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            yield from differences(before, after, sets, (*path, index))
    elif old != new:
        yield PropertyChange(path, UPDATE)


def set_paths(schema: Schema) -> list[Path]:
    """The lists of this type whose order means nothing."""
    provider = schema.token.split(":", 1)[0]
    names = [*tables.common().get(provider, {}).get("sets", []), *tables.row(schema.token).get("sets", [])]
    return [path for path in map(paths.parse, names) if schema.open or schema.at(path) is not None]


def compare(
    schema: Schema,
    old: Properties,
    new: Properties,
    ignored: list[str],
    config: Properties,
    regions: tuple[str, str] | None = None,
    state: Properties | None = None,
) -> Outcome:
    """What changing a resource's inputs from `old` to `new` would do.

    `regions` are the one the resource is in and the one the provider works in: naming either explicitly is no change.
    Nor is naming what the provider computed before, as `state` has it.
    """
    before, after = (_data(schema, one) for one in (plain(old), plain(new)))
    has = plain(state or {})
    for name in tables.row(schema.token).get("computed", ()):
        if name not in before and after.get(name) == has.get(name):
            after.pop(name, None)
    if "region" in schema.inputs and regions:
        before.setdefault("region", regions[0])
        after.setdefault("region", regions[1])
    skip = [paths.parse(item) for item in ignored]
    outcome = Outcome()
    for change in differences(before, after, set_paths(schema)):
        if any(paths.covers(pattern, change.path) for pattern in skip):
            continue
        verdict = _verdict(schema, change, before, after, config)
        if verdict is None:
            continue
        outcome.errors += verdict.errors
        outcome.changes.append(PropertyChange(change.path, change.kind, verdict.replaces))
    outcome.delete_first = outcome.replaces and _deletes_first(schema, before, after)
    return outcome


def _data(schema: Schema, inputs: Properties) -> Properties:
    """A Secret's inputs as the real provider compares them: texts are moved to `data`, once all of them are known."""
    texts = inputs.get("stringData")
    if schema.token != _OF_SECRETS or not isinstance(texts, dict) or has_unknown(texts):
        return inputs
    coded = {name: base64.b64encode(str(text).encode()).decode() for name, text in texts.items()}
    kept = {name: value for name, value in inputs.items() if name != "stringData"}
    return kept | {"data": {**(inputs.get("data") or {}), **coded}}


@dataclass
class _Verdict:
    replaces: bool
    errors: list[str] = field(default_factory=list)


def facts(token: str) -> tables.Row:
    """What forces a replacement of type `token`."""
    table = tables.replacement()
    if token in table:
        return table[token]
    if token.startswith("kubernetes:"):
        return table["kubernetes:apiextensions.k8s.io:CustomResource"]
    return {}


def _concerns(token: str, pattern: str, path: Path) -> bool:
    """Whether the fact about `pattern` is one about a change at `path`, or at the container it is in."""
    parsed = paths.parse(pattern)
    # Adding or removing a whole block changes every leaf that a pattern names within it.
    return paths.covers(parsed, path) or (
        token.startswith("aws:") and len(path) < len(parsed) and paths.covers(parsed[: len(path)], path)
    )


def _verdict(
    schema: Schema, change: PropertyChange, old: Properties, new: Properties, config: Properties
) -> _Verdict | None:
    """What one change entails; None when the provider would not see it as one."""
    row = facts(schema.token)
    table = tables.conditions().get(schema.token, {}) | tables.conditions().get("*", {})
    replaces = any(
        _concerns(schema.token, pattern, change.path) and _reaches(pattern, change.path, old, new)
        for pattern in row.get("replace", ())
    )
    errors: list[str] = []
    for item in row.get("conditional", ()):
        if not _concerns(schema.token, item["property"], change.path):
            continue
        rule = table.get(item["property"], {})
        met = (
            conditions.changed(rule, item["property"], old, new, config)
            if item["kind"] in rule.get("kinds", [])
            else None
        )
        if item["kind"] == "no-diff-when" and met:
            return None
        if item["kind"] == "no-replace-when" and met:
            replaces = False
        if item["kind"] == "replaces-when" and rule:
            # Where it is not known yet, the real provider plans the replacement too.
            replaces = replaces or met is not False
    for item in row.get("errors", ()):
        rule = table.get(item["property"], {})
        concerned = "errors" in rule.get("kinds", []) and _concerns(schema.token, item["property"], change.path)
        if concerned and conditions.changed(rule, item["property"], old, new, config):
            errors.append(rule.get("message", item["condition"]))
    return _Verdict(replaces, errors)


def _reaches(pattern: str, path: Path, old: Properties, new: Properties) -> bool:
    """Whether a change at `path` touches what `pattern` names: a block added or removed may not hold that leaf."""
    parsed = paths.parse(pattern)
    if len(parsed) <= len(path):
        return True
    rest = parsed[len(path) :]
    return any(True for side in (old, new) for _ in paths.find(paths.get(side, path), rest))


def _deletes_first(schema: Schema, old: Properties, new: Properties) -> bool:
    """Whether a replacement deletes first: its name was chosen by the program and cannot be had twice."""
    if schema.token.startswith("kubernetes:"):
        sides = [(paths.get(side, "metadata.name"), paths.get(side, "metadata.namespace")) for side in (old, new)]
        annotations = paths.get(new, "metadata.annotations") or {}
        return sides[0] == sides[1] and not (isinstance(annotations, dict) and "pulumi.com/autonamed" in annotations)
    row = tables.row(schema.token)
    if row.get("delete_before_replace"):
        return True
    how = naming.rule(schema)
    return how is not None and how.property in new and how.property not in new.get(naming.DEFAULTS, ())
