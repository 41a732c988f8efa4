"""Whether a stack can carry what its stage states: connections, the load of each fleet, and room for pods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from infra.capacity.connections import ConnectionBudget
from infra.capacity.nodes import NodeBudget
from infra.config.settings import Settings
from infra.thresholds import CONNECTIONS_PER_INSTANCE, CONNECTIONS_PER_WORKER, POOLER_MOVING_PODS, POOLER_PODS
from ops.capacity import todo as changes
from ops.capacity.loads import EC2, KUBERNETES, Load, loads, maxima, running


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """The most connections of one kind of client.

    who: application, pooler, workers, jobs, reserve, or what other regions forward.
    runtime, region: where they are, None where that does not matter.
    connections: at most.
    how: where the number comes from.
    """

    who: str
    runtime: str | None = None
    region: str | None = None
    connections: int
    how: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CapacityVerdict:
    """All of it.

    limit: connections that the database takes; None where an external one keeps its own.
    replica: the budget of each other region's replica; None where there is none of ours.
    uses: connections by client. loads: of each fleet and Deployment.
    nodes: of the cluster in each region; None where the stack makes none.
    todo: what to change, one sentence each; empty where all holds.
    """

    limit: int | None
    uses: tuple[Use, ...]
    loads: tuple[Load, ...]
    nodes: NodeBudget | None
    replica: ConnectionBudget | None
    todo: tuple[str, ...]

    @property
    def total(self) -> int:
        """Connections of all together."""
        return sum(use.connections for use in self.uses)

    @property
    def connects(self) -> bool:
        """Whether all can connect at once."""
        replica = self.replica is None or self.replica.holds
        return replica and (self.limit is None or self.total <= self.limit)

    @property
    def holds(self) -> bool:
        """Whether the answer is yes."""
        fits = self.nodes is None or self.nodes.holds
        return self.connects and fits and all(load.holds for load in self.loads)

    def as_dict(self) -> dict[str, Any]:
        """The verdict as plain data, for `--json`."""
        headroom = None if self.limit is None else self.limit - self.total
        return {
            "holds": self.holds,
            "connections": {
                "holds": self.connects,
                "limit": self.limit,
                "used": self.total,
                "headroom": headroom,
                "by": [asdict(use) for use in self.uses],
                "replica": {"used": self.replica.total, "limit": self.replica.limit} if self.replica else None,
            },
            "fleets": [{**asdict(load), "holds": load.holds} for load in self.loads],
            "nodes": _plain(self.nodes) if self.nodes else None,
            "todo": list(self.todo),
        }


def verdict(settings: Settings) -> CapacityVerdict:
    """Whether a stack can carry what its stage states."""
    uses, carried = tuple(_uses(settings)), tuple(loads(settings))
    limit = None if settings.external_database else settings.connections.limit
    nodes = settings.node_budget if settings.makes_clusters else None
    several = len(settings.active_regions) > 1 and limit is not None
    replica = settings.replica_connections if several else None
    used = max(sum(use.connections for use in uses), replica.total if replica else 0)
    todo = [*changes.room(settings, used, limit), *changes.growth(carried)]
    todo += changes.nodes(nodes) if nodes else ()
    return CapacityVerdict(limit=limit, uses=uses, loads=carried, nodes=nodes, replica=replica, todo=tuple(todo))


def _uses(settings: Settings) -> Iterator[Use]:
    budget, size = settings.connections, settings.sizes
    yield from _pools(settings) if settings.pooled else _applications(settings)
    workers = size.workers.maximum if size.workers else 0
    if workers:
        how = f"{workers} workers x {CONNECTIONS_PER_WORKER.value}"
        yield Use(who="workers", region=settings.writing_region, connections=budget.workers, how=how)
    yield Use(who="jobs", region=settings.writing_region, connections=budget.jobs, how="one each, and a spare")
    yield Use(who="reserve", connections=budget.reserve, how="superusers, monitoring and operators")
    if budget.forwarded:
        yield Use(who="other regions", connections=budget.forwarded, how="writes that their replicas forward")


def _applications(settings: Settings) -> Iterator[Use]:
    """Connections without a pooler: each instance and pod connects by itself."""
    each, colors, region = CONNECTIONS_PER_INSTANCE.value, len(running(settings)), settings.writing_region
    for runtime, maximum in maxima(settings).items():
        what = "pods" if runtime == KUBERNETES else "instances"
        many = f" x {colors} colors" if colors > 1 else ""
        how = f"{maximum} {what}{many} x {each}"
        yield Use(who="application", runtime=runtime, region=region, connections=maximum * colors * each, how=how)


def _pools(settings: Settings) -> Iterator[Use]:
    """RDS Proxy and PgBouncer, in the region that takes the writes."""
    region = settings.writing_region
    if settings.runtime.on_ec2:
        instances = settings.sizes.fleet.maximum * len(running(settings))
        how = f"RDS Proxy: a pool for {instances} instances"
        yield Use(who="pooler", runtime=EC2, region=region, connections=settings.connections.application, how=how)
    if settings.runtime.on_kubernetes:
        each = settings.pooler
        how = f"PgBouncer: {POOLER_PODS.value} pods and {POOLER_MOVING_PODS.value} that move x {each.cap}"
        yield Use(who="pooler", runtime=KUBERNETES, region=region, connections=each.connections, how=how)


def _plain(nodes: NodeBudget) -> dict[str, Any]:
    return {
        "holds": nodes.holds,
        "cpu": {"needed": nodes.cpu_needed, "usable": nodes.cpu},
        "memory": {"needed": nodes.memory_needed, "usable": nodes.memory},
        "by": [asdict(need) for need in nodes.needs],
    }
