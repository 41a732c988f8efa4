"""The address plan: pure arithmetic from a stack's range to one VPC per region and three subnets per zone.

stack    /11     32 regions; eight stacks fit 10.0.0.0/8 side by side and can be peered
region   /16     at the region's permanent slot, so adding or dropping a region moves no other
zone     /18     three used, the fourth free
subnets  private /19, public /22, data /22; a /20 and more of each zone stays free
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network

STACK_PREFIX = 11
REGION_PREFIX = 16
ZONE_PREFIX = 18
PRIVATE_PREFIX = 19
SMALL_PREFIX = 22


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
    """The VPC range of the region at `slot`.

    Raises:
        ValueError: when the stack's range has no such slot.
    """
    return _nth(stack, REGION_PREFIX, slot)


def zone_subnets(vpc: IPv4Network, index: int) -> ZoneSubnets:
    """The subnets of the `index`-th zone (0 to 3) of a VPC.

    Raises:
        ValueError: when the VPC has no such zone.
    """
    zone = _nth(vpc, ZONE_PREFIX, index)
    upper = _nth(zone, PRIVATE_PREFIX, 1)
    return ZoneSubnets(
        private=_nth(zone, PRIVATE_PREFIX, 0),
        public=_nth(upper, SMALL_PREFIX, 0),
        data=_nth(upper, SMALL_PREFIX, 1),
    )
