"""A database that was restored into another's place, with the real engine: no update replaces it, and none is left."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]

from ops.restore.calls import MARK
from ops.restore.shape import CALL, CLUSTER, INSTANCE, SCALED, shape
from ops.stackfile import ROOT
from sandbox.commands import aws as cloud
from sandbox.commands.engine import QUICK, Sandbox
from sandbox.commands.environ import engine_environment
from tests.engine.commands import ascent, project
from tests.engine.world import brought_up

NAME = "sandbox-use1-db"
ROLES = "ascent:database: {roles: true}"
# The step of `ascent restore` that updates, without the AWS around it.
UPDATE = """
import json, sys
from pathlib import Path
from types import SimpleNamespace
from ops import stackfile
from ops.engine.updates import Automation
from ops.restore.perform import RestoreRun
from ops.restore.shape import shape
from ops.failover.errors import StepError

quiet = lambda _: None
stackfile.ROOT = Path.cwd()
engine = Automation("sandbox", quiet, quiet)
shaped = shape(engine.resources(), "sandbox", "us-east-1")
nothing = SimpleNamespace(stack="sandbox", health="https://app.example.com/api/health")
run = RestoreRun(plan=nothing, shape=shaped, names=nothing, source=nothing, cloud=nothing, engine=engine,
                 ask=quiet, answers=lambda _: True)
told = {}
for step in sys.argv[1:]:
    try:
        told[step] = run.take(step)
    except StepError as error:
        told[step] = f"no: {error}"
print(json.dumps(told))
"""


def steps(box: Sandbox, *names: str) -> dict[str, str]:
    """What comes of these steps."""
    line = [sys.executable, "-c", UPDATE, *names]
    environment = engine_environment(box.layout) | box.environment
    done = subprocess.run(
        line, cwd=box.project, env=environment | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, str] = json.loads(done.stdout)
    return told


def swapped(box: Sandbox, **has: Any) -> None:
    """Put a restored cluster in the other's place: all names are the same, and none of AWS' own ids."""
    world = box.world()
    by_type = world["resources"]["aws"]
    cluster = by_type[CLUSTER][NAME]
    cluster["outputs"]["clusterResourceId"] = "cluster-RESTORED"
    cluster["inputs"]["tags"] = {**cluster["inputs"]["tags"], MARK: "20261129103015"}
    for place in ("inputs", "outputs"):
        cluster[place] |= has
    for name, one in by_type[INSTANCE].items():
        one["outputs"]["dbiResourceId"] = f"db-RESTORED {name}"
    # Application Auto Scaling may drop a target whose cluster was gone for a while.
    by_type[SCALED].clear()
    box.layout.world.write_text(json.dumps(world))


def ids(box: Sandbox) -> dict[str, str]:
    """AWS' own ids of the cluster and its instances, by the state."""
    told = {CLUSTER: "clusterResourceId", INSTANCE: "dbiResourceId"}
    return {one["id"]: one["outputs"][told[one["type"]]] for one in box.resources() if one["type"] in told}


def called(box: Sandbox) -> str:
    """When the function that makes the database's roles was called last."""
    return next(str(one["created"]) for one in box.resources() if one["type"] == CALL)


def test_no_update_replaces_what_was_restored(tmp_path: Path) -> None:
    box = Sandbox(tmp_path / "home", project=project(tmp_path, 4, ROLES), environment=dict(QUICK))
    box.install()
    up = box.up()
    assert up.ok, up.output
    made = shape(box.resources(), "sandbox", "us-east-1")
    assert [one.name for one in made.instances] == [f"{NAME}-writer", f"{NAME}-reader"]
    assert (len(made.proxies), made.scaled) == (1, f"cluster:{NAME}")
    assert made.arguments["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 2, "MaxCapacity": 32}

    assert (made.http, len(made.calls)) == (True, 1)
    first = called(box)

    swapped(box)
    told = steps(box, "update", "verify")
    assert told == {"update": "done", "verify": "https://app.example.com/api/health answers"}
    assert ids(box) == {
        NAME: "cluster-RESTORED",
        **{f"{NAME}-{role}": f"db-RESTORED {NAME}-{role}" for role in ("writer", "reader")},
    }
    world = box.world()["resources"]["aws"]
    assert world[CLUSTER][NAME]["outputs"]["clusterResourceId"] == "cluster-RESTORED"
    assert MARK not in world[CLUSTER][NAME]["inputs"]["tags"]
    assert list(world[SCALED]) == [f"cluster:{NAME}"]
    # The roles are made in it, as their passwords are those of its time.
    assert called(box) > first
    # Nor is anything left to change elsewhere in the stack.
    assert box.preview().changes == {}

    # What does differ in a property that cannot change is not put in its place by an update.
    swapped(box, databaseName="other")
    refused = steps(box, "update")["update"]
    assert refused.startswith(f"no: an update would not keep the restored database (create-replacement {NAME}, ")
    assert box.world()["resources"]["aws"][CLUSTER][NAME]["outputs"]["databaseName"] == "other"


def test_the_whole_command_at_the_sandboxs_aws(tmp_path: Path) -> None:
    """Every call of a restore that AWS gets, by the API; the update after it, by the engine."""
    box = brought_up(tmp_path / "home", 4, project(tmp_path, 4))
    server = cloud.start(box.layout)
    try:
        to = datetime.now(UTC) - timedelta(hours=2)
        moment = to.strftime("%Y-%m-%dT%H:%M:%SZ")
        options = ("--stack", "sandbox", "--to", moment, "--json", "--apply", "--yes", "--over-budget")
        # The refresh after the swap fails: the same command goes on from there.
        cut = ascent(box, server, "restore", *options, ASCENT_SANDBOX_FAIL=f"read:{CLUSTER}:1")
        assert cut.returncode == 1, cut.stdout + cut.stderr
        done = ascent(box, server, "restore", *options)
        assert done.returncode == 0, done.stdout + done.stderr
        told = json.loads(done.stdout)
        assert list(told["results"]) == [one["id"] for one in told["steps"]]
        assert told["results"]["update"] == "done"

        keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
        rds = boto3.client("rds", region_name="us-east-1", endpoint_url=server.url, **keys)
        clusters = {one["DBClusterIdentifier"]: one for one in rds.describe_db_clusters()["DBClusters"]}
        instances = {one["DBInstanceIdentifier"] for one in rds.describe_db_instances()["DBInstances"]}
    finally:
        cloud.stop(box.layout)
    assert set(clusters) == {NAME, told["kept"]}
    assert clusters[told["kept"]]["DeletionProtection"]
    # The one that has the name now is another than before.
    assert ids(box)[NAME] == clusters[told["kept"]]["DbClusterResourceId"] != clusters[NAME]["DbClusterResourceId"]
    assert {f"{NAME}-writer", f"{NAME}-reader"} < instances
    assert len(instances) == 4
