"""Cloudflare in front: a zone's rules, and the storage host. What it is in front of is elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from infra.components.edge import Edge, EdgeArgs
from infra.components.storage import Storage
from infra.components.storage_host import StorageHost, StorageHostArgs
from infra.dns import CloudflareRecords, Records
from infra.edge.addresses import CLOUDFLARE
from infra.edge.limits import LIMITS, kept
from infra.edge.plans import cheapest
from infra.edge.rules import Site
from infra.edge.zone import SETTINGS, rulesets
from infra.settings import Settings
from infra.stages import Capability


def clients(settings: Settings) -> Sequence[str] | None:
    """Who reaches load balancers and what the CDN serves: Cloudflare alone, or None for everybody."""
    return CLOUDFLARE if settings.row.has(Capability.PROXIED_DNS) else None


def edge(settings: Settings, records: Records | None, storage: Storage) -> list[pulumi.Resource]:
    """Declare the edge. Returns what has to be there before a record that carries traffic is proxied."""
    if not (settings.row.has(Capability.EDGE_RULES) and isinstance(records, CloudflareRecords)):
        return []
    plan, site = settings.edge.plan, site_of(settings)
    # The zone belongs to no region, and a name with one would change when the primary does.
    name = f"{pulumi.get_stack()}-edge"
    zone = Edge(
        name,
        EdgeArgs(
            zone_id=records.zone_id,
            rulesets=rulesets(site, settings.rate_limits),
            settings=SETTINGS,
            regional_tiers=plan.limits.regional_tiers,
        ),
    )
    StorageHost(
        f"{name}-storage",
        StorageHostArgs(host=site.storage, records=records, buckets=storage.hosts, origin=settings.edge.storage_origin),
        opts=pulumi.ResourceOptions(depends_on=[zone]),
    )
    _say_what_the_plan_lacks(settings)
    return [zone]


def site_of(settings: Settings) -> Site:
    """What the edge's rules are for."""
    return Site(
        app=settings.domain.name,
        storage=settings.storage_host,
        hosted=settings.edge.storage_origin is not None,
        plan=settings.edge.plan,
    )


def _say_what_the_plan_lacks(settings: Settings) -> None:
    missing = [name for name in LIMITS if name not in kept(settings.edge.plan)]
    if missing:
        all_of_them = cheapest(lambda limits: limits.rate_rules >= len(LIMITS))
        pulumi.log.warn(
            f"the {settings.edge.plan} plan has no rate limit for {' and '.join(missing)}; {all_of_them} has"
        )
