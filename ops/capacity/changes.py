"""What to change in a stack's file so that a stage carries a load: the smallest sizes, tried one after the other."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from annotated_types import Le
from pydantic.fields import FieldInfo

from infra.config.problems import SettingsError
from infra.config.settings import Settings
from ops.capacity.headroom import REQUIRED, scarce
from ops.capacity.resources import ScarceResource
from ops.capacity.supply import Lost, supply
from ops.demand import Demand

SizesOf = Mapping[str, Mapping[str, Any]]
# Settings with these sizes, by the keys of a stack's file, on top of the stack's own. Unless `judged`, also where a
# budget does not hold.
Make = Callable[..., Settings]
_ROUNDS = 24


@dataclass(frozen=True, slots=True)
class SizeChange:
    """A size to raise: its key in the stack's file, what it is, and the least that is enough."""

    key: str
    before: float
    after: float

    def __str__(self) -> str:
        return f"{self.key}: raise from {self.before:g} to {self.after:g}"


def changes(make: Make, wants: Demand, lost: tuple[Lost, ...] = REQUIRED) -> tuple[SizeChange, ...] | None:
    """The sizes to raise so that the load is carried. Empty where it is; None where no sizes of the stage are enough.

    Args:
        make: the stack's settings at the stage, with sizes on top, `make(sizes, judged=...)`.
        wants: the load.
        lost: while what is lost it has to be carried.
    """
    sizes: dict[str, dict[str, Any]] = {}
    first = make({}, judged=False)
    for _ in range(_ROUNDS):
        settings = make(_named(sizes), judged=False)
        short = scarce(supply(settings), wants, lost)
        if not short:
            _fit_nodes(settings, sizes)
            return _allowed(make, first, sizes)
        if not _raised(make, wants, lost, settings, short[0], sizes):
            return None
    return None


def _raised(
    make: Make,
    wants: Demand,
    lost: tuple[Lost, ...],
    settings: Settings,
    resource: ScarceResource,
    sizes: dict[str, dict[str, Any]],
) -> bool:
    """Raise the first size of a resource that can be: to what is enough, else to its bound. False where none can."""

    def holds(section: str, field: str, value: int) -> bool:
        tried = {**sizes, section: {**sizes.get(section, {}), field: value}}
        return resource not in scarce(supply(make(_named(tried), judged=False)), wants, lost)

    for section, field in resource.keys:
        present = _size(settings, section, field)
        if present is None:
            continue
        low, high = math.floor(present), _most(section, field)
        if low >= high:
            continue
        # Where the most is too little, the next size may do the rest.
        if holds(section, field, high):
            larger = range(low + 1, high)
            high = low + 1 + bisect_left(larger, True, key=partial(holds, section, field))  # noqa: FBT003
        sizes.setdefault(section, {})[field] = high
        return True
    return False


def _fit_nodes(settings: Settings, sizes: dict[str, dict[str, Any]]) -> None:
    """Raise the limit of the nodes to what all pods at their maximum need: the config is judged by that."""
    budget = settings.node_budget
    if not settings.makes_clusters or budget.holds:
        return
    for field, needed, given in (
        ("cpu", budget.cpu_needed, budget.cpu),
        ("memory", budget.memory_needed, budget.memory),
    ):
        if needed > given:
            sizes.setdefault("nodes", {})[field] = needed


def _allowed(make: Make, first: Settings, sizes: SizesOf) -> tuple[SizeChange, ...] | None:
    """The changes, if a stack's file may have them."""
    try:
        make(_named(sizes), judged=True)
    except SettingsError:
        return None
    return tuple(
        SizeChange(key(section, field), _size(first, section, field) or 0, value)
        for section, fields in sizes.items()
        for field, value in fields.items()
    )


def _size(settings: Settings, section: str, field: str) -> float | None:
    row = getattr(settings.sizes, section)
    return None if row is None else getattr(row, field)


def key(section: str, field: str) -> str:
    """A size's key in a stack's file."""
    return f"ascent:{section}.{_model(section)[field].alias}"


def _named(sizes: SizesOf) -> SizesOf:
    """Sizes by the keys of a stack's file."""
    return {
        section: {str(_model(section)[field].alias): value for field, value in fields.items()}
        for section, fields in sizes.items()
    }


def _model(section: str) -> Mapping[str, FieldInfo]:
    """Keys of a section of the config."""
    section_model: Any = Settings.model_fields[section].annotation
    return dict(section_model.model_fields)


def _most(section: str, field: str) -> int:
    """The most that the config takes of a size."""
    limit: Any = next(one.le for one in _model(section)[field].metadata if isinstance(one, Le))
    return int(limit)
