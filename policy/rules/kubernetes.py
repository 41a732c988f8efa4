"""Policies of workloads in a cluster: the restricted Pod Security Standard, limits and disruption."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policy.model import PolicyRule, Props, at_least, every, given, hidden, is_true, one_of, values

_DEPLOYMENT = "kubernetes:apps/v1:Deployment"
_STATEFUL = "kubernetes:apps/v1:StatefulSet"
_CRON = "kubernetes:batch/v1:CronJob"
_PODS = (_DEPLOYMENT, _STATEFUL, _CRON)
_RESTRICTED = ("PSS:restricted",)


def _pod(props: Props) -> dict[str, Any]:
    for path in ("spec.jobTemplate.spec.template.spec", "spec.template.spec"):
        found = values(props, path)[0]
        if isinstance(found, dict) and not hidden(found):
            return found
    return {}


def _containers(props: Props) -> Iterator[dict[str, Any]]:
    pod = _pod(props)
    for kind in ("initContainers", "containers"):
        yield from (one for one in pod.get(kind) or () if isinstance(one, dict) and not hidden(one))


def _restricted(props: Props) -> str | None:
    pod = _pod(props)
    if not pod:
        return None
    if pod.get("hostNetwork") or pod.get("hostPID") or pod.get("hostIPC"):
        return "the pod shares its node's network or processes"
    context = pod.get("securityContext") or {}
    for one in _containers(props):
        own = one.get("securityContext") or {}
        name = one.get("name")
        if (own.get("runAsNonRoot") or context.get("runAsNonRoot")) is not True:
            return f"container {name} may run as root"
        if own.get("allowPrivilegeEscalation") is not False:
            return f"container {name} may gain privileges"
        if "ALL" not in ((own.get("capabilities") or {}).get("drop") or ()):
            return f"container {name} keeps capabilities"
        profile = own.get("seccompProfile") or context.get("seccompProfile") or {}
        if profile.get("type") not in ("RuntimeDefault", "Localhost"):
            return f"container {name} has no seccomp profile"
    return None


def _read_only(props: Props) -> str | None:
    for one in _containers(props):
        if (one.get("securityContext") or {}).get("readOnlyRootFilesystem") is not True:
            return f"container {one.get('name')} may write to its root filesystem"
    return None


def _bounded(props: Props) -> str | None:
    for one in _containers(props):
        resources = one.get("resources") or {}
        if not (resources.get("requests") or {}).get("cpu") or not (resources.get("limits") or {}).get("memory"):
            return f"container {one.get('name')} states no CPU request or no memory limit"
    return None


def _probed(props: Props) -> str | None:
    for one in values(props, "spec.template.spec.containers[*]"):
        # A pod that no Service sends requests to has no port, and needs no readiness probe.
        if isinstance(one, dict) and one.get("ports") and not one.get("readinessProbe"):
            return f"container {one.get('name')} has no readiness probe"
    return None


def _tagged(props: Props) -> str | None:
    for one in _containers(props):
        image = str(one.get("image", ""))
        if image and image.endswith(":latest"):
            return f"{image} may be another image tomorrow"
    return None


def _sized(props: Props) -> str | None:
    spec = props.get("spec") or {}
    least, most = spec.get("minReplicas"), spec.get("maxReplicas")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        return f"minReplicas {least} exceeds maxReplicas {most}"
    return every(at_least("spec.minReplicas", 1), given("spec.maxReplicas"))(props)


def _lets_go(props: Props) -> str | None:
    spec = props.get("spec") or {}
    if spec.get("maxUnavailable") in (0, "0", "0%"):
        return "maxUnavailable is 0, so that no node can ever be drained"
    return None if spec.get("maxUnavailable") or spec.get("minAvailable") else "it protects nothing"


def _denies(props: Props) -> str | None:
    spec = props.get("spec") or {}
    for rule in values(spec, "ingress[*]"):
        if rule == {}:
            return "a rule admits everyone"
    return given("spec.policyTypes")(props)


def _internal(props: Props) -> str | None:
    kind = values(props, "spec.type")[0]
    if kind == "NodePort":
        return "a NodePort opens every node"
    return None


def _forbid_overlap(props: Props) -> str | None:
    return one_of("spec.concurrencyPolicy", "Forbid", "Replace")(props)


def _enforces(props: Props) -> str | None:
    found = values(props, "metadata.labels")[0]
    level = found.get("pod-security.kubernetes.io/enforce") if isinstance(found, dict) else None
    return None if level == "restricted" or hidden(found) else "it does not enforce the restricted standard"


def _no_token(props: Props) -> str | None:
    return None if props.get("automountServiceAccountToken") is False else "its token is mounted into every pod"


def _encrypted(props: Props) -> str | None:
    return is_true("parameters.encrypted")(props)


def _no_secret_keys(props: Props) -> str | None:
    words = ("PASSWORD", "SECRET_KEY", "TOKEN", "DATABASE_URL", "REDIS_URL")
    found = [key for key in (props.get("data") or {}) if any(word in key.upper() for word in words)]
    return f"{found[0]} is in it; a Secret is the place" if found else None


RULES = (
    PolicyRule(
        name="pod-restricted",
        types=_PODS,
        severity="critical",
        reason="An attacker in a container should have no rights.",
        frameworks=_RESTRICTED,
        check=_restricted,
    ),
    PolicyRule(
        name="pod-read-only",
        types=_PODS,
        severity="medium",
        reason="An attacker cannot store a program on a read-only file system.",
        check=_read_only,
    ),
    PolicyRule(
        name="pod-bounded",
        types=_PODS,
        severity="high",
        reason="A pod without limits can use up its node's memory, and kill its neighbors.",
        check=_bounded,
    ),
    PolicyRule(
        name="pod-image-fixed",
        types=_PODS,
        severity="medium",
        reason="Two pods of one version should run the same image.",
        check=_tagged,
    ),
    PolicyRule(
        name="deployment-ready",
        types=(_DEPLOYMENT,),
        severity="high",
        reason="Without a readiness probe, an update sends requests to pods that still start.",
        check=_probed,
    ),
    PolicyRule(
        name="cron-does-not-overlap",
        types=(_CRON,),
        severity="medium",
        reason="Two runs of one database job wait for each other's locks.",
        check=_forbid_overlap,
    ),
    PolicyRule(
        name="autoscaler-bounded",
        types=("kubernetes:autoscaling/v2:HorizontalPodAutoscaler",),
        severity="high",
        reason="Replicas belong to the autoscaler, within bounds that make sense.",
        check=_sized,
    ),
    PolicyRule(
        name="disruption-possible",
        types=("kubernetes:policy/v1:PodDisruptionBudget",),
        severity="high",
        reason="A budget that allows nothing stops every node update.",
        check=_lets_go,
    ),
    PolicyRule(
        name="network-policy-closed",
        types=("kubernetes:networking.k8s.io/v1:NetworkPolicy",),
        severity="high",
        reason="A policy that admits everyone protects nothing.",
        check=_denies,
    ),
    PolicyRule(
        name="service-internal",
        types=("kubernetes:core/v1:Service",),
        severity="high",
        reason="Traffic should enter only by the load balancer.",
        check=_internal,
    ),
    PolicyRule(
        name="namespace-restricted",
        types=("kubernetes:core/v1:Namespace",),
        severity="high",
        reason="Objects that are applied by hand have to keep the same standard.",
        frameworks=_RESTRICTED,
        check=_enforces,
    ),
    PolicyRule(
        name="account-without-token",
        types=("kubernetes:core/v1:ServiceAccount",),
        severity="medium",
        reason="An application does not need the cluster's API.",
        check=_no_token,
    ),
    PolicyRule(
        name="storage-encrypted",
        types=("kubernetes:storage.k8s.io/v1:StorageClass",),
        severity="high",
        reason="Volumes outlive pods, as snapshots do.",
        check=_encrypted,
    ),
    PolicyRule(
        name="release-all-or-nothing",
        types=("kubernetes:helm.sh/v3:Release",),
        severity="medium",
        reason="A release that stops halfway is worse than the old one.",
        check=is_true("atomic"),
    ),
    PolicyRule(
        name="config-holds-no-secret",
        types=("kubernetes:core/v1:ConfigMap",),
        severity="critical",
        reason="Everyone in the cluster reads a ConfigMap.",
        check=_no_secret_keys,
    ),
)
