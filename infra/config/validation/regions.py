"""Rules for regions and their networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.addressing import REGION_PREFIX, clash
from infra.config.invalid_value import InvalidValue
from infra.stages import Capability
from infra.thresholds import DATABASE_REGIONS

if TYPE_CHECKING:
    from infra.config.settings import Settings


def database_takes_regions(settings: Settings) -> InvalidValue | None:
    """An Aurora Global Database can be in all regions in use."""
    most = DATABASE_REGIONS.value
    if settings.external_database is not None or len(settings.active_regions) <= most:
        return None
    return InvalidValue(
        key="regions",
        given=list(settings.regions),
        reason=f"an Aurora Global Database has {most} regions at most; leave some out, or use an external database",
    )


def writer_is_standby(settings: Settings) -> InvalidValue | None:
    """The region that takes the writes is one of those that can."""
    if settings.writer in (None, *settings.standby_regions):
        return None
    return InvalidValue(
        key="writer",
        given=settings.writer,
        reason=f"stage {settings.stage} can write in {' or '.join(settings.standby_regions)}; fail back before you "
        "leave stage 7 or drop the region",
    )


def lost_region_does_not_write(settings: Settings) -> InvalidValue | None:
    """The lost region is in use and does not take the writes."""
    if settings.unreachable is None or settings.unreachable in _not_writing(settings):
        return None
    return InvalidValue(
        key="unreachable",
        given=settings.unreachable,
        reason="it should be a region in use that does not take the writes; have another region take them first: "
        "ascent failover --lost",
    )


def drained_regions_do_not_write(settings: Settings) -> InvalidValue | None:
    """Drained regions are in use and do not take the writes."""
    if set(settings.drained) <= _not_writing(settings):
        return None
    return InvalidValue(
        key="drained",
        given=list(settings.drained),
        reason="it should be regions in use that do not take the writes",
    )


def _not_writing(settings: Settings) -> set[str]:
    return set(settings.active_regions) - {settings.writing_region}


def range_for_all_regions(settings: Settings) -> InvalidValue | None:
    """The range of a single region serves a stack with one region."""
    cidr, count = settings.network.cidr, len(settings.regions)
    if cidr is None or cidr.prefixlen < REGION_PREFIX or count == 1:
        return None
    return InvalidValue(
        key="network.cidr",
        given=str(cidr),
        reason=f"it is the range of one region, and the stack has {count}; give each its own under network.cidrs, the "
        "first the one it has",
    )


def range_for_each_region(settings: Settings) -> InvalidValue | None:
    """Where regions have ranges of their own, each region has one."""
    cidrs = settings.network.cidrs
    missing = [] if cidrs is None else [name for name in settings.regions if name not in cidrs]
    if not missing:
        return None
    key, given = _ranges(settings)
    return InvalidValue(
        key=key,
        given=given,
        reason=f"it should have a range for each of the regions, and has none for {', '.join(missing)}",
    )


def ranges_apart(settings: Settings) -> InvalidValue | None:
    """Ranges overlap neither each other nor those of Docker and Kubernetes."""
    reason = clash({name: settings.vpc(name) for name in settings.regions})
    if reason is None:
        return None
    key, given = _ranges(settings)
    return InvalidValue(key=key, given=given, reason=reason)


def _ranges(settings: Settings) -> tuple[str, object]:
    """The key that has the ranges, and its value as text."""
    cidrs = settings.network.cidrs
    if cidrs is None:
        return "network.cidr", str(settings.network.cidr)
    return "network.cidrs", {name: str(one) for name, one in cidrs.items()}


def address_for_each_gateway(settings: Settings) -> InvalidValue | None:
    """There are as many egress addresses as NAT gateways."""
    if not settings.row.has(Capability.ZONAL_EGRESS) or settings.network.egress_addresses != 1:
        return None
    return InvalidValue(
        key="network.egressAddresses",
        given=1,
        reason=f"stage {settings.stage} has a NAT gateway in each zone, so it should be 3; whoever lets in the first "
        "alone has to let in the other two",
    )


def vpc_for_each_region(settings: Settings) -> InvalidValue | None:
    """Either all regions in use are in existing VPCs, or none is."""
    vpcs = settings.network.vpcs
    missing = [name for name in settings.active_regions if name not in vpcs]
    if not vpcs or not missing:
        return None
    return InvalidValue(
        key="network.vpcs",
        given=sorted(vpcs),
        reason=f"it should have a VPC for each of the regions in use at stage {settings.stage}, and has none for "
        f"{', '.join(missing)}",
    )


def route_tables_for_peering(settings: Settings) -> InvalidValue | None:
    """An existing VPC that is peered lists the route tables that lead to the other regions."""
    vpcs, count = settings.network.vpcs, len(settings.active_regions)
    if not vpcs or count == 1:
        return None
    for name in settings.active_regions:
        if not vpcs[name].route_tables:
            return InvalidValue(
                key=f"network.vpcs.{name}.routeTables",
                given=[],
                reason=f"stage {settings.stage} peers {count} regions, so it should list the route tables of the "
                "private and the data subnets, which then lead to the other regions",
            )
    return None
