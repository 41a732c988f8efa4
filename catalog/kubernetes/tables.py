"""The rules that are lists: which values a field takes, and how small or large a number may be, by kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from catalog import paths
from catalog.constraints import Failure
from catalog.kubernetes import configs, names
from catalog.kubernetes.reading import invalid, unsupported
from catalog.values import Properties

Rule = Callable[[Properties], Iterator[Failure]]
Rules = dict[str, tuple[Rule, ...]]

_PROTOCOLS = ("SCTP", "TCP", "UDP")
_METRICS = ("ContainerResource", "External", "Object", "Pods", "Resource")
_BEHAVIOR = "spec.behavior.*"

# Path of a field to the values it takes, by kind.
SUPPORTED: dict[str, dict[str, tuple[str, ...]]] = {
    "Deployment": {"spec.strategy.type": ("Recreate", "RollingUpdate")},
    "CronJob": {"spec.concurrencyPolicy": ("Allow", "Forbid", "Replace")},
    "PodDisruptionBudget": {"spec.unhealthyPodEvictionPolicy": ("AlwaysAllow", "IfHealthyBudget")},
    "HorizontalPodAutoscaler": {
        "spec.metrics[*].type": _METRICS,
        f"{_BEHAVIOR}.selectPolicy": ("Disabled", "Max", "Min"),
        f"{_BEHAVIOR}.policies[*].type": ("Percent", "Pods"),
    },
    "NetworkPolicy": {
        "spec.policyTypes[*]": ("Ingress", "Egress"),
        "spec.ingress[*].ports[*].protocol": ("TCP", "UDP", "SCTP"),
        "spec.egress[*].ports[*].protocol": ("TCP", "UDP", "SCTP"),
    },
    "Service": {
        "spec.type": ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort"),
        "spec.ports[*].protocol": _PROTOCOLS,
        "spec.sessionAffinity": ("ClientIP", "None"),
        "spec.externalTrafficPolicy": ("Cluster", "Local"),
        "spec.internalTrafficPolicy": ("Cluster", "Local"),
        "spec.trafficDistribution": ("PreferClose", "PreferSameZone", "PreferSameNode"),
    },
}
# The same for a pod, from its spec on; and for each of its containers.
OF_POD = {
    "restartPolicy": ("Always", "OnFailure", "Never"),
    "dnsPolicy": ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"),
    "securityContext.fsGroupChangePolicy": ("Always", "OnRootMismatch"),
    "securityContext.seccompProfile.type": ("Localhost", "RuntimeDefault", "Unconfined"),
    "topologySpreadConstraints[*].whenUnsatisfiable": ("DoNotSchedule", "ScheduleAnyway"),
}
OF_CONTAINER = {
    "imagePullPolicy": ("Always", "IfNotPresent", "Never"),
    "ports[*].protocol": _PROTOCOLS,
    "livenessProbe.httpGet.scheme": ("HTTP", "HTTPS"),
    "readinessProbe.httpGet.scheme": ("HTTP", "HTTPS"),
    "startupProbe.httpGet.scheme": ("HTTP", "HTTPS"),
    "securityContext.seccompProfile.type": ("Localhost", "RuntimeDefault", "Unconfined"),
}

_REPLICAS = ("spec.replicas", "spec.minReadySeconds", "spec.revisionHistoryLimit")
# Paths of numbers that must not be negative, by kind.
NOT_NEGATIVE: dict[str, tuple[str, ...]] = {
    "Deployment": (*_REPLICAS, "spec.progressDeadlineSeconds"),
    "StatefulSet": _REPLICAS,
    "CronJob": (
        "spec.startingDeadlineSeconds",
        "spec.successfulJobsHistoryLimit",
        "spec.failedJobsHistoryLimit",
        *(
            f"spec.jobTemplate.spec.{name}"
            for name in (
                "activeDeadlineSeconds",
                "backoffLimit",
                "completions",
                "parallelism",
                "ttlSecondsAfterFinished",
            )
        ),
    ),
    "Job": tuple(
        f"spec.{name}"
        for name in ("activeDeadlineSeconds", "backoffLimit", "completions", "parallelism", "ttlSecondsAfterFinished")
    ),
}
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
OF_PROBES = tuple(
    f"{probe}.{name}"
    for probe in _PROBES
    for name in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
)
# Paths of ports, by number or name, by kind.
PORTS: dict[str, tuple[str, ...]] = {
    "Service": ("spec.ports[*].port",),
    "NetworkPolicy": ("spec.ingress[*].ports[*].port", "spec.egress[*].ports[*].port"),
}
OF_PORTS = (
    "ports[*].containerPort",
    "ports[*].name",
    *(f"{probe}.{handler}.port" for probe in _PROBES for handler in ("httpGet", "tcpSocket", "grpc")),
)
RULES: Rules = {"ConfigMap": (configs.config_map,), "Secret": (configs.secret,)}


def violations(kind: str, bare: Properties) -> Iterator[Failure]:
    """What the tables refuse in an object of this kind."""
    yield from supported("", bare, SUPPORTED.get(kind, {}))
    yield from not_negative("", bare, NOT_NEGATIVE.get(kind, ()))
    yield from ports("", bare, PORTS.get(kind, ()))


def supported(where: str, given: Properties, table: dict[str, tuple[str, ...]]) -> Iterator[Failure]:
    """Values that none of a table's fields takes; `where` is the path of `given`."""
    for path, allowed in table.items():
        for place, value in paths.find(given, paths.parse(path)):
            if isinstance(value, str) and value not in allowed:
                yield unsupported(_below(where, place), value, allowed)


def not_negative(where: str, given: Properties, table: tuple[str, ...]) -> Iterator[Failure]:
    """Numbers of a table's fields that are below 0."""
    for path in table:
        for place, value in paths.find(given, paths.parse(path)):
            if isinstance(value, int) and value < 0:
                yield invalid(_below(where, place), value, "must be greater than or equal to 0")


def ports(where: str, given: Properties, table: tuple[str, ...]) -> Iterator[Failure]:
    """Ports of a table's fields that are none."""
    for path in table:
        for place, value in paths.find(given, paths.parse(path)):
            yield from names.port(_below(where, place), value)


def _below(where: str, place: paths.Path) -> str:
    rest = paths.render(place)
    return f"{where}.{rest}" if where else rest
