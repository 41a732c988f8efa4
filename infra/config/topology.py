"""Which regions a stack uses for what, and their address ranges. Pure functions of the stack's choices."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from ipaddress import IPv4Network

from infra.addressing import vpc_cidr
from infra.config.models.network import NetworkConfig
from infra.regions import REGIONS
from infra.stages import Capability, Stage
from infra.thresholds import STANDBY_REGIONS


def active(regions: Sequence[str], stage: Stage) -> tuple[str, ...]:
    """The regions in use at a stage, the home region first. Below stage 7, that is the home region only."""
    return tuple(regions) if stage.has(Capability.REGIONAL_REPLICAS) else tuple(regions[:1])


def standby(regions: Sequence[str]) -> tuple[str, ...]:
    """Those of the regions in use that can take the writes: the first of them."""
    return tuple(regions[: STANDBY_REGIONS.value])


def visited(regions: Sequence[str], unreachable: str | None, drained: Collection[str]) -> tuple[str, ...]:
    """Those of the regions in use that get traffic: neither lost nor drained."""
    return tuple(one for one in regions if one != unreachable and one not in drained)


def vpc_range(network: NetworkConfig, region: str) -> IPv4Network:
    """Range of the VPC in a region.

    Raises:
        KeyError: if each region has a range of its own, and this one has none.
    """
    if network.cidrs is not None:
        return network.cidrs[region]
    if network.cidr is None:
        raise ValueError("a network has either one range or several")
    return vpc_cidr(network.cidr, REGIONS[region].slot)


def ranges(network: NetworkConfig, regions: Sequence[str]) -> tuple[str, ...]:
    """Ranges that contain the VPCs of all `regions`."""
    if network.cidr is not None:
        return (str(network.cidr),)
    return tuple(str(vpc_range(network, region)) for region in regions)
