"""Every policy fires on a resource that was made bad, and on no good one."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from infra.stages import Capability
from ops.engine import recorder
from policy.judge import broken
from policy.model import SECRET, UNKNOWN, Facts, PolicyRule, at_least, at_most, every, given, is_true, matches, wants
from policy.pack import Declared
from policy.rules import RULES, STACK_RULES
from tests.policy.bad import BAD, changed
from tests.policy.samples import SAMPLES
from tests.unit.runtime import built

EVERYTHING = Facts(stage=7, capabilities=frozenset(one.value for one in Capability))
CASES = [(rule, changes) for rule in RULES for changes in BAD.get(rule.name, ())]
SAMPLED = [rule for rule in RULES if SAMPLES.keys() & set(rule.types)]
CRON_JOB = "kubernetes:batch/v1:CronJob"


@cache
def _good(type_: str) -> tuple[Declared, ...]:
    """Good resources of a type: the program's own, or else the sample."""
    if type_ in SAMPLES:
        return (_declared(type_, SAMPLES[type_]),)
    found = built(stage=6, runtime="both", live=True)
    return tuple(_declared(type_, one.inputs) for one in found.values() if one.type == type_)


def _declared(type_: str, inputs: Any) -> Declared:
    return Declared(urn=f"urn:x::x::{type_}::x", type=type_, name="x", inputs=inputs, region=None, protect=False)


@pytest.mark.parametrize(("rule", "changes"), CASES, ids=[f"{rule.name}-{next(iter(one))}" for rule, one in CASES])
def test_a_bad_resource_of_each_type_breaks_its_policy(rule: PolicyRule, changes: dict[str, Any]) -> None:
    for type_ in rule.types:
        bad = [_declared(type_, changed(one.inputs, _at_home(type_, changes))) for one in _good(type_)]
        assert any(broken(rule, one, EVERYTHING) for one in bad), f"{rule.name} allows {changes} in {type_}"


def _at_home(type_: str, changes: dict[str, Any]) -> dict[str, Any]:
    """The changes where the type has them: a CronJob's pod is one level further down than a Deployment's."""
    if type_ != CRON_JOB:
        return changes
    deeper = "spec.jobTemplate.spec.template."
    return {path.replace("spec.template.", deeper, 1): value for path, value in changes.items()}


def test_every_policy_has_a_bad_example_and_no_example_is_left_over() -> None:
    assert set(BAD) == {rule.name for rule in RULES}


@pytest.mark.parametrize("rule", SAMPLED, ids=lambda rule: rule.name)
def test_good_samples_break_no_policy(rule: PolicyRule) -> None:
    # The program's own resources are judged in test_stacks.py, where their regions are known.
    samples = [_declared(type_, SAMPLES[type_]) for type_ in rule.types if type_ in SAMPLES]
    assert [message for one in samples if (message := broken(rule, one, EVERYTHING))] == []


def test_every_policy_looks_at_something_that_exists() -> None:
    for rule in RULES:
        assert [type_ for type_ in rule.types if not _good(type_)] == [], rule.name


def test_policies_are_named_once_and_say_why() -> None:
    rows = [(rule.name, rule.reason) for rule in RULES] + [(rule.name, rule.reason) for rule in STACK_RULES]
    assert len({name for name, _ in rows}) == len(rows)
    for name, reason in rows:
        assert reason.endswith("."), name
        assert len(reason) > 20, name


def test_what_guards_data_is_asked_for_in_the_authoritative_regions_of_a_stack_that_protects() -> None:
    rule = next(rule for rule in RULES if rule.name == "bucket-kept")
    there = {
        region: Declared(
            urn="urn", type=rule.types[0], name="x", inputs={"forceDestroy": True}, region=region, protect=False
        )
        for region in ("us-east-1", "eu-west-1")
    }
    known = Facts(regions=("us-east-1", "eu-west-1"), authoritative=frozenset({"us-east-1"}))
    assert broken(rule, there["us-east-1"], known)
    assert broken(rule, there["eu-west-1"], known) is None
    assert broken(rule, there["us-east-1"], replace(known, protect=False)) is None


def test_what_is_unknown_or_secret_breaks_no_policy() -> None:
    assert recorder.UNKNOWN == UNKNOWN
    assert recorder.SECRET == SECRET
    check = every(
        is_true("a"), at_least("a", 3), at_most("a", 3), given("a"), matches("a", "x"), wants("a[*].b", bool, "x")
    )
    for hidden in (UNKNOWN, SECRET):
        assert check({"a": hidden}) is None
        assert is_true("a.b.c")({"a": hidden}) is None


def test_a_message_says_where_what_and_what_instead() -> None:
    assert at_least("a.b", 7)({"a": {"b": 1}}) == "a.b is '1'; it should be 7 or more"
    assert is_true("a")({}) == "a is not set; it should be true"
