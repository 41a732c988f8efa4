"""An EKS cluster in Auto Mode: AWS runs its nodes, storage, load balancing, DNS and Pod Identity agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import iam, naming
from infra.components.compute.load_balancer import CLUSTER_TAG
from infra.kubeconfig import kubeconfig
from infra.thresholds import CLUSTER_LOG_DAYS, HTTPS_PORT

LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
POLICY = "arn:aws:iam::aws:policy/"
# AWS, "Amazon EKS Auto Mode cluster IAM role" and "Amazon EKS Auto Mode node IAM role".
CLUSTER_POLICIES = {
    "cluster": "AmazonEKSClusterPolicy",
    "compute": "AmazonEKSComputePolicy",
    "storage": "AmazonEKSBlockStoragePolicy",
    "balancing": "AmazonEKSLoadBalancingPolicy",
    "networking": "AmazonEKSNetworkingPolicy",
}
NODE_POLICIES = {"node": "AmazonEKSWorkerNodeMinimalPolicy", "pull": "AmazonEC2ContainerRegistryPullOnly"}
ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
# The built-in pool for what keeps the cluster running. With it comes an access entry of the nodes' role.
SYSTEM_POOL = "system"
# What the managed policies allow only with the tags that EKS gives by itself (EKS User Guide, Amazon EKS Auto Mode
# cluster IAM role: Custom AWS tags for EKS Auto resources).
_ITS_OWN = f"${{aws:PrincipalTag/{CLUSTER_TAG}}}"
TAGGED = (
    iam.allow(
        ["ec2:CreateFleet", "ec2:CreateLaunchTemplate", "ec2:RunInstances"],
        ["*"],
        {
            "StringEquals": {f"aws:RequestTag/{CLUSTER_TAG}": _ITS_OWN},
            "StringLike": {
                "aws:RequestTag/eks:kubernetes-node-class-name": "*",
                "aws:RequestTag/eks:kubernetes-node-pool-name": "*",
            },
        },
    ),
    iam.allow(
        ["ec2:CreateNetworkInterface"],
        ["*"],
        {
            "StringEquals": {f"aws:RequestTag/{CLUSTER_TAG}": _ITS_OWN},
            "StringLike": {"aws:RequestTag/eks:kubernetes-cni-node-name": "*"},
        },
    ),
    # Of what is there already, once the tags change.
    iam.allow(
        ["ec2:CreateTags", "ec2:DeleteTags"],
        [
            f"arn:aws:ec2:*:*:{kind}/*"
            for kind in ("fleet", "instance", "launch-template", "network-interface", "volume")
        ],
        {"StringEquals": {f"aws:ResourceTag/{CLUSTER_TAG}": _ITS_OWN}},
    ),
)


@dataclass(frozen=True, kw_only=True)
class KubernetesClusterArgs:
    """What a cluster needs.

    region: AWS region.
    subnet_ids: private subnets, one per zone, for nodes, pods and the API's addresses.
    key_arn: KMS key, in this region, that encrypts Kubernetes secrets.
    balancer_group_id: security group of the load balancer, which reaches pods.
    port: where those listen.
    api_cidrs: ranges that reach the API from outside the VPC; none for a private one.
    api_sources: ranges that reach it by its private addresses: the VPC's, and those behind a peering or a VPN.
    creator: ARN of who makes it, and so has all rights; None where EKS gave them.
    admins: ARNs of other IAM roles or users with all rights.
    version: Kubernetes version, or None for the one that EKS chooses.
    protect: guard the cluster against deletion, here and at AWS.
    """

    region: str
    subnet_ids: Sequence[pulumi.Input[str]]
    key_arn: pulumi.Input[str]
    balancer_group_id: pulumi.Input[str]
    port: int
    api_cidrs: Sequence[str]
    api_sources: Sequence[str]
    creator: str | None
    admins: Sequence[str]
    version: str | None
    protect: bool


class KubernetesCluster(pulumi.ComponentResource):
    """The cluster. Its name is what target groups are tagged with, so it is known before it exists, and never changes.

    name: its name.
    kubeconfig: a secret output.
    node_role: name of the role of its nodes.
    security_group_id: the cluster's own security group, which its nodes have.
    """

    def __init__(self, name: str, args: KubernetesClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("KubernetesCluster"), name, None, opts)
        self.name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        # EKS makes a group of this name by itself, which would keep everything for ever.
        logs = aws.cloudwatch.LogGroup(
            f"{name}-control-plane",
            name=f"/aws/eks/{name}/cluster",
            retention_in_days=CLUSTER_LOG_DAYS.value,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        role, attached = self._role("cluster", iam.trust("eks.amazonaws.com", tags_sessions=True), CLUSTER_POLICIES)
        nodes, node_policies = self._role("node", iam.trust("ec2.amazonaws.com"), NODE_POLICIES)
        encrypts = aws.iam.RolePolicy(
            f"{name}-secrets",
            role=role.id,
            policy=iam.policy(
                iam.allow(["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants"], [args.key_arn])
            ),
            opts=self._child,
        )
        tags = aws.iam.RolePolicy(f"{name}-tags", role=role.id, policy=iam.policy(*TAGGED), opts=self._child)
        cluster = self._cluster(role, nodes, [logs, encrypts, tags, *attached, *node_policies])
        self.node_role = nodes.name
        self.security_group_id: pulumi.Output[str] = cluster.vpc_config.cluster_security_group_id.apply(str)
        self._admit(cluster)
        authority = cluster.certificate_authority.apply(lambda found: found.data)
        written: pulumi.Output[str] = pulumi.Output.all(cluster.endpoint, authority).apply(
            lambda known: kubeconfig(name=name, region=args.region, endpoint=known[0], authority=known[1])
        )
        self.kubeconfig: pulumi.Output[str] = pulumi.Output.secret(written)
        self.register_outputs({"name": cluster.name})

    def _role(
        self, what: str, trust: str, policies: dict[str, str]
    ) -> tuple[aws.iam.Role, list[aws.iam.RolePolicyAttachment]]:
        role = aws.iam.Role(f"{self.name}-{what}", assume_role_policy=trust, opts=self._child)
        attached = [
            aws.iam.RolePolicyAttachment(
                f"{self.name}-{what}-{key}", role=role.name, policy_arn=f"{POLICY}{policy}", opts=self._child
            )
            for key, policy in policies.items()
        ]
        return role, attached

    def _cluster(self, role: aws.iam.Role, nodes: aws.iam.Role, after: Sequence[pulumi.Resource]) -> aws.eks.Cluster:
        args = self._args
        public = bool(args.api_cidrs)
        return aws.eks.Cluster(
            self.name,
            name=self.name,
            version=args.version,
            role_arn=role.arn,
            access_config={
                "authentication_mode": "API",
                # Can never be changed. Who creates the cluster has an entry of the stack's own.
                "bootstrap_cluster_creator_admin_permissions": False,
            },
            # Auto Mode brings its own, and can never be had with these.
            bootstrap_self_managed_addons=False,
            # The three switches of Auto Mode are one: AWS refuses a cluster that has only some of them on.
            compute_config={"enabled": True, "node_pools": [SYSTEM_POOL], "node_role_arn": nodes.arn},
            kubernetes_network_config={"elastic_load_balancing": {"enabled": True}},
            storage_config={"block_storage": {"enabled": True}},
            encryption_config={"provider": {"key_arn": args.key_arn}, "resources": ["secrets"]},
            vpc_config={
                "subnet_ids": args.subnet_ids,
                "endpoint_private_access": True,
                "endpoint_public_access": public,
                "public_access_cidrs": list(args.api_cidrs) if public else None,
            },
            enabled_cluster_log_types=list(LOGS),
            # A version that has left standard support is upgraded rather than paid for sixfold.
            upgrade_policy={"support_type": "STANDARD"},
            zonal_shift_config={"enabled": True},
            deletion_protection=args.protect,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                depends_on=list(after),
                # Clusters from before have it on, and would be replaced.
                ignore_changes=["accessConfig.bootstrapClusterCreatorAdminPermissions"],
            ),
        )

    def _admit(self, cluster: aws.eks.Cluster) -> None:
        """The load balancer to pods, whose nodes have the cluster's own security group, and people to the API."""
        aws.vpc.SecurityGroupIngressRule(
            f"{self.name}-pods",
            security_group_id=self.security_group_id,
            description="From the load balancer",
            referenced_security_group_id=self._args.balancer_group_id,
            ip_protocol="tcp",
            from_port=self._args.port,
            to_port=self._args.port,
            opts=self._child,
        )
        for source in self._args.api_sources:
            # In the VPC, the API's name is that of its private addresses, which have the cluster's own group: it admits
            # itself alone (EKS User Guide, View Amazon EKS security group requirements for clusters).
            aws.vpc.SecurityGroupIngressRule(
                f"{self.name}-api-{source.replace('/', '-')}",
                security_group_id=self.security_group_id,
                description="To the Kubernetes API",
                cidr_ipv4=source,
                ip_protocol="tcp",
                from_port=HTTPS_PORT.value,
                to_port=HTTPS_PORT.value,
                opts=self._child,
            )
        if self._args.creator is not None:
            self._administers(cluster, f"{self.name}-creator", self._args.creator)
        for principal in self._args.admins:
            self._administers(cluster, f"{self.name}-admin-{principal.rpartition('/')[-1]}", principal)

    def _administers(self, cluster: aws.eks.Cluster, known_as: str, principal: str) -> None:
        entry = aws.eks.AccessEntry(
            known_as, cluster_name=cluster.name, principal_arn=principal, type="STANDARD", opts=self._child
        )
        aws.eks.AccessPolicyAssociation(
            known_as,
            cluster_name=cluster.name,
            principal_arn=principal,
            policy_arn=ADMIN_POLICY,
            access_scope={"type": "cluster"},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[entry]),
        )
