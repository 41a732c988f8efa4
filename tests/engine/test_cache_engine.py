"""The cache's engine under the real engine: from Redis to Valkey in place, and what a stack has without being told."""

from __future__ import annotations

from pathlib import Path

from sandbox.commands.engine import Sandbox
from tests.engine.recorded import STATES, load
from tests.engine.test_regions import changed
from tests.engine.test_states import engines
from tests.engine.test_walk import lost, replaced
from tests.engine.world import quick

CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
PARAMETERS = "aws:elasticache/parameterGroup:ParameterGroup"


def identity(box: Sandbox) -> str:
    """Id of the home's cache at AWS."""
    (one,) = (one for one in box.resources() if one["type"] == CACHE and one["urn"].endswith("::sandbox-use1-cache"))
    return str(one["id"])


def test_redis_becomes_valkey_in_place_and_stays_it(tmp_path: Path) -> None:
    box = quick(tmp_path)
    assert box.up(6, cache={"engine": "redis"}).ok
    assert engines(box) == {"redis"}
    was = identity(box)
    # What it is needs to be said once.
    assert changed(box.up(6)) == {}

    moved = box.up(6, cache={"engine": "valkey"})
    assert moved.ok, moved.output
    assert lost(moved) == []
    assert [urn.rpartition("$")[2] for urn in replaced(moved)] == [f"{PARAMETERS}::sandbox-use1-cache"]
    # The new parameters are there before the cache takes them, in the same call as the engine; then the old ones go.
    done = [(step.op, step.type) for step in moved.steps if step.real and step.op not in ("same", "read")]
    order = [pair for pair in done if pair[0] in ("create-replacement", "update", "delete-replaced")]
    assert order == [("create-replacement", PARAMETERS), ("update", CACHE), ("delete-replaced", PARAMETERS)]
    assert (engines(box), identity(box)) == ({"valkey"}, was)
    assert changed(box.up(6)) == {}

    back = box.preview(6, cache={"engine": "redis"})
    assert not back.ok
    assert "the cache has valkey, and ElastiCache does not go back" in back.output
    assert "Traceback" not in back.output
    # As a primary, it is what it was; and a datastore changes no engine.
    assert box.up(7).ok
    assert engines(box) == {"valkey"}
    settled = box.up(7)
    assert settled.ok, settled.output
    assert changed(settled) == {}


def test_a_stack_from_before_there_was_a_choice_changes_where_it_has_no_datastore(tmp_path: Path) -> None:
    (file,) = STATES.glob("2d6693f-sandbox-7.json.xz")
    box = load(file).restored(tmp_path)
    within = box.preview(7, cache={"engine": "valkey"})
    assert "the cache has redis. No engine changes in a Global Datastore" in within.output
    leaving = box.preview(6, cache={"engine": "valkey"})
    assert "nor while one comes or goes: set redis for now" in leaving.output
    assert box.up(7).ok
    assert box.up(6).ok
    was = identity(box)
    moved = box.up(6, cache={"engine": "valkey"})
    assert moved.ok, moved.output
    assert (lost(moved), engines(box), identity(box)) == ([], {"valkey"}, was)
