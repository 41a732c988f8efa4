"""Global traffic: Cloudflare load balancing between the regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from infra.components.edge.global_traffic import GlobalTraffic, GlobalTrafficArgs, Origin
from infra.stages import Capability
from infra.steering import PARTS, nearest, part_of
from infra.wiring.region_context import RegionContext


def global_traffic(
    regions: Sequence[RegionContext], hosts: Mapping[str, pulumi.Input[str]], front: Sequence[pulumi.Resource]
) -> None:
    """Send visitors to the nearest healthy region, where there are several and Cloudflare is the DNS provider.

    Args:
        regions: the regions in use, the home region first.
        hosts: host name of each region's load balancer, known once a target behind it serves.
        front: resources of the edge that have to exist before visitors come through Cloudflare.
    """
    home = regions[0]
    settings = home.settings
    zone_id = settings.domain.zone_id
    if not home.has(Capability.GLOBAL_TRAFFIC) or len(regions) == 1 or zone_id is None:
        return
    names = [region.name for region in regions]
    first, plan = settings.writing_region, settings.edge.plan
    GlobalTraffic(
        f"{home.base}-traffic",
        GlobalTrafficArgs(
            zone_id=zone_id,
            host=settings.domain.name,
            health_path=settings.described.health_path,
            origins={
                region.name: Origin(
                    pool=region.base,
                    address=hosts[region.name],
                    watched_from=part_of(region.name),
                    serves=region.has_visitors,
                )
                for region in regions
            },
            # The order without a location of the visitor: the region that takes the writes, then its neighbors.
            order=[first, *(name for name in nearest(part_of(first), names) if name != first)],
            nearest={part: nearest(part, names) for part in PARTS},
            shortest=plan.limits.min_monitor_interval,
        ),
        opts=pulumi.ResourceOptions(depends_on=list(front)),
    )
