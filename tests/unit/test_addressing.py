"""The address plan, for every region a stack can have."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.addressing import vpc_cidr, zone_subnets
from infra.regions import REGIONS

STACKS = [IPv4Network(("10.0.0.0", 8)).network_address + index * 2**21 for index in range(8)]
RANGES = [IPv4Network((int(address), 11)) for address in STACKS]


def _disjoint(networks: list[IPv4Network]) -> bool:
    return not any(one.overlaps(other) for one, other in combinations(networks, 2))


def test_stacks_and_their_regions_never_overlap() -> None:
    assert _disjoint(RANGES)
    vpcs = [vpc_cidr(stack, region.slot) for stack in RANGES for region in REGIONS.values()]
    assert _disjoint(vpcs)
    assert all(vpc.prefixlen == 16 for vpc in vpcs)


@given(st.sampled_from(RANGES), st.sampled_from(sorted(REGIONS)))
def test_subnets_lie_in_their_vpc_and_apart(stack: IPv4Network, region: str) -> None:
    vpc = vpc_cidr(stack, REGIONS[region].slot)
    zones = [zone_subnets(vpc, index) for index in range(4)]
    subnets = [subnet for zone in zones for subnet in (zone.public, zone.private, zone.data)]
    assert all(subnet.subnet_of(vpc) for subnet in subnets)
    assert _disjoint(subnets)
    assert vpc.subnet_of(stack)


def test_slots_never_change() -> None:
    # A changed slot replaces a running VPC: a new region goes to the end, and this list grows.
    codes = "use1 use2 usw2 euw1 euc1 apse2 apse1 apne1 cac1 sae1 euw2 euw3 eun1 eus1 aps1 apne2 apne3 afs1"
    assert " ".join(region.code for region in REGIONS.values()) == codes
    assert [region.slot for region in REGIONS.values()] == list(range(len(REGIONS)))


@pytest.mark.parametrize("slot", [-1, 32])
def test_a_slot_that_the_stack_does_not_have_is_refused(slot: int) -> None:
    with pytest.raises(ValueError, match="holds 32 subnets"):
        vpc_cidr(RANGES[0], slot)


def test_a_fifth_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="holds 4 subnets"):
        zone_subnets(vpc_cidr(RANGES[0], 0), 4)
