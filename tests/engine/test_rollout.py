"""`ascent rollout` itself, on a copy of the repository, with the real engine in one sandbox."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
import yaml

from ops.stackfile import ROOT
from sandbox.commands import aws as cloud
from sandbox.commands.aws import CloudServer
from sandbox.commands.engine import QUICK, Sandbox
from sandbox.commands.environ import engine_environment
from tests import warm

OLD, NEW, NEWER = (f"public.ecr.aws/example/app:{tag}" for tag in ("1.0.0", "2.0.0", "3.0.0"))
LISTENER, REGION = "aws:lb/listener:Listener", "us-east-1"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
COMMENT = "# Two people have to agree on this."


@dataclass
class Checkout:
    """A copy of the repository, whose sandbox stack is up."""

    root: Path
    box: Sandbox
    server: CloudServer

    @property
    def file(self) -> Path:
        return self.root / "Pulumi.sandbox.yaml"

    @property
    def rollout(self) -> dict[str, Any]:
        """What the stack's file says."""
        said: dict[str, Any] = yaml.safe_load(self.file.read_text())["config"]["ascent:rollout"]
        return said

    @property
    def weights(self) -> tuple[int, int]:
        """Blue's and green's, as the file says."""
        return self.rollout.get("blue", {}).get("weight", 0), self.rollout.get("green", {}).get("weight", 0)

    def begin(self, *arguments: str, command: str = "rollout", killed: bool = False) -> subprocess.Popen[str]:
        """`ascent rollout ...` as a process of its own; of one that is killed, the engine writes down each step."""
        line = [str(warm.toolchain() / "bin" / "ascent"), command, *arguments]
        pipe = subprocess.PIPE
        environment = engine_environment(self.box.layout) | cloud.environment(self.server, REGION)
        environment |= {"PYTHONPATH": str(self.root)} | ({} if killed else QUICK)
        return subprocess.Popen(line, cwd=self.root, env=environment, stdout=pipe, stderr=pipe, text=True)

    def ascent(self, *arguments: str, code: int = 0) -> str:
        """What `ascent rollout ...` says; afterwards state, listener and file have to agree."""
        process = self.begin(*arguments)
        out, err = process.communicate(timeout=240)
        assert process.returncode == code, out + err
        assert "Traceback" not in err
        self.agree()
        return out + err

    def listened(self) -> dict[str, int]:
        """What the listener that exists forwards, whatever the state says of it."""
        groups = {
            one["id"]: one["urn"].rpartition("-use1-")[2] for one in self.resources("aws:lb/targetGroup:TargetGroup")
        }
        (listener,) = [one for one in self.resources(LISTENER) if one["urn"].endswith("-https")]
        try:
            entry = self.box.world()["resources"]["aws"][LISTENER][listener["id"]]
        except json.JSONDecodeError:
            # Between two writes.
            return {}
        return {
            groups[one["arn"]]: one["weight"] for one in entry["inputs"]["defaultActions"][0]["forward"]["targetGroups"]
        }

    def agree(self) -> None:
        """The weights in the state add up to 100, and are those of the file and of the listener that exists."""
        groups = {
            one["id"]: one["urn"].rpartition("-use1-")[2] for one in self.resources("aws:lb/targetGroup:TargetGroup")
        }
        (listener,) = [one for one in self.resources(LISTENER) if one["urn"].endswith("-https")]
        blue, green = self.weights
        wanted = {name: weight for name, weight in (("blue-ec2", blue), ("green-ec2", green)) if weight}
        world = self.box.world()["resources"]["aws"][LISTENER][listener["id"]]
        for properties in (listener["outputs"], world["inputs"]):
            forwarded = properties["defaultActions"][0]["forward"]["targetGroups"]
            assert {groups[one["arn"]]: one["weight"] for one in forwarded} == wanted
        assert sum(wanted.values()) == 100
        assert COMMENT in self.file.read_text()

    def resources(self, token: str) -> list[dict[str, Any]]:
        return [one for one in self.box.resources() if one["type"] == token]

    def images(self) -> set[str]:
        """Colors that have a fleet."""
        return {one["urn"].rpartition("-")[2] for one in self.resources("aws:autoscaling/group:Group")}

    def client(self, service: str) -> Any:
        """A client of AWS as anybody has it in the sandbox's shell."""
        keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
        return boto3.client(service, region_name=REGION, endpoint_url=self.server.url, **keys)

    def alarm(self, color: str, state: str) -> str:
        """Set the color's error alarm, as `aws cloudwatch set-alarm-state` does. Returns its name."""
        asked, prefix = self.client("cloudwatch"), f"sandbox-use1-{color}-ec2-errors"
        (one,) = asked.describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
        asked.set_alarm_state(AlarmName=one["AlarmName"], StateValue=state, StateReason="tried")
        return str(one["AlarmName"])


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    home = tmp_path_factory.mktemp("rollout")
    root = home / "checkout"
    for directory in ("catalog", "infra", "ops", "sandbox", "scripts"):
        shutil.copytree(ROOT / directory, root / directory)
    for name in ("__main__.py", "Pulumi.yaml", "requirements.txt"):
        shutil.copy2(ROOT / name, root / name)
    (root / ".venv").symlink_to(ROOT / ".venv")
    text = (ROOT / "Pulumi.sandbox.yaml").read_text()
    text = text.replace("  ascent:rollout:\n", f"  ascent:rollout:\n    {COMMENT}\n")
    # Importing Cloudflare's SDK is a third of an update's time, and there are many here.
    text = re.sub(r"dns: cloudflare\n    zoneId: \w+", f"dns: external\n    certificateArn: {CERTIFICATE}", text)
    (root / "Pulumi.sandbox.yaml").write_text(text)
    box = Sandbox(home / "box", project=root, environment=dict(QUICK))
    there = {"name": "app.sandbox.example.com", "inputs": {}, "outputs": {"arn": CERTIFICATE}}
    world = {"format": 1, "resources": {"aws": {"aws:acm/certificate:Certificate": {CERTIFICATE: there}}}}
    box.layout.world.parent.mkdir(parents=True)
    box.layout.world.write_text(json.dumps(world))
    result = box.up(1)
    assert result.ok, result.output
    made = Checkout(root, box, cloud.start(box.layout))
    made.agree()
    yield made
    assert (cloud.about(made.server) or {}).get("problems") == {}
    assert cloud.stop(box.layout)


def test_a_canary_that_is_killed_at_half_and_goes_on(checkout: Checkout) -> None:
    said = checkout.ascent("start", "--strategy", "canary", "--image", NEW, "--bake", "0")
    assert "blue 100 %, green 0 %" in said
    assert checkout.images() == {"blue", "green"}
    process = checkout.begin("step", "--all", killed=True)
    locks = checkout.box.layout.engine_locks("sandbox")
    until = time.monotonic() + 240
    while not (checkout.weights == (50, 50) and list(locks.glob("*.json"))):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert "since" not in checkout.rollout["progress"]
    shown = checkout.begin("status", "--json")
    status = json.loads(shown.communicate(timeout=60)[0])
    assert (status["settled"], status["colors"]["green"]["weight"]) == (False, 50)
    said = checkout.ascent("step", "--all")
    assert "Finishing the step that was begun" in said
    assert "blue 50 %, green 50 %" in said
    assert checkout.rollout == {"green": {"image": NEW, "weight": 100}}
    assert checkout.images() == {"green"}
    # The engine agrees that nothing is left to do.
    assert checkout.box.preview().changes == {}


def test_an_alarm_at_a_quarter_sends_it_back(checkout: Checkout) -> None:
    before = checkout.rollout
    checkout.ascent("start", "--strategy", "canary", "--image", NEWER, "--bake", "0")
    checkout.ascent("step")
    checkout.ascent("step")
    assert checkout.weights == (25, 75)
    checkout.alarm("blue", "ALARM")
    said = checkout.ascent("step", "--json", code=1)
    assert "Going back" in said
    assert "blue-ec2-errors" in said
    assert checkout.rollout == before
    assert checkout.images() == {"green"}


def test_an_alarm_sends_back_a_rollout_that_runs(checkout: Checkout) -> None:
    before, images = checkout.rollout, checkout.images()
    checkout.ascent("start", "--strategy", "canary", "--image", NEWER)
    to = checkout.rollout["progress"]["to"]
    # Without requests, CloudWatch would say so by itself.
    checkout.alarm(to, "OK")
    process = checkout.begin("step", "--all")
    until = time.monotonic() + 240
    while not (checkout.rollout[to].get("weight") == 5 and checkout.rollout["progress"].get("since")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.1)
    # It watches for half an hour. What clears before the next look counts as well.
    name = checkout.alarm(to, "ALARM")
    checkout.alarm(to, "OK")
    out, err = process.communicate(timeout=240)
    assert process.returncode == 1, out + err
    assert "Going back" in err
    assert name in err
    checkout.agree()
    assert checkout.rollout == before
    assert checkout.images() == images


def test_abort_leads_back(checkout: Checkout) -> None:
    before = checkout.file.read_text()
    # The same once more, after it went back.
    checkout.ascent("start", "--strategy", "canary", "--image", NEWER)
    checkout.ascent("step")
    assert checkout.weights == (5, 95)
    assert re.search(r"(30|29) min \d\d s of watching are left", checkout.ascent("step", code=1))
    checkout.ascent("abort")
    assert checkout.file.read_text() == before
    assert checkout.images() == {"green"}


def test_abort_takes_the_traffic_off_while_another_update_holds_the_stack(checkout: Checkout) -> None:
    before = checkout.file.read_text()
    checkout.ascent("start", "--strategy", "blue-green", "--image", NEWER)
    checkout.ascent("step")
    locks = checkout.box.layout.engine_locks("sandbox")
    locks.mkdir(parents=True, exist_ok=True)
    lock = locks / "00000000-0000-0000-0000-000000000000.json"
    held = {"pid": 1, "username": "somebody", "hostname": "elsewhere", "timestamp": "2026-11-25T00:00:00Z"}
    lock.write_text(json.dumps(held))
    process = checkout.begin("abort")
    until = time.monotonic() + 240
    while checkout.listened() != {"green-ec2": 100}:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.1)
    # Nothing was updated for it.
    assert process.poll() is None
    assert checkout.box.outputs()["rollout"]["blue"]["weight"] == 10
    lock.unlink()
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, out + err
    assert "All traffic is taken off blue in us-east-1, before any update." in err
    checkout.agree()
    assert checkout.file.read_text() == before


def test_abort_waits_for_the_command_that_runs_the_rollout_and_goes_back_by_itself(checkout: Checkout) -> None:
    before = checkout.file.read_text()
    checkout.ascent("start", "--strategy", "blue-green", "--image", NEWER)
    checkout.ascent("step")
    runner = checkout.begin("step", "--all")
    # It watches once it has looked: until then, whoever comes first may have the file.
    time.sleep(3)
    aborter = checkout.begin("abort")
    _, said = runner.communicate(timeout=240)
    assert runner.returncode == 1, said
    assert "Going back: the traffic was taken off blue" in said
    _, said = aborter.communicate(timeout=240)
    assert aborter.returncode == 0, said
    assert "Another command runs the rollout" in said
    checkout.agree()
    assert checkout.file.read_text() == before


def test_a_move_to_another_stage_is_taken(checkout: Checkout) -> None:
    """Last, as it leaves the stack there. What stops it in the middle: see tests/transition/test_apply.py."""
    before = checkout.file.read_text()
    process = checkout.begin("1", "2", "--apply", "--json", command="transition")
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, out + err
    assert json.loads(out)["done"] == ["Done: sandbox is at stage 2."]
    assert checkout.box.outputs()["stage"] == 2
    assert checkout.file.read_text() == before.replace("ascent:stage: 1\n", "ascent:stage: 2\n")
