"""Cloudflare: the zone's plan, and load balancing between regions."""

from __future__ import annotations

from collections.abc import Iterator

from ops.cost import usage
from ops.cost.around import PROXIED, Around, PricedAmount, Rule
from ops.cost.span import CostSpan, exactly

POOL = "cloudflare:index/loadBalancerPool:LoadBalancerPool"
_INCLUDED_ENDPOINTS = 2


def record(around: Around) -> Iterator[PricedAmount]:
    """A record. The first proxied one carries the price of the zone's plan, which this program does not choose."""
    proxied = [one for one in around.everywhere(PROXIED) if one.inputs.get("proxied") is True]
    if proxied and around.resource is proxied[0]:
        yield PricedAmount("cloudflare.pro", CostSpan(0, 1), "plan: Free, to Pro for managed WAF rules")


def balancer(around: Around) -> Iterator[PricedAmount]:
    """A load balancer: the subscription, endpoints beyond two, geo steering, and DNS queries."""
    endpoints = sum(len(one.inputs.get("origins") or ()) for one in around.everywhere(POOL))
    yield PricedAmount("cloudflare.balancer", exactly(1))
    yield PricedAmount("cloudflare.endpoint", exactly(max(endpoints - _INCLUDED_ENDPOINTS, 0)))
    if around.inputs.get("steeringPolicy") in ("geo", "dynamic_latency", "proximity"):
        yield PricedAmount("cloudflare.geo-steering", exactly(1))
    yield PricedAmount("cloudflare.dns-query", around.usage.per_user(usage.DNS_QUERIES) * len(around.regions) * 1e-6)


def certificate(_: Around) -> Iterator[PricedAmount]:
    """A certificate of the stack's own: the zone's subscription to them, however many there are."""
    yield PricedAmount("cloudflare.certificates", exactly(1))


RULES: dict[str, Rule] = {
    PROXIED: record,
    "cloudflare:index/certificatePack:CertificatePack": certificate,
    "cloudflare:index/loadBalancer:LoadBalancer": balancer,
}
_PLAN = "part of the zone's plan"
FREE = {
    POOL: "its endpoints are priced with the load balancer",
    "cloudflare:index/loadBalancerMonitor:LoadBalancerMonitor": "checks are part of load balancing",
    **{
        f"cloudflare:index/{name[0].lower()}{name[1:]}:{name}": _PLAN
        for name in (
            "ArgoTieredCaching",
            "AuthenticatedOriginPulls",
            "AuthenticatedOriginPullsSettings",
            "CloudConnectorRules",
            "RegionalTieredCache",
            "Ruleset",
            "TieredCache",
            "UrlNormalizationSettings",
            "ZoneSetting",
        )
    },
}
