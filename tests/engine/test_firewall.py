"""AWS WAF comes and goes with an update, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

from tests.engine.world import brought_up


def test_it_comes_and_goes_with_an_update(tmp_path: Path) -> None:
    box = brought_up(tmp_path, 1)
    guarded = box.up(1, firewall=True)
    assert guarded.ok, guarded.output
    assert guarded.changes.get("create") == 3
    assert set(guarded.changes) <= {"create", "same"}
    gone = box.up(1)
    assert gone.ok, gone.output
    assert gone.changes.get("delete") == 3
