"""A network that is there already, with all that the rest of a region wants to know of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from infra import naming


@dataclass(frozen=True, kw_only=True)
class ExistingNetworkArgs:
    """What the network is made of.

    vpc_id: the VPC.
    public_subnet_ids, private_subnet_ids, data_subnet_ids: one subnet in each of three zones.
    zone_names: what this account calls the zones of the data subnets, in an order that does not change.
    table_ids: route tables that lead to other regions.
    """

    vpc_id: str
    public_subnet_ids: Sequence[str]
    private_subnet_ids: Sequence[str]
    data_subnet_ids: Sequence[str]
    zone_names: Sequence[str]
    table_ids: Sequence[str]


class ExistingNetwork(pulumi.ComponentResource):
    """A VPC that another stack or team manages: it has the attributes of `Network`, and no children.

    nat_ids, egress_addresses: none, as the ways out are not the stack's.
    remembered: what a later update has to know of it.
    """

    def __init__(self, name: str, args: ExistingNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("ExistingNetwork"), name, None, opts)
        self.vpc_id = args.vpc_id
        self.public_subnet_ids = args.public_subnet_ids
        self.private_subnet_ids = args.private_subnet_ids
        self.data_subnet_ids = args.data_subnet_ids
        self.zone_names = args.zone_names
        self.inner_table_ids = args.table_ids
        self.nat_ids: Mapping[str, pulumi.Output[str]] = {}
        self.egress_addresses: Sequence[pulumi.Output[str]] = ()
        self.remembered: Mapping[str, Any] = {
            "existingNetwork": {"vpcId": args.vpc_id, "zones": list(args.zone_names)},
        }
        self.register_outputs({"vpcId": args.vpc_id})

    def log_flows(self, bucket_arn: pulumi.Input[str] | None) -> None:
        """Write nothing down: whose VPC it is also says what is logged of it."""
