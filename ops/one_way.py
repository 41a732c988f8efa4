"""Properties that cannot be put back once they were changed: a table, read by `ascent drift` and by the guard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

CLUSTER, GLOBAL_CLUSTER = "aws:rds/cluster:Cluster", "aws:rds/globalCluster:GlobalCluster"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
KUBERNETES = "aws:eks/cluster:Cluster"
DATASTORE = "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup"


@dataclass(frozen=True, kw_only=True, slots=True)
class OneWay:
    """A property that only moves one way.

    type, path: of the property.
    held: whether it cannot go back from what was found to what is recorded.
    why: who refuses it, as the end of a sentence.
    """

    type: str
    path: str
    held: Callable[[Any, Any], bool]
    why: str


def _higher(recorded: Any, found: Any) -> bool:
    """Whether the version that was found is higher than the one that is recorded."""
    sides = [str(one).split(".") for one in (recorded, found)]
    if not all(part.isdigit() for side in sides for part in side):
        return False
    before, after = ([int(part) for part in side] for side in sides)
    return after > before


def _valkey(recorded: Any, found: Any) -> bool:
    """Whether Valkey was found where Redis is recorded. Redis is also the provider's default."""
    return found == "valkey" and recorded in (None, "redis")


# AWS raises a version by itself when support for the old one ends (Amazon Aurora User Guide, Amazon Aurora versions:
# end of standard support), whatever autoMinorVersionUpgrade says.
ONE_WAY = (
    *(
        OneWay(type=one, path="engineVersion", held=_higher, why="Aurora goes to no lower version")
        for one in (CLUSTER, GLOBAL_CLUSTER)
    ),
    # Amazon EKS User Guide, Update existing cluster to new Kubernetes version: there is no way back. EKS raises a
    # version by itself when its extended support ends.
    OneWay(type=KUBERNETES, path="version", held=_higher, why="EKS goes to no lower version"),
    # ElastiCache User Guide, Version management; Upgrading engine versions including cross engine upgrades.
    *(
        OneWay(type=one, path="engineVersion", held=_higher, why="ElastiCache goes to no lower version")
        for one in (CACHE, DATASTORE)
    ),
    *(
        OneWay(type=one, path="engine", held=_valkey, why="ElastiCache goes from Redis to Valkey and not back")
        for one in (CACHE, DATASTORE)
    ),
)


def held(type_: str, path: str, recorded: Any, found: Any) -> str | None:
    """Why something cannot be put back; None where it can."""
    rows = (one for one in ONE_WAY if (one.type, one.path) == (type_, path) and one.held(recorded, found))
    return next((one.why for one in rows), None)
