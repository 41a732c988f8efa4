"""Offline answers about an existing VPC: as the stack's file describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.config.settings import Settings
from infra.regions import REGIONS

_VPC, _SUBNET = "aws:ec2/getVpc:getVpc", "aws:ec2/getSubnet:getSubnet"
BELIEVED = frozenset({_VPC, _SUBNET})
_PLENTY = 65_531


def believed(settings: Settings, token: str, identifier: str) -> Mapping[str, Any]:
    """AWS' answer to one of the functions in `BELIEVED`, about a resource that the settings list."""
    for name, one in settings.network.vpcs.items():
        block = str(settings.vpc(name))
        if token == _VPC and identifier == one.vpc_id:
            return {
                "id": identifier,
                "cidrBlock": block,
                "cidrBlockAssociations": [],
                "enableDnsSupport": True,
                "enableDnsHostnames": True,
            }
        for ids in (one.public_subnets, one.private_subnets, one.data_subnets):
            if token == _SUBNET and identifier in ids:
                index = ids.index(identifier)
                return {
                    "id": identifier,
                    "vpcId": one.vpc_id,
                    "cidrBlock": block,
                    "availabilityZone": f"{name}{REGIONS[name].zones[index]}",
                    "availabilityZoneId": REGIONS[name].zone_ids[index],
                    "availableIpAddressCount": _PLENTY,
                }
    raise LookupError(f"no VPC of the stack's file has {identifier}")
