"""What the provider left of a datastore that is gone is forgotten, by the real engine and with nothing else changed."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from ops.engine.deployment import exported, imported
from ops.engine.leftovers import forget
from sandbox.commands.engine import Sandbox
from sandbox.commands.environ import engine_environment
from tests.engine.world import brought_up

CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
LEFT = "ldgnf-sandbox-use1-global"


def engine(box: Sandbox, arguments: Sequence[str]) -> str:
    return subprocess.run(
        ["pulumi", *arguments, "--non-interactive"],
        cwd=box.project,
        env=engine_environment(box.layout),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def test_a_cache_that_has_left_its_datastore_is_compared_as_one_that_was_never_in_it(tmp_path: Path) -> None:
    box = brought_up(tmp_path, 7)

    def run(arguments: Sequence[str]) -> str:
        return engine(box, arguments)

    def told() -> dict[str, str]:
        caches = [one for one in exported(run, box.stack)["deployment"]["resources"] if one["type"] == CACHE]
        return {one["urn"].split("::")[-1]: one["outputs"].get("globalReplicationGroupId", "") for one in caches}

    # As the provider reads it once the datastore is there, and never takes it away.
    state = exported(run, box.stack)
    for one in state["deployment"]["resources"]:
        if one["type"] == CACHE:
            one["outputs"]["globalReplicationGroupId"] = LEFT
    assert forget(state) == []
    imported(run, box.stack, state)

    left = box.up(6)
    assert left.ok, left.output
    assert told() == {"sandbox-use1-cache": LEFT}
    state = exported(run, box.stack)
    (urn,) = forget(state)
    assert urn.endswith("::sandbox-use1-cache")
    imported(run, box.stack, state)
    assert told() == {"sandbox-use1-cache": ""}
    after = box.preview(6)
    assert after.ok, after.output
    assert {step.op for step in after.steps if step.real} <= {"same", "read"}
    assert box.up(7).ok
