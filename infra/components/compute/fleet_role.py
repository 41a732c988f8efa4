"""What instances may do: be reached by Systems Manager, read their secret, pull their image, write logs and metrics,
and report their own state to EC2 Auto Scaling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import iam, naming

# What Session Manager and Run Command need of an instance, instead of SSH: no key, no open port, and CloudTrail has who
# began a session. AWS Systems Manager, "Add Session Manager permissions to an existing IAM role", and "ec2messages and
# other API operations": agents from 3.3.40.0 on use ssmmessages for both. Not AmazonSSMManagedInstanceCore, which also
# reads every parameter of the account, and which the application could use.
_CHANNELS = ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
MANAGED = ("ssm:UpdateInstanceInformation", *(f"ssmmessages:{one}" for one in _CHANNELS))


@dataclass(frozen=True, kw_only=True)
class FleetRoleArgs:
    """What the role is limited to.

    region: AWS region of the fleet.
    secret_arn: the secret it may read.
    key_arn: the KMS key of that secret.
    repositories: ARNs of the private ECR repositories it may pull from.
    log_group_arn: the log group it may write to.
    group_tags: tags of the autoscaling groups whose instances may be reported.
    statements: what else it may do.
    """

    region: str
    secret_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    repositories: Sequence[str]
    log_group_arn: pulumi.Input[str]
    group_tags: Mapping[str, str]
    statements: Sequence[iam.Statement]


def _measure() -> list[iam.Statement]:
    """What the CloudWatch agent does: publish its metrics, under the name of the group that the instance belongs to.

    Neither action has a resource to limit it to; a condition keeps the first to the agent's own namespace.
    """
    return [
        iam.allow(["cloudwatch:PutMetricData"], ["*"], {"StringEquals": {"cloudwatch:namespace": "CWAgent"}}),
        iam.allow(["ec2:DescribeTags"], ["*"]),
    ]


def _report(tags: Mapping[str, str]) -> list[iam.Statement]:
    """Complete a launch or an end, and say that an instance is unhealthy, in groups with these tags.

    AWS, Actions, resources, and condition keys for Amazon EC2 Auto Scaling: the first has no resource to limit it to.
    """
    ours = {"StringEquals": {f"autoscaling:ResourceTag/{key}": value for key, value in sorted(tags.items())}}
    return [
        iam.allow(["autoscaling:DescribeAutoScalingInstances"], ["*"]),
        iam.allow(["autoscaling:CompleteLifecycleAction", "autoscaling:SetInstanceHealth"], ["*"], ours),
    ]


class FleetRole(pulumi.ComponentResource):
    """A role and its instance profile, shared by the colors of one region.

    profile_arn: known once the role has all its policies.
    """

    def __init__(self, name: str, args: FleetRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("FleetRole"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(name, assume_role_policy=iam.trust("ec2.amazonaws.com"), opts=child)
        statements = [
            *iam.read_secret(args.secret_arn, args.key_arn, args.region),
            iam.write_logs(args.log_group_arn),
            *_measure(),
            *_report(args.group_tags),
            iam.allow(MANAGED, ["*"]),
            *iam.pull(args.repositories),
            *args.statements,
        ]
        policy = aws.iam.RolePolicy(name, role=role.id, policy=iam.policy(*statements), opts=child)
        profile = aws.iam.InstanceProfile(
            name, role=role.name, opts=pulumi.ResourceOptions(parent=self, depends_on=[policy])
        )
        self.profile_arn = profile.arn
        self.register_outputs({"profileArn": self.profile_arn})
