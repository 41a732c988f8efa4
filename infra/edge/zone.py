"""A whole zone: its rules by phase, and its settings."""

from __future__ import annotations

from collections.abc import Mapping

from infra.edge.caching import cache_rules
from infra.edge.limits import rate_limits
from infra.edge.protection import managed_rules, security_headers
from infra.edge.rules import Ruleset, Site

# Setting by its id at Cloudflare. TLS to the origin is checked against its certificate: with less, Cloudflare would ask
# in plain text, and the load balancer's redirect to HTTPS would never end.
SETTINGS = {
    "ssl": "strict",
    "min_tls_version": "1.2",
    "tls_1_3": "on",
    "always_use_https": "on",
}


def rulesets(site: Site, per_minute: Mapping[str, int]) -> tuple[Ruleset, ...]:
    """Everything that a site's zone applies to requests. `per_minute`: rate limits by name."""
    managed = managed_rules(site)
    return (
        cache_rules(site),
        rate_limits(site, per_minute),
        *([managed] if managed else []),
        security_headers(site),
    )
