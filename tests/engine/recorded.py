"""Stacks as earlier versions of this repository left them: recorded once, brought up to date by the tests.

    python -m tests.engine.recorded tests/data/states      # records those of this checkout, named by its commit

A file holds a stack's config, its state and the world of the stand-ins after an update, all secrets made up.
"""

from __future__ import annotations

import json
import lzma
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.commands.engine import QUICK, Sandbox
from scripts.places import ROOT

STATES = Path(__file__).resolve().parents[1] / "data" / "states"
# Each runtime, each kind of DNS, protected and not, with everything that any stage has.
STACKS = (("dev", 1), ("staging", 4), ("prod", 5), ("sandbox", 7))
# What the engine notes about the run: it says nothing of the stack, and holds paths of the machine.
NOTES = ("created", "modified", "sourcePosition", "stackTrace")


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A stack as it was.

    commit: the version of this repository that left it so.
    config: its config file's values, without the project's name before the keys.
    """

    commit: str
    stack: str
    stage: int
    config: dict[str, Any]
    state: dict[str, Any]
    world: dict[str, Any]

    def restored(self, home: Path) -> Sandbox:
        """A sandbox in `home` that is as it was."""
        overrides = {key: value for key, value in self.config.items() if key != "stage"}
        box = Sandbox(home, self.stack, overrides=overrides, environment=dict(QUICK))
        box.install()
        box.layout.checkpoint(self.stack).write_text(json.dumps(self.state), encoding="utf-8")
        box.layout.world.write_text(json.dumps(self.world), encoding="utf-8")
        return box


def load(file: Path) -> Recorded:
    """What a file holds."""
    return Recorded(**json.loads(lzma.decompress(file.read_bytes())))


def record(stack: str, stage: int, commit: str) -> bytes:
    """Bring a stack up, as this checkout has it, and record it."""
    with tempfile.TemporaryDirectory() as home:
        box = Sandbox(Path(home), stack, environment=dict(QUICK))
        result = box.up(stage)
        if not result.ok:
            raise SystemExit(result.output)
        config = yaml.safe_load(box.layout.config(stack).read_text(encoding="utf-8"))["config"]
        state = json.loads(box.layout.checkpoint(stack).read_text(encoding="utf-8"))
        for one in state["checkpoint"]["latest"]["resources"]:
            for note in NOTES:
                one.pop(note, None)
        document = {
            "commit": commit,
            "stack": stack,
            "stage": stage,
            "config": {key.partition(":")[2]: value for key, value in config.items()},
            "state": state,
            "world": box.world(),
        }
    text = json.dumps(document, separators=(",", ":"), sort_keys=True)
    return lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME)


def main(target: Path) -> None:
    """Record all stacks of this checkout in the directory `target`."""
    line = ["git", "rev-parse", "--short=7", "HEAD"]
    commit = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    target.mkdir(parents=True, exist_ok=True)
    for stack, stage in STACKS:
        file = target / f"{commit}-{stack}-{stage}.json.xz"
        file.write_bytes(record(stack, stage, commit))
        print(file.name, file.stat().st_size)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
