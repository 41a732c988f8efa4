"""Changes of objects: what is asked of the real Kubernetes provider at a real API server, and of the stand-in."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.kubernetes.cases import OBJECTS, Object, changed

SPACE = "app"
# The provider would wait for pods, endpoints and the like, which a bare API server never has.
_AT_ONCE = {"pulumi.com/skipAwait": "true"}
# As the program configures the provider (infra/wiring/clusters.py).
CONFIGURED = {"enablePatchForce": "true", "enableConfigMapMutable": "true", "enableSecretMutable": "true"}
IMMUTABLE = {"enablePatchForce": "true"}
UNFORCED = {"enableConfigMapMutable": "true", "enableSecretMutable": "true"}


class ObjectChange(NamedTuple):
    """An object, and what is changed in it.

    token: its type. base: its inputs. change: values by path, null where one goes.
    configured: how the provider is, beside its kubeconfig.
    """

    token: str
    base: Object
    change: dict[str, Any]
    configured: dict[str, str] = CONFIGURED

    @property
    def after(self) -> Object:
        """The inputs after the change."""
        return changed(self.base, self.change)


def _object(kind: str, **more: Any) -> Object:
    base = changed(OBJECTS["objects"][kind], more)
    meta = {**base["metadata"], "namespace": SPACE, "annotations": dict(_AT_ONCE)}
    return {**base, "metadata": meta}


def _bare(version: str, kind: str, *, space: str | None = SPACE, **more: Any) -> Object:
    meta: dict[str, Any] = {"name": "one", "annotations": dict(_AT_ONCE)}
    return {"apiVersion": version, "kind": kind, "metadata": meta | ({"namespace": space} if space else {}), **more}


_POD = {"containers": [{"name": "app", "image": "app:1"}], "restartPolicy": "Never"}
_DEPLOYMENT, _SETS = _object("Deployment"), _object("StatefulSet")
_MAP = _bare("v1", "ConfigMap", data={"key": "one"})
_SECRET = _bare("v1", "Secret", stringData={"key": "one"}, type="Opaque")
_SERVICE, _CRON = _object("Service"), _object("CronJob")
_JOB = _bare("batch/v1", "Job", spec={"backoffLimit": 1, "template": {"spec": _POD}})
_QUOTA = _bare("v1", "ResourceQuota", spec={"hard": {"pods": "3"}, "scopes": ["NotTerminating"]})
_CLASS = _bare("scheduling.k8s.io/v1", "PriorityClass", space=None, value=10, description="one")
_SCALER, _ACCOUNT = _object("HorizontalPodAutoscaler"), _object("ServiceAccount")
_POLICY, _BUDGET = _object("NetworkPolicy"), _object("PodDisruptionBudget")
_NAMESPACE = _bare("v1", "Namespace", space=None)
_INGRESS = _bare(
    "networking.k8s.io/v1", "Ingress", spec={"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}
)
_DEPLOYMENTS, _MAPS, _SECRETS = (
    "kubernetes:apps/v1:Deployment",
    "kubernetes:core/v1:ConfigMap",
    "kubernetes:core/v1:Secret",
)
_LABEL = {"metadata.labels": {"team": "platform"}}

CASES: dict[str, ObjectChange] = {
    "deployment: nothing": ObjectChange(_DEPLOYMENTS, _DEPLOYMENT, {}),
    "deployment: label": ObjectChange(_DEPLOYMENTS, _DEPLOYMENT, _LABEL),
    "deployment: image": ObjectChange(_DEPLOYMENTS, _DEPLOYMENT, {"spec.template.spec.containers[0].image": "app:2"}),
    "deployment: another container": ObjectChange(
        _DEPLOYMENTS, _DEPLOYMENT, {"spec.template.spec.containers[1]": {"name": "side", "image": "side:1"}}
    ),
    "deployment: replicas": ObjectChange(_DEPLOYMENTS, _DEPLOYMENT, {"spec.replicas": 3}),
    "deployment: selector": ObjectChange(
        _DEPLOYMENTS,
        _DEPLOYMENT,
        {"spec.selector.matchLabels": {"app": "api"}, "spec.template.metadata.labels": {"app": "api"}},
    ),
    "deployment: name": ObjectChange(_DEPLOYMENTS, _DEPLOYMENT, {"metadata.name": "other"}),
    "deployment: annotation with a dot": ObjectChange(
        _DEPLOYMENTS, _DEPLOYMENT, {"metadata.annotations": {**_AT_ONCE, "ascent/secret-version": "2"}}
    ),
    "deployment: requests": ObjectChange(
        _DEPLOYMENTS, _DEPLOYMENT, {"spec.template.spec.containers[0].resources": {"requests": {"cpu": "1"}}}
    ),
    "stateful set: image": ObjectChange(
        "kubernetes:apps/v1:StatefulSet", _SETS, {"spec.template.spec.containers[0].image": "app:2"}
    ),
    "stateful set: service": ObjectChange("kubernetes:apps/v1:StatefulSet", _SETS, {"spec.serviceName": "other"}),
    "config map: data": ObjectChange(_MAPS, _MAP, {"data.key": "two"}),
    "config map: another key": ObjectChange(_MAPS, _MAP, {"data.other": "one"}),
    "config map: key goes": ObjectChange(_MAPS, _MAP, {"data.key": None, "data.other": "one"}),
    "config map: data, not mutable": ObjectChange(_MAPS, _MAP, {"data.key": "two"}, IMMUTABLE),
    "config map: label, not mutable": ObjectChange(_MAPS, _MAP, _LABEL, IMMUTABLE),
    "config map: becomes immutable": ObjectChange(_MAPS, _MAP, {"immutable": True}),
    "config map: data, and becomes immutable": ObjectChange(_MAPS, _MAP, {"data.key": "two", "immutable": True}),
    "secret: string data": ObjectChange(_SECRETS, _SECRET, {"stringData.key": "two"}),
    "secret: string data, not mutable": ObjectChange(_SECRETS, _SECRET, {"stringData.key": "two"}, IMMUTABLE),
    "secret: type": ObjectChange(_SECRETS, _SECRET, {"type": "example.com/other"}),
    "service: port": ObjectChange("kubernetes:core/v1:Service", _SERVICE, {"spec.ports[0].port": 81}),
    "service: address": ObjectChange("kubernetes:core/v1:Service", _SERVICE, {"spec.clusterIP": "10.96.7.7"}),
    "job: image": ObjectChange("kubernetes:batch/v1:Job", _JOB, {"spec.template.spec.containers[0].image": "app:2"}),
    "job: tries": ObjectChange("kubernetes:batch/v1:Job", _JOB, {"spec.backoffLimit": 2}),
    "cron job: schedule": ObjectChange("kubernetes:batch/v1:CronJob", _CRON, {"spec.schedule": "7 7 * * *"}),
    "quota: hard": ObjectChange("kubernetes:core/v1:ResourceQuota", _QUOTA, {"spec.hard.pods": "4"}),
    "quota: scopes": ObjectChange("kubernetes:core/v1:ResourceQuota", _QUOTA, {"spec.scopes[0]": "Terminating"}),
    "priority class: description": ObjectChange(
        "kubernetes:scheduling.k8s.io/v1:PriorityClass", _CLASS, {"description": "two"}
    ),
    "priority class: value": ObjectChange("kubernetes:scheduling.k8s.io/v1:PriorityClass", _CLASS, {"value": 11}),
    "autoscaler: most": ObjectChange(
        "kubernetes:autoscaling/v2:HorizontalPodAutoscaler", _SCALER, {"spec.maxReplicas": 9}
    ),
    "account: annotation": ObjectChange(
        "kubernetes:core/v1:ServiceAccount", _ACCOUNT, {"metadata.annotations": {**_AT_ONCE, "role": "arn"}}
    ),
    "policy: types": ObjectChange(
        "kubernetes:networking.k8s.io/v1:NetworkPolicy", _POLICY, {"spec.policyTypes": ["Egress"]}
    ),
    "disruption budget: selector": ObjectChange(
        "kubernetes:policy/v1:PodDisruptionBudget", _BUDGET, {"spec.selector": {"matchLabels": {"app": "api"}}}
    ),
    "namespace: label": ObjectChange("kubernetes:core/v1:Namespace", _NAMESPACE, _LABEL),
    "ingress: class": ObjectChange(
        "kubernetes:networking.k8s.io/v1:Ingress", _INGRESS, {"spec.ingressClassName": "other"}
    ),
}
