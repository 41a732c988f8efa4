"""Queue workers on Kubernetes: pods that take jobs, and get no requests."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra import naming
from infra.autoscaling import metadata, scaled
from infra.pod_spec import (
    SECRET_VERSION,
    TIMEOUTS,
    PodEnvironment,
    PodRequest,
    described,
    labels,
    pod,
    resources,
    spread,
)
from infra.thresholds import POD_HISTORY, POD_PROGRESS, POD_SURGE, WORKER_STOP_GRACE

COMPONENT = "worker"


@dataclass(frozen=True, kw_only=True)
class PodWorkersArgs:
    """What workers need; fields as with `WorkloadArgs`."""

    namespace: str
    service_account: str
    image: str
    environment: PodEnvironment
    secret_version: pulumi.Input[str]
    amount: PodRequest
    minimum: int
    maximum: int
    by_memory: bool


class PodWorkers(pulumi.ComponentResource):
    """Deployment, autoscaler and disruption budget. A job whose worker goes comes back to its queue.

    deployment: namespace and name, known once it has rolled out.
    """

    def __init__(self, name: str, args: PodWorkersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("PodWorkers"), name, None, opts)
        selected = labels(COMPONENT)
        meta = metadata(COMPONENT, args.namespace, selected)
        container: kubernetes.core.v1.ContainerArgsDict = {
            "name": "app",
            "image": args.image,
            "env": args.environment.variables,
            "env_from": args.environment.sources,
            "resources": resources(args.amount),
        }
        scaling = scaled(
            name,
            deployment=COMPONENT,
            meta=meta,
            selected=selected,
            minimum=args.minimum,
            maximum=args.maximum,
            by_memory=args.by_memory,
            opts=pulumi.ResourceOptions(parent=self),
        )
        deployment = kubernetes.apps.v1.Deployment(
            name,
            metadata=meta,
            spec={
                "selector": {"match_labels": selected},
                "strategy": {
                    "type": "RollingUpdate",
                    "rolling_update": {"max_surge": f"{POD_SURGE.value}%", "max_unavailable": f"{POD_SURGE.value}%"},
                },
                "progress_deadline_seconds": POD_PROGRESS.value,
                "revision_history_limit": POD_HISTORY.value,
                "template": {
                    "metadata": {"labels": described(selected), "annotations": {SECRET_VERSION: args.secret_version}},
                    "spec": {
                        **pod(container, args.service_account),
                        # As long as its message is invisible to others: its job is its own until then.
                        "termination_grace_period_seconds": WORKER_STOP_GRACE.value,
                        "topology_spread_constraints": spread(selected),
                    },
                },
            },
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=scaling, ignore_changes=["spec.replicas"], custom_timeouts=TIMEOUTS
            ),
        )
        self.deployment: pulumi.Output[str] = deployment.id
        self.register_outputs({"deployment": self.deployment})
