"""What the stand-in for Cloudflare refuses of a zone's rules and settings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Aborted, Start

ZONE = "0" * 32
EVERYTHING = {"expression": "ssl", "ref": "one"}
COUNTED = {"characteristics": ["cf.colo.id", "ip.src"], "period": 60, "requestsPerPeriod": 20}


def _ruleset(phase: str, *rules: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"zoneId": ZONE, "name": "r", "kind": "zone", "phase": phase, "rules": list(rules), **changes}


def _cached(**parameters: Any) -> dict[str, Any]:
    rule = {**EVERYTHING, "action": "set_cache_settings", "actionParameters": {"cache": True, **parameters}}
    return _ruleset("http_request_cache_settings", rule)


def _limited(**changes: Any) -> dict[str, Any]:
    return _ruleset("http_ratelimit", {**EVERYTHING, "action": "block", "ratelimit": {**COUNTED, **changes}})


def _config(**parameters: Any) -> dict[str, Any]:
    return _ruleset("http_config_settings", {**EVERYTHING, "action": "set_config", "actionParameters": parameters})


def _redirect(target: dict[str, Any], status: int = 301) -> dict[str, Any]:
    parameters = {"fromValue": {"statusCode": status, "targetUrl": target}}
    return _ruleset(
        "http_request_dynamic_redirect", {**EVERYTHING, "action": "redirect", "actionParameters": parameters}
    )


BLOCK = {**EVERYTHING, "action": "block"}
TTL, ERROR = {"mode": "override_origin", "default": 60}, {"value": 60}
REFUSED: list[tuple[dict[str, Any], str]] = [
    (_ruleset("http_request_cache_settings", BLOCK), "set_cache_settings"),
    (_ruleset("http_request_firewall_managed", BLOCK), "execute"),
    (_ruleset("http_request_firewall_managed", {**EVERYTHING, "action": "execute"}), "id of a ruleset"),
    (_ruleset("http_response_headers_transform", BLOCK), "rewrite"),
    (_ruleset("http_request_firewall_custom", BLOCK, BLOCK), "given twice"),
    (_ruleset("magic_transit", BLOCK), "entry point"),
    (_ruleset("http_request_firewall_custom", BLOCK, kind="root"), "account_id"),
    (_ruleset("http_ratelimit", BLOCK), "needs ratelimit"),
    (_ruleset("http_request_firewall_custom", {**BLOCK, "ratelimit": COUNTED}), "only allowed in the phase"),
    (_limited(period=61), "one of"),
    (_limited(characteristics=["ip.src"]), "cf.colo.id"),
    (_limited(characteristics=["cf.colo.id", "ip.src", "cf.unique_visitor_id"]), "combined"),
    (_limited(scorePerPeriod=1), "only one of"),
    (_limited(countingExpression="http.hots eq 1"), "countingExpression"),
    (_cached(edgeTtl={"mode": "override_origin"}), "edge_ttl.default is needed"),
    (_cached(edgeTtl={"mode": "respect_origin", "default": 60}), "only allowed"),
    (_cached(edgeTtl={"default": 60}), "Missing required property"),
    (_cached(edgeTtl={"mode": "whatever"}), "one of"),
    (_cached(edgeTtl={**TTL, "statusCodeTtls": [ERROR]}), "must be specified"),
    (_cached(browserTtl={"mode": "override_origin"}), "browser_ttl.default is needed"),
    (_config(ssl="very"), "one of"),
    (_cached(ssl="strict"), "ssl is only allowed where"),
    (_redirect({"value": "https://a"}, 300), "one of"),
    (_redirect({"value": "https://a", "expression": "http.host"}), "only one of"),
    (_redirect({}), "one of"),
]


@pytest.mark.parametrize(("inputs", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_a_ruleset_that_cloudflare_would_not_take(start: Start, inputs: dict[str, Any], words: str) -> None:
    failures = start("cloudflare").check("cloudflare:index/ruleset:Ruleset", inputs)[1]
    assert any(words in reason for reason in failures.values()), failures


@pytest.mark.parametrize(
    "inputs",
    [
        _cached(edgeTtl=TTL, browserTtl={"mode": "respect_origin"}),
        _cached(edgeTtl={**TTL, "statusCodeTtls": [{**ERROR, "statusCodeRange": {"from": 400, "to": 499}}]}),
        _limited(countingExpression='http.request.method ne "OPTIONS"'),
        _config(ssl="strict"),
        _redirect({"expression": 'concat("https://a.example.com", http.request.uri.path)'}),
    ],
)
def test_a_ruleset_that_it_takes(start: Start, inputs: dict[str, Any]) -> None:
    assert start("cloudflare").check("cloudflare:index/ruleset:Ruleset", inputs)[1] == {}


def test_a_zone_has_one_list_of_connector_rules_and_one_ruleset_a_phase(start: Start) -> None:
    cloudflare = start("cloudflare")
    for token, inputs in {
        "cloudConnectorRules:CloudConnectorRules": {"zoneId": ZONE, "rules": []},
        "ruleset:Ruleset": _cached(edgeTtl=TTL),
    }.items():
        cloudflare.create(f"cloudflare:index/{token}", inputs, name="a")
        with pytest.raises(Aborted, match="one"):
            cloudflare.create(f"cloudflare:index/{token}", inputs, name="b")


@pytest.mark.parametrize(
    ("token", "inputs", "words"),
    [
        ("zoneSetting:ZoneSetting", {"settingId": "ssl", "value": "very"}, "Invalid value for zone setting ssl"),
        ("zoneSetting:ZoneSetting", {"settingId": "min_tls_version", "value": "1.4"}, "min_tls_version"),
        ("urlNormalizationSettings:UrlNormalizationSettings", {"scope": "all", "type": "cloudflare"}, "one of"),
        (
            "cloudConnectorRules:CloudConnectorRules",
            {"rules": [{"cloudConnectorRulesProvider": "aws_s3", "expression": "ssl"}]},
            "parameters.host",
        ),
    ],
)
def test_a_setting_that_cloudflare_would_not_take(start: Start, token: str, inputs: dict[str, Any], words: str) -> None:
    failures = start("cloudflare").check(f"cloudflare:index/{token}", {"zoneId": ZONE, **inputs})[1]
    assert any(words in reason for reason in failures.values()), failures
