"""`ascent:network`: address ranges, egress addresses and existing VPCs."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from infra.addressing import REGION_PREFIX, SMALLEST_PREFIX, STACK_PREFIX
from infra.config.models.ranges import region_range, stack_range, without_host_bits
from infra.config.models.values import KnownRegion
from infra.config.strict import Strict


def _three(ids: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(ids)) != 3 or len(ids) != 3:
        raise PydanticCustomError("three", "it should be three subnets, each in a zone of its own")
    return ids


SubnetIds = Annotated[
    tuple[Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$")], ...],
    AfterValidator(_three),
]


class Vpc(Strict):
    """An existing VPC, and the parts of it that the stack uses."""

    vpc_id: str = Field(pattern=r"^vpc-[0-9a-f]{8,17}$", description="The VPC: vpc-...")
    public_subnets: SubnetIds = Field(
        description="Three subnets for the load balancer, with a route to an internet gateway."
    )
    private_subnets: SubnetIds = Field(
        description="Three for instances, nodes and jobs, with a route to a NAT gateway."
    )
    data_subnets: SubnetIds = Field(description="Three for database, proxy and cache. They may be the private ones.")
    route_tables: tuple[Annotated[str, Field(pattern=r"^rtb-[0-9a-f]{8,17}$")], ...] = Field(
        default=(),
        description="Route tables of the private and the data subnets. Needed with several regions.",
    )

    @model_validator(mode="after")
    def _hidden(self) -> Self:
        both = sorted({*self.public_subnets} & {*self.private_subnets, *self.data_subnets})
        if both:
            raise PydanticCustomError(
                "public",
                "{both} is public as well; instances have no public address, so there they have no way out",
                {"both": ", ".join(both)},
            )
        return self


class NetworkConfig(Strict):
    """Addresses. No network that may ever be peered should use them: another stack, an office, a data center."""

    cidr: Annotated[IPv4Network, BeforeValidator(without_host_bits), AfterValidator(stack_range)] | None = Field(
        default=None,
        description=f"Range of the whole stack: a private /{STACK_PREFIX}, of which each region takes a "
        f"/{REGION_PREFIX}. With one region, also the /{REGION_PREFIX} to /{SMALLEST_PREFIX} of that.",
    )
    cidrs: (
        dict[
            KnownRegion,
            Annotated[IPv4Network, BeforeValidator(without_host_bits), AfterValidator(region_range)],
        ]
        | None
    ) = Field(
        default=None,
        description=f"Instead, each region's own private range of /{REGION_PREFIX} to /{SMALLEST_PREFIX}, by its name.",
    )

    vpcs: dict[KnownRegion, Vpc] = Field(
        default_factory=dict,
        description="Existing VPCs, by region, each with vpcId, publicSubnets, privateSubnets, "
        "dataSubnets and routeTables: docs/network.md. For all regions in use, or none. Cannot be changed later.",
    )
    egress_addresses: Literal[1, 3] = Field(
        default=3,
        description="Elastic IP addresses of a region, the source of its traffic to the internet: 3, or 1 below "
        "stage 4, where there is one NAT gateway.",
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.cidr is None) == (self.cidrs is None):
            raise PydanticCustomError(
                "ranges", "it should have either cidr, one range for all regions, or cidrs, one for each of them"
            )
        if self.vpcs and "egress_addresses" in self.model_fields_set:
            raise PydanticCustomError(
                "not_ours",
                "a VPC that is there already has its own ways out; leave it out beside network.vpcs",
                {"key": "network.egressAddresses", "given": self.egress_addresses},
            )
        return self
