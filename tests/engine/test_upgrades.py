"""Another version of the database under the real engine: in one region, in a global database, and never a lower one."""

from __future__ import annotations

from pathlib import Path

from tests.engine.test_regions import changed
from tests.engine.test_walk import lost, replaced
from tests.engine.world import brought_up, quick

CLUSTER, WORLD = "aws:rds/cluster:Cluster", "aws:rds/globalCluster:GlobalCluster"
GROUP = "aws:rds/clusterParameterGroup:ClusterParameterGroup"


def test_a_version_rises_in_place_and_a_major_one_with_its_group(tmp_path: Path) -> None:
    box = quick(tmp_path)
    assert box.up(3).ok
    minor = box.up(3, database={"engineVersion": "16.10"})
    assert minor.ok, minor.output
    assert changed(minor) == {f"{CLUSTER} sandbox-use1-db": "update"}

    lower = box.preview(3, database={"engineVersion": "16.9"})
    assert not lower.ok
    assert "the database has 16.10, and Aurora goes to no lower version" in lower.output
    assert "Traceback" not in lower.output
    # What says nothing has the default, which is lower by now.
    assert "Set 16.10 or a higher one" in box.preview(3).output

    major = box.up(3, database={"engineVersion": "17.5"})
    assert major.ok, major.output
    assert lost(major) == []
    assert [urn.rpartition("$")[2] for urn in replaced(major)] == [f"{GROUP}::sandbox-use1-db"]
    done = [(step.op, step.type) for step in major.steps if step.real and step.type in (CLUSTER, GROUP)]
    # The new group is there before the cluster takes it, and the old one goes when nothing has it.
    order = [pair for pair in done if pair[0] in ("create-replacement", "update", "delete-replaced")]
    assert order == [("create-replacement", GROUP), ("update", CLUSTER), ("delete-replaced", GROUP)]
    after = box.up(3, database={"engineVersion": "17.5"})
    assert after.ok, after.output
    # The right to another major version is for one update.
    assert changed(after) == {f"{CLUSTER} sandbox-use1-db": "update"}
    assert changed(box.up(3, database={"engineVersion": "17.5"})) == {}


def test_in_a_global_database_its_own_version_is_all_that_changes(tmp_path: Path) -> None:
    box = brought_up(tmp_path, 6)
    both = box.preview(7, database={"engineVersion": "16.10"})
    assert "A global database comes or goes with this update: set 16.8 for now" in both.output
    assert box.up(7).ok
    settled = box.up(7)
    assert settled.ok, settled.output
    # The version that it was made with is now said, and no change.
    assert changed(settled) == {}
    minor = box.up(7, database={"engineVersion": "16.10"})
    assert minor.ok, minor.output
    assert changed(minor) == {f"{WORLD} sandbox-use1-global": "update"}
    major = box.preview(7, database={"engineVersion": "17.5"})
    assert "No major version changes in a global database: leave stage 7 first" in major.output
