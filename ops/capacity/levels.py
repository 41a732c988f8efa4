"""What a load needs of each resource, and what a stack has of it. ops/capacity/resources.py is the table of them.

A need never falls when the load grows. What a unit carries is in ops/demand/assumptions.py, taken from its careful end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from infra.capacity.nodes import NodeBudget, node_budget
from infra.stages import STAGES, Capability, SizeBounds
from infra.thresholds import (
    CONNECTIONS_PER_INSTANCE,
    DATABASE_READS,
    EGRESS_GB,
    REQUESTS_PER_TARGET,
)
from ops.capacity.loads import KUBERNETES
from ops.capacity.supply import Lost, ServingGroup, Supply
from ops.cost.usage import CDN_PASSES, NAT_KB
from ops.demand import Demand
from ops.demand import assumptions as facts

_MS = 1000
_DIGITS = 9
_LAST = max(STAGES)


@dataclass(frozen=True, slots=True)
class Level:
    """What a load needs of a resource, and what there is of it; None where nobody says how much there is."""

    need: float
    limit: float | None


# What a load needs of a resource while something is lost, and what there is; None where the stack has no such resource.
LevelOf = Callable[[Supply, Demand, Lost], Level | None]


def _per_region(has: Supply, wants: Demand, lost: Lost) -> Demand:
    return wants.times(1 / has.serving(lost))


def targets(fleet: ServingGroup, requests: float) -> float:
    """Targets that a fleet needs for its share of a region's requests a second."""
    return requests * facts.MINUTE * fleet.traffic / REQUESTS_PER_TARGET.value


def whole(value: float) -> int:
    """A number of whole things, rounded up: what is ten but for a rounding error is ten."""
    return math.ceil(round(value, _DIGITS))


def wanted(fleet: ServingGroup, requests: float) -> int:
    """Whole targets for its share of them, no fewer than its minimum, and as many as it takes beyond its maximum."""
    return max(whole(targets(fleet, requests)), fleet.minimum)


def serving(runtime: str) -> LevelOf:
    """Instances or pods."""

    def of(has: Supply, wants: Demand, lost: Lost) -> Level | None:
        # The color with most of the traffic is the first to be full: all have the same bounds.
        fleets = [one for one in has.fleets if one.runtime == runtime]
        if not fleets:
            return None
        busiest = max(fleets, key=lambda one: one.traffic)
        need = targets(busiest, _per_region(has, wants, lost).requests)
        return Level(need, has.left(busiest.maximum, lost))

    return of


def nodes(of: Callable[[NodeBudget], tuple[int, int]]) -> LevelOf:
    """vCPUs or GiB of the nodes of one cluster, with the pods of this load and of an update."""

    def level(has: Supply, wants: Demand, lost: Lost) -> Level | None:
        pods = [one for one in has.fleets if one.runtime == KUBERNETES]
        if not pods or not has.settings.makes_clusters:
            return None
        requests = _per_region(has, wants, lost).requests
        count = max(wanted(one, requests) for one in pods)
        settings = has.settings
        budget = node_budget(
            replace(has.sizes, hpa=SizeBounds(minimum=1, maximum=count)),
            colors=len(settings.rollout.colors),
            pooled=settings.pooled,
            jobs=has.jobs,
            works=settings.background_on_pods,
            own_jobs=len(settings.application.schedules) if settings.background_on_pods else 0,
        )
        return Level(*of(budget))

    return level


def database_reads(has: Supply, reads: float) -> float:
    """Reads that reach the database."""
    return reads * (1 - facts.CACHE_HITS.span.low) if has.cached else reads


def database_acus(has: Supply, reads: float, writes: float, *, generous: bool = False) -> float:
    """ACUs for so many statements a second, with the CPU below what the runbooks allow.

    generous: by the cheap end of what a statement takes, and not by the careful one.
    """
    read, write = facts.READ_CPU_MS.span, facts.WRITE_CPU_MS.span
    each = (read.low, write.low) if generous else (read.high, write.high)
    return (reads * each[0] + writes * each[1]) / _MS / facts.ACU_CPU.span.high / has.cpu


def writer(has: Supply, wants: Demand, lost: Lost) -> Level | None:
    """ACUs of the writer, which takes the writes of all regions."""
    if has.acus is None:
        return None
    # Without readers, or where the last of them took the writer's place, the writer answers reads as well.
    reads = 0.0 if has.readers_left(lost) else database_reads(has, _per_region(has, wants, lost).reads)
    return Level(database_acus(has, reads, wants.writes), has.acus)


def readers(has: Supply, wants: Demand, lost: Lost) -> Level | None:
    """ACUs of all readers of a region together."""
    count = has.readers_left(lost)
    if not count or has.acus is None:
        return None
    reads = database_reads(has, _per_region(has, wants, lost).reads)
    return Level(database_acus(has, reads, 0), count * has.acus)


def pool(has: Supply, wants: Demand, lost: Lost) -> Level | None:
    """Connections of the poolers, with the statements that are at work at once."""
    if not has.pools:
        return None
    statements = database_reads(has, _per_region(has, wants, lost).reads) + wants.writes
    return Level(statements * facts.STATEMENT_MS.span.high / _MS, has.pooled(lost))


def connections(has: Supply, wants: Demand, lost: Lost) -> Level | None:
    """Connections that are open at this load."""
    budget = has.connections
    if budget is None:
        return None
    others = budget.total - budget.application
    if has.pools:
        return Level(budget.total, budget.limit)
    requests = _per_region(has, wants, lost).requests
    open_ = sum(wanted(one, requests) for one in has.fleets)
    return Level(open_ * CONNECTIONS_PER_INSTANCE.value + others, budget.limit)


def cache(has: Supply, wants: Demand, lost: Lost) -> Level | None:
    """Commands a second of all nodes of a region's cache.

    Any node answers a look. What is kept reaches each of them: the primary runs it, and its replicas run it again
    (Redis documentation, Replication). So nodes add less and less. A Global Datastore copies it to all regions.
    """
    if not has.cached:
        return None
    looks = _per_region(has, wants, lost).reads
    from_all = has.settings.row.has(Capability.GLOBAL_CACHE)
    kept = (wants.reads if from_all else looks) * (facts.CACHE_COMMANDS.span.high - 1)
    if has.cache_nodes is None:
        return Level(looks + kept, None)
    left = has.left(has.cache_nodes, lost)
    return Level(looks + kept * left, left * facts.CACHE_NODE.span.low)


def nat(has: Supply, wants: Demand, lost: Lost) -> Level | None:
    """Gbit/s through the NAT gateways of a region."""
    gbits = _per_region(has, wants, lost).requests * NAT_KB.span.high * 8 / 1e6
    # A single gateway may be in the zone that is lost: the command says so, and no size helps.
    left = max(has.gateways - (1 if lost is Lost.ZONE else 0), 1)
    return Level(gbits, left * facts.NAT_GBPS.span.low)


def balancer(has: Supply, wants: Demand, lost: Lost) -> Level | None:
    """Targets that are registered with a region's load balancer."""
    requests = _per_region(has, wants, lost).requests
    registered = sum(wanted(one, requests) for one in has.fleets)
    return Level(registered, facts.BALANCER_TARGETS.span.low)


def origin_egress(has: Supply, wants: Demand, lost: Lost) -> Level | None:
    """GB a month that leave through a region's load balancer."""
    passes = CDN_PASSES.span.high if has.proxied else 1
    return Level(_per_region(has, wants, lost).egress * passes, None)


def _whole(need: Callable[[Supply, Demand], float | None], limit: Callable[[Supply], float | None]) -> LevelOf:
    """A level of the whole load, which does not depend on what is lost."""

    def of(has: Supply, wants: Demand, lost: Lost) -> Level | None:
        value = need(has, wants)
        return None if value is None or lost is not Lost.NOTHING else Level(value, limit(has))

    return of


USERS = _whole(
    lambda has, wants: wants.users if has.settings.stage < _LAST else None, lambda has: has.settings.row.users
)
READS = _whole(lambda has, wants: None if has.cached else wants.reads, lambda _: DATABASE_READS.value)
EGRESS = _whole(lambda has, wants: None if has.proxied else wants.egress, lambda _: EGRESS_GB.value)
CDN = _whole(lambda has, wants: wants.egress if has.proxied else None, lambda _: None)
