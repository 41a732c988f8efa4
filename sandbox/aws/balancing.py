"""Mirrors load balancers: with their listeners, the listeners' weights and rules, and target groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.elbv2.models import (
    ELBv2Backend,
    FakeAction,
    FakeListener,
    FakeListenerRule,
    FakeLoadBalancer,
    FakeTargetGroup,
    elbv2_backends,
)

from sandbox.aws.network import ec2
from sandbox.aws.things import ACCOUNT, Kind, Thing, api, popped

LISTENER = "aws:lb/listener:Listener"
TARGETS = "aws:lb/targetGroup:TargetGroup"
# Elastic Load Balancing API Reference, RuleCondition: the field that a condition's configuration belongs to.
_FIELDS = {
    "hostHeader": ("host-header", "HostHeaderConfig"),
    "httpHeader": ("http-header", "HttpHeaderConfig"),
    "httpRequestMethod": ("http-request-method", "HttpRequestMethodConfig"),
    "pathPattern": ("path-pattern", "PathPatternConfig"),
    "sourceIp": ("source-ip", "SourceIpConfig"),
}


def elb(thing: Thing) -> ELBv2Backend:
    """moto's Elastic Load Balancing of the thing's region."""
    return elbv2_backends[ACCOUNT][thing.region]


def listener(backend: ELBv2Backend, arn: str) -> FakeListener | None:
    """A listener by its ARN; None where there is none."""
    return next((one.listeners[arn] for one in backend.load_balancers.values() if arn in one.listeners), None)


def weights(actions: list[FakeAction]) -> list[dict[str, Any]]:
    """What a listener's actions forward to, as the world has it: target groups with a weight."""
    groups = [one for action in actions for one in action.data.get("ForwardConfig", {}).get("TargetGroups", [])]
    return [{"arn": one["TargetGroupArn"], "weight": int(one.get("Weight", 1))} for one in groups]


def _actions(of: list[Mapping[str, Any]]) -> list[FakeAction]:
    made = []
    for one in of:
        action = api(one)
        group = action.get("TargetGroupArn")
        if group and "ForwardConfig" not in action:
            action["ForwardConfig"] = {"TargetGroups": [{"TargetGroupArn": group, "Weight": 1}]}
        made.append(FakeAction(action))
    return made


def _put_balancer(thing: Thing) -> None:
    there, networks = elb(thing), ec2(thing)
    one = there.load_balancers.get(thing.arn)
    if one is None:
        one = FakeLoadBalancer(
            name=thing.name,
            security_groups=list(thing.has.get("securityGroups") or []),
            subnets=[networks.get_subnet(subnet) for subnet in thing.has.get("subnets") or []],
            vpc_id="",
            arn=thing.arn,
            dns_name=str(thing.has.get("dnsName")),
            state="active",
            scheme="internal" if thing.has.get("internal") else "internet-facing",
            loadbalancer_type=thing.has.get("loadBalancerType"),
        )
        there.load_balancers[thing.arn] = one
    one.vpc_id = one.subnets[0].vpc_id if one.subnets else ""
    one.canonical_hosted_zone_id = str(thing.has.get("zoneId") or one.canonical_hosted_zone_id)
    there.tagging_service.tag_resource(thing.arn, thing.tags)


def _put_targets(thing: Thing) -> None:
    there, check = elb(thing), thing.has.get("healthCheck") or {}
    old = there.target_groups.get(thing.arn)
    new = FakeTargetGroup(
        name=thing.name,
        account_id=ACCOUNT,
        region_name=thing.region,
        vpc_id=str(thing.has.get("vpcId")),
        protocol=str(thing.has.get("protocol")),
        port=thing.has["port"],
        protocol_version=thing.has.get("protocolVersion"),
        healthcheck_path=check.get("path"),
        healthcheck_interval_seconds=check.get("interval"),
        healthcheck_timeout_seconds=check.get("timeout"),
        healthy_threshold_count=check.get("healthyThreshold"),
        unhealthy_threshold_count=check.get("unhealthyThreshold"),
        matcher={"HttpCode": check["matcher"]} if "matcher" in check else None,
        target_type=thing.has.get("targetType"),
    )
    new.arn = thing.arn
    new.attributes["deregistration_delay.timeout_seconds"] = thing.has.get("deregistrationDelay", 300)
    if old is not None:
        new.targets, new.load_balancer_arns = old.targets, old.load_balancer_arns
        new.deregistered_targets, new.terminated_targets = old.deregistered_targets, old.terminated_targets
    there.target_groups[thing.arn] = new
    there.tagging_service.tag_resource(thing.arn, thing.tags)


def _put_listener(thing: Thing) -> None:
    there, balancer = elb(thing), str(thing.has["loadBalancerArn"])
    actions = _actions(thing.has.get("defaultActions") or [])
    one = listener(there, thing.arn)
    if one is None:
        one = FakeListener(
            balancer,
            thing.arn,
            str(thing.has.get("protocol")),
            thing.has["port"],
            str(thing.has.get("sslPolicy") or ""),
            thing.has.get("certificateArn"),
            actions,
            None,
        )
        there.load_balancers[balancer].listeners[thing.arn] = one
    one.default_actions = actions
    one._default_rule[0].actions = actions
    for group in [one for one in weights(actions) if one["arn"] in there.target_groups]:
        behind = there.target_groups[group["arn"]].load_balancer_arns
        behind += [] if balancer in behind else [balancer]
    there.tagging_service.tag_resource(thing.arn, thing.tags)


def _put_rule(thing: Thing) -> None:
    one = listener(elb(thing), str(thing.has["listenerArn"]))
    if one is None:
        return
    conditions = [
        {"Field": field, config: api(condition[key])}
        for condition in thing.has.get("conditions") or []
        for key, (field, config) in _FIELDS.items()
        if key in condition
    ]
    actions = _actions(thing.has.get("actions") or [])
    rule = FakeListenerRule(one.arn, thing.arn, conditions, int(thing.has.get("priority") or 1), actions)
    one.register(thing.arn, rule)


def _remove_listener(thing: Thing) -> None:
    for one in elb(thing).load_balancers.values():
        one.listeners.pop(thing.arn, None)


def _remove_rule(thing: Thing) -> None:
    for balancer in elb(thing).load_balancers.values():
        for one in balancer.listeners.values():
            one._non_default_rules.pop(thing.arn, None)


KINDS = {
    "aws:lb/loadBalancer:LoadBalancer": Kind(_put_balancer, popped(lambda thing: elb(thing).load_balancers, "arn")),
    TARGETS: Kind(_put_targets, popped(lambda thing: elb(thing).target_groups, "arn")),
    LISTENER: Kind(_put_listener, _remove_listener),
    "aws:lb/listenerRule:ListenerRule": Kind(_put_rule, _remove_rule),
}
