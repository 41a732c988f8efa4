"""Mirrors networks: VPCs, subnets and security groups, which most others are in."""

from __future__ import annotations

from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.availability_zones_and_regions import Zone
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPC

from sandbox.aws.things import ACCOUNT, Kind, Thing


def ec2(thing: Thing) -> EC2Backend:
    """moto's EC2 of the thing's region."""
    return ec2_backends[ACCOUNT][thing.region]


def _put_vpc(thing: Thing) -> None:
    there = ec2(thing)
    if thing.id not in there.vpcs:
        there.vpcs[thing.id] = VPC(there, thing.id, thing.has["cidrBlock"], is_default=False)
        there.create_route_table(thing.id, main=True)
        there.create_network_acl(thing.id, default=True)
        there.create_security_group("default", "default VPC security group", vpc_id=thing.id, is_default=True)
    vpc = there.vpcs[thing.id]
    vpc.enable_dns_hostnames = bool(thing.has.get("enableDnsHostnames"))
    vpc.add_tags(thing.plain_tags)


def _remove_vpc(thing: Thing) -> None:
    there = ec2(thing)
    for one in [one for one in there.network_acls.values() if one.vpc_id == thing.id]:
        del there.network_acls[one.id]
    for table in [one for one in there.route_tables.values() if one.vpc_id == thing.id]:
        del there.route_tables[table.id]
    there.groups.pop(thing.id, None)
    there.vpcs.pop(thing.id, None)


def _put_subnet(thing: Thing) -> None:
    there, zone = ec2(thing), str(thing.has.get("availabilityZone") or f"{thing.region}a")
    if thing.id not in there.subnets[zone]:
        there.subnets[zone][thing.id] = Subnet(
            there,
            thing.id,
            thing.has["vpcId"],
            thing.has["cidrBlock"],
            None,
            Zone(zone, thing.region, str(thing.has.get("availabilityZoneId") or "")),
            default_for_az=False,
            map_public_ip_on_launch=bool(thing.has.get("mapPublicIpOnLaunch")),
        )
        there.associate_default_network_acl_with_subnet(thing.id, thing.has["vpcId"])
    there.subnets[zone][thing.id].add_tags(thing.plain_tags)


def _remove_subnet(thing: Thing) -> None:
    for one in ec2(thing).subnets.values():
        one.pop(thing.id, None)


def _put_group(thing: Thing) -> None:
    there, vpc = ec2(thing), str(thing.has["vpcId"])
    if thing.id not in there.groups[vpc]:
        text = str(thing.has.get("description") or "Managed by Pulumi")
        there.groups[vpc][thing.id] = SecurityGroup(there, thing.id, thing.name, text, vpc_id=vpc)
    there.groups[vpc][thing.id].add_tags(thing.plain_tags)


def _remove_group(thing: Thing) -> None:
    for one in ec2(thing).groups.values():
        one.pop(thing.id, None)


KINDS = {
    "aws:ec2/vpc:Vpc": Kind(_put_vpc, _remove_vpc),
    "aws:ec2/subnet:Subnet": Kind(_put_subnet, _remove_subnet),
    "aws:ec2/securityGroup:SecurityGroup": Kind(_put_group, _remove_group),
}
