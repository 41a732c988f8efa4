"""Sample requests through the rules: what is cached, for how long, and what counts for which limit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.edge.caching import cache_rules
from infra.edge.plans import ZonePlan
from infra.edge.rules import EdgeRule, Ruleset, RulesetScope
from infra.stages import STAGES
from tests.edge.language import matches
from tests.edge.replay import counted, eligible, expressions, limited, verdict
from tests.edge.samples import APP, HOSTED, OWN, SAMPLES, STORAGE, ZONE, Sample, stored
from tests.edge.web import Request, Response, normalized
from tests.unit.runtime import built, of_type

RECORD = "cloudflare:index/dnsRecord:DnsRecord"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_what_is_cached_for_how_long_and_counted_for_what(sample: Sample) -> None:
    found = verdict(cache_rules(sample.site), sample.request, sample.response)
    assert (found.edge, found.browser) == (sample.edge, sample.browser)
    assert limited(sample.site, sample.request) == list(sample.limits)


def declared(stage: int, site: RulesetScope) -> dict[str, Ruleset]:
    """The rules by phase that the program declares at a stage, as they go to Cloudflare."""
    origin = "abc.supabase.co" if site.hosted else None
    edge = {"plan": site.plan.value, "storageHost": site.storage, "storageOrigin": origin}
    given = {key: value for key, value in edge.items() if value}
    found = of_type(built(stage=stage, edge=given), "cloudflare:index/ruleset:Ruleset").values()
    return {one.inputs["phase"]: _ruleset(one.inputs) for one in found}


def _ruleset(inputs: Mapping[str, Any]) -> Ruleset:
    rules = [
        EdgeRule(
            ref=rule["ref"],
            why=rule["description"],
            expression=rule["expression"],
            action=rule["action"],
            parameters=_pythonic(rule.get("actionParameters")),
            ratelimit=_pythonic(rule.get("ratelimit")),
        )
        for rule in inputs["rules"]
        if rule["enabled"]
    ]
    return Ruleset(key=inputs["phase"], name=inputs["name"], phase=inputs["phase"], rules=tuple(rules))


def _pythonic(value: Any) -> Any:
    if isinstance(value, dict):
        return {_python_name(key): _pythonic(one) for key, one in value.items()}
    return [_pythonic(one) for one in value] if isinstance(value, list) else value


def _python_name(key: str) -> str:
    return "from_" if key == "from" else re.sub("[A-Z]", lambda one: f"_{one[0].lower()}", key)


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage < 5])
def test_nothing_of_cloudflares_is_in_front_before_stage_5(stage: int) -> None:
    everything = built(stage=stage, live=True)
    assert {one.type for one in everything.values() if one.type.startswith("cloudflare:")} == {RECORD}
    assert not any(one.inputs["proxied"] for one in of_type(everything, RECORD).values())


@pytest.mark.parametrize(("stage", "site"), [(5, OWN), (5, HOSTED), (6, OWN), (7, HOSTED)])
def test_each_stage_declares_the_rules_that_do_this(stage: int, site: RulesetScope) -> None:
    found = declared(stage, site)
    for sample in (sample for sample in SAMPLES if sample.site == site):
        kept = verdict(found["http_request_cache_settings"], sample.request, sample.response)
        assert (kept.edge, kept.browser) == (sample.edge, sample.browser), sample.name
        assert counted(found["http_ratelimit"], sample.request) == list(sample.limits), sample.name


def test_a_query_is_part_of_the_key_where_it_selects_something() -> None:
    rules, hosted = cache_rules(OWN), cache_rules(HOSTED)
    first, second = (stored(f"/generated/x.png?{query}") for query in ("a=1&b=2", "b=2"))
    assert verdict(rules, first).key == verdict(rules, second).key
    thumbnails = [stored(f"/storage/v1/render/image/public/m/x.png?{query}") for query in ("w=1&h=2", "h=2&w=1", "w=2")]
    one, same, other = (verdict(hosted, request).key for request in thumbnails)
    assert one == same != other


@pytest.mark.parametrize(
    ("plan", "missing"), [(ZonePlan.FREE, 0), (ZonePlan.PRO, 0), (ZonePlan.BUSINESS, 60), (ZonePlan.ENTERPRISE, 60)]
)
def test_a_missing_file_is_missed_for_a_minute_at_most_and_a_failure_not_at_all(plan: ZonePlan, missing: int) -> None:
    rules, request = cache_rules(replace(OWN, plan=plan)), stored("/generated/x.png")
    found = [verdict(rules, request, Response(status=status)).edge for status in (200, 403, 404, 503)]
    assert found == [604_800, missing, missing, 0]


def test_paths_are_normalized_as_cloudflare_does_it() -> None:
    cases = {"/a/../b": "/b", "//a\\b": "/a/b", "/%7Ea/%2f": "/~a/%2F", "/a/..": "/", "/./a/": "/a/", "/../../a": "/a"}
    assert {path: normalized(path) for path in cases} == cases


SITES = st.builds(
    RulesetScope,
    app=st.just(APP),
    storage=st.just(STORAGE),
    zone=st.just(ZONE),
    hosted=st.booleans(),
    plan=st.sampled_from(list(ZonePlan)),
)
PIECES = st.sampled_from(
    [
        *("/", "//", "\\", "..", ".", ";", "%2f", "%2F", "%5c", "%2e", "%61", "%25", "+", "a", "x.png", "chart.svg"),
        *("_next/static/", "generated/", "avatars/", "storage/v1/object/public/", "api", "API", "api/", "%61pi/"),
    ]
)
PATHS = st.lists(PIECES, max_size=8).map(lambda pieces: "/" + "".join(pieces))
NAMES = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789_-."), min_size=1, max_size=12)
OTHERS = st.dictionaries(
    st.sampled_from(["Accept", "Range", "If-None-Match", "X-Forwarded-For", "Cache-Control"]), NAMES, max_size=3
)
HOSTS = st.sampled_from([APP, STORAGE, APP.upper(), f"{STORAGE}:443", f"{APP}.", "Storage.Example.Com"])
QUERIES = st.sampled_from(["", "?v=1", "?token=abc", "?x=/generated/x.png"])
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
BOT = "__cf_bm"


@st.composite
def cookies(draw: st.DrawFn) -> str:
    """A Cookie header with a session in it, among other cookies, in any order."""
    others = draw(st.lists(st.tuples(st.one_of(NAMES, st.just(BOT)), NAMES), max_size=3))
    session = (draw(NAMES.filter(lambda name: name != BOT)), draw(NAMES))
    listed = draw(st.permutations([*others, session]))
    return draw(st.sampled_from(["; ", ";"])).join(f"{name}={value}" for name, value in listed)


@given(SITES, HOSTS, PATHS, QUERIES, METHODS, OTHERS, cookies())
def test_no_request_with_a_session_is_ever_cacheable_but_for_files_named_by_their_content(
    site: RulesetScope, host: str, path: str, query: str, method: str, others: dict[str, str], cookie: str
) -> None:
    request = Request(host=host, target=path + query, method=method, headers={**others, "Cookie": cookie})
    if eligible(cache_rules(site), request):
        assert host == APP
        assert path.startswith("/_next/static/")
        assert not any(part in path for part in ("..", "//", "\\", "%", ";"))
        assert "api" not in path.lower()


@given(SITES, HOSTS, PATHS, QUERIES, METHODS, OTHERS, st.sampled_from(["Authorization", "AUTHORIZATION", "apikey"]))
def test_no_request_with_credentials_is_ever_cacheable(
    site: RulesetScope, host: str, path: str, query: str, method: str, others: dict[str, str], name: str
) -> None:
    request = Request(host=host, target=path + query, method=method, headers={**others, name: "secret"})
    assert not eligible(cache_rules(site), request)


def _spellings(word: str) -> st.SearchStrategy[str]:
    """Ways to write a word in a path: with capitals and percent-encoding."""
    each = [st.sampled_from([one, one.upper(), f"%{ord(one):02x}", f"%{ord(one.upper()):02X}"]) for one in word]
    return st.tuples(*each).map("".join)


@given(
    SITES,
    HOSTS,
    st.sampled_from(["/", "//", "\\", "/./", "/_next/static/../../", "/x/%2e%2e/", "/_next/static/..%2f..%2f", "/%5c"]),
    _spellings("api"),
    st.one_of(st.just(""), PATHS),
    QUERIES,
    OTHERS,
)
def test_nothing_under_the_api_is_ever_cacheable_however_it_is_written(
    site: RulesetScope, host: str, lead: str, api: str, rest: str, query: str, others: dict[str, str]
) -> None:
    # Not what climbs out of the API again: that is somewhere else.
    climbs = ".." in normalized(rest) or "%2e" in rest.lower() or ".." in rest
    target = f"{lead}{api}{'' if climbs else rest}{query}"
    assert not eligible(cache_rules(site), Request(host=host, target=target, headers=others))


def test_the_properties_are_not_true_of_everything() -> None:
    rules = cache_rules(OWN)
    assert eligible(rules, stored("/generated/x.png", Accept="image/png"))
    assert eligible(rules, Request(host=APP, target="/logo.png"))
    without_the_last = type(rules)(key=rules.key, name=rules.name, phase=rules.phase, rules=rules.rules[:-1])
    assert eligible(without_the_last, stored("/generated/x.png", Cookie="session=abc"))


def test_samples_reach_every_rule() -> None:
    requests = [sample.request.fields for sample in SAMPLES]
    for site in (OWN, HOSTED):
        for ref, expression in expressions(site).items():
            if "http.response" not in expression:
                assert any(matches(expression, fields) for fields in requests), ref
