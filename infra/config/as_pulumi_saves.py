"""Reads a number as text, or text as a number, where a key needs the other type.

`pulumi config set` saves top-level values as text. Within a map, with --path, it saves whole numbers and booleans as
such, and anything else as text: an account's number becomes a number, and 0.5 becomes text (pulumi config set --help).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

# Pydantic's error for a text in place of another type, and the types that the text may stand for.
_WANTED: Mapping[str, tuple[type, ...]] = {
    "bool_type": (bool,),
    "float_type": (int, float),
    "int_type": (int,),
}
_TEXT = "string_type"


def as_meant(config: Mapping[str, Any], problems: Iterable[ErrorDetails]) -> dict[str, Any]:
    """The values, where each one that was refused for its type has the type that was meant, if there is one.

    Args:
        config: values by key.
        problems: pydantic's errors.
    """
    meant = copy.deepcopy(dict(config))
    for problem in problems:
        _mend(meant, problem["type"], problem["loc"])
    return meant


def _mend(values: Any, kind: str, path: tuple[int | str, ...]) -> None:
    for part in path[:-1]:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return
    try:
        given = values[path[-1]]
        values[path[-1]] = _meant(kind, given)
    except (KeyError, IndexError, TypeError):
        return


def _meant(kind: str, given: Any) -> Any:
    if kind == _TEXT and isinstance(given, bool | int):
        return json.dumps(given)
    if kind in _WANTED and isinstance(given, str):
        try:
            found = json.loads(given)
        except ValueError:
            return given
        return found if type(found) in _WANTED[kind] else given
    return given
