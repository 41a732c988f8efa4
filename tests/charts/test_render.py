"""What the charts render is valid, restricted, and says what it should."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from catalog.kubernetes import security
from charts.values import CHARTS, MODELS, PgBouncer, Redis, schema
from infra.authorities import rds
from tests.charts.helm import Helm, Object, merged, of_kind, pod_of, values_of

KUBERNETES = ("1.27", kubernetes_validate.latest_version())
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    f"{chart}-{case}": (chart, values_of(chart, case)) for chart in MODELS for case in ("default", "prod")
} | {
    "pgbouncer-plain": (
        "pgbouncer",
        merged(
            values_of("pgbouncer", "default"),
            {"serverTls": {"mode": "disable"}, "networkPolicy": {"enabled": False}, "imagePullSecrets": ["registry"]},
        ),
    ),
    "pgbouncer-secret-ca": (
        "pgbouncer",
        merged(values_of("pgbouncer", "default"), {"serverTls": {"ca": {"kind": "Secret", "name": "ca"}}}),
    ),
    "pgbouncer-pem-ca": (
        "pgbouncer",
        merged(values_of("pgbouncer", "default"), {"serverTls": {"ca": {"name": "", "pem": rds("us-east-1")}}}),
    ),
    "redis-five": ("redis", merged(values_of("redis", "default"), {"replicas": 5, "minReplicasToWrite": 2})),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return CASES[request.param]


@pytest.fixture
def objects(helm: Helm, case: tuple[str, dict[str, Any]], tmp_path: Path) -> list[Object]:
    return helm.render(*case, tmp_path)


def test_every_object_is_valid(objects: list[Object]) -> None:
    for each in objects:
        for version in KUBERNETES:
            kubernetes_validate.validate(each, version, strict=True)


def test_pods_are_restricted_and_hold_no_token(objects: list[Object]) -> None:
    template = pod_of(objects)
    pod = template["spec"]
    assert security.violations(security.RESTRICTED, security.Pod(pod, template["metadata"]["annotations"])) is None
    assert pod["automountServiceAccountToken"] is False
    assert of_kind(objects, "ServiceAccount")["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert {"cpu", "memory"} == container["resources"]["limits"].keys() == container["resources"]["requests"].keys()
        assert container["readinessProbe"]
        assert container["livenessProbe"]


def test_a_broken_pod_is_not_restricted(objects: list[Object]) -> None:
    pod = copy.deepcopy(pod_of(objects)["spec"])
    pod["securityContext"] = {"runAsNonRoot": True, "runAsUser": 0}
    pod["hostNetwork"] = True
    pod["volumes"].append({"name": "host", "hostPath": {"path": "/"}})
    pod["containers"][0]["securityContext"] = {"capabilities": {"add": ["NET_ADMIN"]}, "privileged": True}
    name = pod["containers"][0]["name"]
    said = security.violations(security.RESTRICTED, security.Pod(pod, {})) or ""
    for words in (
        "hostNetwork=true",
        'volume "host" uses restricted volume type "hostPath"',
        "pod must not set runAsUser=0",
        f'container "{name}" must not set securityContext.privileged=true',
        'must set securityContext.capabilities.drop=["ALL"]',
        f'container "{name}" must not include "NET_ADMIN"',
    ):
        assert words in said


def test_pods_spread_and_a_drain_goes_on(objects: list[Object]) -> None:
    template = pod_of(objects)
    labels = template["metadata"]["labels"].items()
    budget = of_kind(objects, "PodDisruptionBudget")["spec"]
    (spread,) = template["spec"]["topologySpreadConstraints"]
    assert budget["maxUnavailable"] == 1
    assert spread["topologyKey"] == "topology.kubernetes.io/zone"
    for selector in (budget["selector"], spread["labelSelector"]):
        assert selector["matchLabels"].items() <= labels
    assert template["spec"]["affinity"]["podAntiAffinity"]


def test_services_and_policies_select_the_pods(objects: list[Object]) -> None:
    labels = pod_of(objects)["metadata"]["labels"].items()
    for each in objects:
        if each["kind"] == "Service":
            assert each["spec"]["selector"].items() <= labels
        if each["kind"] == "NetworkPolicy":
            assert each["spec"]["podSelector"]["matchLabels"].items() <= labels
            assert each["spec"]["policyTypes"] == ["Ingress", "Egress"]
            assert all(rule["from"] for rule in each["spec"]["ingress"])
            assert all(rule["ports"] for rule in [*each["spec"]["ingress"], *each["spec"]["egress"]])


def test_names_stay_short_enough(helm: Helm, case: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    objects = helm.render(*case, tmp_path, release="a" * 53)
    # A StatefulSet's pods get a number, and their names have to be host names.
    assert max(len(each["metadata"]["name"]) for each in objects) <= 61
    for each in objects:
        kubernetes_validate.validate(each, KUBERNETES[-1], strict=True)


@pytest.mark.parametrize("chart", MODELS)
def test_lint_is_clean(helm: Helm, chart: str, tmp_path: Path) -> None:
    for values in ({}, values_of(chart, "default"), values_of(chart, "prod")):
        done = helm.run("lint", "--strict", CHARTS / chart, values=values, scratch=tmp_path)
        assert done.code == 0, done.output


@pytest.mark.parametrize(
    ("chart", "change"),
    [("pgbouncer", {"pool": {"defaultSize": 21}}), ("pgbouncer", {"auth": {"revision": "x"}}),
     ("redis", {"maxmemoryMi": 200}), ("redis", {"auth": {"revision": "x"}})],
)  # fmt: skip
def test_a_change_of_configuration_restarts_pods(
    helm: Helm, chart: str, change: dict[str, Any], tmp_path: Path
) -> None:
    values = values_of(chart, "default")
    before, again, after = (helm.render(chart, each, tmp_path) for each in (values, values, merged(values, change)))
    assert pod_of(before) == pod_of(again)
    assert pod_of(before)["metadata"]["annotations"] != pod_of(after)["metadata"]["annotations"]


def test_the_autoscaler_owns_replicas(helm: Helm, tmp_path: Path) -> None:
    objects = helm.render("pgbouncer", values_of("pgbouncer", "prod"), tmp_path)
    assert "replicas" not in of_kind(objects, "Deployment")["spec"]
    assert of_kind(objects, "HorizontalPodAutoscaler")["spec"]["maxReplicas"] == 6


def test_a_pool_reaches_only_databases_and_names(helm: Helm, tmp_path: Path) -> None:
    spec = of_kind(helm.render("pgbouncer", values_of("pgbouncer", "prod"), tmp_path), "NetworkPolicy")["spec"]
    names, databases = spec["egress"]
    assert {port["port"] for port in names["ports"]} == {53}
    assert databases == {"to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}], "ports": [{"port": 5432, "protocol": "TCP"}]}


def test_no_setting_reads_as_unlimited(helm: Helm, tmp_path: Path) -> None:
    ini = of_kind(helm.render("pgbouncer", values_of("pgbouncer", "prod"), tmp_path), "ConfigMap")["data"]
    settings = dict(line.split(" = ", 1) for line in ini["pgbouncer.ini"].splitlines() if " = " in line)
    for name in ("default_pool_size", "max_db_connections", "max_user_connections", "max_client_conn"):
        assert int(settings[name]) > 0
    assert settings["pool_mode"] == "transaction"


@pytest.mark.parametrize("chart", MODELS)
def test_schemas_are_fresh(chart: str) -> None:
    assert (CHARTS / chart / "values.schema.json").read_text() == schema(chart), "run python -m charts.values"


def test_models_and_values_files_agree(helm: Helm, tmp_path: Path) -> None:
    """What the program builds from a model renders what the chart's own defaults render."""
    for chart, model in MODELS.items():
        values = values_of(chart, "default")
        typed = model.model_validate(values).to_helm()
        assert helm.render(chart, typed, tmp_path) == helm.render(chart, values, tmp_path)


def test_images_are_the_charts_versions() -> None:
    redis, pgbouncer = (values_of(chart, "default") for chart in ("redis", "pgbouncer"))
    for chart, tag in (
        ("redis", Redis.model_validate(redis).image.tag),
        ("pgbouncer", PgBouncer.model_validate(pgbouncer).image.tag),
    ):
        version = (CHARTS / chart / "Chart.yaml").read_text().split('appVersion: "')[1].split('"')[0]
        assert tag.split("-")[0] == version
