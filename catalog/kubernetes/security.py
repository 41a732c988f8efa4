"""Pod security admission: what the baseline and restricted levels of the Pod Security Standards refuse in a pod.

https://kubernetes.io/docs/concepts/security/pod-security-standards/, in the wording and the order of the API server.
What is not known yet passes.
"""

from __future__ import annotations

from collections.abc import Callable

from catalog.kubernetes import security_baseline as baseline
from catalog.kubernetes import security_restricted as restricted
from catalog.kubernetes.security_pod import Broken, Pod

__all__ = ["ENFORCE", "LATEST", "RESTRICTED", "VERSION", "Pod", "violations"]

# Labels of a namespace: the level, and the Kubernetes version whose rules hold. Here, the newest always do.
ENFORCE = "pod-security.kubernetes.io/enforce"
VERSION = f"{ENFORCE}-version"
BASELINE, RESTRICTED = "baseline", "restricted"
LATEST = "latest"


def violations(level: str, pod: Pod, version: str = LATEST) -> str | None:
    """What admission says of a pod in a namespace that enforces `level`, or None when it lets the pod in."""
    if level not in (BASELINE, RESTRICTED):
        return None
    found = [broken for check, levels in _CHECKS if level in levels and (broken := check(pod))]
    if not found:
        return None
    listed = ", ".join(f"{reason} ({detail})" for reason, detail in found)
    return f'violates PodSecurity "{level}:{version}": {listed}'


_BOTH, _BASELINE, _RESTRICTED = (BASELINE, RESTRICTED), (BASELINE,), (RESTRICTED,)
# In the order in which the API server reports. What restricted says more strictly, it does not say twice.
_CHECKS: tuple[tuple[Callable[[Pod], Broken], tuple[str, ...]], ...] = (
    (baseline.app_armor, _BOTH),
    (baseline.capabilities_baseline, _BASELINE),
    (baseline.host_namespaces, _BOTH),
    (baseline.host_paths, _BASELINE),
    (baseline.host_ports, _BOTH),
    (baseline.handler_hosts, _BOTH),
    (baseline.privileged, _BOTH),
    (baseline.proc_mount_baseline, _BASELINE),
    (baseline.se_linux, _BOTH),
    (baseline.seccomp, _BASELINE),
    (baseline.sysctls, _BOTH),
    (baseline.host_process, _BOTH),
    (restricted.escalation, _RESTRICTED),
    (restricted.capabilities_restricted, _RESTRICTED),
    (baseline.proc_mount, _RESTRICTED),
    (restricted.restricted_volumes, _RESTRICTED),
    (restricted.non_root, _RESTRICTED),
    (restricted.root, _RESTRICTED),
    (restricted.seccomp_restricted, _RESTRICTED),
)
