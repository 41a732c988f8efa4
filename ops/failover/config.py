"""The change of a stack's file: which region writes, is lost, or gets no traffic. All else stays as it was written."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from ops import stackfile
from ops.stackedit import edited

# A region, several of them, or none.
Value = str | tuple[str, ...] | None


def with_values(text: str, values: Mapping[str, Value], name: str) -> str:
    """A stack file's text with a line for each of `values`, new ones after its regions, and without what is None.

    Args:
        text: the file's.
        values: by whole key.
        name: the file's, for messages.

    Raises:
        SettingsError: when the text has no place for one.
    """
    # In reverse order: each is inserted right after the regions.
    for key, value in reversed(list(values.items())):
        said = list(value) if isinstance(value, tuple) else value
        text = edited(text, key.removeprefix(f"{stackfile.PROJECT}:"), said or None, name, after="regions")
    return text


def difference(name: str, before: str, after: str) -> list[str]:
    """The lines of a unified diff."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), fromfile=name, tofile=name, lineterm="", n=1)
    return list(lines)
