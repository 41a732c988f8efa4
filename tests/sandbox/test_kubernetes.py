"""The sandbox refuses what a real API server refuses, in its words, and takes what it takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from catalog.kubernetes.schedules import problem
from catalog.kubernetes.security import ENFORCE, VERSION, Pod, violations
from catalog.values import UNKNOWN, encode
from tests.kubernetes.cases import OBJECTS, SECURITY, Object, changed, named, of_kind
from tests.kubernetes.record import ANSWERS
from tests.sandbox.conftest import CONTEXT, Aborted, Engine, Start, urn

NAMESPACE = "kubernetes:core/v1:Namespace"


@pytest.fixture
def kubernetes(start: Start) -> Engine:
    return start("kubernetes")


def _reasons(engine: Engine, thing: Object) -> list[str]:
    version = thing["apiVersion"]
    token = f"kubernetes:{'core/' if '/' not in version else ''}{version}:{thing['kind']}"
    request = provider_pb2.CheckRequest(urn=urn(token), type=token, news=encode(thing), randomSeed=b"seed")
    return [failure.reason for failure in engine.service.Check(request, CONTEXT).failures]


@pytest.mark.parametrize("kind", OBJECTS["objects"])
def test_an_object_that_is_right_is_taken(kubernetes: Engine, kind: str) -> None:
    assert _reasons(kubernetes, OBJECTS["objects"][kind]) == []


@pytest.mark.parametrize("case", OBJECTS["accepted"], ids=named)
def test_what_the_server_takes_is_taken(kubernetes: Engine, case: dict[str, Any]) -> None:
    assert _reasons(kubernetes, of_kind(case)) == []


@pytest.mark.parametrize("case", OBJECTS["refused"], ids=named)
def test_what_the_server_refuses_is_refused_in_its_words(kubernetes: Engine, case: dict[str, Any]) -> None:
    found = _reasons(kubernetes, of_kind(case))
    assert any(case["says"] in reason for reason in found), found


@pytest.mark.parametrize("kind", OBJECTS["objects"])
def test_what_is_not_known_yet_is_not_judged(kubernetes: Engine, kind: str) -> None:
    for path in _places(OBJECTS["objects"][kind]):
        hidden = changed(OBJECTS["objects"][kind], {path: UNKNOWN})
        assert _reasons(kubernetes, hidden) == [], path


def test_claims_that_are_not_known_yet_are_not_judged(kubernetes: Engine) -> None:
    for change in (UNKNOWN, [UNKNOWN], [{"metadata": {"name": UNKNOWN}, "spec": UNKNOWN}]):
        mounts = {"spec.template.spec.containers[0].volumeMounts": [{"name": "data", "mountPath": "/data"}]}
        thing = changed(OBJECTS["objects"]["StatefulSet"], {**mounts, "spec.volumeClaimTemplates": change})
        assert _reasons(kubernetes, thing) == [], change


def _places(value: Any, prefix: str = "") -> list[str]:
    """Every path in an object below its kind."""
    found = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        path = f"{prefix}[{key}]" if isinstance(key, int) else f"{prefix}.{key}" if prefix else str(key)
        if path not in ("apiVersion", "kind", "metadata"):
            found.append(path)
        found += _places(item, path)
    return found


@pytest.mark.parametrize("level", ["baseline", "restricted"])
@pytest.mark.parametrize("case", SECURITY["changes"], ids=named)
def test_admission_says_of_a_pod_what_the_server_says(case: dict[str, Any], level: str) -> None:
    pod = changed(SECURITY["pod"], case["change"])
    assert violations(level, Pod(pod["spec"], {})) == case[level]


def test_ephemeral_containers_are_held_to_the_same() -> None:
    spec = SECURITY["pod"]["spec"] | {"ephemeralContainers": [{"name": "debug", "image": "sh:1"}]}
    said = violations("restricted", Pod(spec, {}))
    assert said is not None
    assert 'container "debug" must set securityContext.allowPrivilegeEscalation=false' in said


def test_an_old_annotation_of_app_armor_is_read() -> None:
    notes = {"container.apparmor.security.beta.kubernetes.io/app": "unconfined"}
    said = violations("baseline", Pod(SECURITY["pod"]["spec"], notes))
    assert said is not None
    assert "annotation must not set AppArmor profile type" in said


def test_no_level_and_windows_are_let_in() -> None:
    bare = {"containers": [{"name": "app"}]}
    assert violations("privileged", Pod(bare, {})) is None
    assert violations("", Pod(bare, {})) is None
    said = violations("restricted", Pod({**bare, "os": {"name": "windows"}}, {})) or ""
    assert "runAsNonRoot" in said
    assert "capabilities" not in said


def test_security_that_is_not_known_yet_is_not_judged() -> None:
    for change in ("spec.securityContext", "spec.containers[0].securityContext", "spec.containers"):
        spec = changed(SECURITY["pod"], {change: UNKNOWN})["spec"]
        said = violations("restricted", Pod(spec, {})) or ""
        assert "capabilities" not in said
        assert "seccomp" not in said


def _namespace(engine: Engine, labels: Any, name: str = "app") -> Object:
    checked, failures = engine.check(NAMESPACE, {"metadata": {"name": name, "labels": labels}})
    assert failures == {}
    return checked


def _workload(kind: str) -> Object:
    return changed(OBJECTS["objects"][kind], {"metadata.namespace": "app"})


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("Deployment", "spec.template.spec"),
        ("StatefulSet", "spec.template.spec"),
        ("CronJob", "spec.jobTemplate.spec.template.spec"),
    ],
)
def test_a_workload_is_held_to_the_level_of_a_namespace_yet_to_be_created(
    kubernetes: Engine, kind: str, place: str
) -> None:
    _namespace(kubernetes, {ENFORCE: "restricted", VERSION: "v1.30"})
    thing = _workload(kind)
    token = f"kubernetes:{thing['apiVersion']}:{kind}"
    (path, reason), *others = kubernetes.check(token, thing)[1].items()
    assert (path, others) == (place, [])
    assert reason.startswith(
        f'pods of this {kind} would be forbidden: violates PodSecurity "restricted:v1.30": allowPrivilegeEscalation != '
        'false (container "app" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities'
    )


def test_a_pod_is_held_to_the_level_of_a_namespace_that_exists(kubernetes: Engine, start: Start) -> None:
    kubernetes.create(NAMESPACE, _namespace(kubernetes, {ENFORCE: "baseline"}))
    pod = changed(SECURITY["pod"], {"metadata.namespace": "app", "spec.hostNetwork": True})
    another = start("kubernetes")  # a process that has not checked the namespace
    for engine in (kubernetes, another):
        (reason,) = engine.check("kubernetes:core/v1:Pod", pod)[1].values()
        assert reason == (
            'pods "web" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)'
        )


def test_labels_about_to_change_are_what_counts(kubernetes: Engine) -> None:
    kubernetes.create(NAMESPACE, _namespace(kubernetes, {ENFORCE: "restricted"}))
    _namespace(kubernetes, {ENFORCE: "privileged"})
    assert _reasons(kubernetes, _workload("Deployment")) == []
    _namespace(kubernetes, UNKNOWN)
    assert _reasons(kubernetes, _workload("Deployment")) == []


def test_another_namespace_and_another_cluster_are_not_judged(start: Start) -> None:
    here, there = start("kubernetes", context="here"), start("kubernetes", context="there")
    here.create(NAMESPACE, _namespace(here, {ENFORCE: "restricted"}))
    assert _reasons(here, _workload("Deployment"))
    assert _reasons(there, _workload("Deployment")) == []
    assert _reasons(here, changed(_workload("Deployment"), {"metadata.namespace": "other"})) == []


@pytest.mark.parametrize(
    "schedule", ["0 2 * * *", "*/15 0-6 1,15 * MON-FRI", "0 3 * * 0", "5/10 * ? JAN sun", "@every 1h30m"]
)
def test_a_schedule_is_one(schedule: str) -> None:
    assert problem(schedule) is None


def test_an_object_that_was_deleted_by_hand_is_gone_for_reads_and_for_previews(kubernetes: Engine) -> None:
    """As the real provider was recorded: the comparison does not see it, and the preview of an update fails."""
    recorded = json.loads(ANSWERS.read_text(encoding="utf-8"))["troubles"]["deleted by hand, with force"]
    token = "kubernetes:core/v1:ConfigMap"
    old: dict[str, Any] = {"metadata": {"name": "one", "namespace": "default"}, "data": {"key": "one"}}
    new = {**old, "data": {"key": "two"}}
    identifier, state = kubernetes.create(token, old)
    assert kubernetes.update(token, identifier, state, old, new, preview=True)
    kubernetes.delete(token, identifier, state)
    assert kubernetes.read(token, identifier, state, old)[0] == ""
    assert recorded["read"] == "gone"
    assert list(kubernetes.diff(token, old, new).detailedDiff) == list(recorded["differs"])
    for preview, said in ((True, recorded["preview"]), (False, recorded["update"])):
        assert "not found" in said
        with pytest.raises(Aborted, match="does not exist"):
            kubernetes.update(token, identifier, state, old, new, preview=preview)
