"""Stacks for simulations, made of plain numbers."""

from __future__ import annotations

from infra.capacity.nodes import Node
from ops.simulate.stack import SimulatedDatabase, SimulatedFleet, SimulatedPods, SimulatedStack


def fleet(minimum: int = 2, maximum: int = 10, share: float = 1.0, warm: int = 0) -> SimulatedFleet:
    """Instances of 2 vCPUs."""
    return SimulatedFleet(
        minimum=minimum,
        maximum=maximum,
        vcpus=2,
        share=share,
        warm=warm,
        prepared=2 * warm,
        type="c7g.large",
        spot=False,
    )


def pods(
    minimum: int = 3, maximum: int = 20, share: float = 1.0, each_node: int = 3, nodes: int = 100
) -> SimulatedPods:
    """Pods that ask for 500 millicores and can use one vCPU."""
    return SimulatedPods(
        minimum=minimum,
        maximum=maximum,
        request=500,
        vcpus=1.0,
        share=share,
        each_node=each_node,
        node=Node(cpu=2, memory=4),
        nodes=nodes,
    )


def database(
    *,
    acus: tuple[float, float] = (2, 32),
    readers: tuple[int, int] | None = None,
    instance_class: str = "db.serverless",
    cached: bool = False,
) -> SimulatedDatabase:
    """A database with a standby, behind a pooler of 200 connections."""
    return SimulatedDatabase(
        min_acu=acus[0],
        max_acu=acus[1],
        instance_class=instance_class,
        standby=True,
        readers=readers,
        cached=cached,
        server_connections=200,
    )


def stack(
    *,
    instances: SimulatedFleet | None = None,
    on_pods: SimulatedPods | None = None,
    data: SimulatedDatabase | None = None,
    regions: int = 1,
) -> SimulatedStack:
    """A stack; on two small instances where nothing is said."""
    return SimulatedStack(
        name="test",
        stage=4,
        stage_name="replicas",
        runtime="ec2",
        regions=regions,
        region="us-east-1",
        zones=3,
        monitor_seconds=90,
        fleet=instances if instances or on_pods else fleet(),
        pods=on_pods,
        database=data or database(),
        limit=2000,
    )
