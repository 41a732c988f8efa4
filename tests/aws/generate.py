"""`make facts`: rows of the catalog that AWS' own models say, for the inputs that Ascent's plans have.

Each row names the model that it is from. Where the registry and the call both know something, a value is refused if
both refuse it. A value that a row written by hand is about, in catalog/data/constraints, is left to it: the provider
itself may take less than AWS. That an input is required, the SDK's types say; the tests hold them against the models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from catalog import paths, tables
from catalog.schema import resource_schema
from tests.aws.inputs import Found
from tests.aws.judges.names import property_of
from tests.aws.shapes import Facts, registry_date

FOLDER = tables.FOLDER / "generated"
ABOUT = "about"  # key of what the rows were made from
LONGEST_LIST = 40  # values; longer lists are of instance types and regions, which change every week
# Patterns that say nothing, or that are about characters that nobody types.
_ANYTHING = re.compile(r"\^?(\.|\[\\s\\S\]|\[\^?\\?[ru]?\S{0,80}\\u[^\]]*\])[*+]\$?")
_UNBOUNDED = 1_000_000_000
Row = dict[str, Any]


def areas() -> dict[str, list[str]]:
    """File of the catalog to the types that it has rows of, or could have: `aws-data.json`."""
    folder = tables.FOLDER / "types"
    return {file.name: list(json.loads(file.read_text(encoding="utf-8"))) for file in sorted(folder.glob("aws-*.json"))}


def files(found: Mapping[str, Found]) -> dict[Path, str]:
    """Content of each generated file, by where each type's inputs are in AWS' models."""
    about = {name: version(name) for name in ("botocore", "cfn-lint")} | {"schemas": registry_date()}
    made: dict[Path, str] = {}
    for name, types in areas().items():
        rows = {type_: list(_rows(type_, found[type_])) for type_ in sorted(set(types) & set(found))}
        made[FOLDER / name] = _written({ABOUT: about, **{type_: some for type_, some in rows.items() if some}})
    return made


def _written(table: dict[str, Any]) -> str:
    """JSON with one row in a line, so that a review sees what an upgrade changes."""
    about, *types = table.items()
    lines = [f"  {json.dumps(about[0])}: {json.dumps(about[1], sort_keys=True)}"]
    for type_, rows in types:
        inner = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in rows)
        lines.append(f"  {json.dumps(type_)}: [\n{inner}\n  ]")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _rows(type_: str, found: Found) -> Iterator[Row]:
    by_hand = {(row["path"], test) for row in tables.documented().get(type_, []) if "path" in row for test in row}
    for path, views in sorted(found.items()):
        if path == property_of(type_) or path.startswith("tags"):
            continue  # names that the provider makes have a limit of their own; tags are alike everywhere
        known = [(f"{view}: {'.'.join(place.target)}", place.shape.facts) for view, place in views]
        for test, value, source in _agreed(known):
            fitting = _fitting(type_, path, test, value)
            if fitting is not None and (path, test) not in by_hand:
                yield {"path": path, test: fitting, "source": source}


def _agreed(known: list[tuple[str, Facts]]) -> Iterator[tuple[str, Any, str]]:
    """What a value is refused by, wherever it goes."""
    for test in ("one_of", "pattern", "range", "length"):
        having = [(source, facts[test]) for source, facts in known if test in facts]
        if not having:
            continue
        sources = "; ".join(dict.fromkeys(source for source, _ in having))
        values = [value for _, value in having]
        if test == "one_of":
            yield test, [*dict.fromkeys(one for value in values for one in value)], sources
        elif test == "pattern":
            source, pattern = having[0]
            yield test, pattern if source.startswith("AWS::") else f"^(?:{pattern})$", source
        else:
            yield test, [_end(min, [low for low, _ in values]), _end(max, [high for _, high in values])], sources


def _end(widest: Any, ends: list[Any]) -> Any:
    return None if None in ends else widest(ends)


def _fitting(type_: str, path: str, test: str, value: Any) -> Any:
    """The value of a test as the provider's type takes it; None where it says nothing, or nothing that can be read."""
    schema = resource_schema(type_)
    kind = schema.at(paths.parse(path)) if schema else None
    is_list = isinstance(kind, dict) and "list" in kind
    if test == "one_of":
        return _values(kind, value)
    if test == "pattern":
        return value if kind == "string" and _readable(value) else None
    if test == "range":
        return value if kind in ("integer", "number") and value != [None, None] else None
    low, high = value
    high = None if high is not None and high > _UNBOUNDED else high
    return [low or 0, high] if (is_list or kind == "string") and (low or high) else None


def _values(kind: Any, value: list[Any]) -> list[Any] | None:
    if len(value) > LONGEST_LIST or kind not in ("string", "integer", "number"):
        return None
    return [str(one) for one in value] if kind == "string" else value


def _readable(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return _ANYTHING.fullmatch(pattern) is None and pattern.isascii() and "\\u" not in pattern
