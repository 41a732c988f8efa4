"""The tables in `catalog/data`: everything that is particular to one resource type."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).resolve().parent / "data"
Row = dict[str, Any]


def load(name: str) -> Any:
    """The table in file `name` of the data folder."""
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def _merged(folder: str, *, besides: str = "") -> dict[str, Any]:
    """All tables of a folder as one, without the key `besides`; any other in two files is a mistake.

    Raises:
        ValueError: when two files hold the same key.
    """
    merged: dict[str, Any] = {}
    for path in sorted((FOLDER / folder).glob("*.json")):
        table = json.loads(path.read_text(encoding="utf-8"))
        table.pop(besides, None)
        twice = merged.keys() & table.keys()
        if twice:
            raise ValueError(f"{folder}/{path.name}: {', '.join(sorted(twice))} is already in another file")
        merged |= table
    return merged


@cache
def types() -> dict[str, Row]:
    """Type token to its names, ids, outputs, references: see the sandbox's README."""
    return _merged("types")


@cache
def documented() -> dict[str, list[Row]]:
    """Type token to the rules its inputs obey that were written by hand, from the documents that they name."""
    return _merged("constraints")


@cache
def generated() -> dict[str, list[Row]]:
    """Type token to the rules that `make facts` has made of AWS' own models."""
    return _merged("generated", besides="about")


@cache
def constraints() -> dict[str, list[Row]]:
    """Type token to all rules its inputs obey."""
    types = {**documented(), **generated()}
    return {type_: documented().get(type_, []) + generated().get(type_, []) for type_ in types}


@cache
def replacement() -> dict[str, Row]:
    """Type token to what forces a replacement."""
    table: dict[str, Row] = load("replacement.json")
    return table


@cache
def conditions() -> dict[str, dict[str, Row]]:
    """Type token and property to the machine-readable form of a condition that `replacement` has in words."""
    table: dict[str, dict[str, Row]] = load("conditions.json")
    return table


@cache
def common() -> dict[str, Row]:
    """Provider to what holds for all its types."""
    table: dict[str, Row] = load("common.json")
    return table


def row(token: str) -> Row:
    """What is known of type `token`; empty when nothing is."""
    return types().get(token, {})
