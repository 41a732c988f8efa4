"""What holds data is told by type, component and region: whatever the stack is called, and wherever it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from catalog import engine_steps
from catalog.data_loss import (
    REBUILT_COMPONENTS,
    REBUILT_TYPES,
    REWRITTEN,
    holds_data,
    may_be_original,
    why_not_lost,
)
from catalog.stateful import FACTS, stateful
from catalog.urns import components_of
from infra import naming
from infra.authoritative import HOME, WRITER, authoritative_regions
from infra.regions import REGIONS
from ops.drift.judge import judge as judge_drift
from ops.drift.steps import refreshed
from ops.engine.recorder import Recorded
from ops.guard.collector import Collector
from ops.guard.context import context_of
from ops.transition.engine_run import of_steps
from ops.transition.model import Op, change
from policy.model import Facts
from tests.unit.runtime import PROJECT, built
from tests.unit.test_components import everything

PROVIDERS = "pulumi:providers:"
MADE: dict[str, Any] = {"stage": 7, "runtime": "both", "database": {"roles": True}}
BUILT_IN = ("us-east-1", "eu-west-1", "ap-southeast-2")
LEGAL = st.from_regex(r"[a-z](-?[a-z0-9]){0,33}", fullmatch=True).filter(lambda name: naming.refused(name) is None)
# Names of parts and codes of regions, which names of resources hold too.
STRANGE = st.sampled_from(["my-cache", "etl-workers", "acme-euw1", "prod-proxy", "db-reader", "use1", "jobs-login"])
# Components whose data or identity nothing else has, or that hold a copy of it. One that is new, and has something
# stateful in it, is put here or among `REBUILT_COMPONENTS`.
HOLDING = {
    "AppLogs", "AppNamespace", "AppSecret", "BackupCopies", "Certificate", "ContainerInsights", "Credentials",
    "Database", "EncryptionKeys", "KubernetesCluster", "LoadBalancer", "LogBucket", "MasterSecret",
    "Network", "Notifications", "Queues", "RegistryLogIn", "Repositories", "RoleKeeper", "Storage", "TargetBinding",
    "Undelivered",
}  # fmt: skip
# Types of which the providers' facts say nothing: charts, and what a cluster's own controllers know. None holds data.
WITHOUT_FACTS = {
    "kubernetes:eks.amazonaws.com/v1:NodeClass",
    "kubernetes:eks.amazonaws.com/v1:TargetGroupBinding",
    "kubernetes:helm.sh/v3:Release",
    "kubernetes:karpenter.sh/v1:NodePool",
    "kubernetes:storage.k8s.io/v1:StorageClass",
}


def one_of_each() -> list[Recorded]:
    """One resource of each type in each component and region, and all providers."""
    found: dict[tuple[str, str | None, object], Recorded] = {}
    for one in built(**MADE).values():
        mark = one.inputs.get("promotionTier", one.inputs.get("recoveryWindowInDays"))
        key = one.urn if one.type.startswith(PROVIDERS) else one.urn.split("::")[2]
        if one.custom and (stateful(one.type) or one.type.startswith((PROVIDERS, "aws:eks/cluster:"))):
            found.setdefault((key, one.location, mark), one)
    return list(found.values())


def elsewhere(one: Recorded, stack: str, regions: tuple[str, ...]) -> Recorded:
    """The same resource of a stack with another name, in other regions."""
    words = {"test": stack}
    for was, now in zip(BUILT_IN, regions, strict=True):
        words |= {was: now, REGIONS[was].code: REGIONS[now].code}
    pattern = re.compile(rf"\b({'|'.join(words)})\b")

    def told(value: Any) -> Any:
        return json.loads(pattern.sub(lambda met: words[met[1]], json.dumps(value)))

    return replace(
        one,
        urn=told(one.urn),
        name=told(one.name),
        inputs=told(dict(one.inputs)),
        region=told(one.region),
        cluster_region=told(one.cluster_region),
    )


def providers(resources: Iterable[Recorded]) -> dict[tuple[str, str | None], str]:
    """Reference to the provider of a package in a region."""
    found = [one for one in resources if one.type.startswith(PROVIDERS)]
    return {
        (one.type.removeprefix(PROVIDERS), one.location or one.inputs.get("region")): f"{one.urn}::id" for one in found
    }


def judged(resources: list[Recorded], stack: str, home: str, writer: str) -> list[dict[str, bool]]:
    """What guard, policies, drift, and both ways to compare stages say of losing each resource."""
    own = f"urn:pulumi:{stack}::{PROJECT}::pulumi:pulumi:Stack::{PROJECT}-{stack}"
    itself = {"op": "refresh", "urn": own, "oldState": {"urn": own, "outputs": {HOME: home, WRITER: writer}}}
    by_region = providers(resources)
    documents = [itself]
    for one in resources:
        reference = by_region.get((one.type.partition(":")[0], one.location), "")
        state = {"urn": one.urn, "custom": True, "inputs": dict(one.inputs), "provider": reference}
        documents.append({"op": "delete", "urn": one.urn, "oldState": state})
    collector = Collector()
    for document in documents:
        collector.take(document)
    told = [engine_steps.of_document(document) for document in documents]
    preview = collector.preview("preview.json", None)
    known = context_of(replace(preview, config={}))
    policies = Facts(authoritative=authoritative_regions(SimpleNamespace(home=home, writing_region=writer)))
    drifted = {one.urn: one.precious for one in judge_drift(map(refreshed, told), stack).drifted}
    moved = {one.urn: one.lost for one in of_steps(7, 6, told, {home, writer}).changes}
    steps = {step.urn: step for step in preview.steps}
    return [
        {
            "guard": known.loses(steps[one.urn]),
            "policy": holds_data(one.urn, one.inputs) and policies.keeps(one.location),
            "drift": drifted[one.urn],
            "transition": change(one, Op.DELETE, {home, writer}).lost,
            "transition --engine": moved[one.urn],
        }
        for one in resources
        if not one.type.startswith("pulumi:")
    ]


@given(
    stack=STRANGE | LEGAL,
    regions=st.lists(st.sampled_from(sorted(REGIONS)), min_size=3, max_size=3, unique=True).map(tuple),
    writer=st.integers(0, 2),
)
@example(stack="my-cache", regions=BUILT_IN, writer=0)
@example(stack="etl-workers", regions=BUILT_IN, writer=1)
@example(stack="acme-euw1", regions=("us-east-1", "ap-southeast-2", "eu-west-1"), writer=0)
@hypothesis_settings(deadline=None, max_examples=20)
def test_all_say_the_same_whatever_the_stack_is_called_and_wherever_it_is(
    stack: str, regions: tuple[str, ...], writer: int
) -> None:
    plain = one_of_each()
    wanted = judged(plain, "test", BUILT_IN[0], BUILT_IN[writer])
    assert [one for one in wanted if len(set(one.values())) != 1] == []
    found = judged([elsewhere(one, stack, regions) for one in plain], stack, regions[0], regions[writer])
    assert found == wanted


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("test-use1-app", True),
        ("test-use1-jobs-login", False),
        ("test-use1-db", True),
        ("test-use1-db-writer", True),
        ("test-use1-db-reader", False),
        ("test-use1-cache", False),
        ("test-use1-proxy", False),
        ("test-use1-store-analyses", True),
        ("test-euw1-db-standby", True),
        ("test-use1-blue-pods", False),
    ],
)
def test_what_is_rebuilt_holds_nothing(name: str, holds: bool) -> None:  # noqa: FBT001
    found = [one for one in built(**MADE).values() if one.name == name and stateful(one.type)]
    found = [one for one in found if one.type not in REBUILT_TYPES and "logGroup" not in one.type]
    assert found
    assert {holds_data(one.urn, one.inputs) for one in found} == {holds}


@pytest.mark.parametrize("name", ["test-use1-db-reader", "test-use1-jobs-login", "test-use1-blue-pods"])
def test_what_says_nothing_of_itself_holds_data(name: str) -> None:
    found = [one for one in built(**MADE).values() if one.name == name and stateful(one.type)]
    assert found
    hidden: Mapping[str, Any] = {name: {"unknown": True} for name in ("promotionTier", "recoveryWindowInDays", "spec")}
    assert all(holds_data(one.urn, {}) and holds_data(one.urn, hidden) for one in found)


def test_each_type_that_is_rebuilt_would_hold_something_by_the_facts_alone() -> None:
    assert [one for one in REBUILT_TYPES if not stateful(one)] == []
    assert [one for one in REWRITTEN if one not in FACTS] == []


@pytest.mark.parametrize(
    ("spec", "holds"),
    [
        ({}, False),
        ({"type": "ClusterIP"}, False),
        ({"type": "NodePort"}, False),
        ({"type": "ExternalName"}, False),
        ({"type": "LoadBalancer"}, True),
        ({"unknown": True}, True),
        ({"secret": True, "value": {"type": "ClusterIP"}}, True),
        (None, True),
    ],
)
def test_a_service_has_an_identity_where_it_may_have_a_load_balancer(spec: object, *, holds: bool) -> None:
    urn = "urn:pulumi:live::shop::kubernetes:core/v1:Service::web"
    assert holds_data(urn, {"spec": spec}) is holds


def test_what_is_not_lost_says_why() -> None:
    urn = "urn:pulumi:live::shop::aws:ec2/natGateway:NatGateway::key"
    assert why_not_lost(urn, {}) == "its address is an Eip that is kept"
    assert why_not_lost("urn:pulumi:live::shop::aws:kms/key:Key::key", {}) == "in a region that holds copies alone"


def test_where_nothing_tells_the_region_it_may_be_the_original() -> None:
    assert may_be_original(None, {"us-east-1"})
    assert may_be_original("eu-west-1", set())
    assert may_be_original("us-east-1", {"us-east-1"})
    assert not may_be_original("eu-west-1", {"us-east-1"})


def test_what_is_in_a_cluster_is_in_its_region() -> None:
    found = [one for one in built(**MADE).values() if one.type.startswith("kubernetes:")]
    assert {one.location for one in found} == set(BUILT_IN)
    assert [one.urn for one in found if f"-{REGIONS[str(one.location)].code}-" not in one.name] == []


def test_every_component_with_something_stateful_is_sorted() -> None:
    kept = [one for one in everything().values() if stateful(one.type) and one.type not in REBUILT_TYPES]
    assert {component for one in kept for component in components_of(one.urn)} - REBUILT_COMPONENTS == HOLDING
    assert {component for one in everything().values() for component in components_of(one.urn)} >= REBUILT_COMPONENTS


def test_every_type_has_facts_that_say_whether_it_is_stateful() -> None:
    types = {one.type for one in everything().values() if one.custom and not one.type.startswith("pulumi:")}
    assert types - FACTS.keys() == WITHOUT_FACTS
    assert [one for one in types & FACTS.keys() if "stateful" not in FACTS[one]] == []
