"""Renames in the program: a deletion and a creation for the engine, but one and the same resource for AWS.

The engine creates first. If both have the same identity, the service refuses the second one and the update stops
halfway; or it treats the call as a change of the first, and the deletion that follows removes what was just made.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ops.engine.recorder import Recorded
from ops.guard.model import GuardRule, Observation, RuleContext
from ops.guard.preview import PreviewStep
from policy.model import hidden

# The inputs that identify a resource for its service; several inputs count together.
IDENTITIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "aws:autoscaling/lifecycleHook:LifecycleHook": ("autoscalingGroupName", "name"),
        "aws:cloudwatch/compositeAlarm:CompositeAlarm": ("alarmName",),
        "aws:eks/accessEntry:AccessEntry": ("clusterName", "principalArn"),
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ("role", "policyArn"),
        "aws:lb/listener:Listener": ("loadBalancerArn", "port"),
        "aws:lb/listenerRule:ListenerRule": ("listenerArn", "priority"),
        "aws:rds/cluster:Cluster": ("clusterIdentifier",),
        "aws:elasticache/replicationGroup:ReplicationGroup": ("replicationGroupId",),
        "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup": ("globalReplicationGroupIdSuffix",),
        "aws:rds/globalCluster:GlobalCluster": ("globalClusterIdentifier",),
        "aws:rds/clusterInstance:ClusterInstance": ("identifier",),
        "aws:s3/bucket:Bucket": ("bucket",),
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (
            "securityGroupId", "cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId", "ipProtocol",
            "fromPort", "toPort",
        ),
        "cloudflare:index/dnsRecord:DnsRecord": ("zoneId", "name", "type", "content"),
        "cloudflare:index/ruleset:Ruleset": ("zoneId", "phase"),
        "cloudflare:index/zoneSetting:ZoneSetting": ("zoneId", "settingId"),
    }
)  # fmt: skip
# All other types are identified by their name, if the program gives one.
_NAME = ("name",)
# Types whose name the provider generates, so that two can exist, and that still lose something.
REMADE: Mapping[str, str] = MappingProxyType(
    {
        "aws:cloudwatch/metricAlarm:MetricAlarm": "its state and history, and the message that the alarm is over",
        "aws:iam/role:Role": "its ARN, which other systems may refer to",
        "aws:lb/targetGroup:TargetGroup": "its targets: requests fail until they are registered and healthy again",
        "aws:sqs/queue:Queue": "its messages",
    }
)
# Inputs that the provider derives from the name in the program.
_CALLED = frozenset({"name", "namePrefix"})
_KUBERNETES = "kubernetes:"


def _renamed(steps: Sequence[PreviewStep], _ground: RuleContext) -> Iterator[Observation]:
    deleted = [step for step in steps if step.op == "delete"]
    gone = {known: step for step in deleted if (known := _identity(step, step.before))}
    alike = {like: step for step in deleted if (like := _likeness(step, step.before))}
    for step in steps:
        if step.op != "create":
            continue
        known = _identity(step, step.after)
        if known is not None and known in gone:
            by = ", ".join(f"{name} {value}" for name, value in known[2])
            yield _same(step, gone[known], by)
        elif old := alike.get(_likeness(step, step.after) or ""):
            yield _same(step, old, "all else is the same", f" It would lose {REMADE[step.type]}.")


def _same(step: PreviewStep, old: PreviewStep, by: str, lost: str = "") -> Observation:
    return Observation(
        step.urn,
        "",
        f"it is {old.name} by another name in the program ({by}).{lost} Keep it: "
        f"opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(...)]) with what has changed of {old.urn}",
    )


def _likeness(step: PreviewStep, side: Recorded | None) -> str | None:
    """All inputs except its name; None where some are unknown, and for resources that may be made anew.

    The type includes those of its parent components: roles of two kinds of components are never the same.
    """
    if side is None or step.type not in REMADE:
        return None
    inputs = {key: value for key, value in side.inputs.items() if key not in _CALLED}
    if not inputs or any(map(_unknown, inputs.values())):
        return None
    return json.dumps([step.urn.split("::")[2], side.region, inputs], sort_keys=True, default=str)


def _identity(step: PreviewStep, side: Recorded | None) -> tuple[str, str | None, tuple[tuple[str, str], ...]] | None:
    """Its identity for the service; None where that is unknown, or where the provider generates it."""
    if side is None or not step.is_real:
        return None
    names: tuple[str, ...] = IDENTITIES.get(step.type, _NAME)
    first, inputs = names[0], side.inputs
    if step.type.startswith(_KUBERNETES):
        names, first, inputs = ("namespace", "name"), "name", inputs.get("metadata") or {}
    pairs = {name: inputs.get(name) for name in names}
    if any(_unknown(value) for value in pairs.values()) or not pairs[first]:
        return None
    return step.type, side.region, tuple((name, str(value)) for name, value in pairs.items() if value is not None)


def _unknown(value: Any) -> bool:
    return value is not None and hidden(value)


RULES = (
    GuardRule(
        name="renamed",
        severity="high",
        reason="A service refuses a second one of the same identity, or takes it for the first and then deletes that. "
        "Where two can be, the new one has nothing of what the old one had.",
        whole=_renamed,
    ),
)
