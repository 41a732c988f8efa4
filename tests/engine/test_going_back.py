"""Under the real engine: a file from before a rollout's step or a failover is refused, and the stack stays as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox.commands.engine import Sandbox
from tests.engine.world import brought_up, quick

OLD, NEW = (f"public.ecr.aws/example/app:{tag}" for tag in ("1.0.0", "2.0.0"))
LISTENER = "aws:lb/listener:Listener"


def rollout(green: int, **phase: str) -> dict[str, Any]:
    """Blue with the old image, green with the new one, in a blue-green if there is a phase."""
    colors = {"blue": {"image": OLD, "weight": 100 - green}, "green": {"image": NEW, "weight": green}}
    if not phase:
        return colors
    return {**colors, "progress": {"strategy": "blue-green", "to": "green", "before": OLD, "bake": 0, **phase}}


def weights(box: Sandbox) -> list[int]:
    (listener,) = (one for one in box.resources() if one["type"] == LISTENER and one["urn"].endswith("-https"))
    groups = listener["inputs"]["defaultActions"][0]["forward"]["targetGroups"]
    return sorted(int(one["weight"]) for one in groups)


def test_a_merge_during_a_rollout_and_after_it_is_refused(tmp_path: Path) -> None:
    box = quick(tmp_path)
    before = {"blue": {"image": OLD, "weight": 100}}
    assert box.up(1, rollout=before).ok
    assert box.up(1, rollout=rollout(0, phase="forward")).ok
    assert box.up(1, rollout=rollout(50, phase="forward")).ok
    for run in (box.preview, box.up):
        merged = run(1, rollout=before)
        assert not merged.ok
        assert "the stack is in a rollout: blue 50 %" in merged.output
        assert "ascent rollout step, or abort" in merged.output
        assert "Traceback" not in merged.output
    assert weights(box) == [50, 50]

    assert box.up(1, rollout=rollout(100, phase="forward")).ok
    after = {"green": {"image": NEW, "weight": 100}, "blue": {"weight": 0}}
    cleaned = {**after, "progress": rollout(0, phase="cleaning")["progress"]}
    assert box.up(1, rollout=cleaned).ok
    # The end is in the file alone.
    assert box.preview(1, rollout=after).ok
    merged = box.up(1, rollout=before)
    assert "the stack sends 100 % to green" in merged.output
    assert not merged.ok


def test_a_file_from_before_a_failover_is_refused(tmp_path: Path) -> None:
    box = brought_up(tmp_path, 7)
    assert box.up(7, writer="eu-west-1").ok
    behind = box.up(7)
    assert not behind.ok
    assert "ascent:writer: given nothing; the last update had eu-west-1" in behind.output
    assert "Traceback" not in behind.output
    assert box.outputs()["writer"] == "eu-west-1"
    # Whoever takes them back says so.
    back = box.up(7, writer="us-east-1")
    assert back.ok, back.output
    assert box.preview(7).ok
