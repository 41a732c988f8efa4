"""A private way between the VPCs of two regions, both ways round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two VPCs.

    region: its AWS region.
    provider: AWS provider of that region.
    vpc_id: the VPC.
    cidr: its range, which does not overlap the other's.
    table_ids: route tables that are to lead to the other.
    """

    region: str
    provider: aws.Provider
    vpc_id: pulumi.Input[str]
    cidr: str
    table_ids: Sequence[pulumi.Input[str]]


@dataclass(frozen=True, kw_only=True)
class PeeringArgs:
    """The two sides: who asks, and who accepts."""

    asks: Side
    accepts: Side


class Peering(pulumi.ComponentResource):
    """A peering connection, and the routes over it. What may pass is up to security groups.

    peering_id: known once the other side has accepted.
    """

    def __init__(self, name: str, args: PeeringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Peering"), name, None, opts)
        asks, accepts = args.asks, args.accepts
        asked = aws.ec2.VpcPeeringConnection(
            name,
            vpc_id=asks.vpc_id,
            peer_vpc_id=accepts.vpc_id,
            peer_region=accepts.region,
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self, provider=asks.provider),
        )
        accepted = aws.ec2.VpcPeeringConnectionAccepter(
            name,
            vpc_peering_connection_id=asked.id,
            auto_accept=True,
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self, provider=accepts.provider),
        )
        self.peering_id = accepted.vpc_peering_connection_id
        for here, there in ((asks, accepts), (accepts, asks)):
            for index, table in enumerate(here.table_ids):
                aws.ec2.Route(
                    f"{name}-{here.region}-{index}",
                    route_table_id=table,
                    destination_cidr_block=there.cidr,
                    vpc_peering_connection_id=self.peering_id,
                    opts=pulumi.ResourceOptions(parent=self, provider=here.provider),
                )
        self.register_outputs({"peeringId": self.peering_id})
