"""A stack in the VPC of another one: it comes and goes, and touches nothing of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox.commands.engine import Sandbox
from tests.engine.test_zone import alone, fine, stack, things

REGION, CIDR = "us-east-1", "10.20.0.0/16"
NETWORK = {"Vpc", "Subnet", "Eip", "NatGateway", "InternetGateway", "RouteTable", "VpcEndpoint", "FlowLog"}


def there(box: Sandbox) -> dict[str, Any]:
    """The network that a stack made, as another one's file would say it."""
    subnets = [one for one in box.resources() if one["type"] == "aws:ec2/subnet:Subnet"]
    ids = {
        f"{tier}Subnets": sorted(one["id"] for one in subnets if one["inputs"]["tags"]["ascent:tier"] == tier)
        for tier in ("public", "private", "data")
    }
    return {REGION: {"vpcId": box.outputs()["regions"][REGION]["vpcId"], **ids}}


def test_a_stack_in_another_ones_vpc(tmp_path: Path) -> None:
    network = {"cidr": CIDR}
    owner = stack(tmp_path, "prod", "app.example.com", network=network)
    fine(owner.up(1))
    vpcs = there(owner)
    guest = stack(tmp_path, "staging", "app-staging.example.com", network={**network, "vpcs": vpcs})
    with alone(guest):
        fine(guest.up(1))
    assert not [one["type"] for one in guest.resources() if one["type"].rpartition(":")[2] in NETWORK]
    groups = [one for one in guest.resources() if one["type"] == "aws:ec2/securityGroup:SecurityGroup"]
    assert {one["outputs"]["vpcId"] for one in groups} == {vpcs[REGION]["vpcId"]}
    again = guest.preview(1)
    fine(again)
    assert again.changes == {}
    with alone(guest):
        fine(guest.up(4))

    # Neither leaves its VPC, nor does the owner take its own for somebody else's.
    for box, other in ((guest, network), (owner, {**network, "vpcs": vpcs})):
        before = things(box)
        box.overrides["network"], kept = other, box.overrides["network"]
        refused = box.up(1 if box is owner else 4)
        assert not refused.ok
        assert "Pulumi." in refused.output
        assert "cannot move: all would be made anew" in refused.output
        assert things(box) == before
        box.overrides["network"] = kept
    gone = {**vpcs[REGION], "dataSubnets": [*vpcs[REGION]["dataSubnets"][:2], "subnet-0000000f"]}
    guest.overrides["network"] = {**network, "vpcs": {REGION: gone}}
    refused = guest.preview(4)
    assert not refused.ok
    assert "dataSubnets[2]: given subnet-0000000f; AWS says: " in refused.output
    assert "no matching Subnet found" in refused.output
    guest.overrides["network"] = {**network, "vpcs": vpcs}
    with alone(guest):
        fine(guest.destroy())
