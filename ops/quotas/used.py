"""How much of a quota an account uses, by listing its resources and counting them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from infra.clients import Clients
from ops.quotas.model import Used
from ops.quotas.vcpu import Family, family, vcpus

_GIB_PER_TIB = 1024
_CPU_UNITS = 1024
# AWS, VPC quotas: NAT gateways count in these states. EC2, instance lifecycle: these have their vCPUs.
_NAT_STATES = ("pending", "available", "deleting")
_RUNNING = ("pending", "running")
_AT_ONCE = 100  # Amazon ECS, DescribeTasks: tasks in one request


def counted(service: str, operation: str, key: str, where: Callable[[Any], bool] = lambda _: True) -> Used:
    """Items of a list in all pages of an answer."""

    def used(clients: Clients, region: str) -> float:
        return float(sum(where(one) for one in _listed(clients(service, region), operation, key)))

    return used


def _listed(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(key) or ()


def addresses(clients: Clients, region: str) -> float:
    """Elastic IP addresses, without those of address ranges that the account brought along."""
    found = clients("ec2", region).describe_addresses()["Addresses"]
    return len([one for one in found if one.get("PublicIpv4Pool", "amazon") == "amazon"])


def nat_gateways(clients: Clients, region: str) -> float:
    """NAT gateways in the zone that has the most."""
    client = clients("ec2", region)
    zones = {one["SubnetId"]: one["AvailabilityZone"] for one in _listed(client, "describe_subnets", "Subnets")}
    gateways = _listed(client, "describe_nat_gateways", "NatGateways")
    found = Counter(zones.get(one.get("SubnetId")) for one in gateways if one["State"] in _NAT_STATES)
    return max(found.values(), default=0)


def instance_vcpus(of: Family, *, spot: bool) -> Used:
    """vCPUs of the instances that run."""

    def used(clients: Clients, region: str) -> float:
        reservations = _listed(clients("ec2", region), "describe_instances", "Reservations")
        return sum(
            _vcpus(one)
            for reservation in reservations
            for one in reservation["Instances"]
            if one["State"]["Name"] in _RUNNING
            and family(one["InstanceType"]) is of
            and (one.get("InstanceLifecycle") == "spot") == spot
        )

    return used


def _vcpus(instance: Any) -> int:
    options = instance.get("CpuOptions")
    if options:
        return int(options["CoreCount"]) * int(options["ThreadsPerCore"])
    return vcpus(instance["InstanceType"])


def gp3(clients: Clients, region: str) -> float:
    """TiB of gp3 volumes."""
    volumes = _listed(
        clients("ec2", region), "describe_volumes", "Volumes", Filters=[{"Name": "volume-type", "Values": ["gp3"]}]
    )
    return sum(float(one["Size"]) for one in volumes) / _GIB_PER_TIB


def cache_nodes(clients: Clients, region: str) -> float:
    """ElastiCache nodes."""
    clusters = _listed(clients("elasticache", region), "describe_cache_clusters", "CacheClusters")
    return sum(int(one["NumCacheNodes"]) for one in clusters)


def fargate(clients: Clients, region: str) -> float:
    """vCPUs of the Fargate tasks of Amazon ECS. Those on spot capacity have a quota of their own."""
    client = clients("ecs", region)
    found = 0
    for cluster in _listed(client, "list_clusters", "clusterArns"):
        tasks = list(_listed(client, "list_tasks", "taskArns", cluster=cluster, launchType="FARGATE"))
        for start in range(0, len(tasks), _AT_ONCE):
            answer = client.describe_tasks(cluster=cluster, tasks=tasks[start : start + _AT_ONCE])
            on_demand = (one for one in answer["tasks"] if one.get("capacityProviderName") != "FARGATE_SPOT")
            found += sum(int(one["cpu"]) for one in on_demand)
    return found / _CPU_UNITS


def identities(entity: str) -> Used:
    """Entities of IAM: Roles, InstanceProfiles."""
    return lambda clients, region: float(clients("iam", region).get_account_summary()["SummaryMap"][entity])
