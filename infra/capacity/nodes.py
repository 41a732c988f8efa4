"""The node budget: whether all pods at their maximum fit the limit of the cluster's nodes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from infra.capacity.load import at_most
from infra.stages import Sizes
from infra.thresholds import (
    JOB_MEMORY,
    JOB_POD_CPU,
    NODE_AGENTS_CPU,
    NODE_AGENTS_MEMORY,
    NODE_CPU_BELOW,
    NODE_MEMORY_BASE,
    NODE_MEMORY_PER_POD,
    NODE_MEMORY_VM,
    NODE_PODS,
    POOLER_MOVING_PODS,
    POOLER_POD_CPU,
    POOLER_POD_MEMORY,
    POOLER_PODS,
    REDIS_POD_CPU,
    REDIS_POD_MEMORY,
    REDIS_PODS,
    SENTINEL_CPU,
    SENTINEL_MEMORY,
    SYSTEM_CPU,
    SYSTEM_MEMORY,
)

_GIB = 1024  # MiB
_MILLI = _THOUSAND = 1000
# Millicores that kubelet reserves: of the first, the second, the third and the fourth core, and of each further core
# (Amazon EKS AMI, get_cpu_millicores_to_reserve; Karpenter uses the same numbers).
_KEPT = (60, 10, 5, 5)
_KEPT_OF_MORE = 2.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """An instance type that the node pool may use.

    cpu: vCPUs.
    memory: GiB.
    """

    cpu: int
    memory: int

    @property
    def millicores(self) -> int:
        """Thousandths of a vCPU for the pods: without the share of kubelet and of the agents on each node."""
        kept = sum(_KEPT[: self.cpu]) + max(self.cpu - len(_KEPT), 0) * _KEPT_OF_MORE
        return math.floor(self.cpu * _MILLI - kept - NODE_AGENTS_CPU.value)

    @property
    def mebibytes(self) -> int:
        """MiB of memory for the pods."""
        there = self.memory * _GIB * (_THOUSAND - NODE_MEMORY_VM.value) / _THOUSAND
        kept = NODE_MEMORY_BASE.value + NODE_PODS.value * NODE_MEMORY_PER_POD.value
        return math.floor(there - kept - NODE_AGENTS_MEMORY.value)


# By price: for each size, the compute type with 2 GiB a vCPU, then the general one with 4. The smallest types of EKS
# Auto Mode have 2 vCPUs (EKS User Guide, EKS Auto Mode supported instance reference).
NODES = tuple(
    Node(cpu=cpu, memory=cpu * ratio) for cpu in (2, 4, 8, 16) if cpu < NODE_CPU_BELOW.value for ratio in (2, 4)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PodNeed:
    """Pods of one kind.

    what: their kind.
    pods: their maximum at once, also during an update.
    cpu: request of each, in vCPUs.
    memory: request of each, in MiB.
    """

    what: str
    pods: int
    cpu: float
    memory: int

    def on(self, node: Node) -> int:
        """How many of these pods fit on a node."""
        return max(min(node.millicores // math.ceil(self.cpu * _MILLI), node.mebibytes // self.memory), 0)

    @property
    def node(self) -> Node | None:
        """The cheapest type on which one pod fits, or None."""
        return next((one for one in NODES if self.on(one)), None)

    @property
    def nodes(self) -> int:
        """How many nodes of that type all pods need."""
        return math.ceil(self.pods / self.on(self.node)) if self.node else 0

    def __str__(self) -> str:
        pods, node = f"{self.what} {self.pods} x {self.cpu:g} vCPUs and {self.memory} MiB", self.node
        if node is None:
            return f"{pods} on no node, as the largest has {NODES[-1].cpu} vCPUs and {NODES[-1].memory} GiB"
        return f"{pods} on {self.nodes} nodes of {node.cpu} vCPUs and {node.memory} GiB"


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeBudget:
    """The nodes that all pods need at most, and the limit of the nodes.

    Pods that are added one by one leave most of their nodes empty: Karpenter adds the cheapest node on which the
    waiting pod fits, and a node of 2 vCPUs has less than 2 for pods. So each kind is counted on such nodes, and on
    nodes of its own. Pods that are added together share larger nodes and fill gaps; the limit must not depend on it.

    needs: pods by kind.
    cpu: limit of the nodes, in vCPUs.
    memory: limit of the nodes, in GiB.
    """

    needs: Sequence[PodNeed]
    cpu: int
    memory: int

    @property
    def cpu_needed(self) -> int:
        """vCPUs of the nodes that all pods need."""
        return sum(need.nodes * need.node.cpu for need in self.needs if need.node)

    @property
    def memory_needed(self) -> int:
        """GiB of the nodes that all pods need."""
        return sum(need.nodes * need.node.memory for need in self.needs if need.node)

    @property
    def holds(self) -> bool:
        """Whether all pods fit."""
        fit = all(need.node for need in self.needs)
        return fit and self.cpu_needed <= self.cpu and self.memory_needed <= self.memory

    def __str__(self) -> str:
        return (
            f"{'; '.join(map(str, self.needs))}: {self.cpu_needed} vCPUs and {self.memory_needed} GiB, "
            f"of {self.cpu} vCPUs and {self.memory} GiB"
        )


def node_budget(sizes: Sizes, *, colors: int, pooled: bool, jobs: int, works: bool, own_jobs: int = 0) -> NodeBudget:
    """The budget of one cluster.

    Args:
        sizes: of the stack.
        colors: colors that may run at once.
        pooled: whether PgBouncer runs there.
        jobs: scheduled jobs on the database that may run at once.
        works: whether queue workers run there, if the sizes have any.
        own_jobs: the application's own scheduled jobs that may run at once.
    """
    pod = sizes.pods
    needs = [
        PodNeed(what="web", pods=at_most(sizes.hpa.maximum) * colors, cpu=pod.cpu, memory=pod.memory),
        _small("system", 1, SYSTEM_CPU.value, SYSTEM_MEMORY.value),
    ]
    if works and sizes.workers is not None:
        needs.append(PodNeed(what="workers", pods=at_most(sizes.workers.maximum), cpu=pod.cpu, memory=pod.memory))
    if pooled:
        pods = POOLER_PODS.value + POOLER_MOVING_PODS.value
        needs.append(_small("pooler", pods, POOLER_POD_CPU.value, POOLER_POD_MEMORY.value))
    if jobs:
        needs.append(_small("jobs", jobs, JOB_POD_CPU.value, JOB_MEMORY.value))
    if own_jobs:
        needs.append(PodNeed(what="own jobs", pods=own_jobs, cpu=pod.cpu, memory=pod.memory))
    if sizes.cache is not None and sizes.cache.in_cluster:
        cpu, memory = REDIS_POD_CPU.value + SENTINEL_CPU.value, REDIS_POD_MEMORY.value + SENTINEL_MEMORY.value
        needs.append(_small("redis", REDIS_PODS.value, cpu, memory))
    return NodeBudget(needs=tuple(needs), cpu=sizes.nodes.cpu, memory=sizes.nodes.memory)


def _small(what: str, pods: int, millicores: int, memory: int) -> PodNeed:
    return PodNeed(what=what, pods=pods, cpu=millicores / _MILLI, memory=memory)
