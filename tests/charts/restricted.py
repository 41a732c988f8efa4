"""The restricted level of the Kubernetes pod security standards, as a function over a pod's spec."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SECCOMP = ("RuntimeDefault", "Localhost")
SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
}
SELINUX_TYPES = (None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")


def violations(pod: dict[str, Any]) -> list[str]:
    """What the API server's admission would refuse in a pod's spec; empty when it is restricted."""
    return [*_of_pod(pod), *(text for each in _containers(pod) for text in _of_container(each, pod))]


def _containers(pod: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for group in ("initContainers", "containers", "ephemeralContainers"):
        yield from pod.get(group) or ()


def _of_pod(pod: dict[str, Any]) -> Iterator[str]:
    for namespace in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(namespace):
            yield f"{namespace}=true"
    for volume in pod.get("volumes") or ():
        for kind in volume.keys() - {"name"} - VOLUMES:
            yield f"volume {volume['name']} is a {kind}"
    context = pod.get("securityContext") or {}
    for sysctl in context.get("sysctls") or ():
        if sysctl["name"] not in SYSCTLS:
            yield f"sysctl {sysctl['name']}"
    yield from _of_context(context, "pod")


def _of_context(context: dict[str, Any], where: str) -> Iterator[str]:
    selinux = context.get("seLinuxOptions") or {}
    if selinux.get("type") not in SELINUX_TYPES or selinux.get("user") or selinux.get("role"):
        yield f"{where}: seLinuxOptions"
    if (context.get("windowsOptions") or {}).get("hostProcess"):
        yield f"{where}: windowsOptions.hostProcess=true"
    if context.get("runAsUser") == 0:
        yield f"{where}: runAsUser=0"
    if context.get("appArmorProfile", {}).get("type") == "Unconfined":
        yield f"{where}: appArmorProfile Unconfined"


def _of_container(container: dict[str, Any], pod: dict[str, Any]) -> Iterator[str]:
    name = f"container {container['name']}"
    context = container.get("securityContext") or {}
    above = pod.get("securityContext") or {}
    yield from _of_context(context, name)
    if context.get("privileged"):
        yield f"{name}: privileged=true"
    if context.get("allowPrivilegeEscalation") is not False:
        yield f"{name}: allowPrivilegeEscalation != false"
    capabilities = context.get("capabilities") or {}
    if "ALL" not in (capabilities.get("drop") or ()):
        yield f"{name}: does not drop ALL capabilities"
    if added := set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}:
        yield f"{name}: adds capabilities {', '.join(sorted(added))}"
    if context.get("runAsNonRoot", above.get("runAsNonRoot")) is not True:
        yield f"{name}: runAsNonRoot != true"
    if (context.get("seccompProfile") or above.get("seccompProfile") or {}).get("type") not in SECCOMP:
        yield f"{name}: seccompProfile is neither RuntimeDefault nor Localhost"
    if context.get("procMount", "Default") != "Default":
        yield f"{name}: procMount"
    for port in container.get("ports") or ():
        if port.get("hostPort"):
            yield f"{name}: hostPort {port['hostPort']}"
