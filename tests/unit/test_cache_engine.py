"""The cache's engine: which one a stack gets, which one it keeps, and the moves that are refused beforehand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from infra import wiring
from infra.components.data.cache import ENGINES
from infra.config.problems import SettingsError
from infra.wiring.cache_engine import cache_engine
from infra.wiring.stack_outputs import READ_STACK_OUTPUTS
from ops.engine.recorder import Recorded
from tests.unit import runtime
from tests.unit.configs import settings
from tests.unit.runtime import ANSWERS, of_type, record

CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
DATASTORE = "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup"
PARAMETERS = "aws:elasticache/parameterGroup:ParameterGroup"
TWO: dict[str, Any] = {"us-east-1": {}, "eu-west-1": {}}
# What an update left: before there was such an output, and since.
OLD_FIVE, OLD_SIX, OLD_SEVEN = {"stage": 5.0}, {"stage": 6.0}, {"stage": 7.0, "regions": TWO}
NONE, REDIS, VALKEY = ({"stage": 6, "data": {"cacheEngine": one}} for one in ("none", "redis", "valkey"))


def render(stage: int, outputs: Mapping[str, Any], **cache: Any) -> dict[str, Recorded]:
    """The program, after an update that left `outputs`."""
    chosen = settings(stage=stage, cache=cache)
    with pytest.MonkeyPatch.context() as patch:
        past = {"outputs": {"primaryRegion": "us-east-1", **outputs}}
        patch.setattr(runtime, "answer", lambda token, *_: past if token == READ_STACK_OUTPUTS else ANSWERS[token])
        return record(lambda: wiring.build(chosen), live=True)


@pytest.mark.parametrize(
    ("outputs", "told", "engine"),
    [
        # A first cache.
        ({}, None, "valkey"),
        ({}, "redis", "redis"),
        (OLD_FIVE, None, "valkey"),
        (NONE, None, "valkey"),
        (NONE, "redis", "redis"),
        # What is there stays, whatever a new one would get.
        (OLD_SIX, None, "redis"),
        (OLD_SIX, "redis", "redis"),
        (REDIS, None, "redis"),
        (VALKEY, None, "valkey"),
        (VALKEY, "valkey", "valkey"),
        # It moves where the stack's file says so.
        (OLD_SIX, "valkey", "valkey"),
        (REDIS, "valkey", "valkey"),
        # An update that was cut off has left something else.
        ({"stage": 6, "data": {"cacheEngine": ""}}, None, "redis"),
    ],
)
def test_a_new_cache_is_valkey_and_one_that_is_there_stays_what_it_is(
    outputs: Mapping[str, Any], told: str | None, engine: str
) -> None:
    assert cache_engine(settings(stage=6, cache={"engine": told} if told else {}), outputs) == engine


@pytest.mark.parametrize(
    "changes",
    [
        {"stage": 5},
        {"stage": 5, "cache": {"engine": "valkey"}},
        {"stage": 6, "externalCache": {"url": "rediss://:hunter2@cache.example.com:6379"}},
        {"stage": 6, "runtime": "kubernetes", "cache": {"inCluster": True}},
    ],
)
def test_what_is_no_elasticache_has_no_engine_and_refuses_none(changes: dict[str, Any]) -> None:
    assert cache_engine(settings(**changes), VALKEY) == "none"


@pytest.mark.parametrize(
    ("stage", "outputs", "told", "said"),
    [
        (6, VALKEY, "redis", "the cache has valkey, and ElastiCache does not go back. Set valkey, or leave it out"),
        (7, VALKEY, "redis", "and ElastiCache does not go back"),
        # In a Global Datastore; as one comes; as one goes.
        (7, OLD_SEVEN, "valkey", "No engine changes in a Global Datastore"),
        (7, REDIS, "valkey", "nor while one comes or goes: set redis for now, and see docs/upgrades.md"),
        (6, {**REDIS, "regions": TWO}, "valkey", "nor while one comes or goes"),
    ],
)
def test_what_elasticache_does_not_do_is_refused_with_what_to_do(
    stage: int, outputs: Mapping[str, Any], told: str, said: str
) -> None:
    with pytest.raises(pulumi.RunError, match=re.escape(said)) as refused:
        render(stage, outputs, engine=told)
    assert str(refused.value).startswith(f"Pulumi.test.yaml: ascent:cache.engine: given {told}; the cache has ")


@pytest.mark.parametrize(("outputs", "engine"), [({}, "valkey"), (OLD_SIX, "redis")])
def test_version_and_parameters_are_the_engines(outputs: Mapping[str, Any], engine: str) -> None:
    everything = render(6, outputs)
    cache = of_type(everything, CACHE)["test-use1-cache"].inputs
    assert (cache["engine"], cache["engineVersion"]) == (engine, ENGINES[engine].version)
    group = of_type(everything, PARAMETERS)["test-use1-cache"].inputs
    assert group["family"] == ENGINES[engine].family == f"{engine}{cache['engineVersion'].partition('.')[0]}"
    # AWS gives it another name with each family, so that the new one is there before the old one goes.
    assert "name" not in group


def test_a_datastore_has_the_engine_of_its_primary_and_secondaries_say_none() -> None:
    new, old = render(7, {}), render(7, OLD_SEVEN)
    # As stacks of before have it: a version, and no engine.
    (redis,) = of_type(old, DATASTORE).values()
    assert (redis.inputs.get("engine"), redis.inputs["engineVersion"]) == (None, "7.1")
    (valkey,) = of_type(new, DATASTORE).values()
    assert (valkey.inputs["engine"], valkey.inputs["engineVersion"]) == ("valkey", ENGINES["valkey"].version)
    for everything, engine in ((new, "valkey"), (old, "redis")):
        caches = of_type(everything, CACHE).values()
        assert {one.inputs.get("engine") for one in caches if "globalReplicationGroupId" in one.inputs} == {None}
        assert {one.inputs["engine"] for one in caches if "globalReplicationGroupId" not in one.inputs} == {engine}


def test_an_engine_is_elasticaches_alone() -> None:
    with pytest.raises(SettingsError, match='given "valkey"; the engine of an external cache is its owner\'s'):
        settings(stage=6, cache={"engine": "valkey"}, externalCache={"url": "rediss://:a@cache.example.com:6379"})
    with pytest.raises(SettingsError, match="engine are ElastiCache's"):
        settings(stage=6, runtime="kubernetes", cache={"inCluster": True, "engine": "valkey"})
    with pytest.raises(SettingsError, match=re.escape("ascent:cache.engine: given")):
        settings(stage=6, cache={"engine": "memcached"})
