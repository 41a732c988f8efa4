"""What instances may do: be reached by Systems Manager, read their secret, pull their image and write their logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import iam, naming
from infra.thresholds import APP_LOG_DAYS

# Session Manager instead of SSH: no key, no open port, every session on record.
SSM_POLICY = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"


@dataclass(frozen=True, kw_only=True)
class FleetRoleArgs:
    """What the role is limited to.

    region: AWS region of the fleet.
    secret_arn: the secret it may read.
    key_arn: the KMS key of that secret.
    repositories: ARNs of the private ECR repositories it may pull from.
    statements: what else it may do.
    protect: guard the application's logs against deletion.
    """

    region: str
    secret_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    repositories: Sequence[str]
    statements: Sequence[iam.Statement]
    protect: bool


class FleetRole(pulumi.ComponentResource):
    """A role, its instance profile and the log group it writes to, shared by the colors of one region.

    log_group: name of the log group.
    profile_arn: known once the role has all its policies.
    """

    def __init__(self, name: str, args: FleetRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("FleetRole"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        logs = aws.cloudwatch.LogGroup(
            name,
            retention_in_days=APP_LOG_DAYS.value,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.log_group = logs.name
        role = aws.iam.Role(name, assume_role_policy=iam.trust("ec2.amazonaws.com"), opts=child)
        statements = [
            *iam.read_secret(args.secret_arn, args.key_arn, args.region),
            iam.write_logs(logs.arn),
            *iam.pull(args.repositories),
            *args.statements,
        ]
        policies = [
            aws.iam.RolePolicyAttachment(f"{name}-ssm", role=role.name, policy_arn=SSM_POLICY, opts=child),
            aws.iam.RolePolicy(name, role=role.id, policy=iam.policy(*statements), opts=child),
        ]
        profile = aws.iam.InstanceProfile(
            name, role=role.name, opts=pulumi.ResourceOptions(parent=self, depends_on=policies)
        )
        self.profile_arn = profile.arn
        self.register_outputs({"profileArn": self.profile_arn})
