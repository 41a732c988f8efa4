"""The network tier: the network of each region, created by the stack or an existing one."""

from __future__ import annotations

from infra.components.network.existing_network import ExistingNetwork, ExistingNetworkArgs
from infra.components.network.network import Network, NetworkArgs
from infra.components.network.peering import Side
from infra.stages import Capability
from infra.wiring.region_context import RegionContext

RegionNetwork = Network | ExistingNetwork


def region_network(region: RegionContext, existing: ExistingNetworkArgs | None) -> RegionNetwork:
    """Declare the network of a region, or take the existing one."""
    if existing is not None:
        return ExistingNetwork(region.base, existing, region.options)
    zones, chosen = region.aws_region, region.settings.network
    return Network(
        region.base,
        NetworkArgs(
            region=region.name,
            cidr=region.vpc_cidr,
            zones=dict(zip(zones.zones, zones.zone_ids, strict=True)),
            egress_addresses=chosen.egress_addresses,
            zonal_egress=region.has(Capability.ZONAL_EGRESS),
            protect=region.protect,
        ),
        opts=region.options,
    )


def peering_side(region: RegionContext, network: RegionNetwork) -> Side:
    """The network of a region as one side of a VPC peering."""
    return Side(
        region=region.name,
        provider=region.provider,
        vpc_id=network.vpc_id,
        cidr=str(region.vpc_cidr),
        table_ids=network.inner_table_ids,
    )
