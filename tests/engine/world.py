"""What a test wants to know of a sandbox's world."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

from sandbox.commands.engine import QUICK, Sandbox
from scripts.places import ROOT

# Environment variable with the directory of this run's stacks, for all its processes.
STORE = "ASCENT_TEST_STACKS"


def existing(box: Sandbox) -> list[str]:
    """Type and id of everything that exists; names that only linger after a deletion are left out."""
    kinds = box.world().get("resources", {}).values()
    return [
        f"{token} {identifier}"
        for by_type in kinds
        for token, entries in by_type.items()
        if "!" not in token
        for identifier in entries
    ]


def quick(home: Path) -> Sandbox:
    """A sandbox for runs that are not meant to be cut off."""
    return Sandbox(home, environment=dict(QUICK))


def brought_up(home: Path, stage: int, project: Path = ROOT) -> Sandbox:
    """A sandbox as `quick` makes it, whose stack is up at a stage. That is done once a run, and copied."""
    done = Path(os.environ[STORE]) / f"stack-at-{stage}"
    if not done.exists():
        made = Path(tempfile.mkdtemp(dir=done.parent)) / "home"
        result = quick(made).up(stage)
        assert result.ok, result.output
        try:
            made.rename(done)
        except OSError:
            assert done.exists()  # another process was first
    shutil.copytree(done, home, dirs_exist_ok=True)
    return Sandbox(home, project=project, environment=dict(QUICK))


def scale_out(box: Sandbox) -> None:
    """Have autoscaling take every group to its maximum, which the state does not know."""
    world = box.world()
    groups = world.get("resources", {}).get("aws", {}).get("aws:autoscaling/group:Group", {})
    if not groups:
        return
    for group in groups.values():
        group["outputs"]["desiredCapacity"] = group["inputs"]["maxSize"]
    box.layout.world.write_text(json.dumps(world), encoding="utf-8")
