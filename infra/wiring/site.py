"""A region with its network: what its data, its load balancer and its instances stand in."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi

from infra.components.network.existing_network import ExistingNetwork, ExistingNetworkArgs
from infra.components.network.network import Network, NetworkArgs
from infra.components.network.peering import Side
from infra.config.settings import Settings
from infra.stages import Capability
from infra.wiring.place import Place


@dataclass(frozen=True, kw_only=True)
class Site:
    """One region's ground.

    place: the region.
    network, vpc: its network and range, which are there before anything else.
    key_arn: the stack's KMS key in this region.
    """

    settings: Settings
    place: Place
    network: Network | ExistingNetwork
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


def site(settings: Settings, place: Place, key_arn: pulumi.Input[str], existing: ExistingNetworkArgs | None) -> Site:
    """Declare the network of a region, or take the existing one."""
    network = _own(settings, place) if existing is None else ExistingNetwork(place.base, existing, place.options)
    return Site(settings=settings, place=place, network=network, vpc=settings.vpc(place.region.name), key_arn=key_arn)


def _own(settings: Settings, place: Place) -> Network:
    region = place.region
    return Network(
        place.base,
        NetworkArgs(
            region=region.name,
            cidr=settings.vpc(region.name),
            zones=dict(zip(region.zones, region.zone_ids, strict=True)),
            egress_addresses=settings.network.egress_addresses,
            zonal_egress=settings.row.has(Capability.ZONAL_EGRESS),
            protect=place.protect,
        ),
        opts=place.options,
    )
