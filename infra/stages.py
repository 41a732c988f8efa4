"""Stage definitions: what each stage adds, when, and every size. Only this and wiring/ tell one stage from another.

A stage is everything below it plus its own row. Triggers and bounds are the runbooks'; sizes that they do not give are
ours, and `tests/unit/test_capacity.py` proves that each stage's fleet carries its stated users with a zone lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from infra.capacity.connections import MAX_CONNECTIONS, SERVERLESS


class Capability(StrEnum):
    """Something a stage can have."""

    NETWORK = "network"
    LOAD_BALANCER = "load-balancer"
    FLEET = "fleet"
    DOMAIN = "domain"
    SECRETS = "secrets"
    DATABASE = "database"
    STORAGE = "storage"
    WORKLOAD = "workload"
    ALARMS = "alarms"
    BUDGET = "budget"
    POOLING = "pooling"
    FAILOVER_TARGET = "failover-target"
    DATABASE_TUNING = "database-tuning"
    DATABASE_JOBS = "database-jobs"
    READERS = "readers"
    ZONAL_EGRESS = "zonal-egress"
    WARM_POOL = "warm-pool"
    PROXIED_DNS = "proxied-dns"
    EDGE_RULES = "edge-rules"
    CACHE = "cache"
    QUEUES = "queues"
    SPOT = "spot"
    FLOWS_IN_BUCKET = "flows-in-bucket"
    REGIONAL_REPLICAS = "regional-replicas"
    GLOBAL_DATABASE = "global-database"
    GLOBAL_CACHE = "global-cache"
    GLOBAL_TRAFFIC = "global-traffic"


@dataclass(frozen=True, kw_only=True, slots=True)
class SizeBounds:
    """How few and how many, both inclusive."""

    minimum: int
    maximum: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FleetSize:
    """EC2 instances per region and color.

    instance_types: arm64 types in order of preference; more than one makes a mixed-instances group.
    minimum, maximum: bounds of the autoscaling group, in instances.
    """

    instance_types: tuple[str, ...]
    minimum: int
    maximum: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseSize:
    """Aurora instances.

    min_acu, max_acu: serverless v2 capacity of each, in Aurora capacity units (2 GiB of memory each).
    instance_class: `db.serverless`, or a provisioned class that capacity does not apply to.
    max_connections: what serverless instances are told; a running one learns of another number when it starts again.
    """

    min_acu: float
    max_acu: float
    instance_class: str = SERVERLESS
    max_connections: int = MAX_CONNECTIONS


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheSize:
    """ElastiCache nodes per region: a primary and its replicas.

    in_cluster: instead, Redis with sentinels in the cluster of each region, whose size is the chart's.
    """

    node_type: str
    nodes: int
    in_cluster: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PodSize:
    """What one pod of the application requests; its limits are twice that.

    cpu: vCPUs.
    memory: MiB.
    """

    cpu: float
    memory: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeLimit:
    """What the nodes of one cluster may be together at most. They cost only while pods need them.

    cpu: vCPUs.
    memory: GiB.
    """

    cpu: int
    memory: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MonthlyBudget:
    """The cost above which a stack of this stage notifies, in US dollars a month, over all its regions.

    What `ascent cost` names for the shipped stacks at this stage, on whichever runtime costs more; at stage 7, for
    three regions. A stack of other sizes wants its own: `ascent:budget.monthlyUsd`.
    """

    monthly_usd: int


class SizeError(ValueError):
    """A size that a stage cannot have. `name` is the size, `reason` why, and what to do."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name, self.reason = name, reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How big everything is at a stage. What a stage does not have is None."""

    fleet: FleetSize
    hpa: SizeBounds
    pods: PodSize
    nodes: NodeLimit
    database: DatabaseSize
    budget: MonthlyBudget
    readers: SizeBounds | None = None
    cache: CacheSize | None = None
    workers: SizeBounds | None = None

    def overridden(self, overrides: Mapping[str, Mapping[str, Any]]) -> Sizes:
        """These sizes with a stack's own on top: `{"fleet": {"maximum": 12}}`.

        Raises:
            SizeError: where the stage does not have a size, or its lower bound exceeds its upper.
        """
        changed: dict[str, Any] = {}
        for name, fields in overrides.items():
            if not fields:
                continue
            row = getattr(self, name)
            if row is None:
                raise SizeError(name, "this stage has none; remove the override or raise the stage")
            changed[name] = replace(row, **fields)
        sizes = replace(self, **changed)
        for name, low, high in sizes._bounds():
            if low > high:
                raise SizeError(name, f"the minimum {low:g} exceeds the maximum {high:g}; lower one or raise the other")
        return sizes

    def _bounds(self) -> list[tuple[str, float, float]]:
        rows = [("fleet", float(self.fleet.minimum), float(self.fleet.maximum))]
        rows += [("database", self.database.min_acu, self.database.max_acu)]
        optional = {"hpa": self.hpa, "readers": self.readers, "workers": self.workers}
        rows += [(name, row.minimum, row.maximum) for name, row in optional.items() if row is not None]
        return rows


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One row of the table.

    number: 1 to 7.
    trigger: when to move here, from the runbooks; its numbers are in triggers.py.
    adds: what this stage has that the one below has not.
    drops: what the one below has and this one no longer needs.
    users: concurrent users each region carries with one zone lost.
    sizes: defaults that a stack may override.
    """

    number: int
    name: str
    trigger: str
    adds: tuple[Capability, ...]
    drops: tuple[Capability, ...] = ()
    users: int
    sizes: Sizes

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Everything this stage has."""
        held: set[Capability] = set()
        for stage in STAGES.values():
            if stage.number <= self.number:
                held = (held | set(stage.adds)) - set(stage.drops)
        return frozenset(held)

    def has(self, capability: Capability) -> bool:
        """Whether this stage has `capability`."""
        return capability in self.capabilities

    def as_dict(self) -> dict[str, Any]:
        """The row as plain data, for `ascent stages --json`."""
        return {
            "number": self.number,
            "name": self.name,
            "trigger": self.trigger,
            "users": self.users,
            "adds": [one.value for one in self.adds],
            "drops": [one.value for one in self.drops],
            "sizes": asdict(self.sizes),
        }


_SMALL = ("t4g.small",)  # 2 vCPU and 2 GiB: the Horizontal Scaling Guide's production instance
_STEADY = ("c7g.large",)  # 2 vCPU without CPU credits, which a burstable type runs out of under steady load
_MIXED = ("c7g.large", "m7g.large", "c6g.large", "m6g.large")  # alike in vCPU, so a target's share stays the same
# The Horizontal Scaling Guide's Deployment, and its Resource Allocation for staging and production.
_POD_S, _POD_M, _POD_L = PodSize(cpu=0.5, memory=512), PodSize(cpu=1, memory=1024), PodSize(cpu=2, memory=2048)
_CACHE_NODE = "cache.m7g.large"  # a Global Datastore takes no T-family node, so none is used from the start

_TABLE = (
    Stage(
        number=1,
        name="foundation",
        trigger="start",
        adds=(
            Capability.NETWORK,
            Capability.LOAD_BALANCER,
            Capability.FLEET,
            Capability.DOMAIN,
            Capability.SECRETS,
            Capability.DATABASE,
            Capability.STORAGE,
            Capability.WORKLOAD,
            Capability.ALARMS,
            Capability.BUDGET,
        ),
        users=100,
        sizes=Sizes(
            fleet=FleetSize(instance_types=_SMALL, minimum=2, maximum=4),
            hpa=SizeBounds(minimum=3, maximum=10),
            pods=_POD_S,
            nodes=NodeLimit(cpu=24, memory=48),
            database=DatabaseSize(min_acu=0.5, max_acu=4),
            budget=MonthlyBudget(monthly_usd=600),
        ),
    ),
    Stage(
        number=2,
        name="pooling",
        trigger="more than 50 database connections, or 100 concurrent users",
        adds=(Capability.POOLING, Capability.FAILOVER_TARGET),
        users=500,
        sizes=Sizes(
            fleet=FleetSize(instance_types=_SMALL, minimum=2, maximum=10),
            hpa=SizeBounds(minimum=3, maximum=10),
            pods=_POD_S,
            nodes=NodeLimit(cpu=24, memory=48),
            database=DatabaseSize(min_acu=0.5, max_acu=8),
            budget=MonthlyBudget(monthly_usd=700),
        ),
    ),
    Stage(
        number=3,
        name="database",
        trigger="p95 query above 500 ms, or database CPU above 70 %",
        adds=(Capability.DATABASE_TUNING, Capability.DATABASE_JOBS),
        users=1000,
        sizes=Sizes(
            fleet=FleetSize(instance_types=_SMALL, minimum=2, maximum=10),
            hpa=SizeBounds(minimum=3, maximum=10),
            pods=_POD_S,
            nodes=NodeLimit(cpu=32, memory=64),
            database=DatabaseSize(min_acu=2, max_acu=16),
            budget=MonthlyBudget(monthly_usd=1000),
        ),
    ),
    Stage(
        number=4,
        name="replicas",
        trigger="database CPU above 80 %",
        adds=(Capability.READERS, Capability.ZONAL_EGRESS, Capability.WARM_POOL),
        users=2500,
        sizes=Sizes(
            fleet=FleetSize(instance_types=_STEADY, minimum=3, maximum=10),
            hpa=SizeBounds(minimum=3, maximum=10),
            pods=_POD_M,
            nodes=NodeLimit(cpu=64, memory=128),
            database=DatabaseSize(min_acu=2, max_acu=32),
            budget=MonthlyBudget(monthly_usd=2800),
            readers=SizeBounds(minimum=1, maximum=4),
        ),
    ),
    Stage(
        number=5,
        name="cdn",
        trigger="egress above 200 GB a month",
        adds=(Capability.PROXIED_DNS, Capability.EDGE_RULES),
        # A group holds a warm pool or mixed instances, never both: one stage lies between the two.
        drops=(Capability.WARM_POOL,),
        users=5000,
        sizes=Sizes(
            fleet=FleetSize(instance_types=_STEADY, minimum=4, maximum=15),
            hpa=SizeBounds(minimum=4, maximum=15),
            pods=_POD_M,
            nodes=NodeLimit(cpu=96, memory=192),
            database=DatabaseSize(min_acu=4, max_acu=32),
            budget=MonthlyBudget(monthly_usd=3600),
            readers=SizeBounds(minimum=1, maximum=5),
        ),
    ),
    Stage(
        number=6,
        name="cache",
        trigger="more than 1000 database reads a second",
        adds=(Capability.CACHE, Capability.QUEUES, Capability.SPOT, Capability.FLOWS_IN_BUCKET),
        users=10_000,
        sizes=Sizes(
            fleet=FleetSize(instance_types=_MIXED, minimum=4, maximum=30),
            hpa=SizeBounds(minimum=4, maximum=30),
            pods=_POD_L,
            nodes=NodeLimit(cpu=384, memory=768),
            database=DatabaseSize(min_acu=4, max_acu=64),
            budget=MonthlyBudget(monthly_usd=8500),
            readers=SizeBounds(minimum=2, maximum=8),
            cache=CacheSize(node_type=_CACHE_NODE, nodes=2),
            workers=SizeBounds(minimum=1, maximum=10),
        ),
    ),
    Stage(
        number=7,
        name="global",
        trigger="more than 10 000 concurrent users",
        adds=(
            Capability.REGIONAL_REPLICAS,
            Capability.GLOBAL_DATABASE,
            Capability.GLOBAL_CACHE,
            Capability.GLOBAL_TRAFFIC,
        ),
        users=10_000,
        sizes=Sizes(
            fleet=FleetSize(instance_types=_MIXED, minimum=6, maximum=30),
            hpa=SizeBounds(minimum=6, maximum=30),
            pods=_POD_L,
            nodes=NodeLimit(cpu=448, memory=896),
            database=DatabaseSize(min_acu=8, max_acu=128),
            budget=MonthlyBudget(monthly_usd=38000),
            readers=SizeBounds(minimum=2, maximum=15),
            cache=CacheSize(node_type=_CACHE_NODE, nodes=3),
            workers=SizeBounds(minimum=2, maximum=20),
        ),
    ),
)

STAGES: dict[int, Stage] = {stage.number: stage for stage in _TABLE}
