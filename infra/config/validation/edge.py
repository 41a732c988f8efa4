"""Rules for host names, certificates and rate limits in front of the application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic.alias_generators import to_camel

from infra.config.invalid_value import InvalidValue
from infra.config.models.domain import Dns
from infra.config.models.edge import EdgeCertificate
from infra.edge.hosts import covered, inside
from infra.edge.limits import kept
from infra.edge.plans import ZonePlan
from infra.stages import Capability
from infra.thresholds import WAF_LEAST

if TYPE_CHECKING:
    from infra.config.settings import Settings


def proxied_by_cloudflare(settings: Settings) -> InvalidValue | None:
    """A stage with proxied DNS has its zone at Cloudflare."""
    if not settings.row.has(Capability.PROXIED_DNS) or settings.domain.dns is Dns.CLOUDFLARE:
        return None
    return InvalidValue(
        key="domain.dns",
        given=settings.domain.dns.value,
        reason=f"stage {settings.stage} puts Cloudflare in front, so it should be cloudflare; move the zone there or "
        "stay below",
    )


def storage_host_apart(settings: Settings) -> InvalidValue | None:
    """Public files are not served from the application's host."""
    if settings.storage_host != settings.domain.name:
        return None
    return InvalidValue(
        key="edge.storageHost",
        given=settings.edge.storage_host,
        reason="it should be another name than the application's, whose cookies it would get",
    )


def sites_store_alike(settings: Settings) -> InvalidValue | None:
    """All stacks whose rules are written here have buckets, or all have another storage."""
    if not settings.row.has(Capability.PROXIED_DNS):
        return None
    for name, site in settings.edge.sites.items():
        if bool(site.buckets) == bool(settings.edge.storage_origin):
            return InvalidValue(
                key=f"edge.sites.{name}.buckets",
                given=list(site.buckets),
                reason="it should have buckets where this stack has some, and none where it has a storageOrigin: the "
                "zone's rules treat all storage hosts alike",
            )
    return None


def hosts_in_zone(settings: Settings) -> InvalidValue | None:
    """Each proxied host is there once, in the zone, and has a certificate at the edge."""
    if not settings.row.has(Capability.PROXIED_DNS):
        return None
    zone = settings.domain.zone_name
    hosts = {"domain.name": settings.domain.name, "edge.storageHost": settings.storage_host}
    for name, site in settings.edge.sites.items():
        hosts |= {f"edge.sites.{name}.app": site.app, f"edge.sites.{name}.storage": site.storage}
    for key, host in hosts.items():
        if list(hosts.values()).count(host) > 1:
            reason = "it is there twice; each stack has two hosts of its own"
        elif not inside(host, zone):
            reason = f"it should be in the zone {zone}; if that is not the zone's name, set domain.zone"
        elif settings.edge.certificate is EdgeCertificate.UNIVERSAL and not covered(host, zone):
            reason = (
                f"Cloudflare's universal certificate is for {zone} and names one level below it. Take such a name, or "
                "set edge.certificate to advanced or own; if the zone has another name, set domain.zone"
            )
        else:
            continue
        return InvalidValue(key=key, given=host, reason=reason)
    return None


def rules_by_owner(settings: Settings) -> InvalidValue | None:
    """A stack whose rules another one writes says nothing of them itself."""
    owner = settings.edge.owner
    said = {"rateLimits", "hashedPaths", "neverCached"} & {
        to_camel(name) for name in settings.application.model_fields_set
    }
    if not owner or not said:
        return None
    return InvalidValue(
        key=f"application.{min(said)}", reason=f"the stack {owner} writes the rules of the zone; say it there"
    )


def waf_takes_limit(settings: Settings) -> InvalidValue | None:
    """The rate limit that AWS WAF applies is not below its lowest."""
    if not settings.firewall or settings.row.has(Capability.EDGE_RULES):
        return None
    first = next(iter(settings.described.limits))
    number, least = settings.rate_limits[first], WAF_LEAST.value
    if number >= least:
        return None
    return InvalidValue(
        key="firewall",
        given=settings.firewall,
        reason=f"the rate limit {first} has {number} requests a minute, and AWS WAF takes {least} or more",
    )


def limits_exist(settings: Settings) -> InvalidValue | None:
    """Each rate limit with a number of this stack's own is one of the application's, and the zone's plan has it."""
    application, plan = settings.described, settings.edge.plan
    has = kept(plan, application)
    for name in settings.edge.rate_limit_per_minute.model_dump(exclude_none=True):
        if name not in application.limits:
            return InvalidValue(
                key=f"edge.rateLimitPerMinute.{name}",
                given=settings.rate_limits[name],
                reason=f"the application has no rate limit {name}, but {', '.join(application.limits)}; give perMinute "
                "in application.rateLimits",
            )
        if name not in has:
            needed = next(other for other in ZonePlan if name in kept(other, application))
            return InvalidValue(
                key="edge",
                reason=f"the {plan.value} plan has rate limits for {' and '.join(has)} alone; {name} needs the "
                f"{needed.value} plan",
            )
    return None
