"""What Cloudflare would do with a request, by the rules alone: cache it, count it, send it somewhere.

Facts about Cloudflare that are not in the rules: only GET and HEAD are ever cached; the last matching rule decides each
setting; a response with a cookie is not cached unless a rule ignores what the origin says, and then without the cookie.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.edge.limits import rate_limits
from infra.edge.rules import Ruleset, RulesetScope
from infra.edge.zone import rulesets
from infra.thresholds import RATE_LIMITS
from tests.edge.language import matches
from tests.edge.web import Request, Response

PER_MINUTE = {name: threshold.value for name, threshold in RATE_LIMITS.items()}
# Cloudflare, Cache by status code: what it caches by itself.
STORED_STATUSES = (200, 206, 301, 302, 303, 404, 410)


@dataclass(frozen=True)
class Verdict:
    """edge, browser: for how many seconds each may keep the response. None in `browser`: as the origin says."""

    edge: int
    browser: int | None
    key: tuple[str, ...] = ()


def settings(ruleset: Ruleset, request: Request) -> dict[str, Any]:
    """The cache settings that hold for a request."""
    found: dict[str, Any] = {}
    for rule in ruleset.rules:
        if matches(rule.expression, request.fields):
            found |= dict(rule.parameters or {})
    return found


def eligible(ruleset: Ruleset, request: Request) -> bool:
    """Whether the response may be cached, whatever it is. Without a rule, Cloudflare goes by the extension."""
    return bool(settings(ruleset, request).get("cache", True)) and request.method in ("GET", "HEAD")


def verdict(ruleset: Ruleset, request: Request, response: Response | None = None) -> Verdict:
    """For how long a response is cached."""
    response = response or Response()
    found = settings(ruleset, request)
    if not eligible(ruleset, request):
        return Verdict(0, None)
    browser = found["browser_ttl"].get("default")
    return Verdict(_edge(found["edge_ttl"], response), browser, _key(found["cache_key"], request))


def _edge(ttl: Mapping[str, Any], response: Response) -> int:
    said = _by_status(ttl, response.status)
    if said is None and response.status in STORED_STATUSES:
        said = ttl["default"] if ttl["mode"] == "override_origin" else _origin(response)
    return max(0, said or 0)


def _by_status(ttl: Mapping[str, Any], status: int) -> int | None:
    for row in ttl.get("status_code_ttls", ()):
        bounds = row["status_code_range"]
        if bounds.get("from_", 0) <= status <= bounds.get("to", 999):
            return int(row["value"])
    return None


def _origin(response: Response) -> int:
    control = response.headers.get("cache-control", "")
    if "set-cookie" in response.headers or re.search(r"\b(private|no-store|no-cache)\b", control):
        return 0
    age = re.search(r"\bs-maxage=(\d+)", control) or re.search(r"\bmax-age=(\d+)", control)
    return int(age[1]) if age else 0


def _key(key: Mapping[str, Any], request: Request) -> tuple[str, ...]:
    if "custom_key" in key:
        return (request.host, request.path)
    return (request.host, request.path, *sorted(request.query.split("&")))


def limited(site: RulesetScope, request: Request) -> list[str]:
    """The rate limits that a request counts for, at a site."""
    return counted(rate_limits(site, PER_MINUTE), request)


def counted(ruleset: Ruleset, request: Request) -> list[str]:
    """The rate limits of a ruleset that a request counts for."""
    return [
        rule.ref.removeprefix("rate-")
        for rule in ruleset.rules
        if rule.ratelimit and matches(rule.ratelimit.get("counting_expression", rule.expression), request.fields)
    ]


def all_rulesets(site: RulesetScope) -> dict[str, Ruleset]:
    """Every ruleset of a site, by phase."""
    return {ruleset.phase: ruleset for ruleset in rulesets(site, PER_MINUTE)}


def expressions(site: RulesetScope) -> dict[str, str]:
    """Every expression of a site, by the reference of its rule."""
    found = {}
    for ruleset in all_rulesets(site).values():
        for rule in ruleset.rules:
            found[f"{ruleset.key}/{rule.ref}"] = rule.expression
            counted = (rule.ratelimit or {}).get("counting_expression")
            if counted:
                found[f"{ruleset.key}/{rule.ref}/counted"] = counted
    return found
