"""Update constraints: pairs of changes that AWS refuses in one update, though it accepts each one alone.

A constraint compares the inputs of resources before and after a move. It names the sizes of a stack that can be changed
separately, before or after the rest, so that both updates are possible; a stage in between may do as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

GROUP = "aws:autoscaling/group:Group"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
DATASTORE = "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup"
CLUSTER = "aws:rds/cluster:Cluster"
GLOBAL_CLUSTER = "aws:rds/globalCluster:GlobalCluster"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """One resource before and after a move: its inputs, or None where it does not exist."""

    urn: str
    type: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def stays(self) -> bool:
        """Whether it is there before and after."""
        return self.before is not None and self.after is not None

    def moved(self, name: str) -> tuple[Any, Any] | None:
        """The values of an input before and after, where the resource stays and they differ."""
        if self.before is None or self.after is None or self.before.get(name) == self.after.get(name):
            return None
        return self.before.get(name), self.after.get(name)


Break = Callable[[Sequence[Pair]], Iterator[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateConstraint:
    """Changes that cannot be made in one update.

    reason: why, as text.
    source: where that is documented.
    broken: URNs of the resources with which a move would do it.
    sizes: keys of a stack's file that may take their new value before the move, or keep their old one until after it.
    """

    name: str
    reason: str
    source: str
    broken: Break
    sizes: tuple[str, ...] = ()


def swapped(type_: str, one: str, other: str) -> Break:
    """A resource loses one input and gets another that excludes it."""

    def broken(pairs: Sequence[Pair]) -> Iterator[str]:
        for pair in pairs:
            before, after = pair.before or {}, pair.after or {}
            if pair.type == type_ and any(before.get(a) and after.get(b) for a, b in ((one, other), (other, one))):
                yield pair.urn

    return broken


def changed_with(type_: str, name: str, around: str) -> Break:
    """An input changes in the same update in which an enclosing resource is created or deleted."""

    def broken(pairs: Sequence[Pair]) -> Iterator[str]:
        if any(pair.type == around and not pair.stays for pair in pairs):
            yield from (pair.urn for pair in pairs if pair.type == type_ and pair.moved(name))

    return broken


def skipped(type_: str, rank: Callable[[Mapping[str, Any]], int | None]) -> Break:
    """A resource moves more than one rank up or down. None is an unknown rank."""

    def broken(pairs: Sequence[Pair]) -> Iterator[str]:
        for pair in pairs:
            if pair.type != type_ or pair.before is None or pair.after is None:
                continue
            ranks = rank(pair.before), rank(pair.after)
            if ranks[0] is not None and ranks[1] is not None and abs(ranks[0] - ranks[1]) > 1:
                yield pair.urn

    return broken


def lowered(types: Collection[str], rank: Callable[[Mapping[str, Any]], tuple[int, ...] | None]) -> Break:
    """A resource moves to a lower rank."""

    def broken(pairs: Sequence[Pair]) -> Iterator[str]:
        for pair in pairs:
            if pair.type not in types or pair.before is None or pair.after is None:
                continue
            before, after = rank(pair.before), rank(pair.after)
            if before is not None and after is not None and after < before:
                yield pair.urn

    return broken


def within(type_: str, rank: Callable[[Mapping[str, Any]], int | None], around: str) -> Break:
    """The rank of a resource changes while an enclosing resource exists."""

    def broken(pairs: Sequence[Pair]) -> Iterator[str]:
        if any(pair.type == around for pair in pairs):
            for pair in pairs:
                ranks = {rank(side) for side in (pair.before, pair.after) if side is not None}
                if pair.type == type_ and pair.stays and len(ranks - {None}) > 1:
                    yield pair.urn

    return broken


def encryption(inputs: Mapping[str, Any]) -> int:
    """How strictly a cache uses TLS: never, if a client asks for it, always."""
    if not inputs.get("transitEncryptionEnabled"):
        return 0
    return 1 if inputs.get("transitEncryptionMode") == "preferred" else 2


def version(inputs: Mapping[str, Any]) -> tuple[int, ...] | None:
    """Version of an engine, by which higher ones are greater."""
    found = str(inputs.get("engineVersion", ""))
    return tuple(int(part) for part in found.split(".")) if re.fullmatch(r"\d+(\.\d+)*", found) else None


def major(inputs: Mapping[str, Any]) -> int | None:
    """Major version of an engine."""
    found = re.match(r"\d+", str(inputs.get("engineVersion", "")))
    return int(found[0]) if found else None


UPDATE_CONSTRAINTS: tuple[UpdateConstraint, ...] = (
    UpdateConstraint(
        name="warm pool or mixed instances",
        reason="an autoscaling group has a warm pool or mixed instances; one update would ask for both for a moment",
        source="docs/adr/0005; Amazon EC2 Auto Scaling API Reference, PutWarmPool",
        broken=swapped(GROUP, "warmPool", "mixedInstancesPolicy"),
    ),
    UpdateConstraint(
        name="node type, then Global Datastore",
        reason="all members of a Global Datastore have one node type, which changes through the datastore alone; a "
        "cache is scaled before it becomes a member, or after it has left",
        source="Amazon ElastiCache User Guide, Global Datastores: prerequisites and limitations",
        broken=changed_with(CACHE, "nodeType", DATASTORE),
        sizes=("cache.nodeType",),
    ),
    UpdateConstraint(
        name="Redis TLS by way of preferred",
        reason="a cache with clients takes TLS on or off by way of transitEncryptionMode: preferred, which allows both",
        source="Amazon ElastiCache User Guide, Enabling in-transit encryption on an existing cluster",
        broken=skipped(CACHE, encryption),
    ),
    UpdateConstraint(
        name="no lower version of Aurora",
        reason="Aurora goes to no lower version of its engine; a lower one is another cluster, from a snapshot of then",
        source="Amazon Aurora User Guide, Upgrading Amazon Aurora PostgreSQL DB clusters",
        broken=lowered((CLUSTER, GLOBAL_CLUSTER), version),
    ),
    UpdateConstraint(
        name="Aurora's version, then global database",
        reason="all members of a global database have one version, which changes through it alone; a cluster gets "
        "another one before it becomes a member, or after it has left",
        source="Amazon Aurora User Guide, Upgrading an Amazon Aurora global database",
        broken=changed_with(CLUSTER, "engineVersion", GLOBAL_CLUSTER),
    ),
    UpdateConstraint(
        name="one major version of Aurora at a time",
        reason="which versions may be skipped is in a list that AWS keeps for each; the next one is always on it",
        source="Amazon Aurora User Guide, Performing a major version upgrade",
        broken=skipped(CLUSTER, major),
    ),
    UpdateConstraint(
        name="Aurora's major version outside of a Global Database",
        reason="in a Global Database the major version of all members changes through it, not through one cluster",
        source="Amazon Aurora User Guide, Upgrading an Amazon Aurora global database",
        broken=within(CLUSTER, major, GLOBAL_CLUSTER),
    ),
)
