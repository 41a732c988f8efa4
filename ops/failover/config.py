"""The one change of a stack's file: who writes. Everything else in it, comments too, stays as people wrote it."""

from __future__ import annotations

import difflib
import re

import yaml

KEY = "ascent:writer"
_LINE = re.compile(rf"^ +(['\"]?){KEY}\1:.*\n", re.MULTILINE)
# The entry of the regions: its own line, and what is further in or a list item at its depth.
_REGIONS = re.compile(r"^( +)(['\"]?)ascent:regions\2:.*\n(?:\1(?: +.*|-.*)\n)*", re.MULTILINE)


def with_writer(text: str, writer: str | None) -> str:
    """A stack file's text with `writer`, or without one.

    Raises:
        ValueError: when the text has no place for it, or would say anything else than before.
    """
    before = yaml.safe_load(text)
    bare = _LINE.sub("", text if text.endswith("\n") else f"{text}\n")
    place = _REGIONS.search(bare)
    if place is None:
        raise ValueError("its regions are not written as a list under config")
    line = f"{place[1]}{KEY}: {writer}\n" if writer else ""
    after = bare[: place.end()] + line + bare[place.end() :]
    expected = {key: value for key, value in before["config"].items() if key != KEY}
    if yaml.safe_load(after) != {**before, "config": expected | ({KEY: writer} if writer else {})}:
        raise ValueError(f"{KEY} cannot be set without changing something else in it")
    return after


def difference(name: str, before: str, after: str) -> list[str]:
    """The lines of a unified diff."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), fromfile=name, tofile=name, lineterm="", n=1)
    return list(lines)
