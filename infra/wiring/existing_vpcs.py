"""Existing VPCs: looked up at AWS, and refused where a stack could not run in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any, TypeVar

import pulumi
import pulumi_aws as aws

from infra.addressing import FREE
from infra.components.network.existing_network import ExistingNetworkArgs
from infra.config.models.network import Vpc
from infra.config.settings import Settings
from infra.regions import UNFIT_ZONES
from infra.wiring.account import last_line
from infra.wiring.region_context import never_built

_OUTPUT = "existingNetwork"
T = TypeVar("T")


def existing_vpcs(
    settings: Settings, providers: Mapping[str, aws.Provider], outputs: Mapping[str, Any]
) -> dict[str, ExistingNetworkArgs]:
    """The existing networks by region; empty where the stack creates its own.

    Args:
        settings: of the stack.
        providers: AWS provider of each region.
        outputs: the stack's outputs after its last update.

    Raises:
        pulumi.RunError: when a region would move to another VPC; or with every problem of a VPC, one a line.
    """
    before: Mapping[str, Any] = outputs.get("regions", {})
    vpcs = settings.network.vpcs
    for name in settings.active_regions:
        _refuse_to_move(name, vpcs.get(name), before.get(name, {}))
    return {
        name: _existing_network(settings, name, providers[name], before.get(name))
        for name in settings.active_regions
        if name in vpcs
    }


def _where(key: str) -> str:
    return f"Pulumi.{pulumi.get_stack()}.yaml: ascent:network.{key}"


def _refuse_to_move(region: str, chosen: Vpc | None, last: Mapping[str, Any]) -> None:
    """Refuse a VPC other than that of the last update: everything in it would be replaced, the database included."""
    had, theirs = last.get("vpcId"), _OUTPUT in last
    given = chosen.vpc_id if chosen else None
    if had is None or (given == had if theirs else given is None):
        return
    remedy = f"Write {had} there again" if theirs else f"Leave {region} out there"
    raise pulumi.RunError(
        f"{_where(f'vpcs.{region}')}: given {given or 'none'}; this stack is in {had}, "
        f"{'which was there before it' if theirs else 'which it made itself'}, and cannot move: all would be made "
        f"anew, its database too. Nothing was changed. {remedy}, and to move, bring up a second stack"
    )


def _existing_network(
    settings: Settings, region: str, provider: aws.Provider, previous: Mapping[str, Any] | None
) -> ExistingNetworkArgs:
    chosen = settings.network.vpcs[region]
    unreachable = region == settings.unreachable
    return ExistingNetworkArgs(
        vpc_id=chosen.vpc_id,
        public_subnet_ids=chosen.public_subnets,
        private_subnet_ids=chosen.private_subnets,
        data_subnet_ids=chosen.data_subnets,
        zone_names=_known_zones(region, previous or {})
        if unreachable
        else _checked_zones(settings, region, provider, fresh=previous is None),
        table_ids=chosen.route_tables,
    )


def _known_zones(region: str, previous: Mapping[str, Any]) -> Sequence[str]:
    """Zones of an unreachable region, from the outputs of the last update."""
    network = previous.get(_OUTPUT)
    if not network:
        raise never_built(region)
    return [str(zone) for zone in network["zones"]]


def _checked_zones(settings: Settings, region: str, provider: aws.Provider, *, fresh: bool) -> Sequence[str]:
    """Names of the zones of the data subnets, sorted, once the VPC and its subnets have passed every check."""
    chosen, invoke = settings.network.vpcs[region], pulumi.InvokeOptions(provider=provider)
    key, within = f"vpcs.{region}", settings.vpc(region)
    vpc = _asked(lambda: aws.ec2.get_vpc(id=chosen.vpc_id, opts=invoke), f"{key}.vpcId", chosen.vpc_id)
    range_key = "cidr" if settings.network.cidrs is None else f"cidrs.{region}"
    problems = list(_of_vpc(vpc, f"{key}.vpcId", range_key, within))
    tiers = {"public": chosen.public_subnets, "private": chosen.private_subnets, "data": chosen.data_subnets}
    found: dict[str, Mapping[str, aws.ec2.GetSubnetResult]] = {}
    for tier, ids in tiers.items():
        found[tier] = {
            f"{key}.{tier}Subnets[{index}]": _asked(
                lambda identifier=one: aws.ec2.get_subnet(id=identifier, opts=invoke),  # type: ignore[misc]
                f"{key}.{tier}Subnets[{index}]",
                one,
            )
            for index, one in enumerate(ids)
        }
        free = FREE[tier] if fresh else 0
        problems += _of_subnets(found[tier], chosen.vpc_id, within, free, hidden=tier != "public")
    problems += _out_of_reach(found["public"], found["private"])
    if problems:
        raise pulumi.RunError("\n".join(problems))
    return sorted(one.availability_zone for one in found["data"].values())


def _asked(question: Callable[[], T], key: str, given: str) -> T:
    try:
        return question()
    except Exception as error:
        # The provider's own words: the VPC does not exist, or the credentials may not describe it.
        raise pulumi.RunError(
            f"{_where(key)}: given {given}; AWS says: {last_line(error)}. Write one of this region and account, which "
            "the credentials may describe"
        ) from error


def _of_vpc(vpc: aws.ec2.GetVpcResult, key: str, range_key: str, within: IPv4Network) -> Iterator[str]:
    given = vpc.id
    # A block that is being removed is still listed: Amazon EC2 API Reference, VpcCidrBlockState.
    more = {one.cidr_block for one in vpc.cidr_block_associations if one.state == "associated"}
    blocks = sorted({vpc.cidr_block, *more})
    if str(within) not in blocks:
        yield (
            f"{_where(range_key)}: given {within}; {given} has {', '.join(blocks)}. Write the one that the subnets "
            "are in, under network.cidrs"
        )
    # Amazon VPC User Guide, DNS attributes for your VPC: without both, private names of endpoints do not resolve; EKS
    # asks for both as well (Amazon EKS User Guide, VPC requirements).
    for on, attribute, option in (
        (vpc.enable_dns_support, "enableDnsSupport", "--enable-dns-support"),
        (vpc.enable_dns_hostnames, "enableDnsHostnames", "--enable-dns-hostnames"),
    ):
        if not on:
            yield (
                f"{_where(key)}: given {given}; its {attribute} is off and should be on: "
                f"aws ec2 modify-vpc-attribute --vpc-id {given} {option}"
            )


def _of_subnets(
    subnets: Mapping[str, aws.ec2.GetSubnetResult], vpc_id: str, within: IPv4Network, free: int, *, hidden: bool
) -> Iterator[str]:
    """Problems of the three subnets of a tier. `hidden`: whether the tier is a private one, for nodes or databases."""
    taken: dict[str, str] = {}
    for key, subnet in subnets.items():
        given = subnet.id
        start, zone = f"{_where(key)}: given {given}; it ", subnet.availability_zone_id
        if subnet.vpc_id != vpc_id:
            yield f"{start}is in {subnet.vpc_id}. Write a subnet of {vpc_id}"
        # A subnet for IPv6 only has no IPv4 block.
        elif not subnet.cidr_block or not IPv4Network(subnet.cidr_block).subnet_of(within):
            yield (
                f"{start}has {subnet.cidr_block or 'no IPv4 addresses'}, and should be within {within}, which is what "
                "lets in the stack's own traffic. Write another subnet, or the block that it is in under network.cidrs"
            )
        if zone in taken:
            yield f"{start}is in {zone} like {taken[zone]}. Write a subnet of another zone"
        taken[zone] = subnet.id
        if hidden and zone in UNFIT_ZONES:
            yield f"{start}is in {zone}, where EKS has no cluster. Write a subnet of another zone"
        if subnet.available_ip_address_count < free:
            yield (
                f"{start}has {subnet.available_ip_address_count} free addresses, and should have {free} before the "
                "stack comes. Write a larger subnet, or free some"
            )


def _out_of_reach(
    public: Mapping[str, aws.ec2.GetSubnetResult], private: Mapping[str, aws.ec2.GetSubnetResult]
) -> Iterator[str]:
    """Private subnets in zones where the load balancer has no subnet.

    The load balancer checks no targets in such a zone, and sends them no traffic (Elastic Load Balancing API Reference,
    TargetHealth: Target.NotInUse). Instances would be replaced endlessly, and pods would never become ready.
    """
    served = {one.availability_zone_id for one in public.values()}
    # Two subnets in one zone are reported already, and so is a zone where EKS has no cluster.
    if len(served) < len(public):
        return
    alone = sorted(served - {one.availability_zone_id for one in private.values()})
    for key, subnet in private.items():
        given, zone = subnet.id, subnet.availability_zone_id
        if zone not in served and zone not in UNFIT_ZONES:
            yield (
                f"{_where(key)}: given {given}; it is in {zone}, where no public subnet is, so the load balancer "
                f"sends nothing there. Write a private subnet of {' or '.join(alone)}, or a public one of {zone}"
            )
