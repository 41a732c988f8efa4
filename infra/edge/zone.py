"""A whole zone: its rules by phase, and its settings."""

from __future__ import annotations

from collections.abc import Mapping

from infra.edge.caching import cache_rules
from infra.edge.limits import rate_limits
from infra.edge.protection import managed_rules, security_headers
from infra.edge.rules import Ruleset, RulesetScope
from infra.edge.transport import origin_tls, to_https

# Setting by its id at Cloudflare: those that no rule can choose by host (Cloudflare, Configuration Rules: available
# settings). They are for everybody in the zone.
SETTINGS = {
    "min_tls_version": "1.2",
    "tls_1_3": "on",
}


def rulesets(site: RulesetScope, per_minute: Mapping[str, int]) -> tuple[Ruleset, ...]:
    """Everything that a site's zone applies to requests. `per_minute`: rate limits by name."""
    managed = managed_rules(site)
    return (
        origin_tls(site),
        to_https(site),
        cache_rules(site),
        rate_limits(site, per_minute),
        *([managed] if managed else []),
        security_headers(site),
    )
