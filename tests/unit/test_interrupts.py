"""An engine that a command runs is never killed: what it is amid would be in no state."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ops.stackfile import ROOT

# Told to stop, it needs a while for what is under way, as the engine does.
ENGINE = """#!/bin/sh
trap 'sleep 1; touch ended; exit 1' INT TERM
touch begun
while :; do sleep 0.1; done
"""
RUN = """
import subprocess, sys
from pathlib import Path
from ops import stackfile
from ops.engine import deployment
stackfile.ROOT = Path.cwd()
try:
    deployment.run(["up"], output=subprocess.DEVNULL)
except KeyboardInterrupt:
    sys.exit(130)
"""
PATIENCE = 30


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_engine_ends_in_order_before_we_do(tmp_path: Path, number: signal.Signals) -> None:
    engine = tmp_path / "pulumi"
    engine.write_text(ENGINE)
    engine.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", RUN], cwd=tmp_path, env=environment, start_new_session=True, stderr=subprocess.PIPE
    ) as command:
        deadline = time.monotonic() + PATIENCE
        while not (tmp_path / "begun").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        # As a terminal does: to all that run in it.
        os.killpg(command.pid, number)
        _, said = command.communicate(timeout=PATIENCE)
    assert command.returncode == 130
    assert (tmp_path / "ended").exists()
    assert b"as soon as the engine has finished" in said
