"""The guard's own rules, on small previews of anybody's stack and of Ascent's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from catalog.schema import resource_schema
from ops.engine import render as offline
from ops.guard.judge import GuardVerdict, judge
from ops.guard.model import CostLimit, Finding, GuardRule, Observation, RuleContext
from ops.guard.preview import PreviewStep
from ops.guard.rules import OWN, RULES
from ops.guard.rules.renames import IDENTITIES, REMADE
from ops.one_way import CACHE, DATASTORE
from tests.guard.previews import BASE, judged, preview, render
from tests.guard.small import BUCKET, CLUSTER, Raw, document, step
from tests.renders import kept
from tests.unit.configs import config, settings

VOLUME, FUNCTION = "aws:ebs/volume:Volume", "aws:lambda/function:Function"
DAY = date(2026, 1, 1)
GROUP = "aws:ec2/securityGroup:SecurityGroup"


def _found(*steps: Raw) -> list[tuple[str, str]]:
    return [(one.rule, one.path) for one in judged(document(*steps)).stopping]


def _ours(*steps: Raw, **changes: Any) -> GuardVerdict:
    """A preview of Ascent's, at its last stage, of two regions."""
    values = config(**{"stage": 7, "regions": ["us-east-1", "eu-west-1"], **changes})
    whole = document(*steps, project="ascent")
    whole["config"] = {f"ascent:{key}": one if isinstance(one, str) else json.dumps(one) for key, one in values.items()}
    whole["steps"][0]["oldState"]["outputs"] = {"stage": 7, "primaryRegion": "us-east-1", "writer": "us-east-1"}
    return judged(whole)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (step("delete"), [("data-deleted", "")]),
        (step("replace", diff={"engine": "update-replace", "tags": "update"}), [("data-replaced", "engine")]),
        (step("delete", "aws:dynamodb/table:Table"), [("data-deleted", "")]),
        (step("delete", "kubernetes:core/v1:PersistentVolumeClaim"), [("data-deleted", "")]),
        (step("delete", "gcp:sql/databaseInstance:DatabaseInstance"), [("data-deleted", "")]),
        (step("delete", "azure-native:keyvault:Vault"), [("data-deleted", "")]),
        (step("delete", "aws:iam/role:Role"), []),
        (
            step("update", old={"engineVersion": "16.10"}, new={"engineVersion": "16.9"}),
            [("version-lowered", "engineVersion")],
        ),
        (step("update", old={"engineVersion": "16.9"}, new={"engineVersion": "16.10"}), []),
        (
            step("update", old={"engineVersion": "16.9"}, new={"engineVersion": "17.5"}),
            [("major-version-changed", "engineVersion")],
        ),
        (
            step("update", CACHE, old={"engine": "valkey"}, new={"engine": "redis"}),
            [("version-lowered", "engine")],
        ),
        (
            step("update", DATASTORE, old={"engineVersion": "8.2"}, new={"engineVersion": "8.0"}),
            [("version-lowered", "engineVersion")],
        ),
        # Without downtime, so that nothing has to come first.
        (
            step(
                "update",
                CACHE,
                old={"engine": "redis", "engineVersion": "7.1"},
                new={"engine": "valkey", "engineVersion": "8.2"},
            ),
            [],
        ),
        (step("delete", "random:index/randomPet:RandomPet"), []),
        (step("replace", "aws:lambda/function:Function"), []),
        (
            step("same", was={"protect": True}),
            [("protection-removed", "protect"), ("stack-protects-data", "")],
        ),
        (step("same", was={"retainOnDelete": True}), [("protection-removed", "retainOnDelete")]),
        (step("create", "aws:rds/instance:Instance", new={"storageEncrypted": False}), [("database-encrypted", "")]),
        (step("create", VOLUME, new={}), [("volume-encrypted", "")]),
        (step("create", "aws:s3/bucketAcl:BucketAcl", new={"acl": "public-read"}), [("bucket-acl-private", "")]),
        (step("same", was={"ignoreChanges": ["port"]}), [("owner-taken", "port")]),
        (step("same", was={"ignoreChanges": ["port"]}, comes={"ignoreChanges": ["port"]}), []),
        (
            step("update", "aws:dynamodb/table:Table", old={"pointInTimeRecovery": {"enabled": True}}, new={}),
            [("backups-shortened", "pointInTimeRecovery.enabled")],
        ),
        (
            step("update", "aws:rds/instance:Instance", old={"deletionProtection": True}, new={}),
            [("protection-removed", "deletionProtection")],
        ),
        (
            step("update", VOLUME, old={"kmsKeyId": "a"}, new={"kmsKeyId": "b"}, diff={"kmsKeyId": "update"}),
            [("key-changed", "kmsKeyId")],
        ),
        (step("update", VOLUME, old={}, new={"kmsKeyId": "b"}, diff={"kmsKeyId": "add"}), []),
        (
            step("update", FUNCTION, old={"a": [{"b": "[secret]"}]}, new={"a": [{"b": "plain"}]}),
            [("secret-revealed", "a[0].b")],
        ),
        (step("update", FUNCTION, old={"a": "[secret]"}, new={"a": {"b": "[secret]", "c": 1}}), []),
        (step("update", FUNCTION, old={"a": "[secret]"}, new={}), []),
    ],
)  # fmt: skip
def test_anybodys_change_is_found_by_what_is_bad_about_it(change: Raw, found: list[tuple[str, str]]) -> None:
    assert _found(change) == found


def test_what_would_stay_behind_without_an_owner_is_found_as_such() -> None:
    (one,) = judged(document(step("delete", was={"retainOnDelete": True}))).stopping
    assert (one.rule, one.message) == (
        "data-deleted", "it would leave the stack, and stay at the cloud where nothing manages it"
    )  # fmt: skip


def test_a_policy_that_was_broken_before_is_not_found_again() -> None:
    open_ = {"ingress": [{"cidrBlocks": ["0.0.0.0/0"], "fromPort": 22}]}
    assert _found(step("create", GROUP, "g", new=open_)) == [("security-group-no-inline-world", "")]
    assert _found(step("update", GROUP, "g", old={}, new=open_)) == [("security-group-no-inline-world", "")]
    assert _found(step("update", GROUP, "g", old=open_, new={**open_, "tags": {"a": "b"}})) == []


def test_a_policy_of_low_severity_is_told_and_stops_nothing() -> None:
    verdict = judged(document(step("create", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "r")))
    assert [one.rule for one in verdict.findings] == ["security-group-described"]
    assert verdict.answer == "fine"


def test_what_guards_a_bucket_goes_with_it_and_not_alone() -> None:
    block = step("delete", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "b")
    assert _found(block) == [("watch-removed", "")]
    assert [rule for rule, _ in _found(block, step("delete", BUCKET, "b"))] == ["data-deleted"]
    assert ("watch-removed", "") in _found(block, step("delete", BUCKET, "another"))


def test_copies_in_other_regions_are_told_and_stop_nothing() -> None:
    gone = [step("delete", CLUSTER, f"live-{code}-db", region=region, project="ascent")
            for code, region in (("use1", "us-east-1"), ("euw1", "eu-west-1"))]  # fmt: skip
    verdict = _ours(*gone)
    assert [one.name for one in verdict.stopping] == ["live-use1-db"]
    assert [one.rpartition("::")[2] for one in verdict.copies] == ["live-euw1-db"]


def test_the_region_that_takes_the_writes_holds_no_copy() -> None:
    verdict = _ours(step("delete", CLUSTER, "live-euw1-db", region="eu-west-1", project="ascent"), writer="eu-west-1")
    assert [one.rule for one in verdict.stopping] == ["data-deleted"]


def test_parts_that_are_made_anew_are_told_and_stop_nothing() -> None:
    verdict = _ours(step("replace", f"ascent:infra:Cache${CACHE}", "live-use1-cache", project="ascent"))
    assert (verdict.stopping, len(verdict.rebuilt)) == ((), 1)
    assert [one.rule for one in judged(document(step("replace", CACHE, "live-use1-cache"))).stopping] == [
        "data-replaced"
    ]


def test_what_needs_a_stage_is_left_out_for_other_peoples_stacks_and_named() -> None:
    verdict = judged(document(step("update")))
    skipped = {name: one.reason for one in verdict.skipped for name in one.rules}
    assert "no stack of Ascent" in skipped["connections-exceeded"]
    assert "no stack of Ascent" in skipped["cost-exceeded"]
    assert verdict.answer == "fine"


def test_what_stays_the_same_is_rendered_where_the_preview_leaves_it_out() -> None:
    plan = {one.urn: one for one in offline.render(settings(**BASE), "test").resources}
    whole = judged(preview(plan, plan, sames=False))
    assert (whole.skipped, whole.errors) == ((), ())
    assert whole.context.cost_after is not None
    assert whole.context.after is not None
    assert len(whole.context.after) == len(plan)
    other = preview(plan, plan, sames=False)
    other["changeSummary"]["same"] += 1
    verdict = judged(other)
    assert verdict.answer == "incomplete"
    assert "could not judge: the preview is of another version of the program" in verdict.errors[0]


@pytest.mark.parametrize(
    ("limit", "stops"),
    [
        (CostLimit(amount=1, unit="USD"), True), (CostLimit(amount=5000, unit="USD"), False),
        (CostLimit(amount=10, unit="percent"), True), (CostLimit(amount=900, unit="percent"), False), (None, False),
    ],
)  # fmt: skip
def test_a_rise_is_held_to_its_limit_or_else_to_the_budget(limit: CostLimit | None, *, stops: bool) -> None:
    low = kept("guard low", render)
    high = kept("guard high", lambda: render(stage=3))
    verdict = judged(preview(low, high, stage=3), max_rise=limit)
    assert [one.rule for one in verdict.stopping] == ["cost-exceeded"] * stops


def test_a_rule_that_fails_leaves_the_preview_unjudged() -> None:
    def fails(one: PreviewStep, known: RuleContext) -> Iterator[Observation]:
        yield Observation(one.urn, "port", "odd")
        if one.name == "db":
            raise KeyError(known)

    fine = judged(document(step("update"), step("update", name="other")))
    rule = GuardRule(name="broken", severity="low", reason="", step=fails)
    verdict = judge(fine.preview, fine.context, DAY, [rule])
    assert verdict.answer == "incomplete"
    assert verdict.errors == ("db could not be judged by broken: KeyError",)
    assert [one.name for one in verdict.findings] == ["db", "other"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_odd_values_are_judged_or_named(rule: GuardRule) -> None:
    types = rule.types or (CLUSTER, BUCKET)
    odd: list[Any] = [None, True, "", "x", 7, 1.5, [], {}, [None], {"a": None}, "[secret]"]
    names = ("tags", "policy", "ingress", "rules", "kmsKeyId", "backupRetentionPeriod", "storageEncrypted", "spec")
    steps = [
        step("update", type_, f"n{index}", old=dict.fromkeys(names), new=dict.fromkeys(names, value))
        for type_ in types
        for index, value in enumerate(odd)
    ]
    fine = judged(document(*steps))
    told = judge(fine.preview, fine.context, DAY, [rule])
    assert all("could not be judged by" in one for one in told.errors)


def test_rules_are_named_once_and_say_why() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(rule.reason and (rule.step is None) != (rule.whole is None) for rule in RULES)
    assert len(OWN) == 18


LISTENER, RULE, QUEUE = "aws:lb/listener:Listener", "aws:lb/listenerRule:ListenerRule", "aws:sqs/queue:Queue"
TARGETS = "aws:lb/targetGroup:TargetGroup"
SERVICE_TYPE = "kubernetes:core/v1:Service"


@pytest.mark.parametrize(
    ("type_", "old", "new", "same"),
    [
        (LISTENER, {"loadBalancerArn": "arn:lb", "port": 443}, {}, True),
        (LISTENER, {"loadBalancerArn": "arn:lb", "port": 443}, {"port": 80}, False),
        (RULE, {"listenerArn": "arn:l", "priority": 10}, {}, True),
        (QUEUE, {"name": "jobs"}, {}, True),
        # The provider makes up names of its own, and two of them.
        (QUEUE, {}, {}, False),
        (GROUP, {"description": "web"}, {}, False),
        # Where all else is the same, it is one and the same: what it had is lost on the way.
        (QUEUE, {"visibilityTimeoutSeconds": 300}, {}, True),
        (QUEUE, {"visibilityTimeoutSeconds": 300}, {"visibilityTimeoutSeconds": 30}, False),
        (TARGETS, {"port": 3000, "vpcId": "vpc-1", "name": "web-3f1"}, {"name": "app-9c2"}, True),
        (TARGETS, {"port": 3000, "vpcId": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}, {}, False),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {"metricName": "CPU", "name": "a"}, {"name": "b"}, True),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {"name": "cpu"}, {}, True),
        ("aws:iam/role:Role", {"name": "app"}, {}, True),
        ("aws:iam/role:Role", {"name": "app"}, {"name": "web"}, False),
        (SERVICE_TYPE, {"metadata": {"name": "web", "namespace": "app"}}, {}, True),
        (SERVICE_TYPE, {"metadata": {"name": "web", "namespace": "app"}}, {"metadata": {"name": "web"}}, False),
        (LISTENER, {"loadBalancerArn": "04da6b54-80e4-46f7-96ec-b56ff0331ba9", "port": 443}, {}, False),
    ],
)
def test_a_rename_is_told_by_what_the_service_knows_it_by(type_: str, old: Raw, new: Raw, *, same: bool) -> None:
    steps = (step("delete", type_, "old", old=old), step("create", type_, "new", new={**old, **new}))
    found = [one for one in judged(document(*steps)).findings if one.rule == "renamed"]
    assert [one.urn.rpartition("::")[2] for one in found] == (["new"] if same else [])
    assert all("it is old by another name" in one.message and "aliases" in one.message for one in found)
    # In another region it is another one.
    far = (step("delete", type_, "old", old=old), step("create", type_, "new", new=old, region="eu-west-1"))
    if type_ != SERVICE_TYPE:
        assert not [one for one in judged(document(*far)).findings if one.rule == "renamed"]


def service(**spec: Any) -> Raw:
    return {"metadata": {"name": "web", "namespace": "app"}, "spec": spec}


@pytest.mark.parametrize(
    ("op", "old", "new", "found"),
    [
        ("delete", {}, {}, []),
        ("delete", {"type": "ClusterIP"}, {}, []),
        ("delete", {"type": "NodePort"}, {}, []),
        ("delete", {"type": "LoadBalancer"}, {}, ["data-deleted"]),
        ("replace", {"type": "LoadBalancer"}, {"type": "LoadBalancer"}, ["data-replaced"]),
        ("replace", {"type": "ClusterIP"}, {"type": "ClusterIP"}, []),
    ],
)
@pytest.mark.parametrize("project", ["shop", "ascent"])
def test_a_service_is_judged_by_what_it_holds(op: str, old: Raw, new: Raw, found: list[str], project: str) -> None:
    one = step(op, SERVICE_TYPE, "web", old=service(**old), new=service(**new), project=project)
    told = judged(document(one, project=project)).findings
    assert [each.rule for each in told if each.rule.startswith("data-")] == found


def looked_at(type_: str, name: str, project: str = "shop") -> Raw:
    """What the engine says of a look at something, whether or not it is there."""
    return {**step("update", type_, name, project=project), "op": "refresh"}


def lost(raw: Raw) -> list[Finding]:
    """What stops it for having been lost."""
    return [one for one in judged(raw).stopping if one.rule == "data-gone"]


def test_what_the_engine_finds_gone_and_makes_anew_is_a_loss() -> None:
    gone = document(looked_at(BUCKET, "photos"), step("create", BUCKET, "photos", new={}))
    (found,) = lost(gone)
    assert found.urn.rpartition("::")[2] == "photos"
    assert "is gone: an update makes another one, empty" in found.message
    # What is new is none, and what holds nothing.
    assert not lost(document(step("create", BUCKET, "photos", new={})))
    alarm = "aws:cloudwatch/metricAlarm:MetricAlarm"
    assert not lost(document(looked_at(alarm, "cpu"), step("create", alarm, "cpu", new={})))


@pytest.mark.parametrize(
    ("type_", "name", "missed"),
    [
        (BUCKET, "live-use1-store-uploads", True),
        (BUCKET, "live-use1-store-models", False),
        (CLUSTER, "live-use1-db", True),
        (VOLUME, "live-use1-disk", False),
    ],
)
def test_what_the_last_update_put_out_is_missed_where_nobody_looked(type_: str, name: str, *, missed: bool) -> None:
    raw = document(step("create", type_, name, new={}, project="ascent"), project="ascent")
    data = {"buckets": {"uploads": "live-use1-store-uploads-1"}, "database": "db.example.com"}
    raw["steps"][0]["oldState"]["outputs"] = {"data": data, "primaryRegion": "us-east-1"}
    assert bool(lost(raw)) == missed
    for without in ({}, {"data": None}, {"data": {"buckets": None}}, {"data": {"database": "external"}}):
        raw["steps"][0]["oldState"]["outputs"] = without
        assert not lost(raw)
    other = document(step("create", type_, name, new={}))
    other["steps"][0]["oldState"]["outputs"] = {"data": data}
    assert not lost(other)  # somebody else's stack may put out what it likes


def test_what_goes_is_lost_rebuilt_or_neither() -> None:
    """A loss and what is rebuilt are told by what they are; what is changed, or holds nothing, is not among them."""
    nat, alarm = "aws:ec2/natGateway:NatGateway", "aws:cloudwatch/metricAlarm:MetricAlarm"
    steps = (
        step("delete", name="gone", project="ascent"),
        step("replace", name="anew", project="ascent"),
        step("update", name="changed", project="ascent"),
        step("delete", nat, "nat", project="ascent"),
        step("update", nat, "other-nat", project="ascent"),
        step("delete", alarm, "alarm", project="ascent"),
    )
    verdict = _ours(*steps)
    assert [one.rpartition("::")[2] for one in verdict.lost] == ["gone", "anew"]
    assert [one.rpartition("::")[2] for one in verdict.rebuilt] == ["nat"]
    assert verdict.capacity is not None
    other = judged(document(*(step("delete", nat, "nat"), step("delete"))))
    assert ([one.rpartition("::")[2] for one in other.lost], other.rebuilt, other.capacity) == (["db"], (), None)


@pytest.mark.parametrize("type_", [*IDENTITIES, *REMADE])
def test_what_identifies_a_resource_is_among_the_inputs_of_its_type(type_: str) -> None:
    """A row about an input that the type does not have would never find a rename."""
    schema = resource_schema(type_)
    assert schema is not None
    assert set(IDENTITIES.get(type_, ())) <= set(schema.inputs)


@pytest.mark.parametrize("type_", IDENTITIES)
def test_each_type_is_the_same_by_all_that_identifies_it(type_: str) -> None:
    old = dict.fromkeys(IDENTITIES[type_], "one")
    first = step("delete", type_, "old", old=old)

    def renamed(new: Raw) -> bool:
        both = document(first, step("create", type_, "new", new=new))
        return any(one.rule == "renamed" for one in judged(both).findings)

    assert renamed(old)
    assert not any(renamed({**old, name: "other"}) for name in old)
