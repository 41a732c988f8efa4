"""The permissions that a Cloudflare token needs, by the resources of a stack."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ops.engine.recorder import Recorded

RULESET = "cloudflare:index/ruleset:Ruleset"
BALANCER = "cloudflare:index/loadBalancer:LoadBalancer"


@dataclass(frozen=True, kw_only=True, slots=True)
class Right:
    """A permission.

    name: as Cloudflare's API and the provider's documents call it.
    types: of the resources that it is for. phase: of the rules that it is for, if they are a Ruleset.
    purpose: a few words.
    reads: path of Cloudflare's API that needs the same permission to be read, with {zone} and {account} in it.
    """

    name: str
    types: tuple[str, ...]
    purpose: str
    reads: str
    phase: str | None = None

    @property
    def of_account(self) -> bool:
        """Whether it is for the account, and not for the zone alone."""
        return "{account}" in self.reads

    def is_for(self, one: Recorded) -> bool:
        """Whether a resource cannot be made without it."""
        return one.type in self.types and self.phase in (None, one.inputs.get("phase"))


def _type(name: str) -> str:
    return f"cloudflare:index/{name[0].lower()}{name[1:]}:{name}"


def _rules(name: str, phase: str, purpose: str) -> Right:
    reads = f"/zones/{{zone}}/rulesets/phases/{phase}/entrypoint"
    return Right(name=name, types=(RULESET,), purpose=purpose, reads=reads, phase=phase)


_POOLS = (_type("LoadBalancerPool"), _type("LoadBalancerMonitor"))
# The names are those that the provider's documents list as accepted for each resource (pulumi-cloudflare 6.23, Accepted
# Permissions); for rules, which have none there, by phase: Cloudflare, API token permissions, and its Terraform
# provider v5.22.0, `Scopes` of each resource.
RIGHTS = (
    Right(
        name="DNS Write",
        types=(_type("DnsRecord"),),
        purpose="the records",
        reads="/zones/{zone}/dns_records?per_page=1",
    ),
    Right(
        name="SSL and Certificates Write",
        types=(_type("CertificatePack"),),
        purpose="the certificate, with `certificate: advanced`",
        reads="/zones/{zone}/ssl/certificate_packs",
    ),
    _rules("Config Settings Write", "http_config_settings", "TLS to the origin, by host"),
    _rules("Dynamic URL Redirects Write", "http_request_dynamic_redirect", "HTTPS, by host"),
    _rules("Cache Settings Write", "http_request_cache_settings", "cache rules"),
    _rules("Zone WAF Write", "http_ratelimit", "rate limits"),
    _rules("Zone WAF Write", "http_request_firewall_managed", "managed rules, from the pro plan on"),
    _rules("Zone Transform Rules Write", "http_response_headers_transform", "response headers"),
    Right(
        name="Sanitize Write",
        types=(_type("UrlNormalizationSettings"),),
        purpose="URL normalization",
        reads="/zones/{zone}/url_normalization",
    ),
    Right(
        name="Cloud Connector Write",
        types=(_type("CloudConnectorRules"),),
        purpose="the buckets behind the storage host",
        reads="/zones/{zone}/cloud_connector/rules",
    ),
    Right(
        name="Zone Settings Write",
        types=tuple(_type(name) for name in ("ZoneSetting", "ArgoTieredCaching", "TieredCache", "RegionalTieredCache")),
        purpose="minimum TLS version, TLS 1.3, tiered cache",
        reads="/zones/{zone}/settings/min_tls_version",
    ),
    # The program reads the zone, to find the account of pools and monitors.
    Right(name="Zone Read", types=_POOLS, purpose="the account that the zone is in", reads="/zones/{zone}"),
    Right(
        name="Load Balancers Write",
        types=(_type("LoadBalancer"),),
        purpose="steering",
        reads="/zones/{zone}/load_balancers",
    ),
    Right(
        name="Load Balancing: Monitors and Pools Write",
        types=_POOLS,
        purpose="the regions' pools and their health checks",
        reads="/accounts/{account}/load_balancers/monitors",
    ),
)


def needed(resources: Iterable[Recorded]) -> list[Right]:
    """The rights without which these resources cannot be made, in the order of the table."""
    there = [one for one in resources if one.type.startswith("cloudflare:")]
    return [right for right in RIGHTS if any(right.is_for(one) for one in there)]


def unknown(resources: Iterable[Recorded]) -> set[str]:
    """Types, or phases, of resources at Cloudflare without a right in the table."""
    there = [one for one in resources if one.type.startswith("cloudflare:")]
    return {str(one.inputs.get("phase", one.type)) for one in there if not any(right.is_for(one) for right in RIGHTS)}
