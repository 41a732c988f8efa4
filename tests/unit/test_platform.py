"""The whole program, rendered: what holds at every stage, and from each stage to the next."""

from __future__ import annotations

import re
from typing import Any

import pytest

from catalog.data_loss import REWRITTEN, holds_data
from catalog.stateful import FACTS
from catalog.urns import components_of
from infra.alarms.model import Kind
from infra.alarms.table import alarms_of
from infra.edge.addresses import CLOUDFLARE
from infra.stages import STAGES
from ops.engine.recorder import Recorded
from tests.unit.runtime import built, of_type

# What they look at, a higher stage relieves, and drops the alarm with it: they are the sign to move up.
SIGNS = tuple(f"-{row.name}" for row in alarms_of([Kind.DIRECT, Kind.EGRESS, Kind.UNCACHED, Kind.UNTUNED]))
PAIRS = [(one, other) for one in STAGES for other in STAGES if one != other]
RUNTIMES = ("ec2", "kubernetes", "both")


def rendered(stage: int, runtime: str = "ec2") -> dict[str, Recorded]:
    """As after an update: a reference holds the name of what it refers to, so one that moves elsewhere differs."""
    return built(stage=stage, runtime=runtime, live=True)


def is_sign(one: Recorded) -> bool:
    """Whether it is an alarm that says when to move up, or the budget of the same."""
    alarm = "Alarms" in components_of(one.urn) and one.name.endswith(SIGNS)
    return alarm or ("Budget" in components_of(one.urn) and one.inputs["budgetType"] == "USAGE")


def _at(inputs: Any, path: list[str]) -> Any:
    for part in path:
        if not isinstance(inputs, dict) or part not in inputs:
            return None
        inputs = inputs[part]
    return inputs


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("stage", STAGES)
def test_the_internet_reaches_the_load_balancer_alone_and_there_two_ports_until_cloudflare_is_in_front(
    stage: int, runtime: str
) -> None:
    rules = of_type(rendered(stage, runtime), "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    outside = {
        "cidrIpv4": [one for one in rules.values() if one.inputs.get("cidrIpv4") == "0.0.0.0/0"],
        "prefixListId": [one for one in rules.values() if one.inputs.get("prefixListId")],
    }
    used, unused = ("prefixListId", "cidrIpv4") if stage >= 5 else ("cidrIpv4", "prefixListId")
    assert outside[unused] == []
    assert {(one.inputs["fromPort"], one.inputs["toPort"]) for one in outside[used]} == {(80, 80), (443, 443)}
    assert all(one.parent is not None and "LoadBalancer" in one.parent for one in outside[used])


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("stage", STAGES)
def test_load_balancers_know_cloudflares_addresses_once_it_is_in_front(stage: int, runtime: str) -> None:
    lists = of_type(rendered(stage, runtime), "aws:ec2/managedPrefixList:ManagedPrefixList").values()
    balancers = of_type(rendered(stage, runtime), "aws:lb/loadBalancer:LoadBalancer")
    assert len(lists) == (len(balancers) if stage >= 5 else 0)
    for one in lists:
        assert {entry["cidr"] for entry in one.inputs["entries"]} == set(CLOUDFLARE)
        assert len(CLOUDFLARE) <= one.inputs["maxEntries"]


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("stage", STAGES)
def test_no_name_holds_the_stage_or_a_size(stage: int, runtime: str) -> None:
    for one in rendered(stage, runtime).values():
        assert not re.search(r"stage|large|small", one.name)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("stage", STAGES)
def test_what_the_primary_region_cannot_lose_is_protected(stage: int, runtime: str) -> None:
    bare = [
        one
        for one in rendered(stage, runtime).values()
        if holds_data(one.urn, one.inputs) and one.region == "us-east-1" and not one.protect
    ]
    assert [one.urn for one in bare] == []


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_no_move_deletes_what_the_primary_region_cannot_lose(before: int, after: int, runtime: str) -> None:
    gone = set(rendered(before, runtime)) - set(rendered(after, runtime))
    found = [rendered(before, runtime)[urn] for urn in gone]
    assert [one.urn for one in found if holds_data(one.urn, one.inputs) and one.region == "us-east-1"] == []


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_no_move_changes_what_forces_a_replacement(before: int, after: int, runtime: str) -> None:
    old, new = rendered(before, runtime), rendered(after, runtime)
    for urn in set(old) & set(new):
        if old[urn].type in REWRITTEN:
            continue
        for path in FACTS.get(old[urn].type, {}).get("replace", ()):
            parts = path.replace("[*]", "").split(".")
            assert _at(old[urn].inputs, parts) == _at(new[urn].inputs, parts), f"{urn}: {path}"


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("stage", [1, 4, 6])
def test_a_higher_stage_keeps_every_name_of_a_lower_one(stage: int, runtime: str) -> None:
    # But for what lets everybody in: from stage 5 on, Cloudflare alone reaches the load balancer.
    rule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    lower, higher = rendered(stage, runtime), rendered(7, runtime)
    gone = {(one.type, one.name) for urn, one in lower.items() if urn not in higher and not is_sign(one)}
    assert gone == ({(rule, "test-use1-http"), (rule, "test-use1-https")} if stage < 5 else set())


def test_only_proxying_changes_about_the_host_when_the_cdn_comes() -> None:
    type_ = "cloudflare:index/dnsRecord:DnsRecord"
    before = of_type(rendered(4), type_)["test-use1-host"].inputs
    after = of_type(rendered(5), type_)["test-use1-host"].inputs
    assert (before["proxied"], after["proxied"]) == (False, True)
    assert {key for key in after if before[key] != after[key]} == {"proxied", "ttl"}


def test_nat_gateways_are_one_and_then_one_per_zone_with_the_same_addresses() -> None:
    nat, eip = "aws:ec2/natGateway:NatGateway", "aws:ec2/eip:Eip"
    assert [len(of_type(rendered(stage), nat)) for stage in (1, 3, 4)] == [1, 1, 3]
    assert len({tuple(of_type(rendered(stage), eip)) for stage in (1, 3, 4)}) == 1


def test_a_secret_reaches_the_cloud_only_as_a_secret() -> None:
    everything = built(live=True, stage=7, appSecrets={"SESSION_KEY": "hunter2"})
    versions = of_type(everything, "aws:secretsmanager/secretVersion:SecretVersion")
    regions = ("use1", "euw1", "apse2")
    assert set(versions) == {f"test-{one}-{what}" for one in regions for what in ("app", "credentials-master")}
    assert all(one.inputs["secretString"] == {"secret": True} for one in versions.values())
    cluster = of_type(everything, "aws:rds/cluster:Cluster")["test-use1-db"]
    assert cluster.inputs["masterPassword"] == {"secret": True}
    assert "hunter2" not in str(everything)


def test_without_protection_nothing_is_protected() -> None:
    everything = built(stage=4, protect=False)
    assert not [one.urn for one in everything.values() if one.protect]
    (balancer,) = of_type(everything, "aws:lb/loadBalancer:LoadBalancer").values()
    assert balancer.inputs["enableDeletionProtection"] is False


EXTERNAL = {
    "name": "app.example.com",
    "dns": "external",
    "certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef",
}


def test_with_external_dns_the_given_certificate_is_used_and_no_record_written() -> None:
    everything = built(domain=EXTERNAL)
    listeners = of_type(everything, "aws:lb/listener:Listener")
    assert listeners["test-use1-https"].inputs["certificateArn"] == EXTERNAL["certificateArn"]
    assert not [one for one in everything.values() if one.type.startswith(("cloudflare:", "aws:route53", "aws:acm"))]


def test_route53_gets_an_alias_which_works_at_an_apex() -> None:
    zone = {"name": "example.com", "dns": "route53", "zoneId": "Z0123456789"}
    everything = built(live=True, domain=zone)
    host = of_type(everything, "aws:route53/record:Record")["test-use1-host"].inputs
    assert host["type"] == "A"
    assert host["aliases"][0]["evaluateTargetHealth"] is True


@pytest.mark.parametrize(
    ("runtime", "share", "weights"),
    [
        ("ec2", 0, {"blue-ec2": 70, "green-ec2": 30}),
        ("kubernetes", 0, {"blue-k8s": 70, "green-k8s": 30}),
        ("both", 0, {"blue-ec2": 70, "green-ec2": 30, "blue-k8s": 0, "green-k8s": 0}),
        ("both", 40, {"blue-ec2": 42, "green-ec2": 18, "blue-k8s": 28, "green-k8s": 12}),
        ("both", 100, {"blue-ec2": 0, "green-ec2": 0, "blue-k8s": 70, "green-k8s": 30}),
    ],
)
def test_the_listener_shares_the_traffic_between_colors_and_runtimes(
    runtime: str, share: int, weights: dict[str, int]
) -> None:
    image = "registry.example.com/app:1.0.0"
    rollout = {
        "blue": {"image": image, "weight": 70},
        "green": {"image": image, "weight": 30},
        "kubernetesShare": share,
    }
    everything = built(live=True, runtime=runtime, rollout=rollout)
    listener = of_type(everything, "aws:lb/listener:Listener")["test-use1-https"].inputs
    forwarded = listener["defaultActions"][0]["forward"]["targetGroups"]
    shares = {one["arn"].rpartition("test-use1-")[2]: one["weight"] for one in forwarded}
    assert shares == {target: weight for target, weight in weights.items() if weight}
    assert sum(shares.values()) == 100
    groups = of_type(everything, "aws:lb/targetGroup:TargetGroup")
    assert {name.removeprefix("test-use1-") for name in groups} == set(weights)
    # Each is reachable by name, so the idle ones are health-checked too.
    rules = of_type(everything, "aws:lb/listenerRule:ListenerRule").values()
    named = [one.inputs for one in rules if "httpHeader" in one.inputs["conditions"][0]]
    assert len(named) == len(weights)
    assert len({one["priority"] for one in named}) == len(named)
    # Those of pods are so before the listener is there: pods are not ready until their targets are healthy.
    checks = [one.inputs for one in rules if "sourceIp" in one.inputs["conditions"][0]]
    checked = {one["actions"][0]["targetGroupArn"].rpartition("test-use1-")[2] for one in checks}
    assert checked == {target for target in weights if target.endswith("-k8s")}
    assert {one["listenerArn"].rpartition("-")[2] for one in checks} <= {"http"}
    assert {value for one in checks for value in one["conditions"][0]["sourceIp"]["values"]} <= {"192.0.2.0/32"}
    assert len({one["priority"] for one in checks}) == len(checks)
