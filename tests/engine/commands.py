"""Whole commands of a stack in a sandbox, which ask its AWS and run its engine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ops.stackfile import ROOT
from sandbox.commands import aws as cloud
from sandbox.commands.aws import CloudServer
from sandbox.commands.engine import Sandbox
from sandbox.commands.environ import engine_environment

# For the stack of the present folder, without patience. The application, which nothing runs, is taken to answer.
COMMAND = """
from pathlib import Path
from ops import stackfile, steps
stackfile.ROOT = Path.cwd()
steps.answers = lambda url, wait: True
steps.Patience = lambda sleep: lambda seconds: sleep(min(seconds, 0.1))
from ops.cli import app
app()
"""


def project(home: Path, stage: int, more: str = "") -> Path:
    """This repository, with the sandbox's stack at a stage in its file: the engine is asked as people do, without one.

    `more` is further config, as the file has it.
    """
    made = home / "project"
    made.mkdir()
    for one in ROOT.iterdir():
        if one.name not in (".git", "Pulumi.sandbox.yaml"):
            (made / one.name).symlink_to(one)
    text = (ROOT / "Pulumi.sandbox.yaml").read_text()
    assert text.count("ascent:stage: 1") == 1
    config = "\n  ".join([f"ascent:stage: {stage}", *([more] if more else [])])
    (made / "Pulumi.sandbox.yaml").write_text(text.replace("ascent:stage: 1", config))
    return made


def ascent(box: Sandbox, server: CloudServer, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """`ascent ...` as in the shell of `make env`, with `more` of its environment."""
    environment = engine_environment(box.layout) | box.environment | cloud.environment(server, "us-east-1") | more
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        cwd=box.project, env=environment | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
