"""The checks of the restricted level."""

from __future__ import annotations

from catalog.kubernetes.reading import hidden, mapping, texts
from catalog.kubernetes.security_baseline import seccomp
from catalog.kubernetes.security_pod import (
    Broken,
    Pod,
    capabilities,
    equals,
    quoted,
    setters,
    some,
    unset,
    use,
    volumes,
)
from catalog.values import Properties, Unknown

VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)


def capabilities_restricted(pod: Pod) -> Broken:
    def keeps(one: Properties) -> bool:
        context = mapping(one, "securityContext")
        capabilities = mapping(context, "capabilities")
        unknown = hidden(one, "securityContext") or hidden(context, "capabilities") or hidden(capabilities, "drop")
        return not unknown and "ALL" not in texts(capabilities, "drop")

    if pod.on_windows:
        return None
    kept, (names, added) = pod.named(keeps), capabilities(frozenset({"NET_BIND_SERVICE"}), pod)
    details = [f'{some("container", kept)} must set securityContext.capabilities.drop=["ALL"]'] if kept else []
    if names:
        details.append(
            f"{some('container', names)} must not include {quoted(added)} in securityContext.capabilities.add"
        )
    return ("unrestricted capabilities", "; ".join(details)) if details else None


def restricted_volumes(pod: Pod) -> Broken:
    found = [(name, kind) for name, kind in volumes(pod) if kind not in VOLUMES]
    names, kinds = [name for name, _ in found], sorted({kind for _, kind in found})
    detail = f"{some('volume', names)} {use(names)} {some('restricted volume type', kinds)}"
    return ("restricted volume types", detail) if found else None


def seccomp_restricted(pod: Pod) -> Broken:
    if pod.on_windows:
        return None
    if broken := seccomp(pod):
        return broken
    names = unset(pod, "seccompProfile")
    wanted = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return ("seccompProfile", f"pod or {some('container', names)} {wanted}") if names else None


def escalation(pod: Pod) -> Broken:
    def open_(one: Properties) -> bool:
        value = mapping(one, "securityContext").get("allowPrivilegeEscalation")
        return not hidden(one, "securityContext") and not isinstance(value, Unknown) and value is not False

    names = [] if pod.on_windows else pod.named(open_)
    detail = f"{some('container', names)} must set securityContext.allowPrivilegeEscalation=false"
    return ("allowPrivilegeEscalation != false", detail) if names else None


def non_root(pod: Pod) -> Broken:
    if pod.own_users:
        return None
    reason = "runAsNonRoot != true"
    who, _ = setters(pod, equals("runAsNonRoot", False))  # noqa: FBT003
    if who:
        return reason, f"{' and '.join(who)} must not set securityContext.runAsNonRoot=false"
    names = unset(pod, "runAsNonRoot")
    return (reason, f"pod or {some('container', names)} must set securityContext.runAsNonRoot=true") if names else None


def root(pod: Pod) -> Broken:
    who, _ = setters(pod, equals("runAsUser", 0))
    return None if pod.own_users or not who else ("runAsUser=0", f"{' and '.join(who)} must not set runAsUser=0")
