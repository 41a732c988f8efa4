"""What goes wrong under the real engine: bad config, refusals, crashes, drift."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sandbox.commands.engine import Sandbox
from sandbox.commands.stackfile import PLACEHOLDER, URL_CIPHERTEXTS
from tests.engine.world import existing, quick

SECRET = "a-value-nobody-should-see"
BAD: list[tuple[dict[str, Any], str]] = [
    ({"stage": 8}, "Pulumi.sandbox.yaml: ascent:stage: given 8"),
    ({"typo": 1}, "Pulumi.sandbox.yaml: ascent:typo: unknown key"),
    ({"database": {"maxAcu": 300}}, "Pulumi.sandbox.yaml: ascent:database.maxAcu: given 300"),
    ({"appSecrets": {"KEY": SECRET}}, "Pulumi.sandbox.yaml: ascent:appSecrets: its values are in plain text"),
]


@pytest.mark.parametrize(("config", "message"), BAD, ids=[message.split(": ")[1] for _, message in BAD])
def test_bad_config_is_one_message_and_nothing_is_done(tmp_path: Path, config: dict[str, Any], message: str) -> None:
    box = quick(tmp_path)
    box.overrides = config
    result = box.up()
    assert not result.ok
    assert message in result.output
    assert "Traceback" not in result.output
    assert SECRET not in result.output
    assert [one for one in box.resources() if one["custom"]] == []


def test_a_failed_update_is_finished_by_the_next(tmp_path: Path) -> None:
    box = Sandbox(tmp_path, environment={"ASCENT_SANDBOX_FAIL": "create:aws:ec2/*:9"})
    assert not box.up(1).ok
    begun = len(box.resources())
    whole = quick(tmp_path)
    result = whole.up(1)
    assert result.ok, result.output
    assert 0 < begun < len(box.resources())
    assert whole.preview(1).changes == {}


def test_after_a_provider_died_half_way_nothing_is_lost_or_made_twice(tmp_path: Path) -> None:
    box = Sandbox(tmp_path, environment={"ASCENT_SANDBOX_CRASH": "create:aws:ec2/*:9"})
    assert not box.up(1).ok
    whole = quick(tmp_path)
    result = whole.up(1)
    assert result.ok, result.output
    assert whole.preview(1).changes == {}
    gone = whole.destroy()
    assert gone.ok, gone.output
    assert existing(whole) == []


def test_a_protected_stack_is_destroyed_only_once_its_protection_is_gone(tmp_path: Path) -> None:
    box = quick(tmp_path)
    box.overrides = {"protect": True}
    assert box.up(1).ok
    result = box.destroy()
    assert not result.ok
    assert "protected" in result.output
    assert [one for one in box.resources() if one["type"] == "aws:ec2/vpc:Vpc"]

    # Without a preview, what is not protected has gone before the refusal, as docs/teardown.md says. It comes back.
    assert box.up(1).ok
    # And that first the protection has to go, by an update that makes, replaces and deletes nothing.
    freed = box.up(1, protect=False)
    assert freed.ok, freed.output
    assert set(freed.changes) == {"update"}
    (cluster,) = (one["inputs"] for one in box.resources() if one["type"] == "aws:rds/cluster:Cluster")
    assert (cluster["deletionProtection"], cluster["skipFinalSnapshot"], cluster["deleteAutomatedBackups"]) == (
        False,
    ) * 3
    assert cluster["finalSnapshotIdentifier"].startswith("sandbox-use1-db-final-")
    buckets = [one["inputs"] for one in box.resources() if one["type"] == "aws:s3/bucket:Bucket"]
    assert buckets
    assert all(one["forceDestroy"] for one in buckets)
    gone = box.destroy()
    assert gone.ok, gone.output
    assert existing(box) == []


def test_no_secret_reaches_state_world_or_output_in_plain_text(tmp_path: Path) -> None:
    box = Sandbox(tmp_path)
    result = box.up(1)
    assert result.ok, result.output
    # The shipped file holds one secret, encrypted; the program was handed its value.
    versions = [one for one in box.resources() if one["type"] == "aws:secretsmanager/secretVersion:SecretVersion"]
    assert len(versions) == 2
    assert all("ciphertext" in one["inputs"]["secretString"] for one in versions)
    everything = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(everything) > 3
    assert [path for path in everything if PLACEHOLDER.encode() in path.read_bytes()] == []
    assert PLACEHOLDER not in result.output


def test_somebody_elses_database_and_cache_take_the_place_of_ours(tmp_path: Path) -> None:
    urls = {
        "externalDatabase": {key: {"secure": URL_CIPHERTEXTS[key]} for key in ("directUrl", "pooledUrl")},
        "externalCache": {"url": {"secure": URL_CIPHERTEXTS["url"]}},
    }
    result = quick(tmp_path).preview(6, **urls)
    assert result.ok, result.output
    types = {step.type.split("/")[0] for step in result.steps}
    assert "aws:sqs" in types
    assert not types & {"aws:rds", "aws:elasticache"}
