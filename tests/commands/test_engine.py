"""The runner with the real engine, on a small program of its own: isolated, repeatable, mended after a crash."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox.commands import state
from sandbox.commands.engine import Sandbox
from sandbox.commands.environ import shell_exports
from sandbox.commands.stackfile import PLACEHOLDER
from scripts.places import ROOT

PROGRAM = """\
import pulumi
import pulumi_random as random

config = pulumi.Config()
for number in range(config.require_int("stage")):
    random.RandomPet(f"pet{number}", opts=pulumi.ResourceOptions(protect=config.get_bool("protect")))
pulumi.export("stage", config.require_int("stage"))
pulumi.export("length", config.require_secret("token").apply(len))
pulumi.export("right", config.require_secret("token").apply(lambda token: token == "%s"))
"""
STACK_FILE = """\
secretsprovider: awskms://alias/pulumi
encryptedkey: AQICAHg=
config:
  small:stage: 2
  small:protect: false
  small:token: {secure: v1:nobody:can-read}
"""
PETS = "random:index/randomPet:RandomPet"
PATIENCE = 60


@pytest.fixture
def box(tmp_path: Path) -> Sandbox:
    """A sandbox of a small project, all of it in directories with spaces in their names."""
    project = tmp_path / "a small project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: small\nruntime:\n  name: python\n  options: {virtualenv: .venv}\n")
    (project / "Pulumi.prod.yaml").write_text(STACK_FILE)
    (project / "__main__.py").write_text(PROGRAM % PLACEHOLDER)
    (project / ".venv").symlink_to(ROOT / ".venv")
    return Sandbox(tmp_path / "its sandbox", "prod", project)


def pets(box: Sandbox) -> int:
    return sum(resource["type"] == PETS for resource in box.resources())


def test_up_preview_refresh_destroy(box: Sandbox) -> None:
    up = box.up()
    assert up.ok, up.output
    assert up.changes["create"] == 3, "the stack and two pets"
    assert up.events.warnings == []
    assert box.outputs()["stage"] == 2
    assert PLACEHOLDER not in box.layout.checkpoint("prod").read_text()
    shown = subprocess.run(
        [ROOT / ".toolchain" / "bin" / "pulumi", "stack", "output", "--show-secrets", "--json", "--stack", "prod"],
        cwd=box.project, env=_plain_environment(box), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert '"right": true' in shown

    preview = box.preview(3)
    assert preview.changes == {"create": 1}
    assert [(step.op, step.type, step.name) for step in preview.steps if step.op == "create"] == [
        ("create", PETS, "pet2")
    ]
    assert pets(box) == 2
    assert box.refresh().ok

    assert box.up(3, protect=True).ok
    assert box.last_stage == 3
    assert len(state.protected(box.layout, "prod")) == 3
    refused = box.destroy()
    assert refused.code != 0
    assert "protected" in refused.errors[0]
    assert box.up(3, protect=False).ok
    assert box.destroy().ok
    assert box.resources() == []
    assert (box.project / "Pulumi.prod.yaml").read_text() == STACK_FILE


def test_an_engine_killed_half_way_is_settled_by_the_next_run(box: Sandbox) -> None:
    # No pet is done before the engine is killed, however slow the machine: what was seen pending is what is cut off.
    box.environment = {"ASCENT_SANDBOX_LATENCY_MS": "60000"}
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(box.up, 4)
        deadline = time.monotonic() + PATIENCE
        while not state.pending(box.layout, "prod"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        (lock,) = state.engine_locks(box.layout, "prod")
        os.kill(lock.pid, signal.SIGKILL)
        assert running.result(PATIENCE).code == -signal.SIGKILL
    box.environment = {}
    assert state.pending(box.layout, "prod")
    assert "Removed 1 lock" in box.prepare()[0]
    assert "cut off with" in box.recover()[0]
    assert state.pending(box.layout, "prod") == []
    again = box.up(4)
    assert again.ok, again.output
    assert pets(box) == 4


def test_asked_to_stop_it_ends_what_is_under_way_and_no_more(box: Sandbox) -> None:
    code = (
        "import sys; from pathlib import Path; from sandbox.commands.engine import Sandbox;"
        "sys.exit(Sandbox(Path(sys.argv[1]), 'prod', Path(sys.argv[2]), live=True,"
        "environment={'ASCENT_SANDBOX_LATENCY_MS': '700'}).up(30).code)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, box.home, box.project], cwd=ROOT, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as runner:  # fmt: skip
        deadline = time.monotonic() + PATIENCE
        while not state.pending(box.layout, "prod"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        runner.send_signal(signal.SIGINT)
        output, _ = runner.communicate(timeout=PATIENCE)
    assert runner.returncode == 130
    assert "update canceled" in output
    assert "Traceback" not in output
    assert output.count("^C received") <= 1
    assert state.pending(box.layout, "prod") == []
    assert pets(box) < 30


def _plain_environment(box: Sandbox) -> dict[str, str]:
    """What a shell has after eval "$(make -s env)"."""
    script = f"{shell_exports(box.layout, box.stack)}\nenv -0"
    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    return dict(entry.split("=", 1) for entry in said.split("\0") if "=" in entry)
