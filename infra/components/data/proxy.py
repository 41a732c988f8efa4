"""RDS Proxy in front of a database: many clients on few connections, and a failover that clients hardly notice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import iam, naming
from infra.security_groups import admitting
from infra.thresholds import DATABASE_PORT, PROXY_IDLE_TIMEOUT

_PROXY_BORROW_TIMEOUT = 30  # seconds: a request that waits longer for a connection has timed out anyway


@dataclass(frozen=True, kw_only=True)
class ProxyArgs:
    """What a proxy needs.

    region: AWS region.
    vpc_id, subnet_ids: the VPC, and its data subnets.
    client_cidr: range whose addresses may connect.
    cluster_identifier: the Aurora cluster behind it.
    secret_arns, key_arn: secrets with the database's users, one each, and the KMS key of them.
    pool_percent, idle_percent: share of the connections that an instance of the database takes, in percent: what it may
        open, and what it keeps open when nothing is to do.
    reads: an endpoint of its own that leads to readers.
    """

    region: str
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    client_cidr: str
    cluster_identifier: pulumi.Input[str]
    secret_arns: Sequence[pulumi.Input[str]]
    key_arn: pulumi.Input[str]
    pool_percent: int
    idle_percent: int
    reads: bool


# RDS leaves out those in zones that it has no proxies in, and then says so. Another proxy, which is what a change of
# them takes, would leave them out as well (hashicorp/terraform-provider-aws issue 23446). A stack's never change.
SUBNETS = "vpcSubnetIds"


class Proxy(pulumi.ComponentResource):
    """An RDS Proxy.

    proxy_name: its name at AWS, known once it has its target.
    endpoint: host name that leads to the writer.
    reader_endpoint: host name that leads to readers, or None.
    """

    def __init__(self, name: str, args: ProxyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Proxy"), name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        group = self._security_group()
        proxy = aws.rds.Proxy(
            name,
            engine_family="POSTGRESQL",
            role_arn=self._role(),
            vpc_subnet_ids=args.subnet_ids,
            vpc_security_group_ids=[group.id],
            require_tls=True,
            idle_client_timeout=PROXY_IDLE_TIMEOUT.value,
            auths=[{"auth_scheme": "SECRETS", "iam_auth": "DISABLED", "secret_arn": one} for one in args.secret_arns],
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=[SUBNETS]),
        )
        targets = aws.rds.ProxyDefaultTargetGroup(
            name,
            db_proxy_name=proxy.name,
            connection_pool_config={
                "max_connections_percent": args.pool_percent,
                "max_idle_connections_percent": args.idle_percent,
                "connection_borrow_timeout": _PROXY_BORROW_TIMEOUT,
            },
            opts=self._child,
        )
        target = aws.rds.ProxyTarget(
            name,
            db_proxy_name=proxy.name,
            target_group_name=targets.name,
            db_cluster_identifier=args.cluster_identifier,
            opts=self._child,
        )
        self.proxy_name = pulumi.Output.all(proxy.name, target.id).apply(lambda known: str(known[0]))
        self.endpoint = proxy.endpoint
        self.reader_endpoint: pulumi.Output[str] | None = None
        if args.reads:
            self.reader_endpoint = aws.rds.ProxyEndpoint(
                f"{name}-reads",
                db_proxy_name=proxy.name,
                db_proxy_endpoint_name=f"{name}-reads",
                vpc_subnet_ids=args.subnet_ids,
                vpc_security_group_ids=[group.id],
                target_role="READ_ONLY",
                opts=pulumi.ResourceOptions(parent=self, depends_on=[target], ignore_changes=[SUBNETS]),
            ).endpoint
        self.register_outputs({"endpoint": self.endpoint})

    def _security_group(self) -> aws.ec2.SecurityGroup:
        name, args = self._name, self._args
        group = admitting(
            name,
            vpc_id=args.vpc_id,
            cidr=args.client_cidr,
            port=DATABASE_PORT,
            description="PostgreSQL from the VPC, and on to the database",
            rule="From the VPC",
            opts=self._child,
        )
        aws.vpc.SecurityGroupEgressRule(
            name,
            security_group_id=group.id,
            description="To the database",
            cidr_ipv4=args.client_cidr,
            ip_protocol="tcp",
            from_port=DATABASE_PORT.value,
            to_port=DATABASE_PORT.value,
            opts=self._child,
        )
        return group

    def _role(self) -> pulumi.Output[str]:
        name, args = self._name, self._args
        role = aws.iam.Role(name, assume_role_policy=iam.trust("rds.amazonaws.com"), opts=self._child)
        policy = aws.iam.RolePolicy(
            name,
            role=role.id,
            policy=iam.policy(
                *iam.read_secret(args.secret_arns[0], args.key_arn, args.region),
                *iam.read_also(args.secret_arns[1:]),
            ),
            opts=self._child,
        )
        # By way of the policy: a proxy that cannot read its secret stays unavailable for minutes.
        return pulumi.Output.all(role.arn, policy.id).apply(lambda known: str(known[0]))
