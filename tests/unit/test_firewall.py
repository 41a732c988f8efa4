"""`ascent:firewall`: AWS WAF in front of the load balancer, until Cloudflare is."""

from __future__ import annotations

from typing import Any

import pytest

from ops.engine.recorder import Recorded
from tests.unit.runtime import built, of_type

ACL, TIE = "aws:wafv2/webAcl:WebAcl", "aws:wafv2/webAclAssociation:WebAclAssociation"


def acl(**changes: Any) -> Recorded:
    (one,) = of_type(built(live=True, firewall=True, **changes), ACL).values()
    return one


def test_nothing_stands_there_unasked() -> None:
    assert not of_type(built(live=True), ACL)


@pytest.mark.parametrize("stage", [1, 4])
def test_it_stands_in_front_of_the_load_balancer(stage: int) -> None:
    everything = built(live=True, firewall=True, stage=stage)
    (tie,) = of_type(everything, TIE).values()
    (made,) = of_type(everything, ACL).values()
    assert made.inputs["scope"] == "REGIONAL"
    metrics = [one["visibilityConfig"]["metricName"] for one in [made.inputs, *made.inputs["rules"]]]
    assert len(set(metrics)) == len(metrics)
    assert not {one.lower() for one in metrics} & {"all", "default_action"}
    assert made.inputs["defaultAction"] == {"allow": {}}
    (balancer,) = of_type(everything, "aws:lb/loadBalancer:LoadBalancer")
    assert balancer in tie.inputs["resourceArn"]


@pytest.mark.parametrize("stage", [5, 7])
def test_it_goes_where_cloudflare_stands(stage: int) -> None:
    assert not of_type(built(live=True, firewall=True, stage=stage), ACL)


def test_one_address_has_the_runbooks_limit() -> None:
    rate = acl().inputs["rules"][0]
    assert rate["action"] == {"block": {"customResponse": {"responseCode": 429}}}
    statement = rate["statement"]["rateBasedStatement"]
    assert (statement["limit"], statement["evaluationWindowSec"]) == (200, 60)
    assert statement["aggregateKeyType"] == "IP"
    below = statement["scopeDownStatement"]["byteMatchStatement"]
    assert below["searchString"] == "/api/"
    # A path is decoded before its dots are taken out.
    assert [(one["priority"], one["type"]) for one in below["textTransformations"]] == [
        (0, "URL_DECODE"),
        (1, "NORMALIZE_PATH"),
        (2, "LOWERCASE"),
    ]
    own = acl(edge={"rateLimitPerMinute": {"general": 900}})
    assert own.inputs["rules"][0]["statement"]["rateBasedStatement"]["limit"] == 900


def test_the_managed_rules_let_uploads_through() -> None:
    rules = {one["name"]: one for one in acl().inputs["rules"]}
    common = rules["AWSManagedRulesCommonRuleSet"]["statement"]["managedRuleGroupStatement"]
    assert common["ruleActionOverrides"] == [{"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}]
    assert common["vendorName"] == "AWS"
    assert [one["priority"] for one in rules.values()] == [0, 1, 2, 3]
    assert all(one.get("overrideAction") == {"none": {}} for name, one in rules.items() if name != "rate")


def test_it_may_count_and_let_everybody_in() -> None:
    enforced, counts = acl().inputs["rules"], built(live=True, firewall="log")
    (one,) = of_type(counts, ACL).values()
    assert one.inputs["rules"][0]["action"] == {"count": {}}
    assert [rule["overrideAction"] for rule in one.inputs["rules"][1:]] == [{"count": {}}] * 3
    names = [(rule["name"], rule["priority"]) for rule in enforced]
    assert [(rule["name"], rule["priority"]) for rule in one.inputs["rules"]] == names
