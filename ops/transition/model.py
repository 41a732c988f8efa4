"""A move from one stage to another: its changes, and which of them are a data loss."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol

from catalog.data_loss import is_lost, why_not_lost
from catalog.stateful import stateful

NOTHING: Mapping[str, bool] = MappingProxyType({})


class Identity(Protocol):
    """A resource, as a render or an engine shows it. `location`: AWS region that it is in, where that is known."""

    @property
    def urn(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def inputs(self) -> Mapping[str, Any]: ...
    @property
    def location(self) -> str | None: ...


class Op(StrEnum):
    """What happens to a resource."""

    REPLACE = "replace"
    DELETE = "delete"
    UPDATE = "update"
    CREATE = "create"


# How counts of each are written.
SIGNS = {Op.CREATE: "+", Op.UPDATE: "~", Op.REPLACE: "±", Op.DELETE: "-"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourceChange:
    """What a move does to one resource.

    properties: paths that differ; empty for a creation or deletion.
    replaces: those of them that force a replacement.
    lost: whether it is a data loss.
    rebuilt: of a stateful resource that is replaced or deleted, why nothing is lost.
    refused: whether the engine refuses it, because the resource is protected.
    """

    urn: str
    type: str
    name: str
    op: Op
    properties: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    lost: bool = False
    rebuilt: str | None = None
    refused: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """All changes of a move: data loss first, then by operation and URN.

    errors: the provider's message about a change that it cannot make, by URN.
    """

    came_from: int
    to: int
    changes: tuple[ResourceChange, ...]
    errors: dict[str, str]

    def urns(self, op: Op) -> list[str]:
        """The resources that are created, updated, replaced or deleted."""
        return sorted(change.urn for change in self.changes if change.op is op)

    @property
    def losses(self) -> list[ResourceChange]:
        """The changes that are a data loss."""
        return [change for change in self.changes if change.lost]

    @property
    def clear(self) -> bool:
        """Whether nothing is lost, and nothing refused."""
        return not self.errors and not any(change.lost or change.refused for change in self.changes)

    @property
    def problems(self) -> list[str]:
        """The problems of the move, one sentence each."""
        lost = [f"{one.op.value}s {one.urn}, and nothing else holds what it holds" for one in self.losses]
        guarded = [
            f"the engine refuses to {one.op.value} {one.urn}, which is protected" for one in self.changes if one.refused
        ]
        return [*lost, *guarded, *(f"{urn}: {text}" for urn, text in self.errors.items())]

    def as_dict(self) -> dict[str, Any]:
        """As `ascent matrix --json` prints it."""
        lost = {op.value: sorted(one.urn for one in self.losses if one.op is op) for op in (Op.REPLACE, Op.DELETE)}
        by_op = {op.value: self.urns(op) for op in SIGNS}
        return {"from": self.came_from, "to": self.to, **by_op, "stateful": lost}

    def details(self) -> dict[str, Any]:
        """The further fields of `ascent transition --json`."""
        return {"changes": [asdict(one) for one in self.changes], "errors": self.errors}


def change(
    one: Identity,
    op: Op,
    authoritative: Collection[str],
    *,
    was: Identity | None = None,
    protected: bool = False,
    detail: Mapping[str, bool] = NOTHING,
) -> ResourceChange:
    """A change of a resource, and whether it is a data loss.

    Args:
        one: the resource.
        op: what happens to it.
        authoritative: regions with the original of the data.
        was: the present resource, if `one` replaces it.
        protected: whether the engine guards it against deletion.
        detail: the paths that differ, and whether each forces a replacement.
    """
    going, old = op in (Op.REPLACE, Op.DELETE), was or one
    lost = going and is_lost(old.urn, old.inputs, old.location, authoritative)
    return ResourceChange(
        urn=one.urn,
        type=one.type,
        name=one.name,
        op=op,
        properties=tuple(sorted(detail)),
        replaces=tuple(sorted(path for path, replaces in detail.items() if replaces)),
        lost=lost,
        rebuilt=why_not_lost(old.urn, old.inputs) if going and stateful(old.type) and not lost else None,
        refused=going and protected,
    )


def ordered(changes: Iterable[ResourceChange]) -> tuple[ResourceChange, ...]:
    """The worst first."""
    rank = {op: index for index, op in enumerate(Op)}
    return tuple(sorted(changes, key=lambda one: (not one.lost, rank[one.op], one.urn)))
