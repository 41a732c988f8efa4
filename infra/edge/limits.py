"""How much one visitor may ask of the API. Cloudflare counts in each of its data centers by itself."""

from __future__ import annotations

from collections.abc import Mapping

from infra.application import Application, VisitorLimit
from infra.edge.expressions import ANY_CASE_PATH, below, both, named, one_of, text
from infra.edge.plans import Limits, ZonePlan
from infra.edge.rules import EdgeRule, Mode, Ruleset, RulesetScope
from infra.thresholds import RATE_MINUTE

# What a limit does. There is no challenge: a script that asks the API cannot show the page that it is (Cloudflare,
# Interstitial Challenge Pages: compatibility limitations), and too many requests is an answer that clients understand.
_ACTIONS = {Mode.LOG: "log", Mode.ENFORCE: "block"}


def _counted_by(plan: Limits) -> list[str]:
    """What has a count of its own. Of those behind one address, each where the plan can tell (by a cookie of its own);
    without that cookie, all of them together (Cloudflare, Rate limiting parameters: IP with NAT support)."""
    return ["cf.colo.id", "cf.unique_visitor_id" if plan.rate_by_visitor else "ip.src"]


def kept(plan: ZonePlan, application: Application) -> tuple[str, ...]:
    """The application's limits that a plan has rules for: with fewer rules, those at the end have none."""
    return tuple(application.limits)[: plan.limits.rate_rules]


def rate_limits(site: RulesetScope, per_minute: Mapping[str, int]) -> Ruleset:
    """The rate limits of a site, in requests a minute by name."""
    limits = site.application.limits
    rules = tuple(_rule(site, name, limits[name], per_minute[name]) for name in kept(site.plan, site.application))
    return Ruleset(key="rates", name="ascent rate limits", phase="http_ratelimit", rules=rules)


def _rule(site: RulesetScope, name: str, limit: VisitorLimit, per_minute: int) -> EdgeRule:
    plan = site.plan.limits
    wanted = below(limit.prefixes, ANY_CASE_PATH)
    # Free zones look at the path alone: there, the limit is the whole zone's.
    expression = both(named(*site.apps), wanted) if plan.rate_by_host else wanted
    if limit.methods and plan.rate_by_method:
        expression = both(expression, one_of("http.request.method", limit.methods))
    # Preflights and health checks are refused along with the rest, but use nothing up.
    health = f"{ANY_CASE_PATH} ne {text(site.application.health_path.lower())}"
    counted = both(expression, 'http.request.method ne "OPTIONS"', health)
    return EdgeRule(
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
