"""The database's version: whose it is to change, and the moves that are refused before anything is declared."""

from __future__ import annotations

import re
from typing import Any

import pulumi
import pytest

from infra import wiring
from infra.config.models.database import DATABASE_VERSION
from infra.config.problems import SettingsError
from infra.wiring.stack_outputs import READ_STACK_OUTPUTS
from ops.engine.recorder import Recorded
from tests.unit import runtime
from tests.unit.configs import settings
from tests.unit.runtime import ANSWERS, of_type, record

CLUSTER, WORLD = "aws:rds/cluster:Cluster", "aws:rds/globalCluster:GlobalCluster"
GROUP = "aws:rds/clusterParameterGroup:ClusterParameterGroup"


def render(stage: int, wanted: str | None, last: str | None, *, world: bool = False) -> dict[str, Recorded]:
    """The program, after an update that left version `last`, and a global database or none."""
    data = {} if last is None else {"engineVersion": last, **({"globalDatabase": "test-use1-global"} if world else {})}
    chosen = settings(stage=stage, **({} if wanted is None else {"database": {"engineVersion": wanted}}))
    with pytest.MonkeyPatch.context() as patch:
        past = {"outputs": {"primaryRegion": "us-east-1", "data": data}}
        patch.setattr(runtime, "answer", lambda token, *_: past if token == READ_STACK_OUTPUTS else ANSWERS[token])
        return record(lambda: wiring.build(chosen), live=True)


@pytest.mark.parametrize(
    ("stage", "wanted", "last", "world", "said"),
    [
        (3, "16.8", "16.10", False, "given 16.8; the database has 16.10, and Aurora goes to no lower version"),
        (3, None, "17.5", False, "Set 17.5 or a higher one"),
        (3, "18.1", "16.8", False, "Go to the next major version first"),
        (7, "17.5", "16.8", True, "No major version changes in a global database: leave stage 7 first"),
        (6, "17.5", "16.8", True, "No major version changes in a global database"),
        (7, "16.9", "16.8", False, "A global database comes or goes with this update: set 16.8 for now"),
        (6, "16.9", "16.8", True, "A global database comes or goes with this update: set 16.8 for now"),
    ],
)
def test_what_aws_does_not_do_is_refused_with_what_to_do(
    stage: int, wanted: str | None, last: str, *, world: bool, said: str
) -> None:
    with pytest.raises(pulumi.RunError, match=re.escape(said)) as refused:
        render(stage, wanted, last, world=world)
    assert str(refused.value).startswith("Pulumi.test.yaml: ascent:database.engineVersion: given ")


def test_a_new_default_of_another_major_version_changes_no_stack_by_itself() -> None:
    assert settings(stage=3).database.engine_version == DATABASE_VERSION
    last = f"{int(DATABASE_VERSION.partition('.')[0]) - 1}.4"
    said = f"only where the stack's file says so: set {last}, and see docs/upgrades.md"
    with pytest.raises(pulumi.RunError, match=re.escape(said)):
        render(3, None, last)


def test_where_the_version_is_not_known_nothing_is_refused() -> None:
    first = render(3, "16.9", None)
    assert of_type(first, CLUSTER)["test-use1-db"].inputs["engineVersion"] == "16.9"


def test_a_single_region_changes_its_cluster_itself() -> None:
    cluster = of_type(render(6, "16.9", "16.8"), CLUSTER)["test-use1-db"]
    assert (cluster.inputs["engineVersion"], "engineVersion" in cluster.ignored) == ("16.9", False)
    assert not cluster.inputs.get("allowMajorVersionUpgrade")


def test_a_major_version_takes_another_group_and_the_right_to_it_for_one_update() -> None:
    major = render(6, "17.5", "16.8")
    assert of_type(major, CLUSTER)["test-use1-db"].inputs["allowMajorVersionUpgrade"] is True
    assert of_type(major, GROUP)["test-use1-db"].inputs["family"] == "aurora-postgresql17"
    then = of_type(render(6, "17.5", "17.5"), CLUSTER)["test-use1-db"]
    assert not then.inputs.get("allowMajorVersionUpgrade")


def test_in_a_global_database_the_version_is_changed_there_and_not_when_it_is_made() -> None:
    made, there = render(7, "16.9", "16.9"), render(7, "16.9", "16.8", world=True)
    # RDS takes no version for one that is made around a cluster.
    assert of_type(made, WORLD)["test-use1-global"].inputs.get("engineVersion") is None
    assert of_type(there, WORLD)["test-use1-global"].inputs["engineVersion"] == "16.9"
    for one in of_type(there, CLUSTER).values():
        assert "engineVersion" in one.ignored
        # A region that is added later comes with it.
        assert one.inputs["engineVersion"] == "16.9"


@pytest.mark.parametrize("given", ["15.4", "16", "16.8.1", 16.8, "aurora"])
def test_what_is_no_version_is_refused(given: Any) -> None:
    with pytest.raises(SettingsError, match=re.escape("ascent:database.engineVersion: given")):
        settings(stage=3, database={"engineVersion": given})
