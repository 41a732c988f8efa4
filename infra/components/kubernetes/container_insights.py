"""What pods use and write, in CloudWatch: Container Insights in an EKS cluster, and its logs."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import iam, naming
from infra.thresholds import APP_LOG_DAYS, INSIGHTS_LOG_DAYS

ADD_ON = "amazon-cloudwatch-observability"
AGENT = "cloudwatch-agent"
POLICY = "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"
APPLICATION = "application"
# The agent would make these by itself, which would keep everything for ever.
LOGS = {
    APPLICATION: APP_LOG_DAYS,
    "dataplane": INSIGHTS_LOG_DAYS,
    "host": INSIGHTS_LOG_DAYS,
    "performance": INSIGHTS_LOG_DAYS,
}
# Metrics alone: by default the agent also takes traces for Application Signals, which are paid for by request.
SETUP = {"agent": {"config": {"logs": {"metrics_collected": {"kubernetes": {"enhanced_container_insights": True}}}}}}


@dataclass(frozen=True, kw_only=True)
class ContainerInsightsArgs:
    """What is needed of the cluster.

    cluster: its name at EKS.
    protect: guard the application's logs against deletion.
    """

    cluster: str
    protect: bool


class ContainerInsights(pulumi.ComponentResource):
    """The add-on that publishes metrics of pods and keeps what they write.

    log_group: name of the log group with what applications write.
    """

    def __init__(self, name: str, args: ContainerInsightsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("ContainerInsights"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        groups = {
            what: aws.cloudwatch.LogGroup(
                f"{name}-{what}",
                name=f"/aws/containerinsights/{args.cluster}/{what}",
                retention_in_days=days.value,
                opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
            )
            for what, days in LOGS.items()
        }
        role = aws.iam.Role(
            name, assume_role_policy=iam.trust("pods.eks.amazonaws.com", tags_sessions=True), opts=child
        )
        may = aws.iam.RolePolicyAttachment(name, role=role.name, policy_arn=POLICY, opts=child)
        aws.eks.Addon(
            name,
            cluster_name=args.cluster,
            addon_name=ADD_ON,
            configuration_values=json.dumps(SETUP, sort_keys=True),
            pod_identity_associations=[{"role_arn": role.arn, "service_account": AGENT}],
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[may, *groups.values()]),
        )
        self.log_group = groups[APPLICATION].name
        self.register_outputs({"logGroup": self.log_group})
