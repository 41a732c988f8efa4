"""What each plan of a Cloudflare zone has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from infra.thresholds import (
    PLAN_CACHE_RULES,
    PLAN_MIN_EDGE_TTL,
    PLAN_MIN_MONITOR_INTERVAL,
    PLAN_RATE_PERIOD,
    PLAN_RATE_RULES,
)


class ZonePlan(StrEnum):
    """A zone's plan at Cloudflare, the cheapest first."""

    FREE = "free"
    PRO = "pro"
    BUSINESS = "business"
    ENTERPRISE = "enterprise"

    @property
    def limits(self) -> Limits:
        """What the plan has."""
        return PLANS[self]


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a plan has. tests/cloudflare/plans.json has Cloudflare's page of each, and the day it was read.

    cache_rules, rate_rules: how many rules of a kind.
    min_edge_ttl: shortest time that a rule may have something cached, in seconds.
    rate_period: how long requests are counted and then refused, in seconds.
    rate_by_host: whether a rate limit can tell hosts apart; otherwise it looks at the path alone.
    rate_by_method: whether it can tell methods apart, and count by an expression of its own.
    rate_by_visitor: whether it can tell the visitors behind one address apart.
    logs: whether a rule may do nothing but be logged (Cloudflare, Rules language: actions).
    managed_rules: whether the zone deploys Cloudflare's managed rules; a few are in force on every zone without that.
    regional_tiers: whether tiered cache has a regional tier.
    min_monitor_interval: shortest time between two checks of a load balancer's monitor, in seconds.
    """

    cache_rules: int
    min_edge_ttl: int
    rate_rules: int
    rate_period: int
    rate_by_host: bool
    rate_by_method: bool
    rate_by_visitor: bool
    logs: bool
    managed_rules: bool
    regional_tiers: bool
    min_monitor_interval: int


def _limits(plan: ZonePlan) -> Limits:
    paid, large, largest = (
        plan is not ZonePlan.FREE,
        plan in (ZonePlan.BUSINESS, ZonePlan.ENTERPRISE),
        plan is ZonePlan.ENTERPRISE,
    )
    return Limits(
        cache_rules=PLAN_CACHE_RULES[plan].value,
        min_edge_ttl=PLAN_MIN_EDGE_TTL[plan].value,
        rate_rules=PLAN_RATE_RULES[plan].value,
        rate_period=PLAN_RATE_PERIOD[plan].value,
        rate_by_host=paid,
        rate_by_method=large,
        rate_by_visitor=large,
        logs=largest,
        managed_rules=paid,
        regional_tiers=largest,
        min_monitor_interval=PLAN_MIN_MONITOR_INTERVAL[plan].value,
    )


PLANS: dict[ZonePlan, Limits] = {plan: _limits(plan) for plan in ZonePlan}


def cheapest(has: Callable[[Limits], bool]) -> ZonePlan:
    """The cheapest plan for which `has` holds."""
    return next(plan for plan, limits in PLANS.items() if has(limits))
