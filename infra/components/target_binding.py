"""Pods of a Service as targets of a load balancer's target group."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra import naming
from infra.thresholds import APP_PORT, SERVICE_PORT

# EKS Auto Mode has the AWS Load Balancer Controller's kinds in a group of its own.
AUTO_MODE = "eks.amazonaws.com/v1"
CONTROLLER = "elbv2.k8s.aws/v1beta1"


@dataclass(frozen=True, kw_only=True)
class TargetBindingArgs:
    """What is bound to what.

    namespace, service: the pods' Service.
    target_group_arn: a target group of kind `ip`.
    auto_mode: whether EKS Auto Mode registers the pods, or else the AWS Load Balancer Controller.
    balancer_group_id: the load balancer's security group, which that controller admits to the pods' nodes. The stack
        itself does so for a cluster that it makes.
    """

    namespace: str
    service: pulumi.Input[str]
    target_group_arn: pulumi.Input[str]
    auto_mode: bool
    balancer_group_id: pulumi.Input[str]


class TargetBinding(pulumi.ComponentResource):
    """A TargetGroupBinding."""

    def __init__(self, name: str, args: TargetBindingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("TargetBinding"), name, None, opts)
        spec: dict[str, object] = {
            "serviceRef": {"name": args.service, "port": SERVICE_PORT.value},
            "targetGroupARN": args.target_group_arn,
            "targetType": "ip",
        }
        if not args.auto_mode:
            spec["networking"] = {
                "ingress": [
                    {
                        "from": [{"securityGroup": {"groupID": args.balancer_group_id}}],
                        "ports": [{"protocol": "TCP", "port": APP_PORT.value}],
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
