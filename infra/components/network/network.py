"""One region's network: a VPC over three zones, each with public, private and data subnets, and ways in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

import pulumi
import pulumi_aws as aws

from infra import iam, naming
from infra.addressing import zone_subnets
from infra.security_groups import ANYWHERE, admitting
from infra.thresholds import FLOW_LOG_DAYS, FLOW_LOG_INTERVAL, HTTPS_PORT

# What a private instance or node talks to without leaving the VPC. S3 has a gateway endpoint, which costs nothing.
INTERFACE_ENDPOINTS = ("ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm", "ssmmessages")


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """What a network is made of.

    region: AWS region name.
    cidr: the VPC's range, of /16 to /20.
    zones: three availability zones by id, each by the letter of its place, in the order of their address slots.
    egress_addresses: how many addresses traffic to the internet may come from: those of the first zones.
    zonal_egress: a NAT gateway and interface endpoints in each zone, rather than in the first alone.
    protect: guard the VPC, its subnets and its egress addresses against deletion.
    """

    region: str
    cidr: IPv4Network
    zones: Mapping[str, str]
    egress_addresses: int
    zonal_egress: bool
    protect: bool


class Network(pulumi.ComponentResource):
    """A VPC in one region.

    vpc_id: the VPC.
    public_subnet_ids, private_subnet_ids, data_subnet_ids: one subnet per zone, in the order of the zones.
    zone_names: what this account calls the zones, in the same order.
    inner_table_ids: route tables of the private and the data subnets.
    nat_ids: NAT gateway by its name.
    egress_addresses: the public IPv4 addresses that traffic to the internet comes from, kept for life, in the
        order of the zones.
    remembered: nothing; the engine's state has it all.
    """

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Network"), name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._kept = pulumi.ResourceOptions(parent=self, protect=args.protect)

        self.vpc = aws.ec2.Vpc(
            name,
            cidr_block=str(args.cidr),
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={"Name": name},
            opts=self._kept,
        )
        self.vpc_id = self.vpc.id
        # A security group left open by default is the commonest hole: this one admits nothing and lets nothing out.
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default",
            vpc_id=self.vpc_id,
            ingress=[],
            egress=[],
            tags={"Name": f"{name}-default"},
            opts=self._child,
        )

        plans = [zone_subnets(args.cidr, index) for index, _ in enumerate(args.zones)]
        self._public = self._subnets("public", [plan.public for plan in plans])
        self._private = self._subnets("private", [plan.private for plan in plans])
        self._data = self._subnets("data", [plan.data for plan in plans])
        self.public_subnet_ids = [subnet.id for subnet in self._public]
        self.private_subnet_ids = [subnet.id for subnet in self._private]
        self.data_subnet_ids = [subnet.id for subnet in self._data]
        self.zone_names = [subnet.availability_zone for subnet in self._data]

        # Idle addresses cost little; an address that a partner has put on a list must survive every move.
        addresses = [
            aws.ec2.Eip(
                self._zonal("egress", zone), domain="vpc", tags={"Name": self._zonal("egress", zone)}, opts=self._kept
            )
            for zone in list(args.zones)[: args.egress_addresses]
        ]
        self.egress_addresses = [address.public_ip for address in addresses]

        tables = self._route(addresses)
        self.inner_table_ids = [table.id for table in tables[1:]]
        self._endpoints(tables)
        self.remembered: Mapping[str, Any] = {}
        self.register_outputs({"vpcId": self.vpc_id, "egressAddresses": self.egress_addresses})

    def _zonal(self, thing: str, zone: str) -> str:
        return f"{self._name}-{thing}-{zone}"

    def _subnets(self, tier: str, ranges: Sequence[IPv4Network]) -> list[aws.ec2.Subnet]:
        # A subnet cannot change its zone, and those of older stacks were made by the account's names of zones.
        zone_fields = pulumi.ResourceOptions(ignore_changes=["availabilityZone", "availabilityZoneId"])
        in_place = pulumi.ResourceOptions.merge(self._kept, zone_fields)
        return [
            aws.ec2.Subnet(
                self._zonal(tier, zone),
                vpc_id=self.vpc_id,
                availability_zone_id=self._args.zones[zone],
                cidr_block=str(cidr),
                map_public_ip_on_launch=False,
                tags={"Name": self._zonal(tier, zone), "ascent:tier": tier},
                opts=in_place,
            )
            for zone, cidr in zip(self._args.zones, ranges, strict=True)
        ]

    def _route(self, addresses: Sequence[aws.ec2.Eip]) -> list[aws.ec2.RouteTable]:
        """Internet for public subnets, NAT for private ones, none for data. Returns the tables in need of S3."""
        name, zones = self._name, self._args.zones
        gateway = aws.ec2.InternetGateway(name, vpc_id=self.vpc_id, tags={"Name": name}, opts=self._child)
        public = self._table("public", self._public)
        to_internet = aws.ec2.Route(
            f"{name}-public",
            route_table_id=public.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway.id,
            opts=self._child,
        )

        # Each zone has its own private table from the start: its own NAT gateway is then one route changed in place.
        nats = [
            aws.ec2.NatGateway(
                self._zonal("nat", zone),
                allocation_id=address.id,
                subnet_id=subnet.id,
                tags={"Name": self._zonal("nat", zone)},
                opts=pulumi.ResourceOptions(parent=self, depends_on=[to_internet]),
            )
            for index, (zone, address, subnet) in enumerate(zip(zones, addresses, self._public, strict=False))
            if self._args.zonal_egress or index == 0
        ]
        self.nat_ids = {self._zonal("nat", zone): nat.id for zone, nat in zip(zones, nats, strict=False)}
        tables = []
        for index, (zone, subnet) in enumerate(zip(zones, self._private, strict=True)):
            table = self._table(f"private-{zone}", [subnet])
            aws.ec2.Route(
                self._zonal("private", zone),
                route_table_id=table.id,
                destination_cidr_block=ANYWHERE,
                nat_gateway_id=(nats[index] if self._args.zonal_egress else nats[0]).id,
                opts=self._child,
            )
            tables.append(table)
        return [public, *tables, self._table("data", self._data)]

    def _table(self, tier: str, subnets: Sequence[aws.ec2.Subnet]) -> aws.ec2.RouteTable:
        table_name = f"{self._name}-{tier}"
        table = aws.ec2.RouteTable(table_name, vpc_id=self.vpc_id, tags={"Name": table_name}, opts=self._child)
        for index, subnet in enumerate(subnets):
            suffix = f"-{index}" if len(subnets) > 1 else ""
            aws.ec2.RouteTableAssociation(
                f"{table_name}{suffix}", route_table_id=table.id, subnet_id=subnet.id, opts=self._child
            )
        return table

    def _endpoints(self, tables: Sequence[aws.ec2.RouteTable]) -> None:
        name, region = self._name, self._args.region
        aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=self.vpc_id,
            service_name=f"com.amazonaws.{region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables],
            tags={"Name": f"{name}-s3"},
            opts=self._child,
        )
        group = admitting(
            f"{name}-endpoints",
            vpc_id=self.vpc_id,
            cidr=str(self._args.cidr),
            port=HTTPS_PORT,
            description="HTTPS from the VPC to AWS services",
            rule="HTTPS from the VPC",
            opts=self._child,
        )
        subnets = self.private_subnet_ids if self._args.zonal_egress else self.private_subnet_ids[:1]
        for service in INTERFACE_ENDPOINTS:
            endpoint = f"{name}-{service.replace('.', '-')}"
            aws.ec2.VpcEndpoint(
                endpoint,
                vpc_id=self.vpc_id,
                service_name=f"com.amazonaws.{region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=subnets,
                security_group_ids=[group.id],
                tags={"Name": endpoint},
                opts=self._child,
            )

    def log_flows(self, bucket_arn: pulumi.Input[str] | None) -> None:
        """Write down all traffic: in a folder of a bucket, or without one in CloudWatch Logs.

        The log group and its role are there either way, as the log may come back to them.
        """
        name = f"{self._name}-flow"
        group = aws.cloudwatch.LogGroup(name, retention_in_days=FLOW_LOG_DAYS.value, opts=self._kept)
        role = aws.iam.Role(name, assume_role_policy=iam.trust("vpc-flow-logs.amazonaws.com"), opts=self._child)
        policy = aws.iam.RolePolicy(
            name,
            role=role.id,
            # AWS, Publish flow logs to CloudWatch Logs: all five. Only the listing of groups cannot be limited to one.
            policy=iam.policy(
                iam.allow(
                    ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                    [group.arn, pulumi.Output.concat(group.arn, ":*")],
                ),
                iam.allow(["logs:DescribeLogGroups"], ["*"]),
            ),
            opts=self._child,
        )
        aws.ec2.FlowLog(
            name,
            vpc_id=self.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs" if bucket_arn is None else "s3",
            log_destination=group.arn if bucket_arn is None else bucket_arn,
            iam_role_arn=role.arn if bucket_arn is None else None,
            max_aggregation_interval=FLOW_LOG_INTERVAL.value,
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
