"""The address plan, for every region a stack can have."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.addressing import SMALLEST_PREFIX, vpc_cidr, zone_subnets
from infra.config.problems import SettingsError
from infra.regions import REGIONS, Region
from tests.unit.configs import settings

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


def test_letters_of_places_never_change() -> None:
    # They are in the names of subnets, gateways and addresses: a changed one replaces them.
    others = {region.name: "".join(region.zones) for region in REGIONS.values() if region.zones != ("a", "b", "c")}
    assert others == {"ap-northeast-1": "acd", "ca-central-1": "abd"}


@pytest.mark.parametrize("region", REGIONS.values(), ids=lambda region: region.code)
def test_zones_are_three_of_the_region_in_which_every_service_is(region: Region) -> None:
    assert len(set(region.zone_ids)) == 3
    assert all(re.fullmatch(rf"{region.code}-az[1-6]", one) for one in region.zone_ids)
    # Amazon EKS User Guide: subnets for clusters. The other is closed to accounts that are not in it yet.
    assert not {"use1-az3", "usw1-az2", "cac1-az3", "apne1-az3"} & set(region.zone_ids)


@pytest.mark.parametrize("slot", [-1, 32])
def test_a_slot_that_the_stack_does_not_have_is_refused(slot: int) -> None:
    with pytest.raises(ValueError, match="holds 32 subnets"):
        vpc_cidr(RANGES[0], slot)


@given(st.integers(16, SMALLEST_PREFIX), st.integers(0, 4095), st.sampled_from(sorted(REGIONS)))
def test_a_range_of_a_region_s_own_is_its_vpc_and_holds_its_subnets(prefix: int, index: int, region: str) -> None:
    own = IPv4Network((int(IPv4Address("10.0.0.0")) + (index << 12), prefix), strict=False)
    assert vpc_cidr(own, REGIONS[region].slot) == own
    zones = [zone_subnets(own, index) for index in range(4)]
    subnets = [subnet for zone in zones for subnet in (zone.public, zone.private, zone.data)]
    assert _disjoint(subnets)
    assert all(subnet.subnet_of(own) for subnet in subnets)
    # Elastic Load Balancing, Application Load Balancers: subnets of /27 or larger.
    assert all(subnet.prefixlen <= 27 for subnet in subnets)


def test_the_smallest_range_has_thrice_the_addresses_that_a_region_may_take() -> None:
    largest = 100
    with pytest.raises(SettingsError, match=f"1 to {largest}"):
        settings(fleet={"maximum": largest + 1}, hpa={"maximum": largest + 1}, workers={"maximum": largest + 1})
    both_colors_on_both_runtimes = 2 * (largest + largest)
    smallest = IPv4Network(("10.0.0.0", SMALLEST_PREFIX))
    # Amazon VPC User Guide, Subnet CIDR blocks: five of each subnet are AWS' own.
    there = sum(zone_subnets(smallest, index).private.num_addresses - 5 for index in range(3))
    assert there >= 3 * (both_colors_on_both_runtimes + largest)


def test_a_fifth_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="holds 4 subnets"):
        zone_subnets(vpc_cidr(RANGES[0], 0), 4)
