"""The pods of a color as targets of its target group, whether there are any at the moment or not.

Service and binding stay while the pods come and go with rollouts: EKS Auto Mode deletes a target group together with
its binding (EKS User Guide, Create an IngressClass to configure an Application Load Balancer), and the load balancer's
rule for the color would lead nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra import naming
from infra.autoscaling import metadata
from infra.components.kubernetes.workload import COMPONENT, PORT
from infra.pod_spec import labels
from infra.thresholds import SERVICE_PORT

# EKS Auto Mode has the AWS Load Balancer Controller's kinds in a group of its own.
AUTO_MODE = "eks.amazonaws.com/v1"
CONTROLLER = "elbv2.k8s.aws/v1beta1"


def gate_label(*, auto_mode: bool) -> str:
    """Label of a namespace whose pods are ready only once the load balancer calls their targets healthy.

    The controller gives a pod that condition when the pod is created, and only if a binding matches it by then (AWS
    Load Balancer Controller documentation, Pod readiness gate). Auto Mode has this label in its own group: that is
    what the `eks-load-balancing-webhook` of its clusters selects namespaces by.
    """
    return f"{(AUTO_MODE if auto_mode else CONTROLLER).partition('/')[0]}/pod-readiness-gate-inject"


@dataclass(frozen=True, kw_only=True)
class TargetBindingArgs:
    """What is bound to what.

    namespace, color: where the pods are, and whose.
    target_group_arn: a target group of kind `ip`.
    port: where the pods listen.
    auto_mode: whether EKS Auto Mode registers the pods, or else the AWS Load Balancer Controller.
    balancer_group_id: the load balancer's security group, which that controller admits to the pods' nodes. The stack
        itself does so for a cluster that it makes.
    """

    namespace: str
    color: str
    target_group_arn: pulumi.Input[str]
    port: int
    auto_mode: bool
    balancer_group_id: pulumi.Input[str]


class TargetBinding(pulumi.ComponentResource):
    """A Service and a TargetGroupBinding."""

    def __init__(self, name: str, args: TargetBindingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("TargetBinding"), name, None, opts)
        spec: dict[str, object] = {
            "serviceRef": {"name": self._service(name, args), "port": SERVICE_PORT.value},
            "targetGroupARN": args.target_group_arn,
            "targetType": "ip",
        }
        if not args.auto_mode:
            spec["networking"] = {
                "ingress": [
                    {
                        "from": [{"securityGroup": {"groupID": args.balancer_group_id}}],
                        "ports": [{"protocol": "TCP", "port": args.port}],
                    }
                ]
            }
        kubernetes.apiextensions.CustomResource(
            name,
            api_version=AUTO_MODE if args.auto_mode else CONTROLLER,
            kind="TargetGroupBinding",
            metadata={"name": name, "namespace": args.namespace},
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})

    def _service(self, name: str, args: TargetBindingArgs) -> pulumi.Output[str]:
        selected = labels(COMPONENT, args.color)
        meta = metadata(args.color, args.namespace, selected)
        service = kubernetes.core.v1.Service(
            name,
            # One without pods has no endpoints, which the provider would wait for.
            metadata={**meta, "annotations": {"pulumi.com/skipAwait": "true"}},
            spec={
                "type": "ClusterIP",
                "selector": selected,
                "ports": [{"name": PORT, "port": SERVICE_PORT.value, "target_port": PORT, "protocol": "TCP"}],
            },
            # It was the pods' own once.
            opts=pulumi.ResourceOptions(parent=self, aliases=[pulumi.Alias(parent=_workload(name))]),
        )
        return service.metadata.apply(lambda found: found.name or "")


def _workload(name: str) -> str:
    """URN of the component with the pods."""
    return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{naming.token('Workload')}::{name}"
