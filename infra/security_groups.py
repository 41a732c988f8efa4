"""Security groups, for the components that admit the VPC to one port, or let everything out."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra.thresholds import Threshold

ANYWHERE = "0.0.0.0/0"


def admitting(
    name: str,
    *,
    vpc_id: pulumi.Input[str],
    cidr: str,
    port: Threshold,
    description: str,
    rule: str,
    opts: pulumi.ResourceOptions,
) -> aws.ec2.SecurityGroup:
    """A security group that admits TCP on `port` from `cidr`, and lets nothing out.

    `description` is the group's, which can never be changed; `rule` is that of its one rule.
    """
    group = aws.ec2.SecurityGroup(name, description=description, vpc_id=vpc_id, tags={"Name": name}, opts=opts)
    aws.vpc.SecurityGroupIngressRule(
        name,
        security_group_id=group.id,
        description=rule,
        cidr_ipv4=cidr,
        ip_protocol="tcp",
        from_port=port.value,
        to_port=port.value,
        opts=opts,
    )
    return group


def letting_out(
    name: str, *, vpc_id: pulumi.Input[str], description: str, rule: str, opts: pulumi.ResourceOptions
) -> aws.ec2.SecurityGroup:
    """A security group without ingress, and with all egress. `description` and `rule` as with `admitting`."""
    group = aws.ec2.SecurityGroup(name, description=description, vpc_id=vpc_id, tags={"Name": name}, opts=opts)
    aws.vpc.SecurityGroupEgressRule(
        name, security_group_id=group.id, description=rule, cidr_ipv4=ANYWHERE, ip_protocol="-1", opts=opts
    )
    return group
