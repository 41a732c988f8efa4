"""Cloudflare in front: a zone's rules, and the storage host. What it is in front of is elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from infra.components.data.storage import Storage
from infra.components.edge.edge import Edge, EdgeArgs
from infra.components.edge.storage_host import StorageHost, StorageHostArgs
from infra.config.models.domain import Dns
from infra.config.models.edge import EdgeCertificate
from infra.config.settings import Settings
from infra.dns import CloudflareRecords, Records
from infra.edge.addresses import CLOUDFLARE
from infra.edge.limits import kept
from infra.edge.plans import cheapest
from infra.edge.rules import Hosts, Mode, RulesetScope
from infra.edge.zone import SETTINGS, rulesets
from infra.stages import Capability
from infra.thresholds import EDGE_CERTIFICATE_DAYS


def clients(settings: Settings) -> Sequence[str] | None:
    """Who reaches load balancers and what the CDN serves: Cloudflare alone, or None for everybody."""
    return CLOUDFLARE if settings.row.has(Capability.PROXIED_DNS) else None


def certificate(settings: Settings) -> None:
    """Order the certificate that visitors are shown, where the zone's own is not good for the hosts.

    From the stage that it is asked for at, as it takes its time: before stage 5, nobody needs it yet.
    """
    domain = settings.domain
    if settings.edge.certificate is not EdgeCertificate.ADVANCED or domain.dns is not Dns.CLOUDFLARE:
        return
    import pulumi_cloudflare as cloudflare

    cloudflare.CertificatePack(
        f"{pulumi.get_stack()}-edge-certificate",
        zone_id=domain.zone_id or "",
        type="advanced",
        # Has to hold the zone's own name: Cloudflare's Terraform provider, certificate_pack/schema.go.
        hosts=sorted({domain.zone_name, domain.name, settings.storage_host}),
        # Renewed by Cloudflare, which writes the proofs into the zone itself.
        validation_method="txt",
        certificate_authority="google",
        validity_days=EDGE_CERTIFICATE_DAYS.value,
        # Other hosts are another pack (certificate_pack/schema.go: hosts and zone replace it), and the provider does
        # not wait until that one is active. So the old one stays, and goes by hand: docs/edge.md.
        opts=pulumi.ResourceOptions(retain_on_delete=True),
    )


def edge(settings: Settings, records: Records | None, storage: Storage) -> list[pulumi.Resource]:
    """Declare the edge. Returns what has to be there before a record that carries traffic is proxied."""
    if not (settings.row.has(Capability.EDGE_RULES) and isinstance(records, CloudflareRecords)):
        return []
    chosen, site = settings.edge, site_of(settings)
    # The zone belongs to no region, and a name with one would change when the primary does.
    name = f"{pulumi.get_stack()}-edge"
    front: list[pulumi.Resource] = []
    if chosen.owner is None:
        front.append(
            Edge(
                name,
                EdgeArgs(
                    zone_id=records.zone_id,
                    rulesets=rulesets(site, settings.rate_limits),
                    settings=SETTINGS,
                    regional_tiers=chosen.plan.limits.regional_tiers,
                ),
            )
        )
        _say_what_the_plan_lacks(settings)
    StorageHost(
        f"{name}-storage",
        StorageHostArgs(
            host=site.storage,
            records=records,
            buckets=storage.hosts,
            origin=chosen.storage_origin,
            others={one.storage: one.buckets for one in chosen.sites.values()},
            writes=chosen.owner is None,
        ),
        opts=pulumi.ResourceOptions(depends_on=front),
    )
    return front


def said_to_the_owner(settings: Settings, storage: Storage) -> dict[str, object]:
    """What the stack that writes the zone's rules has to list of this one, as `edge.sites` takes it."""
    buckets = {} if settings.edge.storage_origin else dict(storage.hosts)
    return {"app": settings.domain.name, "storage": settings.storage_host, "buckets": buckets}


def site_of(settings: Settings) -> RulesetScope:
    """What the edge's rules are for."""
    return RulesetScope(
        app=settings.domain.name,
        storage=settings.storage_host,
        zone=settings.domain.zone_name,
        hosted=settings.edge.storage_origin is not None,
        plan=settings.edge.plan,
        rates=Mode(settings.edge.rate_limits),
        managed=settings.edge.managed_rules,
        application=settings.described,
        others=tuple(
            Hosts(prefix=f"{stack}-", app=one.app, storage=one.storage, buckets=tuple(one.buckets))
            for stack, one in settings.edge.sites.items()
        ),
    )


def _say_what_the_plan_lacks(settings: Settings) -> None:
    limits = settings.described.limits
    missing = [name for name in limits if name not in kept(settings.edge.plan, settings.described)]
    if missing:
        all_of_them = cheapest(lambda plan: plan.rate_rules >= len(limits))
        pulumi.log.warn(
            f"the {settings.edge.plan} plan has no rate limit for {' and '.join(missing)}; {all_of_them} has"
        )
