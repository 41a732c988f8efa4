"""What a test wants to know of a sandbox's world."""

from __future__ import annotations

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
