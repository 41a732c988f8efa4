"""The edge tier: Cloudflare's rules for the zone, the edge certificate, and the storage host."""

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


def edge_clients(settings: Settings) -> Sequence[str] | None:
    """IPv4 ranges that may reach load balancers and public buckets: those of Cloudflare, or None for every address."""
    return CLOUDFLARE if settings.row.has(Capability.PROXIED_DNS) else None


def edge_certificate(settings: Settings) -> None:
    """Declare the edge certificate, where the zone's universal certificate does not cover the hosts.

    Also below stage 5, which is the first to need it, because issuing takes time.
    """
    domain = settings.domain
    if settings.edge.certificate is not EdgeCertificate.ADVANCED or domain.dns is not Dns.CLOUDFLARE:
        return
    import pulumi_cloudflare as cloudflare

    cloudflare.CertificatePack(
        f"{pulumi.get_stack()}-edge-certificate",
        zone_id=domain.zone_id or "",
        type="advanced",
        # Has to include the zone's own name: Cloudflare's Terraform provider, certificate_pack/schema.go.
        hosts=sorted({domain.zone_name, domain.name, settings.storage_host}),
        # Cloudflare renews it, and writes the validation records into the zone itself.
        validation_method="txt",
        certificate_authority="google",
        validity_days=EDGE_CERTIFICATE_DAYS.value,
        # A change of the hosts replaces the pack (certificate_pack/schema.go: hosts and zone), and the provider does
        # not wait until the new one is active. So the old one stays, and is deleted by hand: docs/edge.md.
        opts=pulumi.ResourceOptions(retain_on_delete=True),
    )


def edge(settings: Settings, records: Records | None, storage: Storage) -> list[pulumi.Resource]:
    """Declare the edge. Returns what has to exist before a DNS record that carries traffic is proxied."""
    if not (settings.row.has(Capability.EDGE_RULES) and isinstance(records, CloudflareRecords)):
        return []
    chosen, site = settings.edge, site_of(settings)
    limits = chosen.plan.limits
    # The zone belongs to no region, so its name has none.
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
                    regional_tiers=limits.regional_tiers,
                ),
            )
        )
        _warn_of_missing_limits(settings)
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


def edge_site_output(settings: Settings, storage: Storage) -> dict[str, object]:
    """This stack's entry under `edge.sites` in the stack that writes the zone's rules."""
    buckets = {} if settings.edge.storage_origin else dict(storage.hosts)
    return {"app": settings.domain.name, "storage": settings.storage_host, "buckets": buckets}


def site_of(settings: Settings) -> RulesetScope:
    """The hosts and the application that the edge's rules are about."""
    chosen = settings.edge
    return RulesetScope(
        app=settings.domain.name,
        storage=settings.storage_host,
        zone=settings.domain.zone_name,
        hosted=chosen.storage_origin is not None,
        plan=chosen.plan,
        rates=Mode(chosen.rate_limits),
        managed=chosen.managed_rules,
        application=settings.described,
        others=tuple(
            Hosts(prefix=f"{stack}-", app=one.app, storage=one.storage, buckets=tuple(one.buckets))
            for stack, one in chosen.sites.items()
        ),
    )


def _warn_of_missing_limits(settings: Settings) -> None:
    """Warn of rate limits of the application that the Cloudflare plan cannot hold."""
    limits = settings.described.limits
    missing = [name for name in limits if name not in kept(settings.edge.plan, settings.described)]
    if missing:
        all_of_them = cheapest(lambda plan: plan.rate_rules >= len(limits))
        pulumi.log.warn(
            f"the {settings.edge.plan} plan has no rate limit for {' and '.join(missing)}; {all_of_them} has"
        )
