"""What Cloudflare adds to responses, and the attacks that it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.edge.expressions import about, both, host
from infra.edge.rules import EdgeRule, Mode, Ruleset, RulesetScope
from infra.thresholds import CLIENT_ERRORS, HSTS_MAX_AGE

# Cloudflare's own rules, by their ids; Cloudflare, WAF: managed rules reference.
MANAGED = {
    "cloudflare": "efb7b8c949ac4650a09736dc376e9aee",
    "owasp": "4814384a9e5d4991b9815dcfc25d2f1f",
}
# Of those, the ones whose rules only add up a score, and the one rule that then acts: Cloudflare OWASP Core Ruleset,
# "Configure the score threshold and the action".
_ACTING = {"owasp": "6179ae15870a4bb7b2d480d4843b323c"}
# What they do instead of what Cloudflare has chosen for each.
_ACTIONS = {Mode.LOG: "log", Mode.CHALLENGE: "managed_challenge"}
# How long a browser asks for nothing but TLS, at this host and below it.
HSTS = f"max-age={HSTS_MAX_AGE.value}"
# What an application may want otherwise.
UNLESS_SAID = {
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-frame-options": "SAMEORIGIN",
}
# An uploaded file that is opened by itself runs no script.
INERT = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def managed_rules(site: RulesetScope) -> Ruleset | None:
    """Cloudflare's managed rules, or None where the plan has none to deploy."""
    if not site.plan.limits.managed_rules:
        return None
    rules = tuple(
        EdgeRule(
            ref=f"managed-{name}",
            why=f"Managed rules: {name}",
            expression=about(site),
            action="execute",
            parameters={"id": ruleset, **_overrides(name, site.managed)},
        )
        for name, ruleset in MANAGED.items()
    )
    return Ruleset(key="managed", name="ascent managed rules", phase="http_request_firewall_managed", rules=rules)


def _overrides(name: str, mode: Mode) -> dict[str, Any]:
    if mode not in _ACTIONS:
        return {}
    action = _ACTIONS[mode]
    acting = _ACTING.get(name)
    return {"overrides": {"rules": [{"id": acting, "action": action}]} if acting else {"action": action}}


def security_headers(site: RulesetScope) -> Ruleset:
    """What is added to every response of the site."""
    # The zone's own name has everybody's below it, who may not have TLS.
    below = "" if site.zone in (*site.apps, *site.storages) else "; includeSubDomains"
    always = {"strict-transport-security": f"{HSTS}{below}", "x-content-type-options": "nosniff"}
    return Ruleset(
        key="headers",
        name="ascent security headers",
        phase="http_response_headers_transform",
        rules=(
            _set("security", "TLS from now on, and no guessing of types", about(site), always),
            *(
                _set(
                    name,
                    "Where the application does not say otherwise",
                    both(host(*site.apps), f'not any(http.response.headers.names[*] eq "{name}")'),
                    {name: value},
                )
                for name, value in UNLESS_SAID.items()
            ),
            *(
                _set(f"{one.prefix}storage", "Files are shown, and run nothing", host(one.storage), _inert(one.app))
                for one in site.hosts
            ),
            _set(
                "storage-errors",
                "Browsers keep a file for a day, and not that it was missing",
                both(host(*site.storages), f"http.response.code ge {CLIENT_ERRORS[0].value}"),
                {"cache-control": "no-store"},
            ),
        ),
    )


def _inert(app: str) -> dict[str, str]:
    # One answer for every origin that asks: a cached one is handed to all.
    return {"content-security-policy": INERT, "access-control-allow-origin": f"https://{app}"}


def _set(ref: str, why: str, expression: str, headers: Mapping[str, str]) -> EdgeRule:
    values = {name: {"operation": "set", "value": value} for name, value in headers.items()}
    return EdgeRule(ref=ref, why=why, expression=expression, action="rewrite", parameters={"headers": values})
