"""Faults for planned resources: `tests/aws/data/faults.json`, by type a list of path, value and who sees it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from catalog import paths
from tests.aws.judge import Planned

TABLE = Path(__file__).parent / "data" / "faults.json"
GONE = "(gone)"


@dataclass(frozen=True)
class Fault:
    """A wrong value.

    seen_by: the sources that see it, sorted.
    """

    type: str
    path: str
    value: Any
    seen_by: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.type} {self.path}: {json.dumps(self.value)[:60]}"


def faults() -> list[Fault]:
    """All of them."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    return [
        Fault(type_, one["path"], one["value"], tuple(one["seen_by"]))
        for type_, found in table.items()
        for one in found
    ]


def planted(found: Iterable[Fault], resources: Iterable[Planned]) -> Iterator[tuple[Fault, Planned]]:
    """Each fault in the first resource of its type that has what the path leads to, or else what is above it."""
    by_type: dict[str, list[Planned]] = {}
    for one in resources:
        by_type.setdefault(one.type, []).append(one)
    for fault in found:
        *above, last = paths.parse(fault.path)
        there = [one for one in by_type[fault.type] if _has(one.inputs, above)]
        assert there, f"{fault}: no plan has it"
        chosen = next((one for one in there if _has(one.inputs, [*above, last])), there[0])
        inputs = copy.deepcopy(chosen.inputs)
        holder: Any = inputs
        for segment in above:
            holder = holder[segment]
        if fault.value == GONE:
            del holder[last]
        else:
            holder[last] = fault.value
        yield fault, replace(chosen, inputs=inputs)


def _has(inputs: Any, path: list[Any]) -> bool:
    for segment in path:
        there = segment in inputs if isinstance(inputs, dict) else isinstance(inputs, list) and segment < len(inputs)
        if not there:
            return False
        inputs = inputs[segment]
    return True
