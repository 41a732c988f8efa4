"""The AWS regions a stack may use: their short codes, zones, and place in the address plan."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """One AWS region.

    name: the AWS region name.
    code: the short form used in resource names (ALB names hold 32 characters, so every letter counts).
    slot: index of the region's /16 in a stack's address range. Permanent: changing one replaces a VPC.
    zones: letters of the three places for zones, which are in the names of subnets and gateways. They are the suffixes
        that zones once had here; what a zone is called differs between accounts.
    zone_ids: availability zones in those places. Listed rather than looked up, because a zone that AWS opens later must
        not move the subnets of a stack. By id, because a name is another zone in another account.
    """

    name: str
    code: str
    slot: int
    zones: tuple[str, str, str]
    zone_ids: tuple[str, str, str]


# Zones where a stack cannot be: see below.
UNFIT_ZONES = frozenset({"use1-az3", "cac1-az3"})
_ABC = ("a", "b", "c")
# Append only. Source of names and zones: AWS Regions and Availability Zones, AZ IDs. Of more than three, there are:
# - not use1-az3 and cac1-az3, where EKS has no cluster (Amazon EKS User Guide, Subnet requirements for clusters); nor
#   is RDS Proxy in the former (Amazon RDS User Guide, Limitations for RDS Proxy)
# - not apne1-az3, which is constrained: most accounts cannot launch there (Amazon EC2 User Guide, Regions and Zones)
# - of us-east-1 and us-west-2, those of WorkSpaces (its Administration Guide, Availability Zones for WorkSpaces)
_TABLE = (
    Region("us-east-1", "use1", 0, _ABC, ("use1-az2", "use1-az4", "use1-az6")),
    Region("us-east-2", "use2", 1, _ABC, ("use2-az1", "use2-az2", "use2-az3")),
    Region("us-west-2", "usw2", 2, _ABC, ("usw2-az1", "usw2-az2", "usw2-az3")),
    Region("eu-west-1", "euw1", 3, _ABC, ("euw1-az1", "euw1-az2", "euw1-az3")),
    Region("eu-central-1", "euc1", 4, _ABC, ("euc1-az1", "euc1-az2", "euc1-az3")),
    Region("ap-southeast-2", "apse2", 5, _ABC, ("apse2-az1", "apse2-az2", "apse2-az3")),
    Region("ap-southeast-1", "apse1", 6, _ABC, ("apse1-az1", "apse1-az2", "apse1-az3")),
    Region("ap-northeast-1", "apne1", 7, ("a", "c", "d"), ("apne1-az1", "apne1-az2", "apne1-az4")),
    Region("ca-central-1", "cac1", 8, ("a", "b", "d"), ("cac1-az1", "cac1-az2", "cac1-az4")),
    Region("sa-east-1", "sae1", 9, _ABC, ("sae1-az1", "sae1-az2", "sae1-az3")),
    Region("eu-west-2", "euw2", 10, _ABC, ("euw2-az1", "euw2-az2", "euw2-az3")),
    Region("eu-west-3", "euw3", 11, _ABC, ("euw3-az1", "euw3-az2", "euw3-az3")),
    Region("eu-north-1", "eun1", 12, _ABC, ("eun1-az1", "eun1-az2", "eun1-az3")),
    Region("eu-south-1", "eus1", 13, _ABC, ("eus1-az1", "eus1-az2", "eus1-az3")),
    Region("ap-south-1", "aps1", 14, _ABC, ("aps1-az1", "aps1-az2", "aps1-az3")),
    Region("ap-northeast-2", "apne2", 15, _ABC, ("apne2-az1", "apne2-az2", "apne2-az3")),
    Region("ap-northeast-3", "apne3", 16, _ABC, ("apne3-az1", "apne3-az2", "apne3-az3")),
    Region("af-south-1", "afs1", 17, _ABC, ("afs1-az1", "afs1-az2", "afs1-az3")),
)

REGIONS: dict[str, Region] = {region.name: region for region in _TABLE}
