"""Stacks keep to every policy at every stage and with every runtime; a higher stage is never less protected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from catalog.urns import type_of
from infra.config.settings import Settings
from infra.stages import STAGES
from ops import stackfile
from ops.engine.recorder import Recorded
from ops.engine.render import render
from policy.judge import facts, judge
from policy.model import Facts, PolicyRule, Resource, StackRule
from policy.monotonic import GUARDS, WATCHERS, lost
from policy.pack import Declared
from policy.rules import RULES, STACK_RULES, service, services
from tests.policy.bad import GONE, changed
from tests.unit import configs
from tests.unit.runtime import built

# `both` has all that `kubernetes` has, and little more; renders take seconds.
RENDERS = [(stage, runtime) for runtime in ("ec2", "both") for stage in STAGES] + [(max(STAGES), "kubernetes")]
ALL: tuple[PolicyRule | StackRule, ...] = (*RULES, *STACK_RULES)
PAIRS = [(lower, higher) for lower in STAGES for higher in STAGES if lower < higher]
# Services whose resources hold nothing and admit nobody, with the reason why no policy looks at them.
WITHOUT = {
    "pulumi": "components and the stack itself",
    "aws:ssm": "the id of a machine image, which is public",
}


def _violations(found: Iterable[Resource], settings: Settings) -> list[tuple[str, str, str]]:
    return [(one.rule, one.urn, one.message) for one in judge(list(found), facts(settings))]


@pytest.mark.parametrize(("stage", "runtime"), RENDERS)
def test_every_runtime_keeps_to_every_policy_at_every_stage(stage: int, runtime: str) -> None:
    # As after an update, when policy documents are known in full.
    found = built(stage=stage, runtime=runtime, live=True)
    assert _violations(found.values(), configs.settings(stage=stage, runtime=runtime)) == []


@pytest.mark.parametrize("stack", stackfile.names())
def test_every_shipped_stack_keeps_to_every_policy(stack: str) -> None:
    settings = stackfile.settings(stack)
    assert _violations(render(settings, stack).resources, settings) == []


def test_after_a_failover_the_region_that_writes_is_held_to_what_guards_data() -> None:
    moved = configs.settings(stage=7, writer="eu-west-1")
    found = list(built(stage=7, writer="eu-west-1", live=True).values())
    assert _violations(found, moved) == []
    bare = [replace(one, protect=False) for one in found if one.type == "aws:rds/cluster:Cluster"]
    assert len(bare) == 3
    told = {urn.rpartition("::")[2] for rule, urn, _ in _violations(bare, moved) if rule == "stack-protects-data"}
    assert told == {"test-use1-db", "test-euw1-db"}
    # Of one resource alone, too, and of its other instances.
    deletable = [replace(one, inputs={**one.inputs, "deletionProtection": False}) for one in bare]
    rules = {urn.rpartition("::")[2]: rule for rule, urn, _ in _violations(deletable, moved) if "deletion" in rule}
    assert set(rules) == told
    alone = {urn.rpartition("::")[2] for rule, urn, _ in _violations(bare, moved) if rule == "stack-failover-target"}
    assert alone == told


@pytest.mark.parametrize("runtime", ["ec2", "both"])
@pytest.mark.parametrize(("lower", "higher"), PAIRS)
def test_a_higher_stage_is_never_less_protected(lower: int, higher: int, runtime: str) -> None:
    before, after = (built(stage=stage, runtime=runtime, live=True).values() for stage in (lower, higher))
    assert [(one.urn, one.message) for one in lost(before, after)] == []


def test_a_policy_of_a_stage_is_one_of_every_higher_stage() -> None:
    known = {stage: facts(configs.settings(stage=stage)) for stage in STAGES}
    for rule in ALL:
        applies = [rule.when(known[stage]) for stage in sorted(STAGES)]
        assert applies == sorted(applies), rule.name


def test_every_service_has_a_policy_or_a_reason() -> None:
    stages = (built(stage=stage, runtime="both", live=True) for stage in (6, 7))
    found = {service(one.type) for everything in stages for one in everything.values() if one.custom}
    assert found - services() - set(WITHOUT) == set()


def _as_declared(one: Recorded, changes: dict[str, Any] | None = None, *, protect: bool | None = None) -> Declared:
    return Declared(
        urn=one.urn, type=one.type, name=one.name, region=one.region,
        inputs=changed(one.inputs, changes or {}), protect=one.protect if protect is None else protect,
    )  # fmt: skip


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: f"{guard.types[0].rpartition(':')[2]}-{guard.path}")
def test_each_guard_notices_what_it_guards_going_away(guard: Any) -> None:
    before = [one for one in built(stage=6, runtime="both", live=True).values() if one.type in guard.types]
    weak: dict[str, Any] = {
        "skipFinalSnapshot": True, "publiclyAccessible": True, "forceDestroy": True,
        "cidrIpv4": "0.0.0.0/0", "cidrIpv6": "::/0", "retentionInDays": 1, "sslPolicy": "ELBSecurityPolicy-2016-08",
    }  # fmt: skip
    after = [_as_declared(one, {guard.path.replace("[*]", "[0]"): weak.get(guard.path, GONE)}) for one in before]
    noticed = {one.urn for one in lost(before, after) if one.message.startswith(f"{guard.path} goes from")}
    # Of each type that the guard is for, some resource has the property.
    assert {type_of(urn) for urn in noticed} == set(guard.types)


def test_a_watcher_that_is_gone_and_a_protection_that_is_lifted_are_noticed() -> None:
    found = list(built(stage=6, runtime="both", live=True).values())
    without = [one for one in found if one.type not in WATCHERS]
    gone = {one.urn for one in lost(found, without) if one.message == "it is gone"}
    assert gone == {one.urn for one in found if one.type in WATCHERS}
    bare = [_as_declared(one, protect=False) for one in found]
    lifted = {one.urn for one in lost(found, bare) if "protected" in one.message}
    assert lifted == {one.urn for one in found if one.protect}


# Stack policy: what is taken out of the rendered stack, or changed in it, by type; None takes it out.
BROKEN: dict[str, dict[str, dict[str, Any] | None]] = {
    "stack-buckets-complete": {"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": None},
    "stack-networks-logged": {"aws:ec2/flowLog:FlowLog": None},
    "stack-egress-per-zone": {"aws:ec2/natGateway:NatGateway": None},
    "stack-failover-target": {"aws:rds/clusterInstance:ClusterInstance": None},
    "stack-pooled": {"aws:rds/proxy:Proxy": None},
    "stack-behind-cdn": {
        "cloudflare:index/dnsRecord:DnsRecord": {"proxied": False},
        "cloudflare:index/loadBalancer:LoadBalancer": {"proxied": False},
    },
    "stack-in-every-region": {"aws:lb/loadBalancer:LoadBalancer": None},
    "stack-dead-letters": {"aws:sqs/queue:Queue": {"redrivePolicy": GONE}},
    "stack-spot-above-minimum": {
        "aws:autoscaling/group:Group": {"mixedInstancesPolicy.instancesDistribution.onDemandBaseCapacity": 0}
    },
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_bad_stack_wakes_its_policy(name: str) -> None:
    rule = _stack_rule(name)
    settings = configs.settings(stage=7)
    found = list(built(stage=7, runtime="ec2", live=True).values())
    assert list(rule.check(found, facts(settings))) == []
    bad = [one for one in found if one.type not in BROKEN[name]]
    kept = {type_: changes for type_, changes in BROKEN[name].items() if changes is not None}
    bad += [_as_declared(one, kept[one.type]) for one in found if one.type in kept]  # type: ignore[misc]
    # Where a type is taken out, the first one stays, for rules that ask how many there are.
    bad += [
        next(one for one in found if one.type == type_)
        for type_ in set(BROKEN[name]) - set(kept)
        if name != "stack-pooled"
    ]
    assert rule.when(facts(settings))
    assert list(rule.check(bad, facts(settings)))


def test_what_holds_data_without_protection_wakes_its_policy_where_the_stack_protects() -> None:
    rule = _stack_rule("stack-protects-data")
    settings = configs.settings(stage=1)
    bare = [_as_declared(one, protect=False) for one in built(stage=1, runtime="ec2", live=True).values()]
    assert list(rule.check(bare, facts(settings)))
    assert list(rule.check(bare, Facts(protect=False))) == []


def test_every_stack_policy_has_a_bad_example() -> None:
    assert {*BROKEN, "stack-protects-data"} == {rule.name for rule in STACK_RULES}


def _stack_rule(name: str) -> StackRule:
    return next(rule for rule in STACK_RULES if rule.name == name)


def test_a_stack_that_is_not_ours_is_held_to_the_rules_of_every_stage() -> None:
    of_a_stage = {rule.name for rule in ALL if not rule.when(Facts())}
    assert of_a_stage
    assert "ingress-web-only" not in of_a_stage
