"""Whether all pods at their most fit the cluster's nodes. Numbers in, a proof out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from infra.capacity import WHOLE, at_most
from infra.stages import Sizes
from infra.thresholds import (
    JOB_MEMORY,
    JOB_POD_CPU,
    NODE_OVERHEAD,
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

_MIB = 1024
_MILLI = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """Pods of one kind.

    what: who they are.
    pods: most of them at once, also during an update.
    cpu: what each requests, in vCPUs.
    memory: what each requests, in MiB.
    """

    what: str
    pods: int
    cpu: float
    memory: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeBudget:
    """What pods request at most, and what nodes may be.

    needs: pods by kind.
    cpu: limit of the nodes, in vCPUs.
    memory: limit of the nodes, in GiB.
    """

    needs: Sequence[Need]
    cpu: int
    memory: int

    @property
    def cpu_needed(self) -> float:
        """vCPUs that all pods request."""
        return sum(need.pods * need.cpu for need in self.needs)

    @property
    def memory_needed(self) -> float:
        """GiB that all pods request."""
        return sum(need.pods * need.memory for need in self.needs) / _MIB

    @property
    def cpu_usable(self) -> float:
        """vCPUs of the nodes that pods can have."""
        return self.cpu * (WHOLE - NODE_OVERHEAD.value) / WHOLE

    @property
    def memory_usable(self) -> float:
        """GiB of the nodes that pods can have."""
        return self.memory * (WHOLE - NODE_OVERHEAD.value) / WHOLE

    @property
    def holds(self) -> bool:
        """Whether all pods fit."""
        return self.cpu_needed <= self.cpu_usable and self.memory_needed <= self.memory_usable

    def __str__(self) -> str:
        cpu = " + ".join(f"{need.what} {need.pods} x {need.cpu:g}" for need in self.needs)
        memory = " + ".join(f"{need.what} {need.pods} x {need.memory}" for need in self.needs)
        return (
            f"{cpu} = {self.cpu_needed:g}, of {self.cpu_usable:g} vCPUs ({self.cpu} less {NODE_OVERHEAD.value} %); "
            f"{memory} MiB = {self.memory_needed:.4g}, of {self.memory_usable:g} GiB "
            f"({self.memory} less {NODE_OVERHEAD.value} %)"
        )


def node_budget(sizes: Sizes, *, colors: int, pooled: bool, jobs: int, works: bool) -> NodeBudget:
    """The budget of one cluster.

    Args:
        sizes: of the stack.
        colors: colors that may run at once.
        pooled: whether PgBouncer runs there.
        jobs: scheduled jobs that may run at once.
        works: whether queue workers run there, where the sizes have any.
    """
    pod = sizes.pods
    needs = [
        Need(what="web", pods=at_most(sizes.hpa.maximum) * colors, cpu=pod.cpu, memory=pod.memory),
        _small("system", 1, SYSTEM_CPU.value, SYSTEM_MEMORY.value),
    ]
    if works and sizes.workers is not None:
        needs.append(Need(what="workers", pods=at_most(sizes.workers.maximum), cpu=pod.cpu, memory=pod.memory))
    if pooled:
        pods = POOLER_PODS.value + POOLER_MOVING_PODS.value
        needs.append(_small("pooler", pods, POOLER_POD_CPU.value, POOLER_POD_MEMORY.value))
    if jobs:
        needs.append(_small("jobs", jobs, JOB_POD_CPU.value, JOB_MEMORY.value))
    if sizes.cache is not None and sizes.cache.in_cluster:
        cpu, memory = REDIS_POD_CPU.value + SENTINEL_CPU.value, REDIS_POD_MEMORY.value + SENTINEL_MEMORY.value
        needs.append(_small("redis", REDIS_PODS.value, cpu, memory))
    return NodeBudget(needs=tuple(needs), cpu=sizes.nodes.cpu, memory=sizes.nodes.memory)


def _small(what: str, pods: int, millicores: int, memory: int) -> Need:
    return Need(what=what, pods=pods, cpu=millicores / _MILLI, memory=memory)
