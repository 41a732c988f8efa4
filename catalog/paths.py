"""Property paths: `listeners[*].port`, `tags["a.b"]`, `spec.template`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from catalog.values import Secret, Unknown

Segment = str | int
Path = tuple[Segment, ...]
WILDCARD = "*"

_TOKEN = re.compile(r"""\.?([^.\[\]"]+)|\[(\d+)\]|\[(\*)\]|\["((?:[^"\\]|\\.)*)"\]""")
_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")


@cache
def parse(text: str) -> Path:
    """The segments of a property path.

    Raises:
        ValueError: when `text` is not a property path.
    """
    segments: list[Segment] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            raise ValueError(f"{text!r} is not a property path")
        name, index, star, quoted = match.groups()
        segments.append(int(index) if index else star or name or quoted.replace('\\"', '"'))
        position = match.end()
    return tuple(segments)


def render(path: Sequence[Segment]) -> str:
    """`path` as text, the way the engine reads it."""
    text = ""
    for segment in path:
        if isinstance(segment, int) or segment == WILDCARD:
            text += f"[{segment}]"
        elif _PLAIN.fullmatch(segment):
            text += f".{segment}" if text else segment
        else:
            escaped = segment.replace('"', '\\"')
            text += f'["{escaped}"]'
    return text


def written(provider: str, path: Sequence[Segment]) -> str:
    """`path` as a provider names it in its answers: Kubernetes' own puts no quotes around any key."""
    if provider != "kubernetes":
        return render(path)
    return "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in path).removeprefix(".")


def matches(pattern: Path, path: Path) -> bool:
    """Whether `path` is what `pattern` names: `*` stands for any one segment."""
    return len(pattern) == len(path) and covers(pattern, path)


def covers(pattern: Path, path: Path) -> bool:
    """Whether `path` is what `pattern` names, or lies below it."""
    return len(pattern) <= len(path) and all(
        want in (WILDCARD, have) for want, have in zip(pattern, path, strict=False)
    )


def find(value: Any, path: Path, prefix: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every place in `value` that `path` names, with what is there (secrets unwrapped); absent ones are left out."""
    value = value.value if isinstance(value, Secret) else value
    if not path:
        if value is not None:
            yield prefix, value
        return
    if isinstance(value, Unknown):
        yield prefix, value
        return
    head, rest = path[0], path[1:]
    if head == WILDCARD:
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from find(item, rest, (*prefix, index))
        elif isinstance(value, dict):
            for key, item in value.items():
                yield from find(item, rest, (*prefix, key))
    elif isinstance(value, dict) and head in value:
        yield from find(value[str(head)], rest, (*prefix, head))
    elif isinstance(value, list) and isinstance(head, int) and head < len(value):
        yield from find(value[head], rest, (*prefix, head))


def get(value: Any, path: Path | str) -> Any:
    """What is at `path` in `value`, or None."""
    return next((item for _, item in find(value, parse(path) if isinstance(path, str) else path)), None)
