"""A program that ends in an error late has nothing deleted: updates that wait for an endpoint's last client rely on it.

The proxy's and the fleet's waits run under the real engine here; what AWS answers is made up.
"""

from __future__ import annotations

from pathlib import Path

from ops.stackfile import ROOT
from sandbox.commands.engine import QUICK, Sandbox

PETS = "random:index/randomPet:RandomPet"
PROGRAM = f"""\
import sys

sys.path.insert(0, {str(ROOT)!r})
import pulumi
import pulumi_random as random

from infra import proxied, serving
from infra.serving import Seen, ServingGroup
from infra.thresholds import Threshold

serving.SERVING_PATIENCE = proxied.PROXY_WAIT = Threshold(-1, "seconds", "made up")
serving.look = lambda *_: Seen(serving=3, trouble="", old=%(old)s)
serving.refresh = lambda *_: "Failed"
proxied.obstacle = lambda *_: %(obstacle)r

for name in %(names)r:
    random.RandomPet(name)
proxy = random.RandomPet("proxy").id
one = proxied.Proxied(host=proxy, region="us-east-1", proxy_name=proxy, role="READ_WRITE", in_use=False)
given = proxied.once_available(one, None)
random.RandomPet("url", keepers={{"host": given, "turn": %(turn)r}})
blue = {{"name": "blue", "region": "us-east-1", "group_name": "blue", "target_group_arn": None}}
serving.wait([ServingGroup(**blue, least=3, whole=True)], None)
"""


def test_what_is_still_used_is_not_deleted(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: small\nruntime:\n  name: python\n  options: {virtualenv: .venv}\n")
    (project / "Pulumi.test.yaml").write_text("config: {}\n")
    (project / ".venv").symlink_to(ROOT / ".venv")
    box = Sandbox(tmp_path / "home", "test", project, environment=dict(QUICK))

    def program(*names: str, old: int = 0, obstacle: str | None = None, turn: str = "1") -> None:
        values = {"names": names, "old": old, "obstacle": obstacle, "turn": turn}
        (project / "__main__.py").write_text(PROGRAM % values)

    def pets() -> set[str]:
        return {one["urn"].rpartition("::")[2] for one in box.resources() if one["type"] == PETS}

    program("endpoint")
    assert box.up().ok
    program(old=2)
    stopped = box.up()
    assert not stopped.ok
    assert "2 instances have not been replaced" in stopped.output
    assert "Traceback" not in stopped.output
    assert pets() == {"endpoint", "proxy", "url"}

    # Nor is anything changed that a proxy's address goes into, before the proxy works.
    program(obstacle="PENDING_PROXY_CAPACITY", turn="2")
    closed = box.up()
    assert not closed.ok
    assert "has no available target that is READ_WRITE: PENDING_PROXY_CAPACITY. No client was given" in closed.output
    assert "Traceback" not in closed.output
    (url,) = (one for one in box.resources() if one["urn"].endswith("::url"))
    assert url["inputs"]["keepers"]["turn"] == "1"
    assert pets() == {"endpoint", "proxy", "url"}

    program(turn="2")
    went = box.up()
    assert went.ok, went.output
    assert pets() == {"proxy", "url"}
