"""The most that a stack needs of each quota: every size at its maximum, during the replacement of all instances."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.quotas.here import Here
from ops.quotas.model import Need
from ops.quotas.vcpu import Family, VcpuError, family, vcpus

if TYPE_CHECKING:
    from ops.engine.recorder import Recorded

GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
CLUSTER = "aws:eks/cluster:Cluster"
NODE_POOL = "kubernetes:karpenter.sh/v1:NodePool"
NAT = "aws:ec2/natGateway:NatGateway"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
ROUTE = "aws:ec2/route:Route"
PREFIX_LIST = "aws:ec2/managedPrefixList:ManagedPrefixList"
RULES = tuple(f"aws:vpc/securityGroup{way}Rule:SecurityGroup{way}Rule" for way in ("Ingress", "Egress"))
INSTANCE = "aws:rds/clusterInstance:ClusterInstance"
READERS = "aws:appautoscaling/target:Target"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
SCHEDULE = "aws:scheduler/schedule:Schedule"
TASK = "aws:ecs/taskDefinition:TaskDefinition"

_WHOLE = 100
# Ascent: a node of 2 vCPUs for each of metrics-server's two pods, in the built-in pool `system` that Auto Mode has
# beside ours. Amazon EKS, Built-in NodePools: on demand, families C, M and R.
SYSTEM_NODES, NODE_VCPUS = 2, 2
# Amazon EKS Auto Mode, NodeClass: ephemeral storage of a node by default.
NODE_GIB = 80
_GIB_PER_TIB = 1024
# Amazon ECS, task definition parameters: 1024 CPU units are a vCPU.
_CPU_UNITS = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningGroup:
    """Instances of an autoscaling group at its most.

    types: any of which each may be.
    on_demand, spot: how many run at once. A percentage that gives a fraction is rounded up for both: AWS does not
        say how it rounds.
    stopped: those in a warm pool beside them.
    gib: size of the disks of each.
    """

    types: tuple[str, ...]
    on_demand: int
    spot: int
    stopped: int
    gib: float

    def vcpus(self, of: Family) -> int:
        """vCPUs of the largest of the types that share a quota; 0 where none does.

        Raises:
            VcpuError: for a type whose vCPUs or family are not known.
        """
        for one in self.types:
            if family(one) is None:
                raise VcpuError(f"the quota that {one} counts against is not known")
        return max((vcpus(one) for one in self.types if family(one) is of), default=0)


def running(here: Here) -> Iterator[RunningGroup]:
    """Every autoscaling group at its maximum, during an instance refresh."""
    for group in here.of(GROUP):
        inputs = group.inputs
        mixed = inputs.get("mixedInstancesPolicy") or {}
        (template,) = [
            one
            for one in here.made_of(group, "mixedInstancesPolicy" if mixed else "launchTemplate")
            if one.type == TEMPLATE
        ]
        overrides = [one["instanceType"] for one in (mixed.get("launchTemplate") or {}).get("overrides") or ()]
        most = int(inputs["maxSize"])
        peak = _surging(most, inputs)
        shares = mixed.get("instancesDistribution") or {}
        base = min(int(shares.get("onDemandBaseCapacity", 0)), peak)
        percent = int(shares.get("onDemandPercentageAboveBaseCapacity", _WHOLE))
        yield RunningGroup(
            types=tuple(overrides or [template.inputs["instanceType"]]),
            on_demand=base + _part(peak - base, percent),
            spot=_part(peak - base, _WHOLE - percent),
            stopped=_warm(most, inputs),
            gib=sum(float(disk["ebs"]["volumeSize"]) for disk in template.inputs.get("blockDeviceMappings") or ()),
        )


def _surging(most: int, inputs: Any) -> int:
    """Instances while a full group is replaced: the most of its desired capacity that is in service or pending.
    Source: EC2 Auto Scaling API, RefreshPreferences and InstanceMaintenancePolicy."""
    refresh = (inputs.get("instanceRefresh") or {}).get("preferences") or {}
    policies = (refresh, inputs.get("instanceMaintenancePolicy") or {})
    return _part(most, max(int(one.get("maxHealthyPercentage", _WHOLE)) for one in policies))


def _warm(most: int, inputs: Any) -> int:
    """Instances in the warm pool of a full group: what may be prepared less what is in service, and never less than its
    minimum. Source: EC2 Auto Scaling API, PutWarmPool."""
    pool = inputs.get("warmPool")
    if not pool:
        return 0
    prepared = int(pool.get("maxGroupPreparedCapacity", most))
    return max(int(pool.get("minSize", 0)), prepared - most)


def _part(count: int, percent: int) -> int:
    return math.ceil(count * percent / _WHOLE)


def on_demand(of: Family) -> Need:
    """vCPUs on demand of the families that share a quota, and of a cluster's nodes.

    An instance of a warm pool is stopped, and does not count, but it runs while it boots for the first time.
    """

    def need(here: Here) -> float:
        instances = sum((one.on_demand + one.stopped) * one.vcpus(of) for one in running(here))
        return instances + (nodes(here) if of is Family.STANDARD else 0)

    return need


def spot(of: Family) -> Need:
    """vCPUs on spot capacity of the families that share a quota."""
    return lambda here: sum(one.spot * one.vcpus(of) for one in running(here))


def nodes(here: Here) -> float:
    """vCPUs of the nodes that a cluster in Auto Mode may have: the limit of our pool, and the system's own."""
    pools = [(one.inputs.get("computeConfig") or {}).get("nodePools") or () for one in here.of(CLUSTER)]
    system = [names for names in pools if "system" in names]
    limits = (float((one.inputs.get("spec") or {})["limits"]["cpu"]) for one in here.of(NODE_POOL))
    return sum(limits) + len(system) * SYSTEM_NODES * NODE_VCPUS


def gp3(here: Here) -> float:
    """TiB of the disks of instances and nodes."""
    instances = sum((one.on_demand + one.spot + one.stopped) * one.gib for one in running(here))
    return (instances + nodes(here) / NODE_VCPUS * NODE_GIB) / _GIB_PER_TIB


def count(type_: str, **inputs: Any) -> Need:
    """Resources of a type, of those with these inputs."""
    return lambda here: len(_those(here, type_, inputs))


def most(type_: str, name: str, **inputs: Any) -> Need:
    """The most resources of a type that belong to one other resource, to which their input `name` refers."""

    def need(here: Here) -> float:
        owners = Counter(owner.urn for one in _those(here, type_, inputs) for owner in here.made_of(one, name))
        return max(owners.values(), default=0)

    return need


def _those(here: Here, type_: str, inputs: dict[str, Any]) -> list[Recorded]:
    return [one for one in here.of(type_) if all(one.inputs.get(key) == value for key, value in inputs.items())]


def nat_gateways(here: Here) -> float:
    """NAT gateways in one zone."""
    zones = Counter(
        subnet.inputs["availabilityZoneId"] for one in here.of(NAT) for subnet in here.made_of(one, "subnetId")
    )
    return max(zones.values(), default=0)


def group_rules(here: Here) -> float:
    """Rules of one security group in one direction, which AWS counts apart.

    A prefix list counts with the entries that it may have. When rules for a list replace rules for all
    addresses, both exist for a moment, one old rule for each new one.
    """
    return max((_rules(here, type_) for type_ in RULES), default=0)


def _rules(here: Here, type_: str) -> int:
    groups: dict[str, int] = defaultdict(int)
    for rule in here.of(type_):
        lists = [one for one in here.made_of(rule, "prefixListId") if one.type == PREFIX_LIST]
        weight = sum(int(one.inputs["maxEntries"]) + 1 for one in lists) or 1
        for group in here.made_of(rule, "securityGroupId"):
            groups[group.urn] += weight
    return max(groups.values(), default=0)


def routes(here: Here) -> float:
    """Routes of one table: its own, the local one, and one for each gateway endpoint, as the list of S3 weighs 1."""
    tables = Counter(table.urn for one in here.of(ROUTE) for table in here.made_of(one, "routeTableId"))
    tables.update(table.urn for one in here.of(ENDPOINT) for table in here.made_of(one, "routeTableIds"))
    return max(tables.values(), default=-1) + 1


def database_instances(here: Here) -> float:
    """Aurora instances: those declared, or the writer and the maximum of readers."""
    bounds = [
        one.inputs for one in here.of(READERS) if one.inputs["scalableDimension"] == "rds:cluster:ReadReplicaCount"
    ]
    return max([len(here.of(INSTANCE)), *(int(one["maxCapacity"]) + 1 for one in bounds)])


def cache_nodes(here: Here) -> float:
    """ElastiCache nodes: a primary and its replicas."""
    return sum(int(one.inputs["numCacheClusters"]) for one in here.of(CACHE))


def fargate(here: Here) -> float:
    """vCPUs of the scheduled tasks, all of them at once."""
    tasks = {one.parent: int(one.inputs["cpu"]) / _CPU_UNITS for one in here.of(TASK)}
    return sum(tasks[one.parent] for one in here.of(SCHEDULE) if (one.inputs.get("target") or {}).get("ecsParameters"))
