"""AWS WAF in front of the load balancer, for the stages that have no Cloudflare in front of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.thresholds import RATE_MINUTE, TOO_MANY_REQUESTS

# AWS WAF Developer Guide, "AWS Managed Rules rule groups list": group to those of its rules that only count.
# SizeRestrictions_BODY refuses bodies above 8 KB, which an upload is.
MANAGED: Mapping[str, Sequence[str]] = {
    "AWSManagedRulesAmazonIpReputationList": (),
    "AWSManagedRulesKnownBadInputsRuleSet": (),
    "AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY",),
}
# AWS WAF Developer Guide, "Text transformations": so that no other spelling of a path is past the limit.
PLAIN = ("URL_DECODE", "NORMALIZE_PATH", "LOWERCASE")


@dataclass(frozen=True, kw_only=True)
class FirewallArgs:
    """What it guards, and how.

    balancer_arn: the load balancer.
    prefixes: beginnings of the paths that the rate limit is for.
    methods: the methods that it is for; all of them where there are none.
    per_minute: requests a minute that one address may make below it.
    counts: whether all rules only count what they would have refused.
    """

    balancer_arn: pulumi.Input[str]
    prefixes: Sequence[str]
    methods: Sequence[str]
    per_minute: int
    counts: bool = False


class Firewall(pulumi.ComponentResource):
    """A web ACL: a rate limit by address, and rules that AWS keeps."""

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Firewall"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        rules = [
            _rate(args),
            *(_managed(rank, group, counts=args.counts) for rank, group in enumerate(MANAGED, start=1)),
        ]
        acl = aws.wafv2.WebAcl(
            name,
            description=f"What may reach the load balancer of {name}",
            scope="REGIONAL",
            default_action={"allow": {}},
            rules=rules,
            visibility_config=_seen("balancer"),
            opts=child,
        )
        aws.wafv2.WebAclAssociation(name, resource_arn=args.balancer_arn, web_acl_arn=acl.arn, opts=child)
        self.register_outputs({"arn": acl.arn})


def _rate(args: FirewallArgs) -> Any:
    below = _either([_matches({"uri_path": {}}, "STARTS_WITH", prefix, PLAIN) for prefix in args.prefixes])
    if args.methods:
        asked = _either([_matches({"method": {}}, "EXACTLY", method, ["NONE"]) for method in args.methods])
        below = {"and_statement": {"statements": [below, asked]}}
    return {
        "name": "rate",
        "priority": 0,
        # Too many requests is an answer that clients understand, and the one that the edge gives.
        "action": {"count": {}}
        if args.counts
        else {"block": {"custom_response": {"response_code": TOO_MANY_REQUESTS.value}}},
        "statement": {
            "rate_based_statement": {
                "aggregate_key_type": "IP",
                "evaluation_window_sec": RATE_MINUTE.value,
                "limit": args.per_minute,
                "scope_down_statement": below,
            }
        },
        "visibility_config": _seen("rate"),
    }


def _matches(field: Any, how: str, text: str, plainly: Sequence[str]) -> Any:
    return {
        "byte_match_statement": {
            "field_to_match": field,
            "positional_constraint": how,
            "search_string": text,
            "text_transformations": [{"priority": rank, "type": one} for rank, one in enumerate(plainly)],
        }
    }


def _either(each: Sequence[Any]) -> Any:
    """AWS WAF API Reference, OrStatement: of two statements or more."""
    return each[0] if len(each) == 1 else {"or_statement": {"statements": list(each)}}


def _managed(rank: int, group: str, *, counts: bool) -> Any:
    counted = [{"name": rule, "action_to_use": {"count": {}}} for rule in MANAGED[group]]
    return {
        "name": group,
        "priority": rank,
        "override_action": {"count": {}} if counts else {"none": {}},
        "statement": {
            "managed_rule_group_statement": {
                "name": group,
                "vendor_name": "AWS",
                **({"rule_action_overrides": counted} if counted else {}),
            }
        },
        "visibility_config": _seen(group),
    }


def _seen(metric: str) -> Any:
    # Not All or Default_Action, which are AWS' own: AWS WAF API Reference, VisibilityConfig.
    return {"cloudwatch_metrics_enabled": True, "sampled_requests_enabled": True, "metric_name": metric}
