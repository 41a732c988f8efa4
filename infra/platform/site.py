"""A region with its network: what its data, its load balancer and its instances stand in."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi

from infra.addressing import vpc_cidr
from infra.components.network import Network, NetworkArgs
from infra.components.peering import Side
from infra.platform.place import Place
from infra.settings import Settings
from infra.stages import Capability


@dataclass(frozen=True, kw_only=True)
class Site:
    """One region's ground.

    place: the region.
    network, vpc: its network and range, which are there before anything else.
    key_arn: the stack's KMS key in this region.
    """

    settings: Settings
    place: Place
    network: Network
    vpc: IPv4Network
    key_arn: pulumi.Input[str]

    @property
    def name(self) -> str:
        """The AWS region's name."""
        return self.place.region.name

    @property
    def base(self) -> str:
        """Base name of everything in the region."""
        return self.place.base

    @property
    def side(self) -> Side:
        """The network as one side of a peering."""
        return Side(
            region=self.name,
            provider=self.place.provider,
            vpc_id=self.network.vpc_id,
            cidr=str(self.vpc),
            table_ids=self.network.inner_table_ids,
        )


def site(settings: Settings, place: Place, key_arn: pulumi.Input[str]) -> Site:
    """Declare the network of a region."""
    region = place.region
    vpc = vpc_cidr(settings.network.cidr, region.slot)
    network = Network(
        place.base,
        NetworkArgs(
            region=region.name,
            cidr=vpc,
            zones=region.zone_names,
            zonal_egress=settings.row.has(Capability.ZONAL_EGRESS),
            protect=place.protect,
        ),
        opts=place.options,
    )
    return Site(settings=settings, place=place, network=network, vpc=vpc, key_arn=key_arn)
