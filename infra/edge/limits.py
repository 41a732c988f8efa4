"""How much one visitor may ask of the API. Cloudflare counts in each of its data centers by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.edge.expressions import ANY_CASE_PATH, below, both, named, one_of, text
from infra.edge.plans import Limits, Plan
from infra.edge.rules import Mode, Rule, Ruleset, Site
from infra.thresholds import RATE_MINUTE


@dataclass(frozen=True, slots=True)
class _Limit:
    """What a limit is about: paths, and methods where only some count."""

    prefixes: tuple[str, ...]
    methods: tuple[str, ...] = ()


# In the order in which a plan with fewer rules drops them from the end: uploads differ most from what the general limit
# allows, analyses least.
LIMITS = {
    "general": _Limit(("/api/",)),
    "uploads": _Limit(("/api/upload",), methods=("POST", "PUT", "PATCH")),
    "analysis": _Limit(("/api/analy",)),
}
HEALTH = "/api/health"
# What a limit does. There is no challenge: a script that asks the API cannot show the page that it is (Cloudflare,
# Interstitial Challenge Pages: compatibility limitations), and too many requests is an answer that clients understand.
_ACTIONS = {Mode.LOG: "log", Mode.ENFORCE: "block"}


def _counted_by(plan: Limits) -> list[str]:
    """What has a count of its own. Of those behind one address, each where the plan can tell (by a cookie of its own);
    without that cookie, all of them together (Cloudflare, Rate limiting parameters: IP with NAT support)."""
    return ["cf.colo.id", "cf.unique_visitor_id" if plan.rate_by_visitor else "ip.src"]


def kept(plan: Plan) -> tuple[str, ...]:
    """The limits that a plan has rules for."""
    return tuple(LIMITS)[: plan.limits.rate_rules]


def rate_limits(site: Site, per_minute: Mapping[str, int]) -> Ruleset:
    """The rate limits of a site, in requests a minute by name."""
    rules = tuple(_rule(site, name, LIMITS[name], per_minute[name]) for name in kept(site.plan))
    return Ruleset(key="rates", name="ascent rate limits", phase="http_ratelimit", rules=rules)


def _rule(site: Site, name: str, limit: _Limit, per_minute: int) -> Rule:
    plan = site.plan.limits
    wanted = below(limit.prefixes, ANY_CASE_PATH)
    # Free zones look at the path alone: there, the limit is the whole zone's.
    expression = both(named(*site.apps), wanted) if plan.rate_by_host else wanted
    if limit.methods and plan.rate_by_method:
        expression = both(expression, one_of("http.request.method", limit.methods))
    # Preflights and health checks are refused along with the rest, but use nothing up.
    counted = both(expression, 'http.request.method ne "OPTIONS"', f"{ANY_CASE_PATH} ne {text(HEALTH)}")
    return Rule(
        ref=f"rate-{name}",
        why=f"{per_minute} requests a minute: {name}",
        expression=expression,
        action=_ACTIONS[site.rates],
        ratelimit={
            "characteristics": _counted_by(plan),
            "period": plan.rate_period,
            "requests_per_period": -(-per_minute * plan.rate_period // RATE_MINUTE.value),
            "mitigation_timeout": plan.rate_period,
            "requests_to_origin": False,
            **({"counting_expression": counted} if plan.rate_by_method else {}),
        },
    )
