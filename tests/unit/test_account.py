"""The account that a stack is in: its credentials, its tags, its boundary."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from infra.wiring import build
from ops.engine.recorder import Recorded
from tests.unit import runtime
from tests.unit.configs import settings
from tests.unit.runtime import built, of_type, record

ACCOUNT = {
    "id": "123456789012",
    "assumeRole": "arn:aws:iam::123456789012:role/deploy",
    "permissionsBoundary": "arn:aws:iam::123456789012:policy/teams",
}
TAGS = {"team": "web", "cost-center": "4711"}


def everything() -> dict[str, Recorded]:
    return built(live=True, stage=7, runtime="both", account=ACCOUNT, tags=TAGS)


def test_every_provider_takes_the_role_and_that_account_alone() -> None:
    providers = of_type(everything(), "pulumi:providers:aws")
    assert len(providers) == 3
    for one in providers.values():
        assert json.loads(one.inputs["allowedAccountIds"]) == ["123456789012"]
        assert json.loads(one.inputs["assumeRoles"]) == [{"roleArn": ACCOUNT["assumeRole"]}]


def test_without_an_account_nothing_is_said_of_it() -> None:
    (one, *_) = of_type(built(live=True), "pulumi:providers:aws").values()
    assert not {"allowedAccountIds", "assumeRoles"} & set(one.inputs)


def test_the_teams_tags_are_on_everything_that_takes_tags() -> None:
    for one in of_type(everything(), "pulumi:providers:aws").values():
        assert json.loads(one.inputs["defaultTags"])["tags"].items() >= TAGS.items()
    # What no default tags reach: instances and volumes have those of their template.
    for one in of_type(everything(), "aws:ec2/launchTemplate:LaunchTemplate").values():
        for part in one.inputs["tagSpecifications"]:
            assert part["tags"].items() >= TAGS.items()
    for one in of_type(everything(), "aws:autoscaling/group:Group").values():
        found = {tag["key"]: tag["value"] for tag in one.inputs["tags"]}
        assert found.items() >= TAGS.items()


def test_every_role_is_bounded_and_no_other_resource_changes() -> None:
    plain = built(live=True, stage=7, runtime="both")
    roles = of_type(everything(), "aws:iam/role:Role")
    assert len(roles) > 20
    assert {one.inputs.get("permissionsBoundary") for one in roles.values()} == {ACCOUNT["permissionsBoundary"]}
    assert {one.inputs.get("permissionsBoundary") for one in of_type(plain, "aws:iam/role:Role").values()} == {None}
    assert set(plain) == set(everything())


def refused(monkeypatch: pytest.MonkeyPatch, caller: Callable[..., Any]) -> str:
    """What the program says to the answer of `caller`, having declared nothing but its providers."""
    said: list[str] = []

    def program() -> None:
        try:
            build(settings(account={"id": "123456789012"}))
        except pulumi.RunError as error:
            said.append(str(error))

    monkeypatch.setattr(aws, "get_caller_identity", caller)
    recorded = record(program, live=True)
    assert {one.type for one in recorded.values()} == {"pulumi:providers:aws"}
    (text,) = said
    assert text.startswith("Pulumi.test.yaml: ascent:account.id: given 123456789012; ")
    return text


def test_credentials_of_another_account_are_refused_before_anything_is_declared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = refused(monkeypatch, lambda **_: SimpleNamespace(account_id="999999999999"))
    assert "the credentials are of 999999999999. Take those of 123456789012" in text


def test_so_are_those_that_the_provider_refuses_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def caller(**_: Any) -> Any:
        raise RuntimeError("invoke failed:\n  * AWS account ID not allowed: 999999999999")

    text = refused(monkeypatch, caller)
    assert text.endswith("AWS account ID not allowed: 999999999999. Take the credentials of that account")


@pytest.mark.parametrize("stack", ["integration-testing-01", "p" * 34])
def test_a_long_name_fits_the_cache_whose_names_are_shortest(monkeypatch: pytest.MonkeyPatch, stack: str) -> None:
    monkeypatch.setattr(runtime, "STACK", stack)
    recorded = record(lambda: build(settings(stage=7)))
    caches = of_type(recorded, "aws:elasticache/replicationGroup:ReplicationGroup")
    assert len(caches) == 3
    assert all(len(name) <= 32 for name in caches)


def test_a_name_that_fits_is_left_as_it_is() -> None:
    caches = of_type(built(stage=7, live=True), "aws:elasticache/replicationGroup:ReplicationGroup")
    assert set(caches) == {"test-use1-cache", "test-euw1-cache", "test-apse2-cache"}
