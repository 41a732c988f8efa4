"""`ascent drift` with the real engine, on a world that was changed by hand."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from ops.stackfile import ROOT
from sandbox.commands.engine import Sandbox
from sandbox.commands.environ import engine_environment
from sandbox.commands.report import real
from tests import warm
from tests.engine.world import quick

GROUP, ALARM = "aws:autoscaling/group:Group", "aws:cloudwatch/metricAlarm:MetricAlarm"
RULE, VPC = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws:ec2/vpc:Vpc"
GONE = "sandbox-use1-app-connection-errors"


def ascent(box: Sandbox, code: int, *arguments: str) -> str:
    """What `ascent drift` says."""
    line = [str(warm.toolchain() / "bin" / "ascent"), "drift", *arguments]
    environment = engine_environment(box.layout) | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def drift(box: Sandbox, code: int) -> dict[str, Any]:
    """What it finds."""
    found: dict[str, Any] = json.loads(ascent(box, code, "--json"))
    return found


def change_by_hand(box: Sandbox) -> None:
    """An autoscaling group grows, somebody opens a rule to the world and another network, and an alarm is deleted."""
    world = box.world()
    by_type = world["resources"]["aws"]
    (group,) = by_type[GROUP].values()
    group["outputs"]["desiredCapacity"] += 1
    (rule,) = [one for one in by_type[RULE].values() if one["inputs"]["description"] == "HTTPS from the VPC"]
    rule["inputs"] |= {"cidrIpv4": "0.0.0.0/0", "tags": {**rule["inputs"]["tags"], "who": "me"}}
    (vpc,) = by_type[VPC].values()
    vpc["inputs"]["cidrBlock"] = "10.97.0.0/16"
    (alarm,) = [key for key in by_type[ALARM] if key.startswith(GONE)]
    del by_type[ALARM][alarm]
    box.layout.world.write_text(json.dumps(world))


def test_what_was_changed_by_hand_is_told_from_what_autoscaling_did(tmp_path: Path) -> None:
    box = quick(tmp_path)
    box.install()
    assert "sandbox has nothing in its state" in ascent(box, 2)
    assert "there is no stack dev" in ascent(box, 2, "--stack", "dev")
    up = box.up(1)
    assert up.ok, up.output
    state = box.layout.checkpoint("sandbox").read_bytes()
    change_by_hand(box)
    found = drift(box, 1)
    assert found["lookedAt"] == len(real(box.resources()))
    told = [(one["urn"].rpartition("::")[2], one["gone"], one["repair"], one["precious"]) for one in found["drift"]]
    assert told == [
        # What lets the world in comes first.
        ("sandbox-use1-endpoints", False, "update", False),
        ("sandbox-use1", False, "replace", True),
        (GONE, True, "create", False),
    ]
    properties = {one["path"]: (one["recorded"], one["found"]) for one in found["drift"][0]["properties"]}
    assert properties == {"cidrIpv4": ("10.96.0.0/16", "0.0.0.0/0"), "tags.who": (None, "me")}
    (expected,) = found["expected"]
    assert (expected["type"], expected["path"], expected["owner"]) == (GROUP, "desiredCapacity", "EC2 Auto Scaling")
    assert expected["found"] == expected["recorded"] + 1
    # Looking changed nothing.
    assert box.layout.checkpoint("sandbox").read_bytes() == state

    # All but what would replace a network with everything in it.
    world = box.world()
    (vpc,) = world["resources"]["aws"][VPC].values()
    vpc["inputs"]["cidrBlock"] = "10.96.0.0/16"
    box.layout.world.write_text(json.dumps(world))
    repaired = box.run("up", "--yes", "--skip-preview", "--refresh", stage=1)
    assert repaired.ok, repaired.output
    assert [step.name for step in repaired.steps if step.op == "create"] == [GONE]
    assert "none of" in ascent(box, 0)
