"""The guard on previews of the real engine."""

from __future__ import annotations

import io
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ops.guard.context import context_of
from ops.guard.judge import GuardVerdict, judge
from ops.guard.reader import read
from ops.stackfile import ROOT
from sandbox.commands.engine import Sandbox
from tests.engine.world import brought_up, quick

TODAY = datetime.now(UTC).date()


def _judged(box: Sandbox, *arguments: str, stage: int | None = None, **config: Any) -> GuardVerdict:
    result = box.run("preview", "--json", *arguments, stage=stage, config=config)
    found = read(io.BytesIO(result.output.encode()), "preview.json")
    return judge(found, context_of(found), TODAY)


def test_a_stage_up_passes_and_lifting_protection_is_stopped(tmp_path: Path) -> None:
    # A day without quotes, which YAML takes for a date.
    entry = {"what": "data-deleted", "resource": "x", "until": TODAY + timedelta(1), "why": "nothing is called so"}
    box = quick(tmp_path)
    box.overrides = {"protect": True, "allow": [entry]}
    result = box.up(1)
    assert result.ok, result.output
    # What stays the same is rendered: the count of it agrees with the engine's.
    up = _judged(box, stage=2)
    assert (up.answer, up.errors, up.skipped, up.findings) == ("fine", (), (), ())
    assert [one.use for one in up.allowed] == ["unused"]
    assert up.context.cost_before is not None
    assert up.context.cost_after is not None
    assert up.context.cost_before.expected < up.context.cost_after.expected
    down = _judged(box, "--show-sames", stage=1, protect=False)
    assert (down.answer, down.errors, down.skipped) == ("stopped", (), ())
    assert {one.rule for one in down.stopping} == {"protection-removed", "backups-shortened"}
    assert {"protect", "retainOnDelete", "deletionProtection"} <= {one.path for one in down.stopping}


def test_a_rename_is_one_finding_that_says_what_it_is(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(ROOT / "infra", project / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Pulumi.yaml", "Pulumi.sandbox.yaml", "__main__.py", "charts", "database", ".venv"):
        (project / name).symlink_to(ROOT / name)
    box = brought_up(tmp_path / "box", 1, project)
    file = project / "infra" / "components" / "compute" / "load_balancer.py"
    text = file.read_text()
    assert text.count('f"{self._name}-https",') == 1
    file.write_text(text.replace('f"{self._name}-https",', 'f"{self._name}-tls",'))
    verdict = _judged(box, "--show-sames", stage=1)
    found = {one.urn.rpartition("::")[2]: one.message for one in verdict.stopping if one.rule == "renamed"}
    # Its balancer has one listener of a port, so AWS refuses the second before the first is gone.
    assert set(found) == {"sandbox-use1-tls"}
    assert "it is sandbox-use1-https by another name in the program" in found["sandbox-use1-tls"]
    assert "port 443" in found["sandbox-use1-tls"]
    assert "aliases" in found["sandbox-use1-tls"]


def test_a_bucket_that_is_gone_is_a_loss_whether_or_not_the_engine_looks(tmp_path: Path) -> None:
    box = brought_up(tmp_path, 1)
    world = box.world()
    buckets = world["resources"]["aws"]["aws:s3/bucket:Bucket"]
    (gone,) = [name for name in buckets if "-store-uploads-" in name]
    del buckets[gone]
    box.layout.world.write_text(json.dumps(world))
    looked = _judged(box, "--refresh", stage=1)
    assert [one.urn.rpartition("::")[2] for one in looked.stopping if one.rule == "data-gone"] == [
        "sandbox-use1-store-uploads"
    ]
    # Once somebody has looked and kept that, the state knows of no bucket any more.
    assert box.refresh().ok
    later = _judged(box, stage=1)
    assert [one.rule for one in later.stopping if one.urn.endswith("-store-uploads")] == ["data-gone"]
