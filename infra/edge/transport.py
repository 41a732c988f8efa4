"""TLS on both sides of Cloudflare, by host: what a setting of the zone would do to everybody in it."""

from __future__ import annotations

from infra.edge.expressions import about, both, named, text
from infra.edge.rules import EdgeRule, Ruleset, RulesetScope

_MOVED_FOR_GOOD = 301  # status: RFC 9110, section 15.4.2: Moved Permanently; as Always Use HTTPS answers

# Cloudflare checks the origin's certificate. With less it would ask in plain text, and the load balancer's redirect to
# HTTPS would never end.
ORIGIN_TLS = "strict"


def origin_tls(site: RulesetScope) -> Ruleset:
    """How Cloudflare asks the origins of a site."""
    rule = EdgeRule(
        ref="origin-tls",
        why="TLS to the origin, whose certificate is checked",
        expression=about(site),
        action="set_config",
        parameters={"ssl": ORIGIN_TLS},
    )
    return Ruleset(key="config", name="ascent configuration", phase="http_config_settings", rules=(rule,))


def to_https(site: RulesetScope) -> Ruleset:
    """Requests in plain HTTP are redirected to HTTPS. Cloudflare does this before any other rule."""
    rules = tuple(
        _sent_on(f"{one.prefix}https-{name}", host)
        for one in site.hosts
        for name, host in {"app": one.app, "storage": one.storage}.items()
    )
    return Ruleset(key="redirects", name="ascent redirects", phase="http_request_dynamic_redirect", rules=rules)


def _sent_on(ref: str, host: str) -> EdgeRule:
    # By the host's own name, and not the visitor's spelling of it, which may have a port.
    target = {"expression": f"concat({text(f'https://{host}')}, http.request.uri.path)"}
    return EdgeRule(
        ref=ref,
        why=f"HTTPS for {host}",
        expression=both("not ssl", named(host)),
        action="redirect",
        parameters={
            "from_value": {"status_code": _MOVED_FOR_GOOD, "target_url": target, "preserve_query_string": True}
        },
    )
