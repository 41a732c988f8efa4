"""The checks of the baseline level, which hold for the restricted one too where that is not stricter."""

from __future__ import annotations

from catalog.kubernetes.reading import each, mapping, text
from catalog.kubernetes.security_pod import (
    Broken,
    Pod,
    capabilities,
    equals,
    profile,
    quoted,
    setters,
    some,
    use,
    volumes,
)
from catalog.values import Properties

CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)
SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    }
)
SELINUX_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
APPARMOR = "container.apparmor.security.beta.kubernetes.io/"


def app_armor(pod: Pod) -> Broken:
    who, values = setters(pod, profile("appArmorProfile"))
    allowed = ("runtime/default", "localhost/", "")
    notes = sorted(
        f'{key}="{value}"'
        for key, value in pod.annotations.items()
        if key.startswith(APPARMOR) and isinstance(value, str) and not _starts(value, allowed)
    )
    who += [f"annotation{'' if len(notes) == 1 else 's'}"] if notes else []
    values += notes
    what = f"forbidden AppArmor profile{'' if len(values) == 1 else 's'}"
    return (what, f"{' and '.join(who)} must not set AppArmor profile type to {quoted(values)}") if who else None


def _starts(value: str, allowed: tuple[str, ...]) -> bool:
    return any(value.startswith(one) if one.endswith("/") else value == one for one in allowed)


def capabilities_baseline(pod: Pod) -> Broken:
    names, added = capabilities(CAPABILITIES, pod)
    detail = f"{some('container', names)} must not include {quoted(added)} in securityContext.capabilities.add"
    return ("non-default capabilities", detail) if names else None


def host_namespaces(pod: Pod) -> Broken:
    found = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if pod.spec.get(name) is True]
    return ("host namespaces", ", ".join(found)) if found else None


def host_paths(pod: Pod) -> Broken:
    found = [name for name, kind in volumes(pod) if kind == "hostPath"]
    return ("hostPath volumes", some("volume", found)) if found else None


def host_ports(pod: Pod) -> Broken:
    def ports(one: Properties) -> list[int]:
        found = [port.get("hostPort") for _, port in each(one, "", "ports")]
        return [port for port in found if isinstance(port, int) and port]

    names = pod.named(ports)
    listed = sorted({str(port) for one in pod.containers for port in ports(one)})
    what = "hostPort" if len(listed) == 1 else "hostPorts"
    return ("hostPort", f"{some('container', names)} {use(names)} {what} {', '.join(listed)}") if names else None


def handler_hosts(pod: Pod) -> Broken:
    def hosts(one: Properties) -> list[str]:
        probes = [mapping(one, name) for name in ("livenessProbe", "readinessProbe", "startupProbe")]
        hooks = [mapping(mapping(one, "lifecycle"), name) for name in ("postStart", "preStop")]
        calls = [mapping(handler, name) for handler in (*probes, *hooks) for name in ("httpGet", "tcpSocket")]
        return [host for call in calls if (host := text(call, "host"))]

    names = sorted(set(pod.named(hosts)))
    found = sorted({host for one in pod.containers for host in hosts(one)})
    detail = f"{some('container', names)} {use(names)} {some('probe or lifecycle host', found)}"
    return ("probe or lifecycle host", detail) if names else None


def privileged(pod: Pod) -> Broken:
    names = pod.named(lambda one: mapping(one, "securityContext").get("privileged") is True)
    return ("privileged", f"{some('container', names)} must not set securityContext.privileged=true") if names else None


def proc_mount(pod: Pod) -> Broken:
    def mount(one: Properties) -> str | None:
        found = text(mapping(one, "securityContext"), "procMount")
        return None if found == "Default" else found

    names, values = pod.named(mount), sorted({found for one in pod.containers if (found := mount(one))})
    detail = f"{some('container', names)} must not set securityContext.procMount to {quoted(values)}"
    return ("procMount", detail) if names else None


def proc_mount_baseline(pod: Pod) -> Broken:
    return None if pod.own_users else proc_mount(pod)


def se_linux(pod: Pod) -> Broken:
    def bad(context: Properties) -> list[str]:
        options = mapping(context, "seLinuxOptions")
        kind = text(options, "type") or ""
        told = [name for name in ("user", "role") if text(options, name)]
        return [*([] if kind in SELINUX_TYPES else [f"type {kind}"]), *told]

    who, found = setters(pod, bad)
    types = [value.removeprefix("type ") for value in found if value.startswith("type ")]
    data = [some("type", types)] if types else []
    data += [f"{name} may not be set" for name in ("user", "role") if name in found]
    detail = f"{' and '.join(who)} set forbidden securityContext.seLinuxOptions: {'; '.join(data)}"
    return ("seLinuxOptions", detail) if who else None


def seccomp(pod: Pod) -> Broken:
    who, values = setters(pod, profile("seccompProfile"))
    detail = f"{' and '.join(who)} must not set securityContext.seccompProfile.type to {quoted(values)}"
    return ("seccompProfile", detail) if who else None


def sysctls(pod: Pod) -> Broken:
    named = [text(sysctl, "name") for _, sysctl in each(pod.context, "", "sysctls")]
    found = [name for name in named if name and name not in SYSCTLS]
    return ("forbidden sysctls", ", ".join(found)) if found else None


def host_process(pod: Pod) -> Broken:
    who, _ = setters(pod, lambda context: equals("hostProcess", True)(mapping(context, "windowsOptions")))  # noqa: FBT003
    detail = f"{' and '.join(who)} must not set securityContext.windowsOptions.hostProcess=true"
    return ("hostProcess", detail) if who else None
