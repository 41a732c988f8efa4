"""What a test wants to know of a sandbox's world."""

from __future__ import annotations

import json
from pathlib import Path

from sandbox.commands.engine import QUICK, Sandbox


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


def scale_out(box: Sandbox) -> None:
    """Have autoscaling take every group to its maximum, which the state does not know."""
    world = box.world()
    groups = world.get("resources", {}).get("aws", {}).get("aws:autoscaling/group:Group", {})
    if not groups:
        return
    for group in groups.values():
        group["outputs"]["desiredCapacity"] = group["inputs"]["maxSize"]
    box.layout.world.write_text(json.dumps(world), encoding="utf-8")
