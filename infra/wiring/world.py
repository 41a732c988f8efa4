"""What spans the regions: the steering of traffic between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from infra.components.edge.global_traffic import GlobalTraffic, GlobalTrafficArgs, Origin
from infra.config.settings import Settings
from infra.stages import Capability
from infra.steering import PARTS, nearest, part_of
from infra.wiring.place import Place


def traffic(
    settings: Settings,
    places: Mapping[str, Place],
    hosts: Mapping[str, pulumi.Input[str]],
    front: Sequence[pulumi.Resource],
) -> None:
    """Steer visitors between the regions, where there are several and Cloudflare answers for the domain.

    Args:
        places: the regions in use by name, the primary first.
        hosts: host name of each one's load balancer, known once something behind it answers.
        front: what has to be there before visitors come by way of Cloudflare.
    """
    zone_id = settings.domain.zone_id
    if not settings.row.has(Capability.GLOBAL_TRAFFIC) or len(places) == 1 or zone_id is None:
        return
    names = list(places)
    first = settings.writing_region
    GlobalTraffic(
        f"{places[settings.home].base}-traffic",
        GlobalTrafficArgs(
            zone_id=zone_id,
            host=settings.domain.name,
            health_path=settings.described.health_path,
            origins={
                name: Origin(
                    pool=one.base,
                    address=hosts[name],
                    watched_from=part_of(name),
                    serves=name in settings.visited_regions,
                )
                for name, one in places.items()
            },
            # Where nothing tells regions apart, the one that takes the writes, and then its neighbors.
            order=[first, *(name for name in nearest(part_of(first), names) if name != first)],
            nearest={part: nearest(part, names) for part in PARTS},
            shortest=settings.edge.plan.limits.min_monitor_interval,
        ),
        opts=pulumi.ResourceOptions(depends_on=list(front)),
    )
