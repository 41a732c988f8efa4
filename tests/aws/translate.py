"""A planned resource as AWS' models know it: its type in the CloudFormation registry, and the calls that create it.

The tables in `tests/aws/translation` say, by type token, into which `views` its inputs go: `AWS::SQS::Queue` or
`sqs:CreateQueue`. No row is needed for names that differ in upper and lower case alone, for maps that AWS takes as
lists of keys and values, for objects that are lists of one, or for documents in a text. A row, and a view of it, can
have, and in this order:

- `only`: the inputs that the view takes
- `drop`: the inputs that it does not, as the provider keeps them to itself or sends them elsewhere
- `rename`: path of an input to its name there: `a.b` below its own object, `^name` in the one around that; `a.*` as the
  one element of a list
- `attributes`: a list of AWS' with keys and values, to the inputs that go there under which key
- `values`: path to what another value is there, as JSON
- `set`: path to what AWS needs and the inputs do not say; null is a value that nobody knows

A row without views says in `reason` why AWS has no model. `by_region` marks types whose values differ by region.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path as File
from typing import Any

from catalog.values import UNKNOWN, Unknown
from tests.aws.shapes import ANY, BOOLEAN, LIST, MAP, NUMBER, OBJECT, TEXT, Shape, member, shape_of
from tests.aws.values import Items, Leaf, Path, document, wrapped

TABLES = File(__file__).parent / "translation"
# Of every resource: the provider's own choice of a region, and tags of its default.
_ALWAYS_DROPPED = ("region", "tagsAll")
_PAIRS = (("key", "value"), ("name", "value"), ("tagkey", "tagvalue"))


class UntranslatedError(LookupError):
    """A type that no table has."""


@dataclass(frozen=True)
class Place:
    """Where an input is in a view."""

    origin: Path
    target: Path
    shape: Shape
    parent: Shape


@dataclass(frozen=True)
class View:
    """A resource as one of AWS' models takes it. Values that nobody knows are `Unknown`."""

    name: str
    value: dict[str, Any]
    places: list[Place] = field(default_factory=list)

    @property
    def is_call(self) -> bool:
        return not self.name.startswith("AWS::")


@cache
def rows() -> dict[str, dict[str, Any]]:
    """All tables as one, by type token."""
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(TABLES.glob("*.json")):
        table = json.loads(file.read_text(encoding="utf-8"))
        assert not found.keys() & table.keys(), file.name
        found |= table
    return found


def translated(token: str, inputs: Mapping[str, Any]) -> Iterator[View]:
    """Each view of a resource.

    Raises:
        UntranslatedError: when no table has the type.
    """
    if token not in rows():
        raise UntranslatedError(
            f"{token}: tests/aws/translation has no row; add one, or say there why AWS has no model"
        )
    row = rows()[token]
    for name, own in row.get("views", {}).items():
        value = wrapped(inputs)
        for step in ({"drop": _ALWAYS_DROPPED}, row, own):
            value = _prepared(value, step)
        places: list[Place] = []
        shape = shape_of(name)
        if member(shape, "tags") is None:
            value.pop("tags", None)
        yield View(name, _fit(value, shape, (), shape, places), places)


def _prepared(value: dict[str, Any], step: Mapping[str, Any]) -> dict[str, Any]:
    if "only" in step:
        value = {key: one for key, one in value.items() if key in step["only"]}
    for path in step.get("drop", ()):
        for holder, _ in _holders(value, path):
            holder.pop(path.rpartition(".")[2], None)
    for path, target in step.get("rename", {}).items():
        _renamed(value, path, target)
    for name, keys in step.get("attributes", {}).items():
        found = [(key, taken) for path, key in keys.items() for taken in _taken(value, path)]
        if found:
            value.setdefault(name, Items()).extend({"Key": Leaf(key, None), "Value": taken} for key, taken in found)
    for path, others in step.get("values", {}).items():
        for holder, _ in _holders(value, path):
            leaf = holder[path.rpartition(".")[2]]
            if isinstance(leaf, Leaf) and json.dumps(leaf.value, default=str) in others:
                holder[path.rpartition(".")[2]] = Leaf(others[json.dumps(leaf.value)], None)
    for path, constant in step.get("set", {}).items():
        above, _, last = path.rpartition(".")
        for holder in [one for one, _ in _objects(value, above)]:
            holder.setdefault(last, _constant(constant))
    return value


def _constant(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _constant(one) for key, one in value.items()}
    return Leaf(UNKNOWN, None) if value is None else wrapped(value, None)


def _objects(value: Any, path: str, above: tuple[Any, ...] = ()) -> Iterator[tuple[dict[str, Any], tuple[Any, ...]]]:
    """The objects at a path, each with those around it. A list on the way means each of its elements."""
    if isinstance(value, list):
        for one in list(value):
            yield from _objects(one, path, above)
    elif isinstance(value, dict):
        name, _, rest = path.partition(".")
        if not name:
            yield value, above
        elif name in value:
            yield from _objects(value[name], rest, (*above, value))


def _holders(value: Any, path: str) -> Iterator[tuple[dict[str, Any], tuple[Any, ...]]]:
    """The objects that have what is at a path."""
    above, _, last = path.rpartition(".")
    yield from [(one, around) for one, around in _objects(value, above) if last in one]


def _taken(value: Any, path: str) -> list[Any]:
    """What is at a path, which is taken away; with it goes an object that has nothing else."""
    above, _, last = path.rpartition(".")
    taken = []
    for holder, around in _holders(value, path):
        taken.append(holder.pop(last))
        if not holder and around:
            around[-1].pop(above.rpartition(".")[2], None)
    return taken


def _renamed(value: dict[str, Any], path: str, target: str) -> None:
    above, _, last = path.rpartition(".")
    for holder, around in _holders(value, path):
        moved = holder.pop(last)
        goal = around[-1] if target.startswith("^") else holder
        *way, name = target.lstrip("^").split(".")
        if name == "*":
            *way, name = way
            moved = Items([moved])
        for one in way:
            goal = goal.setdefault(one, {})
        if isinstance(goal.get(name), dict) and isinstance(moved, dict):
            goal[name] |= moved
        else:
            goal[name] = moved
        if not holder and around:
            around[-1].pop(above.rpartition(".")[2], None)


def _fit(value: Any, shape: Shape | None, at: Path, parent: Shape, places: list[Place]) -> Any:
    """`value` in the names, lists and types of `shape`, as far as it fits. What does not is left for the judges."""
    if shape is None:
        return _bare(value)
    if isinstance(value, Leaf):
        return _leaf(value, shape, at, parent, places)
    kind = shape.kind
    if isinstance(value, dict):
        if kind == OBJECT:
            return _object(value, shape, at, places)
        if kind == MAP:
            return {key: _fit(one, shape.element(), (*at, "*"), shape, places) for key, one in value.items()}
        if kind == LIST:
            return _as_list(value, shape, at, places)
        return _bare(value)
    if value.origin is not None:
        places.append(Place(value.origin, at, shape, parent))
    if kind == LIST:
        return [_fit(one, shape.element(), (*at, "*"), shape, places) for one in value]
    if kind == OBJECT and len(value) == 1:
        return _fit(value[0], shape, at, parent, places)
    if kind == MAP and all(isinstance(one, dict) and "name" in one for one in value):
        return {str(one["name"].value): _named(one, shape, at, places) for one in value}
    if kind == TEXT and all(isinstance(one, Leaf) for one in value):
        known = [one.value for one in value if not isinstance(one.value, Unknown)]
        return ",".join(map(str, known)) if len(known) == len(value) else UNKNOWN
    return _bare(value)


def _object(value: dict[str, Any], shape: Shape, at: Path, places: list[Place]) -> dict[str, Any]:
    fitted: dict[str, Any] = {}
    for key, one in value.items():
        found = member(shape, key)
        name, inner = found or (key[:1].upper() + key[1:], None)
        fitted[name] = _fit(one, inner, (*at, name), shape, places)
    return fitted


def _as_list(value: dict[str, Any], shape: Shape, at: Path, places: list[Place]) -> list[Any]:
    """A map as a list of keys and values, or an object as a list of one."""
    element = shape.element()
    names = {key.casefold(): key for key in element.members()} if element else {}
    for key, content in _PAIRS:
        if {key, content} <= names.keys() and not {one.casefold() for one in value} & {key, content}:
            return [
                {names[key]: name, names[content]: _fit(one, None, at, shape, places)} for name, one in value.items()
            ]
    (name, only), *others = value.items()
    inner = member(element, name) if element else None
    if not others and inner and isinstance(only, list) and inner[1].kind != LIST:
        return [_fit({name: one}, element, (*at, "*"), shape, places) for one in only]
    return [_fit(value, element, (*at, "*"), shape, places)]


def _named(one: dict[str, Any], shape: Shape, at: Path, places: list[Place]) -> Any:
    content = one.get("value", one.get("values"))
    return _fit(content, shape.element(), (*at, "*"), shape, places)


def _leaf(leaf: Leaf, shape: Shape, at: Path, parent: Shape, places: list[Place]) -> Any:
    if leaf.origin is not None:
        places.append(Place(leaf.origin, at, shape, parent))
    value, kind = leaf.value, shape.kind
    if isinstance(value, Unknown):
        return value
    if kind in (OBJECT, MAP, LIST):
        parsed = document(value)
        return value if parsed is None else _fit(parsed, shape, at, parent, places)
    return _scalar(value, kind)


def _scalar(value: Any, kind: str) -> Any:
    """The provider's SDK writes some numbers and booleans as texts, and AWS others."""
    if kind == NUMBER and isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            try:
                return float(value)
            except ValueError:
                return value
    if kind == BOOLEAN and value in ("true", "false"):
        return value == "true"
    if kind == TEXT and isinstance(value, bool):
        return "true" if value else "false"
    if kind == TEXT and isinstance(value, int | float):
        return str(value)
    if kind in (ANY, MAP) and isinstance(value, str):
        return value
    return value


def _bare(value: Any) -> Any:
    """The values alone, in their own names."""
    if isinstance(value, Leaf):
        return value.value
    if isinstance(value, dict):
        return {key: _bare(one) for key, one in value.items()}
    return [_bare(one) for one in value]
