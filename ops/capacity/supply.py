"""What a stack has at its most at a stage, as plain numbers: what a load is held against."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from infra.capacity.connections import CLASSES, ConnectionBudget
from infra.capacity.load import WHOLE, survivors
from infra.config.settings import Settings
from infra.regions import REGIONS
from infra.schedules import JOBS
from infra.stages import Capability, Sizes
from infra.thresholds import DATABASE_CPU, DATABASE_CPU_RAISED, POOLER_PODS
from ops.capacity.loads import EC2, KUBERNETES, maxima, running, share


class Lost(StrEnum):
    """What is lost while a load is carried."""

    NOTHING = "nothing"
    ZONE = "zone"
    REGION = "region"


@dataclass(frozen=True, kw_only=True, slots=True)
class ServingGroup:
    """Instances or pods of one color in one region.

    traffic: its share of the region's requests, 0 to 1.
    minimum, maximum: targets.
    """

    runtime: str
    color: str
    traffic: float
    minimum: int
    maximum: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Supply:
    """What one stack has at one stage. Regions are alike, and each takes the same share of the load.

    regions: that get traffic. zones: of the region with fewest.
    cpu: share of the database's CPU that it may use before the runbooks move up, 0 to 1.
    acus: of one database instance at its most; None where the database is not the stack's.
    readers: of one region, None where the stage has none.
    pools: connections of the poolers of the writing region, by runtime; empty without a pooler.
    connections: the budget of the database that takes the writes, None where the database is not the stack's.
    cache_nodes: of one region; None where there are none, or where their size is not the stack's.
    gateways: NAT gateways of one region.
    """

    settings: Settings
    sizes: Sizes
    regions: int
    zones: int
    fleets: tuple[ServingGroup, ...]
    cpu: float
    acus: float | None
    readers: int | None
    pools: dict[str, int]
    connections: ConnectionBudget | None
    cached: bool
    cache_nodes: int | None
    gateways: int
    proxied: bool

    def serving(self, lost: Lost) -> int:
        """Regions that serve."""
        return self.regions - (1 if lost is Lost.REGION else 0)

    def left(self, count: int, lost: Lost) -> int:
        """How many of `count`, spread over the zones of a region, are left."""
        return survivors(count, self.zones) if lost is Lost.ZONE else count

    def readers_left(self, lost: Lost) -> int | None:
        """Readers of a region that serve: where a zone is lost, the writer with it, whose place a reader takes."""
        if self.readers is None:
            return None
        if lost is not Lost.ZONE:
            return self.readers
        return max(survivors(self.readers + 1, self.zones) - 1, 0)

    def pooled(self, lost: Lost) -> int:
        """Connections of the poolers of the writing region. PgBouncer has a pod in each of two zones."""
        return sum(
            size // POOLER_PODS.value if runtime == KUBERNETES and lost is Lost.ZONE else size
            for runtime, size in self.pools.items()
        )

    @property
    def jobs(self) -> int:
        """Scheduled jobs on the database that may run at once on pods."""
        row = self.settings.row
        return len(JOBS) if self.settings.background_on_pods and row.has(Capability.DATABASE_JOBS) else 0


def supply(settings: Settings) -> Supply:
    """What a stack has at its stage."""
    sizes, row = settings.sizes, settings.row
    ours = settings.external_database is None
    size = sizes.database
    memory = CLASSES[size.instance_class]
    regions = settings.visited_regions
    zones = min(len(REGIONS[one].zones) for one in regions)
    in_cluster = sizes.cache is not None and sizes.cache.in_cluster
    nodes = sizes.cache.nodes if sizes.cache and not in_cluster and settings.external_cache is None else None
    tuned = row.has(Capability.DATABASE_TUNING)
    return Supply(
        settings=settings,
        sizes=sizes,
        regions=len(regions),
        zones=zones,
        fleets=tuple(_fleets(settings)),
        cpu=(DATABASE_CPU if tuned else DATABASE_CPU_RAISED).value / WHOLE,
        acus=(size.max_acu if memory is None else memory) if ours else None,
        readers=sizes.readers.maximum if sizes.readers and ours else None,
        pools=_pools(settings),
        connections=settings.connections if ours else None,
        cached=row.has(Capability.CACHE),
        cache_nodes=nodes,
        gateways=zones if row.has(Capability.ZONAL_EGRESS) else 1,
        proxied=row.has(Capability.EDGE_RULES),
    )


def _fleets(settings: Settings) -> list[ServingGroup]:
    bounds = {EC2: settings.sizes.fleet.minimum, KUBERNETES: settings.sizes.hpa.minimum}
    return [
        ServingGroup(
            runtime=runtime,
            color=color,
            traffic=weight * share(settings, runtime) / WHOLE**2,
            minimum=bounds[runtime],
            maximum=maximum,
        )
        for runtime, maximum in maxima(settings).items()
        for color, weight in running(settings).items()
    ]


def _pools(settings: Settings) -> dict[str, int]:
    if not settings.pooled:
        return {}
    pools = {EC2: settings.connections.application} if settings.runtime.on_ec2 else {}
    return pools | ({KUBERNETES: settings.pooler.cap * POOLER_PODS.value} if settings.runtime.on_kubernetes else {})
