"""What a stack's settings mean for the connection and node budgets: how many clients of each kind there may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.capacity.connections import ConnectionBudget, Pooler, budget, max_connections, pooler
from infra.capacity.nodes import NodeBudget, node_budget
from infra.schedules import JOBS
from infra.stages import Capability

if TYPE_CHECKING:
    from infra.config.settings import Settings

# An external database does not tell its limit; its owner's pooler keeps it.
_UNLIMITED = 1_000_000
# PgBouncer has a pool for writes and one for reads. In another region, both lead to the replica.
_POOLS = 2


def connections(settings: Settings) -> ConnectionBudget:
    """The connection budget of the database that takes the writes."""
    workers = settings.sizes.workers.maximum if settings.sizes.workers else 0
    return budget(
        instances=_direct_clients(settings),
        pooled=settings.pooled,
        poolers=_pooler_connections(settings),
        # A scheduled job of the application may hold as many connections as a worker.
        workers=workers + len(settings.application.schedules),
        limit=_limit(settings),
        forwarding=len(settings.active_regions) > 1 and settings.external_database is None,
    )


def replica_connections(settings: Settings) -> ConnectionBudget:
    """The connection budget of a replica in another region. It has no RDS Proxy, which could not forward writes."""
    return budget(
        instances=_direct_clients(settings),
        pooled=False,
        poolers=_pooler_connections(settings) * _POOLS,
        workers=0,
        limit=_limit(settings),
    )


def cluster_pooler(settings: Settings) -> Pooler:
    """PgBouncer of one cluster."""
    background = settings.background_on_pods
    workers = settings.sizes.workers.maximum if settings.sizes.workers and background else 0
    jobs = len(settings.application.schedules) if background else 0
    return pooler(settings.sizes.hpa.maximum * _running_colors(settings), workers + jobs)


def cluster_nodes(settings: Settings) -> NodeBudget:
    """What the pods of one cluster request at most, with both colors running, against the limit of its nodes."""
    background = settings.background_on_pods
    return node_budget(
        settings.sizes,
        colors=len(settings.rollout.colors),
        pooled=settings.pooled,
        jobs=len(JOBS) if background and settings.row.has(Capability.DATABASE_JOBS) else 0,
        works=background,
        own_jobs=len(settings.application.schedules) if background else 0,
    )


def _direct_clients(settings: Settings) -> int:
    """Instances of one region, at their maximum; without a pooler, pods too."""
    return _instances(settings) if settings.pooled else _instances(settings) + _pods(settings)


def _pooler_connections(settings: Settings) -> int:
    """Connections of one of PgBouncer's pools."""
    return settings.pooler.connections if settings.pooled and _pods(settings) else 0


def _instances(settings: Settings) -> int:
    """Instances of one region at their maximum, of all running colors."""
    return settings.sizes.fleet.maximum * _running_colors(settings) if settings.runtime.on_ec2 else 0


def _pods(settings: Settings) -> int:
    """Pods of one region at their maximum, of all running colors."""
    return settings.sizes.hpa.maximum * _running_colors(settings) if settings.runtime.on_kubernetes else 0


def _running_colors(settings: Settings) -> int:
    return sum(color.image is not None for color in settings.rollout.colors.values())


def _limit(settings: Settings) -> int:
    """Connections that an instance of the database takes."""
    size = settings.sizes.database
    limit = max_connections(size.instance_class, size.max_acu, size.max_connections)
    return limit if settings.external_database is None else _UNLIMITED
