"""A VPC that is there already: nothing is made in it, and one that does not fit is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from infra.wiring import build
from infra.wiring.stack_outputs import READ_STACK_OUTPUTS
from ops.cost.estimate import estimate
from ops.engine.believed import believed
from ops.engine.recorder import Recorded
from ops.engine.render import RenderedStack, render
from tests.unit import runtime
from tests.unit.configs import settings

VPC, SUBNET = "aws:ec2/getVpc:getVpc", "aws:ec2/getSubnet:getSubnet"
CIDRS = {"us-east-1": "10.20.0.0/16", "eu-west-1": "10.21.0.0/16", "ap-southeast-2": "10.22.0.0/20"}
# What AWS makes and bills with a network, and what a stack in somebody else's leaves alone.
MADE = {
    "aws:ec2/vpc:Vpc",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/eip:Eip",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws:ec2/flowLog:FlowLog",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
}


def vpc(number: int, **more: Any) -> dict[str, Any]:
    """A VPC as a stack's file has it."""
    ids = {tier: [f"subnet-{number}{tier_number}{zone}00000" for zone in (1, 2, 3)] for tier_number, tier in TIERS}
    return {"vpcId": f"vpc-{number}0000000", **ids, **more}


TIERS = tuple(enumerate(("publicSubnets", "privateSubnets", "dataSubnets"), 1))
ONE = {"cidrs": CIDRS, "vpcs": {"us-east-1": vpc(1)}}
TABLES = {name: [f"rtb-{number}0000000", f"rtb-{number}0000001"] for number, name in enumerate(CIDRS, 1)}
ALL: dict[str, Any] = {
    "cidrs": CIDRS,
    "vpcs": {name: vpc(number, routeTables=TABLES[name]) for number, name in enumerate(CIDRS, 1)},
}


def plan(network: Mapping[str, Any], **changes: Any) -> RenderedStack:
    return render(settings(network=dict(network), **changes), "test")


def of_type(found: RenderedStack, type_: str) -> list[Recorded]:
    return [one for one in found.resources if one.type == type_]


@pytest.mark.parametrize("stage", [1, 4, 7])
def test_nothing_of_a_network_is_made_and_all_else_is_the_same(stage: int) -> None:
    ours = plan({"cidrs": CIDRS}, stage=stage, runtime="both")
    theirs = plan(ALL if stage == 7 else ONE, stage=stage, runtime="both")
    assert not MADE & {one.type for one in theirs.resources}
    assert {one.type for one in ours.resources} >= MADE

    def rest(found: RenderedStack) -> set[tuple[str, str]]:
        """All but the network and the alarms of its ways out."""
        return {
            (one.type, one.name)
            for one in found.resources
            if "Network$" not in one.urn and not one.type.endswith(":Network") and not one.type.endswith("Network")
            if "-nat-" not in one.name and one.type != "aws:ec2/route:Route"
        }

    assert rest(theirs) == rest(ours)


def test_everything_stands_in_the_subnets_of_the_file() -> None:
    found = plan(ALL, stage=7, runtime="both")
    one = ALL["vpcs"]["us-east-1"]
    home = {of.type: of for of in found.resources if of.region == "us-east-1"}
    assert home["aws:lb/loadBalancer:LoadBalancer"].inputs["subnets"] == one["publicSubnets"]
    assert home["aws:autoscaling/group:Group"].inputs["vpcZoneIdentifiers"] == one["privateSubnets"]
    assert home["aws:eks/cluster:Cluster"].inputs["vpcConfig"]["subnetIds"] == one["privateSubnets"]
    assert home["aws:rds/subnetGroup:SubnetGroup"].inputs["subnetIds"] == one["dataSubnets"]
    assert home["aws:rds/proxy:Proxy"].inputs["vpcSubnetIds"] == one["dataSubnets"]
    groups = [of for of in of_type(found, "aws:ec2/securityGroup:SecurityGroup") if of.region == "us-east-1"]
    assert groups
    assert {of.inputs["vpcId"] for of in groups} == {one["vpcId"]}
    instances = [of for of in of_type(found, "aws:rds/clusterInstance:ClusterInstance") if of.region == "us-east-1"]
    assert {of.inputs["availabilityZone"] for of in instances} == {"us-east-1a", "us-east-1b", "us-east-1c"}


def test_regions_are_peered_by_the_route_tables_of_the_file() -> None:
    routes = of_type(plan(ALL, stage=7), "aws:ec2/route:Route")
    led = {(one.inputs["routeTableId"], one.inputs["destinationCidrBlock"]) for one in routes}
    home, *others = CIDRS
    assert led >= {(table, CIDRS[other]) for other in others for table in TABLES[home]}
    assert led >= {(table, CIDRS[home]) for other in others for table in TABLES[other]}
    assert {table for table, _ in led} == {table for tables in TABLES.values() for table in tables}


def test_the_order_of_the_data_subnets_moves_no_instance() -> None:
    turned = {**ONE, "vpcs": {"us-east-1": vpc(1, dataSubnets=vpc(1)["dataSubnets"][::-1])}}
    answers = Answers()
    zones = []
    for network in (ONE, turned):
        answers.settings = settings(network=ONE)
        zones.append(
            {
                one.name: one.inputs["availabilityZone"]
                for one in answers.declared(network=network, stage=4).values()
                if one.type == "aws:rds/clusterInstance:ClusterInstance"
            }
        )
    assert zones[0] == zones[1]
    assert len(zones[0]) == 2


def test_a_network_of_somebody_elses_costs_nothing_here() -> None:
    def lines(network: Mapping[str, Any]) -> str:
        chosen = settings(network=dict(network), stage=4)
        return str(estimate(render(chosen, "test"), chosen))

    assert "NAT" in lines({"cidrs": CIDRS})
    assert "NAT" not in lines(ONE)


class Answers:
    """What AWS answers: what the file says, but for some changes."""

    def __init__(self) -> None:
        self.settings = settings(network=ALL)
        self.changes: dict[str, dict[str, Any]] = {}
        self.past: dict[str, Any] = {}
        self.asked: list[str] = []

    def __call__(self, token: str, arguments: Mapping[str, Any], config: Mapping[str, Any]) -> Mapping[str, Any]:
        if token == READ_STACK_OUTPUTS:
            return {"outputs": self.past}
        if token not in (VPC, SUBNET):
            return runtime.ANSWERS[token]
        self.asked.append(str(config["region"]))
        found = {"id": "", **believed(self.settings, token, str(arguments["id"]))}
        return {**found, **self.changes.get(found["id"], {})}

    def declared(self, **changes: Any) -> dict[str, Recorded]:
        """Run the program with these answers."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(runtime, "answer", self)
            chosen = settings(**changes)
            return runtime.record(lambda: build(chosen))

    def refused(self, **changes: Any) -> str:
        """What the program says to them."""
        with pytest.raises(pulumi.RunError) as refused:
            self.declared(**changes)
        return str(refused.value)


PUBLIC, PRIVATE, DATA = (vpc(1)[tier] for _, tier in TIERS)
AT = "Pulumi.test.yaml: ascent:network."
UNFIT: list[tuple[str, dict[str, Any], str, list[str]]] = [
    ("vpc-10000000", {"cidrBlock": "10.99.0.0/16"}, "cidrs.us-east-1", ["given 10.20.0.0/16", "has 10.99.0.0/16"]),
    ("vpc-10000000", {"enableDnsSupport": False}, "vpcs.us-east-1.vpcId", ["enableDnsSupport is off"]),
    ("vpc-10000000", {"enableDnsHostnames": False}, "vpcs.us-east-1.vpcId", ["vpc-10000000 --enable-dns-hostnames"]),
    (PRIVATE[1], {"vpcId": "vpc-99999999"}, "vpcs.us-east-1.privateSubnets[1]", ["it is in vpc-99999999"]),
    (DATA[2], {"cidrBlock": "100.64.0.0/20"}, "vpcs.us-east-1.dataSubnets[2]", ["100.64.0.0/20", "10.20.0.0/16"]),
    (DATA[0], {"cidrBlock": ""}, "vpcs.us-east-1.dataSubnets[0]", ["no IPv4 addresses"]),
    (PUBLIC[1], {"availabilityZoneId": "use1-az2"}, "vpcs.us-east-1.publicSubnets[1]", [PUBLIC[0], "another zone"]),
    (PRIVATE[2], {"availabilityZoneId": "use1-az3"}, "vpcs.us-east-1.privateSubnets[2]", ["where EKS has no"]),
    (
        PRIVATE[2],
        {"availabilityZoneId": "use1-az5"},
        "vpcs.us-east-1.privateSubnets[2]",
        ["where no public", "az6, or"],
    ),
    (PRIVATE[0], {"availableIpAddressCount": 455}, "vpcs.us-east-1.privateSubnets[0]", ["455 free", "have 456"]),
    (PUBLIC[0], {"availableIpAddressCount": 52}, "vpcs.us-east-1.publicSubnets[0]", ["52 free", "have 53"]),
]


@pytest.mark.parametrize(("what", "change", "key", "words"), UNFIT)
def test_what_does_not_fit_is_refused(what: str, change: dict[str, Any], key: str, words: list[str]) -> None:
    answers = Answers()
    answers.changes[what] = change
    message = answers.refused(network=ONE)
    assert message.startswith(f"{AT}{key}: given ")
    assert message.count(AT) == 1
    for word in words:
        assert word in message


def test_all_that_does_not_fit_is_said_at_once() -> None:
    answers = Answers()
    answers.changes = {what: change for what, change, *_ in (UNFIT[2], UNFIT[3], UNFIT[8])}
    assert len(answers.refused(network=ONE).splitlines()) == 3


def test_a_block_added_to_a_vpc_is_as_good_as_its_first() -> None:
    answers = Answers()
    more = [{"associationId": "", "cidrBlock": "10.20.0.0/16", "state": "associated"}]
    answers.changes["vpc-10000000"] = {"cidrBlock": "10.99.0.0/16", "cidrBlockAssociations": more}
    answers.declared(network=ONE)
    more[0]["state"] = "disassociated"
    assert "has 10.99.0.0/16" in answers.refused(network=ONE)


def past(vpc_id: str, *, theirs: bool) -> dict[str, Any]:
    kept = {"existingNetwork": {"vpcId": vpc_id, "zones": ["us-east-1a", "us-east-1b", "us-east-1c"]}}
    return {"regions": {"us-east-1": {"vpcId": vpc_id, **(kept if theirs else {})}}}


def test_a_stack_that_runs_needs_no_free_addresses() -> None:
    answers = Answers()
    answers.past = past("vpc-10000000", theirs=True)
    answers.changes = {one: {"availableIpAddressCount": 3} for one in (*PUBLIC, *PRIVATE, *DATA)}
    answers.declared(network=ONE)


@pytest.mark.parametrize(
    ("before", "network", "words"),
    [
        (past("vpc-00000000", theirs=False), ONE, ["given vpc-10000000", "made itself", "Leave us-east-1 out"]),
        # The stack's own VPC, as one that is there already, would be deleted from the stack.
        (past("vpc-10000000", theirs=False), ONE, ["made itself", "Leave us-east-1 out"]),
        (past("vpc-00000000", theirs=True), ONE, ["given vpc-10000000", "Write vpc-00000000 there again"]),
        (past("vpc-10000000", theirs=True), {"cidrs": CIDRS}, ["given none", "Write vpc-10000000 there again"]),
    ],
)
def test_a_stack_does_not_move_to_another_vpc(
    before: dict[str, Any], network: dict[str, Any], words: list[str]
) -> None:
    answers = Answers()
    answers.past = before
    message = answers.refused(network=network)
    assert message.startswith(f"{AT}vpcs.us-east-1: given ")
    for word in ("its database too", "Nothing was changed", *words):
        assert word in message
    assert answers.asked == []


def test_a_lost_region_is_asked_nothing() -> None:
    answers = Answers()
    zones = ["eu-west-1x", "eu-west-1y", "eu-west-1z"]
    kept = {"vpcId": "vpc-20000000", "existingNetwork": {"vpcId": "vpc-20000000", "zones": zones}}
    answers.past = {"regions": {"eu-west-1": {**kept, "machineImage": "ami-0123456789abcdef0"}}}
    lost = {"stage": 7, "network": ALL, "unreachable": "eu-west-1"}
    found = answers.declared(**lost)
    assert set(answers.asked) == {"us-east-1", "ap-southeast-2"}
    instances = [
        one.inputs["availabilityZone"]
        for one in found.values()
        if one.type == "aws:rds/clusterInstance:ClusterInstance" and one.region == "eu-west-1"
    ]
    assert set(instances) <= set(zones)
    assert instances
    answers.past = {}
    assert "ascent:unreachable: given eu-west-1; no update" in answers.refused(**lost)


def test_a_plan_asks_about_nothing_that_the_file_does_not_have() -> None:
    with pytest.raises(LookupError, match="subnet-99999999"):
        believed(settings(network=ONE), SUBNET, "subnet-99999999")
