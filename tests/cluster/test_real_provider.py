"""The program with the real Kubernetes provider, on a local API server with its controllers.

Stages 1, 2, 1, 4, and down. Each test goes on from where the one before has left the stack, as they take minutes.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.cluster.api import Api, ApiError
from sandbox.cluster.definitions import AUTO_MODE, BINDING
from sandbox.cluster.local import LocalCluster
from sandbox.commands.engine import Result, Sandbox
from scripts.say import ProblemError
from tests.cluster.api import until

ASKED = "ASCENT_TEST_PROVIDER"
pytestmark = pytest.mark.skipif(
    os.environ.get(ASKED) != "real", reason="takes half an hour: make test-cluster KUBERNETES=real"
)
ITS_OWN = {"default", "kube-node-lease", "kube-public", "kube-system"}
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SWITCH, KEY = "/api/v1/namespaces/kube-system/configmaps/amazon-vpc-cni", "enable-network-policy-controller"
AUTOSCALERS = "/apis/autoscaling/v2/horizontalpodautoscalers"
SOON = 90.0  # seconds that controllers may take


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, LocalCluster]]:
    box = Sandbox(tmp_path_factory.mktemp("walk"))
    cluster = LocalCluster(box.layout.cluster(box.stack))
    try:
        cluster.start()
    except ProblemError as problem:
        pytest.skip(str(problem))
    yield box, cluster
    cluster.stop()


@pytest.fixture
def box(walk: tuple[Sandbox, LocalCluster]) -> Sandbox:
    return walk[0]


@pytest.fixture
def cluster(walk: tuple[Sandbox, LocalCluster]) -> LocalCluster:
    return walk[1]


@pytest.fixture
def server(cluster: LocalCluster) -> Api:
    return Api.of(cluster.kubeconfig)


def _well(result: Result) -> Result:
    assert result.ok, "\n".join(result.errors) or result.output[-3000:]
    return result


def _all(server: Api, path: str) -> list[dict[str, Any]]:
    return list(server.get(path)["items"])


def _kubernetes(box: Sandbox, part: str) -> list[dict[str, Any]]:
    return [one for one in box.resources() if one["type"].startswith("kubernetes:") and part in one["type"]]


def _target(autoscaler: dict[str, Any]) -> str:
    """Where the API has the Deployment that an autoscaler scales."""
    space, name = autoscaler["metadata"]["namespace"], autoscaler["spec"]["scaleTargetRef"]["name"]
    return f"/apis/apps/v1/namespaces/{space}/deployments/{name}"


def _replicas(server: Api, autoscaler: dict[str, Any]) -> int:
    return int(server.get(_target(autoscaler))["spec"]["replicas"])


def _foreign(server: Api, value: str) -> None:
    """As k9s and kubectl edit do: another manager takes the field over."""
    change = {"data": {KEY: value}}
    server.call("PATCH", f"{SWITCH}?fieldManager=k9s", change, "application/merge-patch+json")


def test_it_comes_up_and_a_second_update_changes_nothing(box: Sandbox, server: Api) -> None:
    _well(box.up(1))
    assert _kubernetes(box, "Deployment")
    # The autoscaler's number of pods is not the program's.
    autoscalers = _all(server, AUTOSCALERS)
    assert autoscalers
    assert until(lambda: all(_replicas(server, one) >= one["spec"]["minReplicas"] for one in autoscalers), SOON)
    assert _well(box.up(1)).changes == {}


def test_replicas_are_left_to_the_autoscaler(box: Sandbox, server: Api) -> None:
    web = _all(server, AUTOSCALERS)[0]
    more = web["spec"]["minReplicas"] + 1
    assert more <= web["spec"]["maxReplicas"]
    server.call("PATCH", f"{_target(web)}/scale", {"spec": {"replicas": more}}, "application/merge-patch+json")
    assert _well(box.up(1)).changes == {}
    assert _replicas(server, web) == more


def test_what_another_manager_changed_is_put_back(box: Sandbox, server: Api) -> None:
    _foreign(server, "false")
    assert _well(box.up(1)).changes == {}  # it compares the program with the state
    _well(box.refresh())
    changed = {step.urn.rpartition("::")[2] for step in _well(box.up(1)).steps if step.op == "update"}
    # An object of the color is updated with it, once: a refresh takes over what the cluster has filled in.
    assert changed <= {"sandbox-use1-services-network-policy", "sandbox-use1-blue-pods"}
    assert "sandbox-use1-services-network-policy" in changed
    assert _well(box.up(1)).changes == {}
    assert server.get(SWITCH)["data"] == {KEY: "true"}


def test_a_pooler_comes_by_its_chart(box: Sandbox, server: Api) -> None:
    _well(box.up(2))
    releases = _kubernetes(box, "helm.sh/v3:Release")
    assert releases
    for one in releases:
        assert one["outputs"]["status"]["status"] == "deployed"
        space = one["outputs"]["namespace"]
        kept = _all(server, f"/api/v1/namespaces/{space}/secrets?fieldSelector=type%3Dhelm.sh%2Frelease.v1")
        assert any(each["metadata"]["labels"]["name"] == one["outputs"]["name"] for each in kept)
    assert _well(box.up(2)).changes == {}


def test_on_the_way_back_pods_leave_the_pooler_before_it_goes(box: Sandbox) -> None:
    result = _well(box.up(1))
    order = [(step.op, step.type) for step in result.steps]
    deployments = [at for at, (op, token) in enumerate(order) if op == "update" and token.endswith(":Deployment")]
    releases = [at for at, (op, token) in enumerate(order) if op == "delete" and token.endswith(":Release")]
    assert deployments
    assert releases
    assert max(deployments) < min(releases)


def test_stage_4_comes_up(box: Sandbox) -> None:
    _well(box.up(4))
    assert _well(box.up(4)).changes == {}


def test_a_kind_that_is_gone_fails_the_update_not_the_preview(box: Sandbox, server: Api) -> None:
    path = f"{DEFINITIONS}/{BINDING['metadata']['name']}"
    server.call("DELETE", path)
    assert until(lambda: server.get(path, missing={}) == {}, SOON)
    assert _well(box.preview(4)).changes == {}
    _well(box.refresh())
    failed = box.up(4)
    assert not failed.ok
    assert any("TargetGroupBinding" in error for error in failed.errors)
    for one in AUTO_MODE:
        server.apply(f"{DEFINITIONS}/{one['metadata']['name']}", one)
    _well(box.up(4))
    assert _well(box.up(4)).changes == {}


def test_without_the_server_a_refresh_fails_and_nothing_is_lost(box: Sandbox, cluster: LocalCluster) -> None:
    before = len(_kubernetes(box, ""))
    os.kill(cluster.running()["kube-apiserver"], signal.SIGTERM)
    assert until(lambda: "kube-apiserver" not in cluster.running(), SOON)
    assert _well(box.preview(4)).changes == {}
    assert not box.refresh().ok
    assert len(_kubernetes(box, "")) == before
    cluster.start()
    _well(box.refresh())
    assert len(_kubernetes(box, "")) == before


def test_down_leaves_nothing(box: Sandbox, cluster: LocalCluster, server: Api) -> None:
    _well(box.destroy())
    # The namespace controller takes the rest: nobody strips finalizers.
    assert until(lambda: {one["metadata"]["name"] for one in _all(server, "/api/v1/namespaces")} == ITS_OWN, SOON)
    for path in ("/api/v1/pods", "/api/v1/persistentvolumeclaims", "/apis/storage.k8s.io/v1/storageclasses"):
        assert _all(server, path) == [], path
    with pytest.raises(ApiError):
        server.call("GET", SWITCH)
    processes = cluster.running()
    assert len(processes) == 4
    cluster.stop()
    assert cluster.running() == {}
    assert not Path(cluster.home).exists()
