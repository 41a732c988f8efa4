"""The address plan: pure arithmetic from a stack's range, or a region's own, to one VPC per region and its subnets.

stack    /11     32 regions; eight stacks fit 10.0.0.0/8 side by side and can be peered
region   /16     at the region's permanent slot, so adding or dropping a region moves no other; or its own /16 to /20
zone     a quarter of the region: three used, the fourth free
subnets  private half of it, public and data an eighth of that each; the rest stays free

           VPC    private each    public and data each
           /16    /19  8,187      /22  1,019
           /20    /23    507      /26     59
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import combinations

STACK_PREFIX = 11
REGION_PREFIX = 16
# A stack has 500 instances, workers and pods in a region at most, both colors of each: a third of a /20's addresses.
# A load balancer wants subnets of /27 or larger (Elastic Load Balancing, Application Load Balancers: subnets), a proxy
# 45 addresses beside a writer of 8xlarge (Amazon RDS User Guide, Planning for IP address capacity): a /26 has both.
SMALLEST_PREFIX = 20
# Free addresses that a subnet of an existing VPC has before a stack comes: as in the stack's own /20, less a tenth for
# what else is in it.
FREE = {"public": 53, "private": 456, "data": 53}
ZONE_BITS, PRIVATE_BITS, SMALL_BITS = 2, 3, 6

PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))  # RFC 1918
# Docker's own bridge on every instance: no container reaches what has such an address. Also: Amazon VPC User
# Guide, VPC CIDR blocks.
DOCKER = IPv4Network("172.17.0.0/16")
# Where EKS puts the addresses of Services: the former, unless the VPC has addresses that begin with 10 (Amazon EKS User
# Guide, Create a cluster: service CIDR; awslabs/amazon-eks-ami, bootstrap.sh).
SERVICES = IPv4Network("10.100.0.0/16")
SERVICES_BESIDE_TEN = IPv4Network("172.20.0.0/16")


@dataclass(frozen=True, slots=True)
class ZoneSubnets:
    """The three subnets of one availability zone."""

    public: IPv4Network
    private: IPv4Network
    data: IPv4Network


def _nth(network: IPv4Network, prefix: int, index: int) -> IPv4Network:
    """The `index`-th subnet of size `prefix` in `network`, without listing those before it.

    Raises:
        ValueError: when the network has no such subnet.
    """
    count = 1 << (prefix - network.prefixlen)
    if not 0 <= index < count:
        raise ValueError(f"{network} holds {count} subnets of /{prefix}; there is no number {index}")
    size = 1 << (network.max_prefixlen - prefix)
    return IPv4Network((int(network.network_address) + index * size, prefix))


def vpc_cidr(stack: IPv4Network, slot: int) -> IPv4Network:
    """The VPC range of the region at `slot`: its part of the stack's range, or all of one that is a region's own.

    Raises:
        ValueError: when the stack's range has no such slot.
    """
    return stack if stack.prefixlen >= REGION_PREFIX else _nth(stack, REGION_PREFIX, slot)


def zone_subnets(vpc: IPv4Network, index: int) -> ZoneSubnets:
    """The subnets of the `index`-th zone (0 to 3) of a VPC.

    Raises:
        ValueError: when the VPC has no such zone.
    """
    zone = _nth(vpc, vpc.prefixlen + ZONE_BITS, index)
    upper = _nth(zone, vpc.prefixlen + PRIVATE_BITS, 1)
    small = vpc.prefixlen + SMALL_BITS
    return ZoneSubnets(
        private=_nth(zone, vpc.prefixlen + PRIVATE_BITS, 0),
        public=_nth(upper, small, 0),
        data=_nth(upper, small, 1),
    )


def clash(vpcs: Mapping[str, IPv4Network]) -> str | None:
    """Why VPCs with these ranges, by region, cannot be one stack's; None where they can."""
    for (name, one), (other_name, other) in combinations(vpcs.items(), 2):
        if one.overlaps(other):
            return f"{one} of {name} and {other} of {other_name} overlap, so the two cannot be peered"
    ten = PRIVATE[0]
    taken = {DOCKER: "Docker's own on every instance"} | {
        SERVICES_BESIDE_TEN if vpc.subnet_of(ten) else SERVICES: f"that of Kubernetes' Services in {name}"
        for name, vpc in vpcs.items()
    }
    for name, vpc in vpcs.items():
        for network, whose in taken.items():
            if vpc.overlaps(network):
                return f"{vpc} of {name} overlaps {network}, which is {whose}; take another"
    return None
