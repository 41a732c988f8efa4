"""The AWS regions a stack may use: their short codes, zones, and place in the address plan."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """One AWS region.

    name: the AWS region name.
    code: the short form used in resource names (ALB names hold 32 characters, so every letter counts).
    slot: index of the region's /16 in a stack's address range. Permanent: changing one replaces a VPC.
    zones: suffixes of the three availability zones used. Listed rather than looked up, because a zone that AWS
        opens later must not move the subnets of a stack that is already running.
    """

    name: str
    code: str
    slot: int
    zones: tuple[str, str, str]

    @property
    def zone_names(self) -> tuple[str, str, str]:
        """Full availability zone names, in the order of their address slots."""
        first, second, third = self.zones
        return self.name + first, self.name + second, self.name + third


# Append only. Source of names and zones: AWS, "Regions and Zones".
_TABLE = (
    Region("us-east-1", "use1", 0, ("a", "b", "c")),
    Region("us-east-2", "use2", 1, ("a", "b", "c")),
    Region("us-west-2", "usw2", 2, ("a", "b", "c")),
    Region("eu-west-1", "euw1", 3, ("a", "b", "c")),
    Region("eu-central-1", "euc1", 4, ("a", "b", "c")),
    Region("ap-southeast-2", "apse2", 5, ("a", "b", "c")),
    Region("ap-southeast-1", "apse1", 6, ("a", "b", "c")),
    Region("ap-northeast-1", "apne1", 7, ("a", "c", "d")),
    Region("ca-central-1", "cac1", 8, ("a", "b", "d")),
    Region("sa-east-1", "sae1", 9, ("a", "b", "c")),
    Region("eu-west-2", "euw2", 10, ("a", "b", "c")),
    Region("eu-west-3", "euw3", 11, ("a", "b", "c")),
    Region("eu-north-1", "eun1", 12, ("a", "b", "c")),
    Region("eu-south-1", "eus1", 13, ("a", "b", "c")),
    Region("ap-south-1", "aps1", 14, ("a", "b", "c")),
    Region("ap-northeast-2", "apne2", 15, ("a", "b", "c")),
    Region("ap-northeast-3", "apne3", 16, ("a", "b", "c")),
    Region("af-south-1", "afs1", 17, ("a", "b", "c")),
)

REGIONS: dict[str, Region] = {region.name: region for region in _TABLE}
