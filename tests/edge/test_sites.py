"""Several stacks in one zone: one writes the rules for all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from infra.config.problems import SettingsError
from infra.edge.plans import ZonePlan
from infra.edge.rules import Hosts, RulesetScope
from infra.thresholds import MOST_SITES
from tests.edge.language import matches
from tests.edge.replay import all_rulesets, eligible, expressions, limited
from tests.edge.samples import APP, OWN, STORAGE, ZONE
from tests.edge.web import Request
from tests.unit.configs import settings
from tests.unit.runtime import built, of_type

STAGING = Hosts(prefix="staging-", app="app-staging.example.com", storage="storage-app-staging.example.com")
BOTH = replace(OWN, others=(STAGING,))
BUCKETS = {"avatars": "a.s3.us-east-1.amazonaws.com", "generated": "g.s3.us-east-1.amazonaws.com"}
LISTED: dict[str, Any] = {"app": STAGING.app, "storage": STAGING.storage, "buckets": BUCKETS}
CONNECTOR, RECORD = "cloudflare:index/cloudConnectorRules:CloudConnectorRules", "cloudflare:index/dnsRecord:DnsRecord"
# Cloudflare, availability of Redirect Rules, Transform Rules, Configuration Rules and Cache Rules: the free plan.
MOST_RULES = 10
LONGEST = 4096


def headers(site: RulesetScope, host: str) -> dict[str, str]:
    """Headers that a good answer of a host gets."""
    fields = {**Request(host=host).fields, "http.response.headers.names": [], "http.response.code": 200}
    found: dict[str, str] = {}
    for rule in all_rulesets(site)["http_response_headers_transform"].rules:
        if matches(rule.expression, fields):
            found |= {name: one["value"] for name, one in (rule.parameters or {})["headers"].items()}
    return found


@pytest.mark.parametrize("hosts", BOTH.hosts, ids=lambda one: one.app)
def test_each_stack_is_treated_as_if_the_zone_were_its_own(hosts: Hosts) -> None:
    alone = replace(OWN, app=hosts.app, storage=hosts.storage)
    for host in (hosts.app, hosts.storage):
        assert headers(BOTH, host) == headers(alone, host)
        for target in ("/", "/_next/static/x.js", "/generated/x.png", "/api/feed"):
            request = Request(host=host, target=target)
            caching = "http_request_cache_settings"
            assert eligible(all_rulesets(BOTH)[caching], request) == eligible(all_rulesets(alone)[caching], request)
            assert limited(BOTH, request) == limited(alone, request)
    for phase in ("http_config_settings", "http_request_dynamic_redirect", "http_request_firewall_managed"):
        for secure in (True, False):
            fields = Request(host=hosts.app, secure=secure).fields
            found, wanted = (
                [rule.parameters for rule in all_rulesets(site)[phase].rules if matches(rule.expression, fields)]
                for site in (BOTH, alone)
            )
            assert found == wanted


def test_a_neighbor_gets_nothing_of_it() -> None:
    fields = {**Request(host="www.example.com", secure=False).fields, "http.response.code": 404}
    fields["http.response.headers.names"] = []
    assert [ref for ref, expression in expressions(BOTH).items() if matches(expression, fields)] == []


def test_a_second_stack_adds_rules_and_renames_none() -> None:
    before, after = (list(expressions(site)) for site in (OWN, BOTH))
    assert [ref for ref in after if ref in before] == before
    assert all("/staging-" in ref for ref in after if ref not in before)


@pytest.mark.parametrize("plan", ZonePlan)
def test_as_many_stacks_as_can_be_listed_fit_every_plan(plan: ZonePlan) -> None:
    stacks = [f"{'s' * 33}{number}" for number in range(MOST_SITES.value)]
    others = tuple(
        Hosts(prefix=f"{one}-", app=f"app-{one}.{ZONE}", storage=f"storage-app-{one}.{ZONE}") for one in stacks
    )
    full = replace(OWN, plan=plan, others=others)
    for ruleset in all_rulesets(full).values():
        assert len(ruleset.rules) <= MOST_RULES, ruleset.phase
        refs = [rule.ref for rule in ruleset.rules]
        assert len(set(refs)) == len(refs)
        assert max(map(len, refs)) <= 64
    assert max(map(len, expressions(full).values())) <= LONGEST


@pytest.mark.parametrize("stage", [5, 7])
def test_a_stack_whose_rules_another_writes_makes_its_records_alone(stage: int) -> None:
    found = built(stage=stage, edge={"owner": "prod"})
    types = {one.type for one in found.values() if one.type.startswith("cloudflare:")}
    assert {token for token in types if "loadBalancer" not in token} == {RECORD}
    proxied = {one.inputs["name"] for one in of_type(found, RECORD).values() if one.inputs["proxied"]}
    assert proxied == {APP, "storage-app.example.com"}


def test_the_owner_connects_the_buckets_of_all() -> None:
    found = built(stage=5, live=True, edge={"sites": {"staging": LISTED}})
    (connector,) = of_type(found, CONNECTOR).values()
    assert connector.name == "test-edge-storage"
    hosts: dict[str, list[str]] = {}
    for rule in connector.inputs["rules"]:
        hosts.setdefault(rule["expression"].split('"')[1], []).append(rule["parameters"]["host"])
    assert list(hosts) == ["storage-app.example.com", STAGING.storage]
    assert hosts[STAGING.storage] == list(BUCKETS.values())


@pytest.mark.parametrize(
    ("edge", "key", "said"),
    [
        ({"owner": "prod", "sites": {"staging": LISTED}}, "edge.sites", ["the stack prod writes the rules"]),
        (
            {"owner": "prod", "rateLimitPerMinute": {"general": 300}},
            "edge.rateLimitPerMinute",
            ["the stack prod writes the rules of the zone; say it there"],
        ),
        ({"sites": {"staging": {**LISTED, "app": "a.b.example.com"}}}, "edge.sites.staging.app", ["one level below"]),
        ({"sites": {"staging": {**LISTED, "app": "a.example.org"}}}, "edge.sites.staging.app", ["zone example.com"]),
        ({"sites": {"staging": {**LISTED, "storage": APP}}}, "domain.name", ["there twice"]),
        ({"sites": {"staging": {**LISTED, "buckets": {}}}}, "edge.sites.staging.buckets", ["should have buckets"]),
        (
            {"sites": {"staging": LISTED}, "storageOrigin": "abc.supabase.co"},
            "edge.sites.staging.buckets",
            ["none where it has a storageOrigin"],
        ),
        ({"owner": "My_Stack"}, "edge.owner", ["right form"]),
    ],
)
def test_what_does_not_fit_together_is_refused(edge: dict[str, Any], key: str, said: list[str]) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(stage=5, edge=edge)
    (message,) = refused.value.problems
    assert message.startswith(f"Pulumi.test.yaml: ascent:{key}: "), message
    for words in said:
        assert words in message
    assert STORAGE not in message
