"""What the model needs to know of a stack: plain numbers, from its settings and the table of assumptions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from infra.capacity.connections import CLASSES, SERVERLESS
from infra.capacity.nodes import Node, PodNeed
from infra.config.models.runtime import Runtime
from infra.config.settings import Settings
from infra.regions import REGIONS
from infra.stages import Capability
from infra.thresholds import (
    HEALTH_INTERVAL,
    PLAN_MIN_MONITOR_INTERVAL,
    POD_LIMIT_RATIO,
    POOLER_PODS,
    UNHEALTHY_COUNT,
    WARM_PREPARED,
)
from ops import stackfile
from ops.capacity.loads import EC2, KUBERNETES, share
from ops.quotas.vcpu import vcpus

_MILLI, _WHOLE = 1000, 100
ZONE_DETECTED = UNHEALTHY_COUNT.value * HEALTH_INTERVAL.value  # seconds until the balancer leaves a lost target out
# Kubernetes, kube-controller-manager, --node-monitor-grace-period: 50 s from 1.32 on. A pod of a node that is lost is
# then taken from the balancer, before its checks fail.
NODE_DETECTED = 50
# Kubernetes, DefaultTolerationSeconds: pods of a lost node are replaced so long after it was seen.
POD_TOLERATION = 300

_ANY_CLUSTER = {"apiCidrs": ["192.0.2.0/24"]}  # RFC 5737: addresses for documents


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulatedFleet:
    """Instances of one region.

    minimum, maximum: instances.
    vcpus: of each.
    share: of the region's requests, 0 to 1.
    warm: instances that wait stopped in the warm pool at least, 0 where there is none.
    prepared: instances that are in service or wait, at most, while there are few.
    type: the instance type. spot: whether half of what is above the minimum is Spot.
    """

    minimum: int
    maximum: int
    vcpus: int
    share: float
    warm: int
    prepared: int
    type: str
    spot: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulatedPods:
    """Pods of one region.

    minimum, maximum: pods.
    request: millicores of each.
    vcpus: that each can use: its limit, or its share of a full node where that is less.
    share: of the region's requests, 0 to 1.
    each_node: pods on a node. node: its type, the cheapest on which a pod fits. nodes: so many at most.
    """

    minimum: int
    maximum: int
    request: int
    vcpus: float
    share: float
    each_node: int
    node: Node
    nodes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulatedDatabase:
    """The writer, and the readers of each region.

    min_acu, max_acu: of each instance; a provisioned class has the same for both.
    instance_class: of the instances.
    standby: whether a replica takes over when the writer is lost.
    readers: least and most of a region; None where the writer answers reads too.
    cached: whether a cache answers some reads.
    server_connections: of the poolers together; None without one.
    """

    min_acu: float
    max_acu: float
    instance_class: str
    standby: bool
    readers: tuple[int, int] | None
    cached: bool
    server_connections: int | None

    @property
    def serverless(self) -> bool:
        """Whether its capacity follows the load."""
        return self.instance_class == SERVERLESS


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulatedStack:
    """A stack at a stage.

    regions: that take traffic, each with a like part of it. zones: of the first of them.
    region: whose prices count.
    monitor_seconds: until a region that is lost gets no more visitors.
    limit: connections that the writer takes.
    """

    name: str
    stage: int
    stage_name: str
    runtime: str
    regions: int
    region: str
    zones: int
    monitor_seconds: int
    fleet: SimulatedFleet | None
    pods: SimulatedPods | None
    database: SimulatedDatabase
    limit: int


def simulated(settings: Settings, name: str) -> SimulatedStack:
    """The numbers of a stack."""
    region = settings.visited_regions[0] if settings.visited_regions else settings.home
    interval = max(HEALTH_INTERVAL.value, PLAN_MIN_MONITOR_INTERVAL[settings.edge.plan].value)
    looks = math.ceil(ZONE_DETECTED / interval)
    return SimulatedStack(
        name=name,
        stage=settings.stage,
        stage_name=settings.row.name,
        runtime=settings.runtime.value,
        regions=max(len(settings.visited_regions), 1),
        region=region,
        zones=len(REGIONS[region].zones),
        monitor_seconds=looks * interval,
        fleet=_fleet(settings) if settings.runtime.on_ec2 else None,
        pods=_pods(settings) if settings.runtime.on_kubernetes else None,
        database=_database(settings),
        limit=settings.connections.limit,
    )


def _fleet(settings: Settings) -> SimulatedFleet:
    size, warm = settings.sizes.fleet, settings.row.has(Capability.WARM_POOL)
    return SimulatedFleet(
        minimum=size.minimum,
        maximum=size.maximum,
        vcpus=vcpus(size.instance_types[0]),
        share=share(settings, EC2) / _WHOLE,
        warm=size.minimum if warm else 0,
        prepared=size.minimum * WARM_PREPARED.value if warm else 0,
        type=size.instance_types[0],
        spot=settings.row.has(Capability.SPOT),
    )


def _pods(settings: Settings) -> SimulatedPods:
    size, limit = settings.sizes, settings.sizes.nodes
    need = PodNeed(what="web", pods=size.hpa.maximum, cpu=size.pods.cpu, memory=size.pods.memory)
    node = need.node or Node(cpu=limit.cpu, memory=limit.memory)
    each = max(need.on(node), 1)
    budget = settings.node_budget
    others = sum(one.nodes for one in budget.needs if one.what != need.what)
    most = min(limit.cpu // node.cpu, limit.memory // node.memory) - others
    return SimulatedPods(
        minimum=size.hpa.minimum,
        maximum=size.hpa.maximum,
        request=round(size.pods.cpu * _MILLI),
        vcpus=min(size.pods.cpu * POD_LIMIT_RATIO.value, node.millicores / _MILLI / each),
        share=share(settings, KUBERNETES) / _WHOLE,
        each_node=each,
        node=node,
        nodes=max(most, 1),
    )


def _database(settings: Settings) -> SimulatedDatabase:
    size, row = settings.sizes.database, settings.row
    fixed = CLASSES[size.instance_class]
    readers = settings.sizes.readers if row.has(Capability.READERS) else None
    return SimulatedDatabase(
        min_acu=float(fixed or size.min_acu),
        max_acu=float(fixed or size.max_acu),
        instance_class=size.instance_class,
        standby=row.has(Capability.FAILOVER_TARGET),
        readers=(readers.minimum, readers.maximum) if readers else None,
        cached=row.has(Capability.CACHE),
        server_connections=_server_connections(settings),
    )


def _server_connections(settings: Settings) -> int | None:
    """Connections to the database that the poolers of a region hold at most."""
    if not settings.pooled:
        return None
    budget = settings.connections
    proxy = budget.proxy if settings.runtime.on_ec2 else 0
    # Of PgBouncer's pods, only those that are always there.
    bouncers = settings.pooler.cap * POOLER_PODS.value if settings.runtime.on_kubernetes else 0
    return proxy + bouncers


def values_of(stack: str, stage: int | None, runtime: Runtime | None) -> dict[str, Any]:
    """What the file of the stack with this name says, at another stage or runtime than its own where one is given.

    A stack on pods needs to say who reaches its cluster. That is nothing to a simulation, so it need not be there.

    Raises:
        SettingsError: when there is no such stack, or its file is no config.
    """
    values = stackfile.config(stack)
    if stage is not None:
        values["stage"] = stage
    if runtime is not None:
        values["runtime"] = runtime.value
        if runtime.on_kubernetes:
            values.setdefault("cluster", _ANY_CLUSTER)
    return values


def of_file(stack: str, stage: int | None, runtime: Runtime | None) -> SimulatedStack:
    """The numbers of the stack with this name, as `values_of` reads it.

    Raises:
        SettingsError: when there is no such stack, or its values are not allowed.
    """
    values = values_of(stack, stage, runtime)
    return simulated(stackfile.read(values, f"Pulumi.{stack}.yaml", judged=False), stack)
