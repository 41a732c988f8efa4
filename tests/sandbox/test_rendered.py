"""Every Kubernetes object of every stage and runtime is one that an API server takes, and its pods are restricted."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from catalog.kubernetes import security
from infra.stages import STAGES
from scripts.helm import find_helm
from tests.charts.helm import Helm
from tests.kubernetes.cases import Object, changed
from tests.kubernetes.rendered import CUSTOM, VARIANTS, pods, rendered, token
from tests.sandbox.conftest import Start

# One that a stack may well name, and the newest that there are schemas of.
VERSIONS = ("1.33", kubernetes_validate.latest_version())
# What no pod of the restricted level may have; a privileged container cannot say that it does not escalate.
PRIVILEGED = [f"containers[0].securityContext.{name}" for name in ("privileged", "allowPrivilegeEscalation")]
# One of each kind that has pods.
BROKEN = (
    ("kubernetes-6", "Deployment", "spec.template.spec"),
    ("kubernetes-6", "CronJob", "spec.jobTemplate.spec.template.spec"),
    ("in-cluster", "StatefulSet", "spec.template.spec"),
)


@pytest.fixture(scope="session")
def helm() -> Helm:
    return Helm(find_helm())


@cache
def _valid(text: str) -> None:
    """Most objects are the same from stage to stage: each is validated once."""
    for version in VERSIONS:
        kubernetes_validate.validate(json.loads(text), version, strict=True)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_object_is_valid_and_every_pod_restricted(start: Start, helm: Helm, tmp_path: Path, variant: str) -> None:
    things = rendered(helm, tmp_path, **VARIANTS[variant])
    assert any(one["kind"] == "Deployment" for one in things)
    sandbox = start("kubernetes")
    for one in things:
        assert sandbox.check(token(one), one)[1] == {}, one["metadata"]
        if one["kind"] not in CUSTOM:
            _valid(json.dumps(one, sort_keys=True))
        for pod in pods(one):
            judged = security.Pod(pod["spec"], pod["metadata"].get("annotations", {}))
            assert security.violations(security.RESTRICTED, judged) is None, one["metadata"]


@pytest.mark.parametrize(("variant", "kind", "where"), BROKEN)
def test_a_broken_one_is_refused_in_the_words_of_the_server(
    start: Start, helm: Helm, tmp_path: Path, variant: str, kind: str, where: str
) -> None:
    things = rendered(helm, tmp_path, **VARIANTS[variant])
    sandbox = start("kubernetes")
    namespaces = [one for one in things if one["kind"] == "Namespace"]
    assert [sandbox.check(token(one), one)[1] for one in namespaces] == [{}] * len(namespaces)
    right = next(one for one in things if one["kind"] == kind)
    assert _said(sandbox.check(token(right), right)) == ""
    privileged = changed(right, {f"{where}.{name}": True for name in PRIVILEGED})
    said = _said(sandbox.check(token(right), privileged))
    assert f'pods of this {kind} would be forbidden: violates PodSecurity "restricted:latest": privileged' in said
    assert "must not set securityContext.privileged=true)" in said
    misspelled = changed(right, {f"{where}.containers[0].imagee": "app:1"})
    assert f'unknown field "{where}.containers[0].imagee"' in _said(sandbox.check(token(right), misspelled))
    with pytest.raises(kubernetes_validate.ValidationError):
        _valid(json.dumps(misspelled))


def _said(answer: tuple[Object, dict[str, str]]) -> str:
    return "; ".join(answer[1].values())


def test_instances_alone_make_no_object(helm: Helm, tmp_path: Path) -> None:
    assert rendered(helm, tmp_path, stage=max(STAGES)) == []
