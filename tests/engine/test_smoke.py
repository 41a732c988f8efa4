"""What a smoke run would say of a stack in the sandbox: that nothing differs from the sandbox."""

from __future__ import annotations

from pathlib import Path

from ops.smoke.differences import differences
from tests.engine.world import brought_up


def test_the_sandbox_does_not_differ_from_itself(tmp_path: Path) -> None:
    resources = brought_up(tmp_path, 7).resources()
    assert len(resources) > 500
    assert differences(resources) == []
