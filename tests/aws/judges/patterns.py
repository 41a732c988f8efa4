"""Patterns of AWS' models, which are those of Java and ECMAScript."""

from __future__ import annotations

from functools import cache
from typing import Any

import regex  # type: ignore[import-untyped]

# Java's names of classes that Python's library calls otherwise.
_CLASSES = {r"\p{Alnum}": "a-zA-Z0-9", r"\p{Alpha}": "a-zA-Z", r"\p{ASCII}": r"\x00-\x7f", r"\p{IsDigit}": "0-9"}


@cache
def _compiled(pattern: str) -> Any:
    for name, inner in _CLASSES.items():
        pattern = pattern.replace(name, inner)
    try:
        return regex.compile(pattern)
    except regex.error:
        return None


def matches(pattern: str, text: str, *, whole: bool) -> bool:
    """Whether a text obeys a pattern; as a `whole` in botocore's models. A pattern that cannot be read holds of all."""
    compiled = _compiled(pattern)
    if compiled is None:
        return True
    return (compiled.fullmatch(text) if whole else compiled.search(text)) is not None
