"""The one change of a stack's file: who writes, is lost, or gets no visitors. All else stays as people wrote it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

import yaml

# The entry of the regions: its own line, and what is further in or a list item at its depth.
_REGIONS = re.compile(r"^( +)(['\"]?)ascent:regions\2:.*\n(?:\1(?: +.*|-.*)\n)*", re.MULTILINE)


# A region, several of them, or none.
Value = str | tuple[str, ...] | None


def with_values(text: str, values: Mapping[str, Value]) -> str:
    """A stack file's text with a line for each of `values` after its regions, and without one for what is None.

    Raises:
        ValueError: when the text has no place for it, or would say anything else than before.
    """
    before = yaml.safe_load(text)
    bare = text if text.endswith("\n") else f"{text}\n"
    for key in values:
        bare = re.sub(rf"^ +(['\"]?){re.escape(key)}\1:.*\n", "", bare, flags=re.MULTILINE)
    place = _REGIONS.search(bare)
    if place is None:
        raise ValueError("its regions are not written as a list under config")
    said = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items() if value}
    lines = "".join(f"{place[1]}{key}: {_written(value)}\n" for key, value in said.items())
    after = bare[: place.end()] + lines + bare[place.end() :]
    expected = {key: value for key, value in before["config"].items() if key not in values} | said
    if yaml.safe_load(after) != {**before, "config": expected}:
        raise ValueError(f"{' and '.join(values)} cannot be set without changing something else in it")
    return after


def _written(value: str | list[str]) -> str:
    return value if isinstance(value, str) else f"[{', '.join(value)}]"


def difference(name: str, before: str, after: str) -> list[str]:
    """The lines of a unified diff."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), fromfile=name, tofile=name, lineterm="", n=1)
    return list(lines)
