"""`ascent rollout` as its readers see it, where no engine is needed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ops.stackfile import ROOT

IMAGE = "registry.example.com/app:2.0.0"


def ascent(*arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "ops", "rollout", *arguments]
    wide = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(
        line, cwd=ROOT, capture_output=True, text=True, check=False, env=wide, stdin=subprocess.DEVNULL
    )


def test_the_group_lists_its_commands_and_each_has_examples() -> None:
    shown = ascent("--help").stdout
    for command in ("start", "step", "promote", "abort", "status"):
        assert command in shown
    assert "ascent rollout start --strategy canary" in ascent("start", "--help").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["status", "--stack", "nope"], "Pulumi.nope.yaml: there is no such file"),
        (["start", "--strategy", "leap", "--image", IMAGE], "'leap' is not one of"),
        (["start", "--strategy", "canary", "--image", "app"], "it has no tag or digest"),
        (["start", "--strategy", "canary", "--image", "1.dkr.ecr.us-east-1.amazonaws.com/a:1"], "a registry of ECR is"),
        (["start", "--strategy", "canary", "--image", IMAGE, "--bake", "-1"], "greater than or equal to 0"),
        (["start", "--strategy", "canary", "--image", IMAGE, "--stack", "prod"], "prod is protected"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_two(arguments: list[str], said: str) -> None:
    file = ROOT / "Pulumi.prod.yaml"
    before = file.read_bytes()
    done = ascent(*arguments)
    assert done.returncode == 2, done.stderr
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert file.read_bytes() == before


def test_a_shared_traffic_cannot_be_rolled_over() -> None:
    done = ascent("start", "--strategy", "canary", "--image", IMAGE, "--stack", "staging", "--yes")
    assert done.returncode == 1
    assert "the traffic is shared (blue 90 % and green 10 %)" in done.stderr.replace("The", "the")
