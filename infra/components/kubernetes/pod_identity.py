"""What pods of one service account may do at AWS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import iam, naming


@dataclass(frozen=True, kw_only=True)
class PodIdentityArgs:
    """Who, and what.

    cluster: name of the EKS cluster.
    namespace, service_account: the pods' own.
    statements: what they may do.
    """

    cluster: str
    namespace: str
    service_account: str
    statements: Sequence[iam.Statement]


class PodIdentity(pulumi.ComponentResource):
    """A role that EKS Pod Identity hands to the pods, by a token of its own: the account's needs no token mounted."""

    def __init__(self, name: str, args: PodIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("PodIdentity"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            name, assume_role_policy=iam.trust("pods.eks.amazonaws.com", tags_sessions=True), opts=child
        )
        policy = aws.iam.RolePolicy(name, role=role.id, policy=iam.policy(*args.statements), opts=child)
        aws.eks.PodIdentityAssociation(
            name,
            cluster_name=args.cluster,
            namespace=args.namespace,
            service_account=args.service_account,
            role_arn=role.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.register_outputs({"role": role.name})
