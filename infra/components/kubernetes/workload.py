"""One color of the application on Kubernetes: its pods, and how many."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra import naming
from infra.autoscaling import metadata, scaled
from infra.pod_spec import (
    SECRET_VERSION,
    TIMEOUTS,
    Container,
    PodEnvironment,
    PodRequest,
    described,
    labels,
    pod,
    resources,
    spread,
)
from infra.thresholds import (
    HEALTH_TIMEOUT,
    LIVENESS_DELAY,
    LIVENESS_PERIOD,
    POD_HISTORY,
    POD_PROGRESS,
    POD_SURGE,
    READINESS_DELAY,
    READINESS_PERIOD,
    UNHEALTHY_COUNT,
    Threshold,
)

_LIVENESS_TRIES = Threshold(
    12, "checks", "Ascent: two minutes, longer than a failover of Aurora: readiness has long taken the pod out by then"
)
_STARTUP_TRIES = Threshold(24, "checks", "Ascent: two minutes at the readiness period, as instances have to start")
_POD_READY_SECONDS = 60  # seconds: four looks of the autoscaler, before the first pod is enough
_POD_DRAIN = 35  # seconds: the 30 s deregistration delay, and 5 s until the controller starts it
_POD_GRACE = 65  # seconds: the drain, and then as long as instances have to stop

COMPONENT = "web"
PORT = "http"


@dataclass(frozen=True, kw_only=True)
class WorkloadArgs:
    """What a color needs.

    color: its name, and that of its objects.
    namespace, service_account: where it runs, and as whom.
    image: container image.
    environment: its environment variables.
    secret_version: id of the secrets' version.
    amount: what a pod requests.
    minimum, maximum: bounds of the autoscaler, in pods. What lies between belongs to it.
    by_memory: whether it adds pods by memory as well as by CPU.
    port: where it listens.
    health_path: what it answers with 200 while it works.
    liveness: path that says whether a pod lives; None asks for no more than an open port.
    """

    color: str
    namespace: str
    service_account: str
    image: str
    environment: PodEnvironment
    secret_version: pulumi.Input[str]
    amount: PodRequest
    minimum: int
    maximum: int
    by_memory: bool
    port: int
    health_path: str
    liveness: str | None


class Workload(pulumi.ComponentResource):
    """Deployment, autoscaler and disruption budget. Its Service is there whether pods are or not: `TargetBinding`."""

    def __init__(self, name: str, args: WorkloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Workload"), name, None, opts)
        selected = labels(COMPONENT, args.color)
        meta = metadata(args.color, args.namespace, selected)
        scaling = scaled(
            name,
            deployment=args.color,
            meta=meta,
            selected=selected,
            minimum=args.minimum,
            maximum=args.maximum,
            by_memory=args.by_memory,
            opts=pulumi.ResourceOptions(parent=self),
        )
        kubernetes.apps.v1.Deployment(
            name,
            metadata=meta,
            spec={
                # No replicas: they belong to the autoscaler. A number here, even an ignored one, would be applied again
                # with every update (pulumi-kubernetes issues 2491 and 2569).
                "selector": {"match_labels": selected},
                "strategy": {
                    "type": "RollingUpdate",
                    "rolling_update": {"max_surge": f"{POD_SURGE.value}%", "max_unavailable": 0},
                },
                "min_ready_seconds": _POD_READY_SECONDS,
                "progress_deadline_seconds": POD_PROGRESS.value,
                "revision_history_limit": POD_HISTORY.value,
                "template": {
                    "metadata": {
                        "labels": described(selected),
                        "annotations": {SECRET_VERSION: args.secret_version},
                    },
                    "spec": {
                        **pod(_container(args), args.service_account),
                        "termination_grace_period_seconds": _POD_GRACE,
                        "topology_spread_constraints": spread(selected),
                    },
                },
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=scaling,
                ignore_changes=["spec.replicas"],
                custom_timeouts=TIMEOUTS,
            ),
        )
        self.register_outputs({})


def _container(args: WorkloadArgs) -> Container:
    return {
        "name": "app",
        "image": args.image,
        "ports": [{"name": PORT, "container_port": args.port, "protocol": "TCP"}],
        "env": args.environment.variables,
        "env_from": args.environment.sources,
        "resources": resources(args.amount),
        # Until it has answered once, nothing else is asked: a slow start is no death.
        "startup_probe": _probe(args.health_path, READINESS_PERIOD, _STARTUP_TRIES),
        "readiness_probe": {
            **_probe(args.health_path, READINESS_PERIOD, UNHEALTHY_COUNT),
            "initial_delay_seconds": READINESS_DELAY.value,
        },
        "liveness_probe": {
            **_probe(args.liveness, LIVENESS_PERIOD, _LIVENESS_TRIES),
            "initial_delay_seconds": LIVENESS_DELAY.value,
        },
        # Requests still come while the load balancer learns that the pod goes. By kubelet: an image may lack a shell.
        "lifecycle": {"pre_stop": {"sleep": {"seconds": _POD_DRAIN}}},
    }


def _probe(path: str | None, period: Threshold, tries: Threshold) -> kubernetes.core.v1.ProbeArgsDict:
    """Asks for a path, or only for an open port."""
    what: kubernetes.core.v1.ProbeArgsDict = (
        {"http_get": {"path": path, "port": PORT}} if path else {"tcp_socket": {"port": PORT}}
    )
    return {
        **what,
        "period_seconds": period.value,
        "timeout_seconds": HEALTH_TIMEOUT.value,
        "failure_threshold": tries.value,
    }
