"""What the input shapes of AWS' calls say, as botocore has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalog.values import Unknown
from tests.aws.judges.model import CALLS, Finding
from tests.aws.judges.patterns import matches
from tests.aws.shapes import ANY, BOOLEAN, LIST, MAP, NUMBER, OBJECT, TEXT, Facts, Shape, shape_of
from tests.aws.translate import View

_TYPES: dict[str, tuple[type, ...]] = {
    OBJECT: (dict,), MAP: (dict,), LIST: (list,), TEXT: (str,), NUMBER: (int, float), BOOLEAN: (bool,),
}  # fmt: skip


def findings(view: View) -> Iterator[Finding]:
    """What a call would refuse before it does anything."""
    for path, message in _problems(shape_of(view.name), view.value, ""):
        yield Finding(CALLS, f"{view.name}{path}", message)


_KNOWN: dict[Shape, tuple[str, Facts]] = {}


def _known(shape: Shape) -> tuple[str, Facts]:
    if shape not in _KNOWN:
        _KNOWN[shape] = shape.kind, shape.facts
    return _KNOWN[shape]


def _problems(shape: Shape | None, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if shape is None or isinstance(value, Unknown):
        return
    checked: Any = value
    kind, facts = _known(shape)
    if kind == ANY:
        return
    if not isinstance(value, _TYPES[kind]) or (kind == NUMBER and isinstance(value, bool)):
        yield path, f"{value!r} is no {kind}"
        return
    yield from ((path, message) for message in broken(facts, value))
    if kind == OBJECT:
        members = shape.members()
        for name in facts.get("required", ()):
            if name not in checked:
                yield f"{path}.{name}", "it is required"
        for name, one in checked.items():
            if name in members:
                yield from _problems(members[name], one, f"{path}.{name}")
            else:
                yield f"{path}.{name}", "the call has no such member"
    elif kind in (LIST, MAP):
        for one in checked.values() if kind == MAP else checked:
            yield from _problems(shape.element(), one, f"{path}[]")


def broken(facts: Facts, value: Any, *, whole: bool = True) -> Iterator[str]:
    """What a value alone breaks; a pattern is about the `whole` text in botocore's models."""
    if "one_of" in facts and value not in facts["one_of"]:
        yield f"{value!r} is none of {', '.join(map(str, facts['one_of']))}"
    if "pattern" in facts and isinstance(value, str) and not matches(facts["pattern"], value, whole=whole):
        yield f"{value!r} does not match {facts['pattern']}"
    if "range" in facts and not _within(facts["range"], value):
        yield f"{value} is not in {facts['range']}"
    if "length" in facts and not _within(facts["length"], len(value)):
        yield f"{value!r} has {len(value)} characters or items, not {facts['length']}"


def _within(bounds: list[Any], number: float) -> bool:
    low, high = bounds
    return (low is None or number >= low) and (high is None or number <= high)
