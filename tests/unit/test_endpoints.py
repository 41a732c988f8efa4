"""An update that takes an endpoint away waits for the last instance that still has its address."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from infra.wiring import build
from infra.wiring.endpoints import Endpoints, compared, given, keep
from infra.wiring.stack_outputs import READ_STACK_OUTPUTS
from tests.unit.configs import settings
from tests.unit.runtime import ANSWERS, record

HOME = "us-east-1"
EVERYTHING = ["cache", "database", "proxy", "proxy-reads"]


def waited(outputs: dict[str, Any], **changes: Any) -> set[str]:
    """The regions whose every instance an update waits for, by what the last one left."""
    found: set[str] = set()

    def program() -> None:
        found.update(group.region for group in build(settings(**changes)).groups if group.whole)

    with pytest.MonkeyPatch.context() as patch:
        done = {"rotations": {"credentials": 1, "roles": 0, "application": 0, "cache": 0, "master": 0}}
        patch.setitem(ANSWERS, READ_STACK_OUTPUTS, {"outputs": {**done, **outputs}})
        record(program, live=True)
    return found


def left(*names: str, region: str = HOME) -> dict[str, Any]:
    return {"endpoints": {region: list(names)}}


@pytest.mark.parametrize(
    ("stage", "had", "waits"),
    [
        (1, ["database"], False), (1, ["database", "proxy"], True), (2, ["database", "proxy"], False),
        (3, ["database", "proxy", "proxy-reads"], True), (4, ["database", "proxy"], False),
        (5, EVERYTHING, True), (6, EVERYTHING, False),
    ],
)  # fmt: skip
def test_what_takes_an_endpoint_away_waits(stage: int, had: list[str], *, waits: bool) -> None:
    assert waited(left(*had), stage=stage) == ({HOME} if waits else set())


@pytest.mark.parametrize(("stage", "waits"), [(3, set()), (2, set()), (1, {HOME})])
def test_a_stack_from_before_has_what_its_stage_had(stage: int, waits: set[str]) -> None:
    assert waited({"stage": 3}, stage=stage) == waits


def test_the_first_update_takes_nothing_away() -> None:
    assert waited({}, stage=3) == set()


def test_a_database_of_somebody_elses_takes_the_own_ones_place() -> None:
    urls = {"directUrl": "postgresql://u:p@db.example.com/app?sslmode=require"}
    urls["pooledUrl"] = urls["directUrl"]
    assert waited(left("database", "proxy"), stage=2, externalDatabase=urls) == {HOME}


def test_another_region_that_takes_the_writes_ends_no_endpoint() -> None:
    regions = ("us-east-1", "eu-west-1", "ap-southeast-2")
    had = {"endpoints": dict.fromkeys(regions, EVERYTHING), "primaryRegion": HOME}
    assert waited(had, stage=7, writer="eu-west-1") == set()
    # A region that leaves takes its own instances along.
    assert waited(had, stage=6) == set()
    assert waited(had, stage=5) == {HOME}


@pytest.mark.parametrize("seen", [[True, True], [True, False], []])
def test_what_was_not_seen_is_told(seen: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {}
    monkeypatch.setattr(pulumi, "export", lambda name, value: told.update({name: value}))
    monkeypatch.setattr(pulumi.log, "warn", lambda text: told.update(warned=text))
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: False)
    known = SimpleNamespace(apply=lambda function: function(seen))
    keep(compared({HOME: frozenset(EVERYTHING)}, {HOME: ["database"]}), known)  # type: ignore[arg-type]
    assert told["endpoints"] == {HOME: ["database"]}
    warned = told.get("warned", "")
    assert ("deletes endpoints (cache in us-east-1, proxy in us-east-1, proxy-reads in us-east-1)" in warned) == (
        False in seen
    )
    told.clear()
    keep(Endpoints(now={HOME: frozenset(["database"])}, gone={}), known)  # type: ignore[arg-type]
    assert "warned" not in told


def test_what_an_update_leaves_is_what_the_next_one_reads() -> None:
    assert given(settings(), {"endpoints": {HOME: ["database"]}, "stage": 7}) == {HOME: frozenset(["database"])}
