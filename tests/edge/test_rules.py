"""The rules as a whole: their order and identity, and what each plan has of them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from infra.application import PROFILES, Profile
from infra.config.problems import SettingsError
from infra.edge.caching import cache_rules
from infra.edge.connector import connections
from infra.edge.limits import kept, rate_limits
from infra.edge.plans import PLANS, ZonePlan, cheapest
from infra.edge.rules import EdgeRule, Mode, RulesetScope
from infra.edge.zone import SETTINGS, rulesets
from infra.wiring.edge import site_of
from tests.edge.language import evaluate, matches, parse
from tests.edge.replay import PER_MINUTE, all_rulesets, limited
from tests.edge.samples import APP, OWN, STORAGE, ZONE, app, stored
from tests.edge.web import Request
from tests.unit.configs import settings

RUNBOOKS = PROFILES[Profile.RUNBOOKS]

# Cloudflare knows a rule by its reference: renaming one here makes it anew there.
REFS = {
    "http_config_settings": ["origin-tls"],
    "http_request_dynamic_redirect": ["https-app", "https-storage"],
    "http_request_cache_settings": ["default", "app-static", "storage", "images", "charts", "never"],
    "http_ratelimit": ["rate-general", "rate-uploads", "rate-analysis"],
    "http_request_firewall_managed": ["managed-cloudflare", "managed-owasp"],
    "http_response_headers_transform": ["security", "referrer-policy", "x-frame-options", "storage", "storage-errors"],
}


def at(plan: ZonePlan) -> dict[str, tuple[EdgeRule, ...]]:
    """Rules by phase on a plan."""
    return {phase: ruleset.rules for phase, ruleset in all_rulesets(replace(OWN, plan=plan)).items()}


def test_every_rule_has_a_reference_of_its_own_that_never_changes() -> None:
    assert {phase: [rule.ref for rule in rules] for phase, rules in at(ZonePlan.BUSINESS).items()} == REFS


@pytest.mark.parametrize("plan", ZonePlan)
def test_a_smaller_plan_takes_rules_away_and_renames_none(plan: ZonePlan) -> None:
    for phase, rules in at(plan).items():
        refs = [rule.ref for rule in rules]
        assert refs == [ref for ref in REFS[phase] if ref in refs]


def test_the_bypass_is_the_last_of_the_cache_rules_and_says_it_for_browsers_too() -> None:
    first, *_, last = cache_rules(OWN).rules
    for rule in (first, last):
        assert rule.parameters == {"cache": False, "browser_ttl": {"mode": "respect_origin"}}
    assert last.ref == "never"


@pytest.mark.parametrize("plan", ZonePlan)
def test_the_rules_fit_the_plan(plan: ZonePlan) -> None:
    limits, rules = PLANS[plan], at(plan)
    assert len(rules["http_request_cache_settings"]) <= limits.cache_rules
    assert len(rules["http_ratelimit"]) == min(len(RUNBOOKS.limits), limits.rate_rules)
    assert ("http_request_firewall_managed" in rules) == limits.managed_rules
    for rule in rules["http_request_cache_settings"]:
        ttl = (rule.parameters or {}).get("edge_ttl", {})
        assert ttl.get("default", limits.min_edge_ttl) >= limits.min_edge_ttl
        errors = [one["value"] for one in ttl.get("status_code_ttls", [])]
        assert bool(errors) == (ttl.get("mode") == "override_origin")
        assert all(value == -1 or value >= limits.min_edge_ttl for value in errors)


# Cloudflare, Rate limiting rules: availability. The fields that an expression may use.
RATE_FIELDS = {
    ZonePlan.FREE: {"http.request.uri.path"},
    ZonePlan.PRO: {"http.request.uri.path", "http.host"},
    ZonePlan.BUSINESS: {"http.request.uri.path", "http.host", "http.request.method"},
    ZonePlan.ENTERPRISE: {"http.request.uri.path", "http.host", "http.request.method"},
}
# The same: counting characteristics. IP with NAT support tells those behind one address apart.
COUNTED = {
    ZonePlan.FREE: "ip.src",
    ZonePlan.PRO: "ip.src",
    ZonePlan.BUSINESS: "cf.unique_visitor_id",
    ZonePlan.ENTERPRISE: "cf.unique_visitor_id",
}
# Requests and seconds: the runbooks' limits a minute, and a sixth of them in the ten seconds that a free zone counts.
RATES = {
    ZonePlan.FREE: [(34, 10)],
    ZonePlan.PRO: [(200, 60), (20, 60)],
    ZonePlan.BUSINESS: [(200, 60), (20, 60), (100, 60)],
    ZonePlan.ENTERPRISE: [(200, 60), (20, 60), (100, 60)],
}


@pytest.mark.parametrize("plan", ZonePlan)
def test_rate_limits_are_the_runbooks_with_the_fields_and_periods_of_the_plan(plan: ZonePlan) -> None:
    rates = []
    for rule in at(plan)["http_ratelimit"]:
        limit = dict(rule.ratelimit or {})
        written = rule.expression + limit.get("counting_expression", "")
        assert set(re.findall(r"\bhttp\.[a-z.]+", written)) <= RATE_FIELDS[plan]
        assert ("counting_expression" in limit) == PLANS[plan].rate_by_method
        assert limit["characteristics"] == ["cf.colo.id", COUNTED[plan]]
        assert (rule.action, limit["mitigation_timeout"]) == ("block", limit["period"])
        rates.append((limit["requests_per_period"], limit["period"]))
    assert rates == RATES[plan]


def test_without_methods_an_upload_counts_whatever_it_is_asked_with() -> None:
    assert limited(replace(OWN, plan=ZonePlan.PRO), app("/api/uploads")) == ["general", "uploads"]
    assert limited(replace(OWN, plan=ZonePlan.FREE), Request(host="other.example.com", target="/api/x")) == ["general"]


def test_a_stack_raises_a_limit() -> None:
    chosen = settings(stage=5, edge={"plan": "business", "rateLimitPerMinute": {"analysis": 150}})
    rules = rate_limits(OWN, chosen.rate_limits).rules
    assert [(rule.ratelimit or {})["requests_per_period"] for rule in rules] == [200, 20, 150]


@pytest.mark.parametrize(
    ("edge", "key", "said"),
    [
        ({"rateLimitPerMinute": {"uploads": 30}}, "edge", ["the free plan", "general alone", "uploads needs the pro"]),
        (
            {"plan": "pro", "rateLimitPerMinute": {"analysis": 150}},
            "edge",
            ["the pro plan", "general and uploads alone", "analysis needs the business plan"],
        ),
        ({"plan": "gold"}, "edge.plan", ['given "gold"', "'free', 'pro', 'business' or 'enterprise'"]),
        ({"rateLimitPerMinute": {"general": 0}}, "edge.rateLimitPerMinute.general", ["given 0", "1 to 100000"]),
        ({"rateLimitPerMinute": {"chat": 60}}, "edge.rateLimitPerMinute.chat", ["unknown key", "general"]),
        (
            {"plan": "business", "rateLimits": "log"},
            "edge.rateLimits",
            ['given "log"', "business plan cannot only log", "enterprise plan", "raise rateLimitPerMinute"],
        ),
        (
            {"plan": "enterprise", "rateLimits": "challenge"},
            "edge.rateLimits",
            ['given "challenge"', "should be 'log' or 'enforce'"],
        ),
        ({"managedRules": "challenge"}, "edge.managedRules", ["the free plan has no managed rules", "pro plan"]),
        (
            {"plan": "pro", "managedRules": "log"},
            "edge.managedRules",
            ["pro plan cannot only log", "enterprise plan", "take challenge"],
        ),
        (
            {"owner": "prod", "managedRules": "log"},
            "edge.managedRules",
            ['given "log"', "the stack prod writes the rules of the zone"],
        ),
        ({"storageHost": "Storage"}, "edge.storageHost", ["right form"]),
        ({"storageHost": "app.example.com"}, "edge.storageHost", ["another name", "cookies"]),
        ({"storageOrigin": "https://abc.supabase.co"}, "edge.storageOrigin", ["right form", "abc.supabase.co"]),
    ],
)
def test_what_the_plan_lacks_or_cannot_be_is_refused(edge: dict[str, object], key: str, said: list[str]) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(stage=5, edge=edge)
    (message,) = refused.value.problems
    assert message.startswith(f"Pulumi.test.yaml: ascent:{key}: ")
    for words in said:
        assert words in message


def test_rules_that_only_log_refuse_nobody_and_keep_their_names() -> None:
    logging = replace(OWN, plan=ZonePlan.ENTERPRISE, rates=Mode.LOG, managed=Mode.LOG)
    enforced, logged = at(ZonePlan.ENTERPRISE), {one.phase: one.rules for one in rulesets(logging, PER_MINUTE)}
    assert [rule.action for rule in logged["http_ratelimit"]] == ["log"] * 3
    limits, now = enforced["http_ratelimit"], logged["http_ratelimit"]
    assert [replace(rule, action="block") for rule in now] == list(limits)
    cloudflare, owasp = logged["http_request_firewall_managed"]
    assert (cloudflare.action, cloudflare.parameters) == (
        "execute",
        {"id": "efb7b8c949ac4650a09736dc376e9aee", "overrides": {"action": "log"}},
    )
    # Its rules only add up a score: the one that acts is overridden alone.
    assert owasp.parameters == {
        "id": "4814384a9e5d4991b9815dcfc25d2f1f",
        "overrides": {"rules": [{"id": "6179ae15870a4bb7b2d480d4843b323c", "action": "log"}]},
    }
    assert {phase: [rule.ref for rule in rules] for phase, rules in logged.items()} == REFS


def test_managed_rules_may_let_a_browser_through() -> None:
    chosen = settings(stage=5, edge={"plan": "pro", "managedRules": "challenge"})
    rules = {one.phase: one.rules for one in rulesets(site_of(chosen), chosen.rate_limits)}
    said = [rule.parameters["overrides"] for rule in rules["http_request_firewall_managed"] if rule.parameters]
    acting = "6179ae15870a4bb7b2d480d4843b323c"
    assert said == [{"action": "managed_challenge"}, {"rules": [{"id": acting, "action": "managed_challenge"}]}]
    assert {rule.action for rule in rules["http_ratelimit"]} == {"block"}


def test_who_says_nothing_has_the_rules_as_they_were() -> None:
    site = site_of(settings(stage=5, edge={"plan": "enterprise"}))
    assert (site.rates, site.managed) == (Mode.ENFORCE, Mode.ENFORCE)
    assert [rule.parameters for rule in at(ZonePlan.PRO)["http_request_firewall_managed"]] == [
        {"id": "efb7b8c949ac4650a09736dc376e9aee"},
        {"id": "4814384a9e5d4991b9815dcfc25d2f1f"},
    ]
    # Where nobody is told apart by a cookie, none but the bots' is looked for.
    assert "_cfuvid" not in cache_rules(replace(OWN, plan=ZonePlan.PRO)).rules[-1].expression


def test_the_cheapest_plan_is_found() -> None:
    assert cheapest(lambda limits: limits.managed_rules) == ZonePlan.PRO
    assert cheapest(lambda limits: limits.regional_tiers) == ZonePlan.ENTERPRISE
    assert [kept(plan, RUNBOOKS) for plan in (ZonePlan.FREE, ZonePlan.PRO)] == [("general",), ("general", "uploads")]


def test_a_path_of_the_storage_host_is_in_exactly_one_bucket() -> None:
    rules = connections(STORAGE, ["generated", "avatars"])
    for target, bucket in {
        "/generated/x": "generated",
        "/avatars/x": "avatars",
        "/": "generated",
        "/a": "generated",
    }.items():
        fields = stored(target).fields
        assert [name for name, expression in rules.items() if matches(expression, fields)] == [bucket]
    assert not any(matches(expression, app("/generated/x").fields) for expression in rules.values())


NEIGHBORS = ("example.com", "www.example.com", "notapp.example.com", "app.example.org", "x.app.example.com")


def test_the_zone_is_set_to_what_no_rule_can_choose_by_host() -> None:
    assert SETTINGS == {"min_tls_version": "1.2", "tls_1_3": "on"}


def test_the_origins_certificate_is_checked_and_nobody_elses() -> None:
    (rule,) = at(ZonePlan.FREE)["http_config_settings"]
    assert (rule.action, rule.parameters) == ("set_config", {"ssl": "strict"})
    for host in (APP, STORAGE, APP.upper(), f"{APP}:443", f"{APP}."):
        assert matches(rule.expression, Request(host=host).fields), host
    assert [host for host in NEIGHBORS if matches(rule.expression, Request(host=host).fields)] == []


def _sent_to(host: str, *, secure: bool) -> list[str]:
    """Where somebody who asks a host for a path is sent."""
    fields = Request(host=host, target="/a/b?c=d", secure=secure).fields
    found = [rule for rule in at(ZonePlan.FREE)["http_request_dynamic_redirect"] if matches(rule.expression, fields)]
    to = [(rule.parameters or {})["from_value"] for rule in found]
    assert all((one["status_code"], one["preserve_query_string"]) == (301, True) for one in to)
    return [evaluate(parse(one["target_url"]["expression"]), fields) for one in to]


@pytest.mark.parametrize("host", [APP, STORAGE])
def test_who_comes_in_plain_text_is_sent_to_https_once(host: str) -> None:
    for spelling in (host, host.upper(), f"{host}:80", f"{host}."):
        assert _sent_to(spelling, secure=False) == [f"https://{host}/a/b"]
        assert _sent_to(spelling, secure=True) == []
    assert [_sent_to(other, secure=False) for other in NEIGHBORS] == [[]] * len(NEIGHBORS)


@pytest.mark.parametrize(
    ("site", "said"),
    [
        (OWN, "max-age=31536000; includeSubDomains"),
        # Below the zone's own name is everybody in it.
        (replace(OWN, app=ZONE), "max-age=31536000"),
        (replace(OWN, storage=ZONE), "max-age=31536000"),
    ],
)
def test_only_names_below_ours_are_bound_to_tls_with_us(site: RulesetScope, said: str) -> None:
    rule, *_ = all_rulesets(site)["http_response_headers_transform"].rules
    assert (rule.parameters or {})["headers"]["strict-transport-security"] == {"operation": "set", "value": said}


def test_security_headers_are_set_and_files_run_nothing() -> None:
    rules = {rule.ref: rule for rule in at(ZonePlan.FREE)["http_response_headers_transform"]}

    def added(request: Request, *answered: str, status: int = 200) -> dict[str, str]:
        fields = {
            **request.fields,
            "http.response.headers.names": list(answered),
            "http.response.code": status,
        }
        found: dict[str, str] = {}
        for rule in rules.values():
            if matches(rule.expression, fields):
                found |= {name: one["value"] for name, one in (rule.parameters or {})["headers"].items()}
        return found

    page = added(app("/"), "content-type")
    assert page["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert (page["x-content-type-options"], page["x-frame-options"]) == ("nosniff", "SAMEORIGIN")
    assert page["referrer-policy"] == "strict-origin-when-cross-origin"
    assert "content-security-policy" not in page
    assert "x-frame-options" not in added(app("/"), "x-frame-options")
    file = added(stored("/avatars/x.svg"))
    assert "sandbox" in file["content-security-policy"]
    assert "cache-control" not in file
    assert added(stored("/avatars/x.svg"), status=404)["cache-control"] == "no-store"
    assert file["access-control-allow-origin"] == f"https://{APP}"
    assert added(Request(host="www.example.com")) == {}


def test_names_phases_and_keys_are_each_there_once() -> None:
    found = rulesets(OWN, PER_MINUTE)
    for values in ([one.key for one in found], [one.name for one in found], [one.phase for one in found]):
        assert len(set(values)) == len(values)
