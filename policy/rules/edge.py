"""Policies of Cloudflare."""

from __future__ import annotations

from policy.model import PolicyRule, Props, at_most, every, given, is_true, matches, one_of, values, wants

_RULESET = "cloudflare:index/ruleset:Ruleset"
# As Cloudflare's API names its settings: which values are safe.
_SETTINGS = {
    "ssl": ("strict", "full"),
    "min_tls_version": ("1.2", "1.3"),
    "always_use_https": ("on",),
    "tls_1_3": ("on", "zrt"),
}


def _setting(props: Props) -> str | None:
    name = str(props.get("settingId"))
    allowed = _SETTINGS.get(name)
    if allowed is None:
        return None
    return one_of("value", *allowed)(props)


def _origin_tls(props: Props) -> str | None:
    if props.get("phase") != "http_config_settings":
        return None
    found = [ssl for ssl in values(props, "rules[*].actionParameters.ssl") if ssl is not None]
    return next((f"a rule connects to the origin with ssl {ssl}" for ssl in found if ssl not in _SETTINGS["ssl"]), None)


def _caches_nothing_private(props: Props) -> str | None:
    if props.get("phase") != "http_request_cache_settings":
        return None
    for rule in values(props, "rules[*]"):
        parameters = (rule or {}).get("actionParameters") or {}
        if parameters.get("cache") is True and str((rule or {}).get("expression")).strip() == "true":
            return "a rule caches every response, also those for one user"
    return None


def _rate_limits(props: Props) -> str | None:
    if props.get("phase") != "http_ratelimit":
        return None
    return every(given("rules[*].ratelimit.requestsPerPeriod"), given("rules[*].ratelimit.period"))(props)


RULES = (
    PolicyRule(
        name="edge-record-short-lived",
        types=("cloudflare:index/dnsRecord:DnsRecord",),
        severity="low",
        reason="A record that resolvers cache for hours sends users to a lost region.",
        check=at_most("ttl", 300),
    ),
    PolicyRule(
        name="edge-record-points",
        types=("cloudflare:index/dnsRecord:DnsRecord",),
        severity="medium",
        reason="A record without content resolves to nothing, and another one can take its name.",
        check=given("content"),
    ),
    PolicyRule(
        name="edge-setting-safe",
        types=("cloudflare:index/zoneSetting:ZoneSetting",),
        severity="critical",
        reason="Without full TLS to the origin, passwords travel in the clear although the browser shows a lock.",
        check=_setting,
    ),
    PolicyRule(
        name="edge-origin-tls",
        types=(_RULESET,),
        severity="critical",
        reason="Without full TLS to the origin, passwords travel in the clear although the browser shows a lock.",
        check=_origin_tls,
    ),
    PolicyRule(
        name="edge-rules-named",
        types=(_RULESET,),
        severity="medium",
        reason="A rule without a reference of its own is made anew whenever one before it is removed.",
        check=given("rules[*].ref"),
    ),
    PolicyRule(
        name="edge-never-caches-all",
        types=(_RULESET,),
        severity="critical",
        reason="One user must never get the answer of another one.",
        check=_caches_nothing_private,
    ),
    PolicyRule(
        name="edge-rate-limits-bounded",
        types=(_RULESET,),
        severity="high",
        reason="A limit without a period limits nothing.",
        check=_rate_limits,
    ),
    PolicyRule(
        name="edge-pool-watched",
        types=("cloudflare:index/loadBalancerPool:LoadBalancerPool",),
        severity="high",
        reason="A pool without a health check gets traffic while it is down.",
        check=given("monitor"),
    ),
    PolicyRule(
        name="edge-monitor-tls",
        types=("cloudflare:index/loadBalancerMonitor:LoadBalancerMonitor",),
        severity="medium",
        reason="Health checks should use the same path as users.",
        check=every(one_of("type", "https"), matches("path", "/.*")),
    ),
    PolicyRule(
        name="edge-balancer-proxied",
        types=("cloudflare:index/loadBalancer:LoadBalancer",),
        severity="high",
        reason="Unproxied, it publishes the origins' addresses, and clients can bypass every rule.",
        check=every(is_true("proxied"), given("fallbackPool")),
    ),
    PolicyRule(
        name="edge-normalizes",
        types=("cloudflare:index/urlNormalizationSettings:UrlNormalizationSettings",),
        severity="medium",
        reason="Rules that look at a path must see the path that the origin sees.",
        check=wants("scope", lambda value: value in ("incoming", "both"), "incoming or both"),
    ),
)
