"""A proxy's address is given to clients once the proxy reaches its database: by botocore's own models of RDS."""

from __future__ import annotations

import asyncio
from typing import Any

import boto3  # type: ignore[import-untyped]
import pulumi
import pytest
from botocore.exceptions import NoCredentialsError  # type: ignore[import-untyped]
from botocore.stub import Stubber  # type: ignore[import-untyped]

from infra import proxied
from infra.proxied import Proxied, Role, obstacle
from infra.thresholds import Threshold
from infra.wiring import proxies
from infra.wiring.endpoints import Given
from infra.wiring.stack_outputs import READ_STACK_OUTPUTS
from tests.unit import runtime
from tests.unit.configs import settings
from tests.unit.runtime import ANSWERS, record

REGION, PROXY = "us-east-1", "test-use1-proxy"
CLUSTER = {"Type": "TRACKED_CLUSTER", "RdsResourceId": "cluster-1", "TrackedClusterId": "cluster-1"}


def target(state: str, role: str = "READ_WRITE", **health: str) -> dict[str, Any]:
    return {"Type": "RDS_INSTANCE", "Role": role, "TargetHealth": {"State": state, **health}}


def answering(*answers: list[dict[str, Any]]) -> Any:
    """Clients that give these answers, each once, as RDS' model allows them."""
    rds = boto3.client("rds", REGION, aws_access_key_id="made-up", aws_secret_access_key="made-up")
    stub = Stubber(rds)
    for targets in answers:
        stub.add_response("describe_db_proxy_targets", {"Targets": targets}, {"DBProxyName": PROXY})
    stub.activate()
    return lambda *_: rds


@pytest.mark.parametrize(
    ("targets", "role", "why"),
    [
        ([CLUSTER, target("AVAILABLE")], "READ_WRITE", None),
        ([CLUSTER, target("AVAILABLE")], "READ_ONLY", "no reason given"),
        ([CLUSTER, target("AVAILABLE"), target("AVAILABLE", "READ_ONLY")], "READ_ONLY", None),
        ([], "READ_WRITE", "no reason given"),
        ([CLUSTER], "READ_WRITE", "no reason given"),
        ([CLUSTER, target("REGISTERING")], "READ_WRITE", "no reason given"),
        (
            [CLUSTER, target("UNAVAILABLE", Reason="PENDING_PROXY_CAPACITY")],
            "READ_WRITE",
            "PENDING_PROXY_CAPACITY, the proxy does not have its capacity yet",
        ),
        (
            [target("UNAVAILABLE", Reason="AUTH_FAILURE", Description="no")],
            "READ_WRITE",
            "AUTH_FAILURE, the database refuses the user or the password of the proxy's secrets",
        ),
        ([target("UNAVAILABLE", Reason="PROMOTED", Description="told")], "READ_WRITE", "PROMOTED, told"),
    ],
)
def test_an_address_needs_an_available_target_of_its_kind(targets: Any, role: Role, why: str | None) -> None:
    assert obstacle(answering(targets), REGION, PROXY, role) == why


def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, lambda text, level=level, **_: found.append(f"{level} {text}"))
    return found


def waiting(*, in_use: bool) -> Proxied:
    nothing: Any = None
    return Proxied(host=nothing, region=REGION, proxy_name=nothing, role="READ_WRITE", in_use=in_use)


def test_a_new_proxy_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxied, "SERVING_POLL", Threshold(0, "seconds", "made up"))
    found = told(monkeypatch)
    pending = [target("UNAVAILABLE", Reason="PENDING_PROXY_CAPACITY")]
    asyncio.run(proxied._available(PROXY, waiting(in_use=False), answering([], pending, [target("AVAILABLE")])))
    assert [text[: text.index(": ")] for text in found] == [
        "info RDS Proxy test-use1-proxy in us-east-1 has no available target that is READ_WRITE"
    ] * 2


def test_a_new_proxy_that_does_not_get_there_stops_the_update(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxied, "PROXY_WAIT", Threshold(0, "seconds", "made up"))
    failed = answering([target("UNAVAILABLE", Reason="AUTH_FAILURE")])
    with pytest.raises(pulumi.RunError, match=r"AUTH_FAILURE.*No client was given.*aws rds describe-db-proxy-targets"):
        asyncio.run(proxied._available(PROXY, waiting(in_use=False), failed))


def test_a_proxy_that_clients_use_already_stops_no_update(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxied, "SERVING_POLL", Threshold(0, "seconds", "made up"))
    found = told(monkeypatch)
    failed = answering([target("UNAVAILABLE", Reason="AUTH_FAILURE")])
    asyncio.run(proxied._available(PROXY, waiting(in_use=True), failed))
    assert "Clients have its address already" in found[-1]


def test_without_credentials_nothing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(monkeypatch)

    def nobody(*_: str) -> Any:
        raise NoCredentialsError

    asyncio.run(proxied._available(PROXY, waiting(in_use=False), nobody))
    assert "boto3 finds no AWS credentials" in found[0]


def asked(before: Given, **changes: Any) -> set[tuple[str, str, bool]]:
    """What a program with clients waits for: region, role, and whether it is in use already."""
    found: set[tuple[str, str, bool]] = set()

    def held(one: Proxied, _: Any) -> pulumi.Output[str]:
        found.add((one.region, one.role, one.in_use))
        return one.host

    past = {"primaryRegion": REGION, "endpoints": {name: sorted(names) for name, names in before.items()}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proxies, "once_available", held)
        built = {"outputs": {**past, **changes.pop("outputs", {})}}
        patch.setattr(runtime, "answer", lambda token, *_: built if token == READ_STACK_OUTPUTS else ANSWERS[token])
        from infra.wiring import build

        record(lambda: build(settings(**changes), lambda *_: None), live=True)
    return found


def test_every_address_of_a_proxy_is_held_back() -> None:
    assert asked({}, stage=1) == set()
    assert asked({}, stage=2) == {(REGION, "READ_WRITE", False)}
    before = {REGION: frozenset(["database", "proxy"])}
    assert asked(before, stage=4) == {(REGION, "READ_WRITE", True), (REGION, "READ_ONLY", False)}
    assert asked({}, stage=4, runtime="kubernetes") == set()


def test_where_writes_do_not_go_only_reads_are_held_back() -> None:
    assert asked({}, stage=7) == {
        (REGION, "READ_WRITE", False),
        *((name, "READ_ONLY", False) for name in ("us-east-1", "eu-west-1", "ap-southeast-2")),
    }
