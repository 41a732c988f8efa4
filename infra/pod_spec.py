"""A pod that the restricted pod security standard admits, as dictionaries in the SDK's own terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_kubernetes as kubernetes

from infra.thresholds import POD_LIMIT_RATIO, POD_SCRATCH, POD_USER

Container = kubernetes.core.v1.ContainerArgsDict
PodSpec = kubernetes.core.v1.PodSpecArgsDict
Env = kubernetes.core.v1.EnvVarArgsDict
ResourcesDict = kubernetes.core.v1.ResourceRequirementsArgsDict

APP = "app"
NAME, COMPONENT, INSTANCE = "app.kubernetes.io/name", "app.kubernetes.io/component", "app.kubernetes.io/instance"
PART_OF, MANAGED_BY = "app.kubernetes.io/part-of", "app.kubernetes.io/managed-by"
# Changes with the secrets, and so rolls the pods that read them when they start.
SECRET_VERSION = "ascent/secret-version"  # noqa: S105  an annotation's name
# Of a Deployment. Longer than Kubernetes gives its progress: the provider would give up first, after 10 minutes, and
# not say why (pulumi-kubernetes, provider/pkg/await/deployment.go: DefaultDeploymentTimeoutMins).
TIMEOUTS = pulumi.CustomTimeouts(create="20m", update="40m")


@dataclass(frozen=True, kw_only=True, slots=True)
class PodRequest:
    """What a pod requests.

    millicores: thousandths of a vCPU.
    memory: MiB.
    """

    millicores: int
    memory: int


@dataclass(frozen=True, kw_only=True)
class PodEnvironment:
    """Environment variables of a container.

    plain: those that are no secrets.
    secrets: names of Kubernetes Secrets whose keys are variables.
    keys: variable to name and key of a Secret, for those that are called otherwise there.
    """

    plain: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    secrets: Sequence[str] = ()
    keys: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def variables(self) -> list[Env]:
        """The container's `env`, sorted by name."""
        plain: dict[str, Env] = {name: {"name": name, "value": value} for name, value in self.plain.items()}
        keyed: dict[str, Env] = {
            name: {"name": name, "value_from": {"secret_key_ref": {"name": secret, "key": key}}}
            for name, (secret, key) in self.keys.items()
        }
        return [one for _, one in sorted({**plain, **keyed}.items())]

    @property
    def sources(self) -> list[kubernetes.core.v1.EnvFromSourceArgsDict]:
        """The container's `envFrom`."""
        return [{"secret_ref": {"name": name}} for name in self.secrets]


def literal(text: str) -> str:
    """A value or an argument that Kubernetes is to leave as it is: it would put variables in place of `$(NAME)`, and
    make one `$` of two (Kubernetes API reference, EnvVar: value; Container: args)."""
    return text.replace("$", "$$")


def labels(component: str, instance: str | None = None, *, name: str = APP) -> dict[str, str]:
    """Labels that select pods: all of one component, or one instance of it. They never change."""
    found = {NAME: name, COMPONENT: component}
    return found | {INSTANCE: instance} if instance else found


def described(selected: Mapping[str, str]) -> dict[str, str]:
    """The selecting labels, and those that say whose it is."""
    return {**selected, PART_OF: "ascent", MANAGED_BY: "pulumi"}


def resources(amount: PodRequest) -> ResourcesDict:
    """Requests of `amount`, and limits at the contract's ratio."""
    ratio = POD_LIMIT_RATIO.value
    return {
        "requests": {"cpu": f"{amount.millicores}m", "memory": f"{amount.memory}Mi"},
        "limits": {"cpu": f"{amount.millicores * ratio}m", "memory": f"{amount.memory * ratio}Mi"},
    }


def hardened(container: Container) -> Container:
    """The container with no more rights than it needs, and /tmp as the one place that it may write to."""
    return {
        **container,
        "image_pull_policy": "IfNotPresent",
        "security_context": {
            "allow_privilege_escalation": False,
            "read_only_root_filesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volume_mounts": [{"name": "tmp", "mount_path": "/tmp"}],  # noqa: S108  a volume of the pod's own
    }


def pod(container: Container, service_account: str) -> PodSpec:
    """A pod with one container, without a token for the Kubernetes API, which runs as a user without rights."""
    return {
        "service_account_name": service_account,
        "automount_service_account_token": False,
        "enable_service_links": False,
        "security_context": {
            "run_as_non_root": True,
            # A number: an image that names its user cannot be seen to be another than root.
            "run_as_user": POD_USER.value,
            "run_as_group": POD_USER.value,
            "fs_group": POD_USER.value,
            "seccomp_profile": {"type": "RuntimeDefault"},
        },
        "containers": [hardened(container)],
        "volumes": [{"name": "tmp", "empty_dir": {"size_limit": f"{POD_SCRATCH.value}Mi"}}],
    }


def spread(selected: Mapping[str, str]) -> list[kubernetes.core.v1.TopologySpreadConstraintArgsDict]:
    """Evenly over zones, then over nodes. Rather uneven than not at all: when a zone is lost, the others fill up."""
    return [
        {
            "max_skew": 1,
            "topology_key": key,
            "when_unsatisfiable": "ScheduleAnyway",
            "label_selector": {"match_labels": dict(selected)},
            # Each version is spread by itself: the one that goes must not push the one that comes out of a zone.
            "match_label_keys": ["pod-template-hash"],
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]
