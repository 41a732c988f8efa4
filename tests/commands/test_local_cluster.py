"""What a stack's local cluster hands to the engine. That all of it runs, `make test-cluster KUBERNETES=real` shows."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from sandbox.cluster import kubelet, local
from sandbox.cluster.local import LocalCluster
from sandbox.commands import environ
from sandbox.commands.layout import Layout
from sandbox.provider import local_cluster
from sandbox.provider.errors import WorldError
from scripts.api_server import Place


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A sandbox whose stack `real` has a local cluster that was started once."""
    monkeypatch.setattr(local, "find_provider", lambda: Path("/plugins/real"))
    found = Layout(tmp_path)
    home = found.cluster("real")
    (home / "certificates").mkdir(parents=True)
    (home / "certificates" / "apiserver.crt").write_text("certificate")
    (home / "token").write_text("secret")
    (home / "ports.json").write_text("[1, 2, 3]")
    LocalCluster(home)._credentials(Place(home, 1, 2, 3))
    return found


def test_a_stack_with_a_cluster_has_the_real_provider_and_others_do_not(layout: Layout) -> None:
    real = environ.engine_environment(layout, "real")
    assert real[environ.PLUGIN] == "/plugins/real"
    assert environ.PLUGIN not in environ.engine_environment(layout, "other")
    assert environ.PLUGIN not in environ.engine_environment(layout)
    assert f"export {environ.PLUGIN}=/plugins/real" in environ.shell_exports(layout, "real")


def test_the_plugin_is_the_one_that_the_environment_names(layout: Layout, tmp_path: Path) -> None:
    environ.install_plugins(layout)
    (plugin,) = layout.pulumi_home.glob("plugins/resource-kubernetes-v*/*")
    real = tmp_path / "real"
    real.write_text('#!/bin/sh\necho "real $1"\n')
    real.chmod(0o755)
    done = subprocess.run(
        [plugin, "x"], env=os.environ | {environ.PLUGIN: str(real)}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "real x\n"


def _aws(path: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", "-c", 'aws "$@"', "sh", *words]
    return subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, check=False)


def test_aws_gives_the_token_and_hands_the_rest_on(layout: Layout, tmp_path: Path) -> None:
    machine = tmp_path / "a machine"
    machine.mkdir()
    (machine / "aws").write_text('#!/bin/sh\nprintf "%s|" "$@"\nexit 3\n')
    (machine / "aws").chmod(0o755)
    path = f"{layout.cluster('real') / 'bin'}:/bin:{machine}"
    said = _aws(path, "eks", "get-token", "--cluster-name", "any")
    assert json.loads(said.stdout)["status"] == {"token": "secret"}
    other = _aws(path, "elbv2", "describe-load-balancers", "--query", "a: b *")
    assert (other.stdout, other.returncode) == ("elbv2|describe-load-balancers|--query|a: b *|", 3)


def test_aws_says_that_the_machine_has_none(layout: Layout) -> None:
    said = _aws(f"{layout.cluster('real') / 'bin'}:/nowhere", "s3", "ls")
    assert said.returncode == 127
    assert said.stderr == "There is no AWS CLI on PATH: install it to run aws s3 ls\n"


def test_the_shim_is_first_on_the_engines_path(layout: Layout) -> None:
    path = environ.engine_environment(layout, "real")["PATH"]
    assert path.split(":")[0] == str(layout.cluster("real") / "bin")


def test_eks_answers_where_the_server_is(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(local_cluster.FACTS, raising=False)
    assert local_cluster.answers(local_cluster.CLUSTER) == {}
    monkeypatch.setenv(local_cluster.FACTS, str(layout.cluster("real") / "facts.json"))
    assert local_cluster.answers("aws:s3/bucket:Bucket") == {}
    found = local_cluster.answers(local_cluster.CLUSTER)
    assert found == {"endpoint": "https://127.0.0.1:3", "certificateAuthority": {"data": "Y2VydGlmaWNhdGU="}}
    monkeypatch.setenv(local_cluster.FACTS, str(layout.home / "none"))
    with pytest.raises(WorldError, match="does not say where the local cluster is"):
        local_cluster.answers(local_cluster.CLUSTER)


def test_a_process_that_got_the_number_is_not_taken_for_ours(layout: Layout) -> None:
    home = layout.cluster("real")
    (home / "processes.json").write_text(json.dumps({"etcd": os.getpid()}))
    assert LocalCluster(home).running() == {}
    LocalCluster(home).stop()
    assert not home.exists()


@pytest.mark.parametrize(
    ("restarts", "phase", "ready"), [("Always", "Running", "True"), ("Never", "Succeeded", "False")]
)
def test_pods_run_and_those_of_jobs_are_done(restarts: str, phase: str, ready: str) -> None:
    pod = {"spec": {"restartPolicy": restarts, "containers": [{"name": "web", "image": "web:1"}]}}
    said = kubelet.status(pod, "10.244.0.1")
    assert said["phase"] == phase
    assert {one["type"]: one["status"] for one in said["conditions"]}["Ready"] == ready
