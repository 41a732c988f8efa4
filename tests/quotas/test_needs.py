"""What stacks need of the quotas, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from infra.config.settings import Settings
from infra.stages import STAGES
from ops import stackfile
from ops.cost.rules.compute import NODE_POOL
from ops.documents.quotas import nodes_table
from ops.engine.provenance.model import Trace
from ops.engine.recorder import Recorded
from ops.engine.render import RenderedStack, render
from ops.quotas.here import Here
from ops.quotas.needs import SYSTEM_NODES, nodes, running
from ops.quotas.stacks import fullest, needed
from ops.quotas.vcpu import Family, family
from tests.unit.configs import settings as configured

ON_DEMAND, SPOT, ON_DEMAND_X, SPOT_X = "L-1216C47A", "L-34B43A08", "L-7295265B", "L-E3A00192"
ADDRESSES, VPCS, GATEWAYS, NATS = "L-0263D0A3", "L-F678F1CE", "L-A4707A72", "L-FE5A380F"
ENDPOINTS, S3_ENDPOINTS, GROUP_RULES, ROUTES = "L-29B6F2EB", "L-1B52E74A", "L-0EA8095F", "L-93826ACB"
BALANCERS, TARGET_GROUPS, BALANCER_RULES, GROUPS = "L-53DA6B97", "L-B22855CB", "L-7EED9B64", "L-CDE20ADC"
CLUSTERS, DATABASES, PROXIES, CACHES = "L-952B80B8", "L-7B6409FD", "L-D94C7EA3", "L-DFE45DF3"
EKS, FARGATE, DISKS, EVENTS = "L-1194D53C", "L-3032A538", "L-7A658B76", "L-244521F2"
ROLES, PROFILES, BUCKETS = "L-FE177D64", "L-6E65F664", "L-DC2B2D3D"


def needs(settings: Settings, stack: str, region: str | None = "us-east-1") -> dict[str, float | None]:
    return {one.quota.code: one.most for one in needed(settings, stack) if one.region == region}


def stack(name: str, stage: int) -> Settings:
    return stackfile.settings(name, stage, judged=False)


# And the clock of the check from outside.
NETWORK = {ADDRESSES: 3, VPCS: 1, GATEWAYS: 1, NATS: 1, ENDPOINTS: 6, S3_ENDPOINTS: 1, EVENTS: 1}
# A color has a target group on each runtime, and a rule for each of those.
ONE_RUNTIME = {BALANCERS: 1, TARGET_GROUPS: 2, BALANCER_RULES: 2}
BY_HAND: list[tuple[str, int, dict[str, float]]] = [
    (
        "sandbox",
        1,
        {
            **NETWORK,
            **ONE_RUNTIME,
            ON_DEMAND: 2 * 5 * 2,  # colors; 110 % of 4 instances, rounded up; t4g.small
            DISKS: 2 * 5 * 20 / 1024,
            GROUPS: 2,
            GROUP_RULES: 2,  # HTTP and HTTPS to the load balancer
            ROUTES: 3,  # local, to NAT, to S3
            CLUSTERS: 1,
            DATABASES: 1,
        },
    ),
    (
        "sandbox",
        4,
        {
            **NETWORK,
            **ONE_RUNTIME,
            ON_DEMAND: 2 * (11 + 3) * 2,  # 110 % of 10, and a warm pool of 3 that boots; c7g.large
            DISKS: 2 * (11 + 3) * 20 / 1024,
            GROUPS: 2,
            GROUP_RULES: 2,
            ROUTES: 3,
            CLUSTERS: 1,
            DATABASES: 1 + 4,  # the writer, and readers at their maximum
            PROXIES: 1,
            FARGATE: 7 * 0.25,  # seven jobs at once
            EVENTS: 1 + 1,  # that clock, and tasks that end
        },
    ),
    (
        "sandbox",
        6,
        {
            **NETWORK,
            **ONE_RUNTIME,
            # 110 % of 30 is 33: 4 on demand as the base, and half of 29 each way, rounded up; 110 % of 10 workers.
            ON_DEMAND: 2 * (4 + 15) * 2 + 11 * 2,
            SPOT: 2 * 15 * 2,
            DISKS: (2 * (4 + 15 + 15) + 11) * 20 / 1024,
            GROUPS: 2 + 1,
            GROUP_RULES: 2 * 20 + 2,  # HTTP and HTTPS from a list of 20 ranges, and from anywhere until those are there
            ROUTES: 3,
            CLUSTERS: 1,
            DATABASES: 1 + 8,
            PROXIES: 1,
            CACHES: 2,
            FARGATE: 7 * 0.25,
            EVENTS: 2 + 1,  # the storage host is asked for as well
        },
    ),
    (
        "dev",
        1,
        {
            **NETWORK,
            BALANCERS: 1,
            TARGET_GROUPS: 4,
            BALANCER_RULES: 4,
            # 110 % of 2 is 3; nodes of 24 vCPUs, and two of the pool `system`.
            ON_DEMAND: 2 * 3 * 2 + 24 + 2 * 2,
            DISKS: (2 * 3 * 20 + (24 + 4) / 2 * 80) / 1024,
            GROUPS: 2,
            GROUP_RULES: 2,
            ROUTES: 3,
            CLUSTERS: 1,
            DATABASES: 1,
            EKS: 1,
        },
    ),
    (
        "staging",
        4,
        {
            **NETWORK,
            **ONE_RUNTIME,
            ON_DEMAND: 64 + 2 * 2,  # nodes alone
            DISKS: (64 + 4) / 2 * 80 / 1024,
            GROUP_RULES: 2,
            ROUTES: 3,
            CLUSTERS: 1,
            DATABASES: 1 + 4,
            EKS: 1,
        },
    ),
]


@pytest.mark.parametrize(("name", "stage", "expected"), BY_HAND, ids=[f"{one[0]}-{one[1]}" for one in BY_HAND])
def test_needs_of_a_region_by_hand(name: str, stage: int, expected: dict[str, float]) -> None:
    assert needs(stack(name, stage), name) == pytest.approx(expected)


def test_every_region_needs_what_it_has_after_a_failover() -> None:
    settings = stack("sandbox", 7)
    assert settings.active_regions == ("us-east-1", "eu-west-1")
    for region in settings.active_regions:
        found = needs(settings, "sandbox", region)
        # 110 % of 30: 6 and half of 27 on demand; 110 % of 20 workers, wherever the writes are.
        assert found[ON_DEMAND] == 2 * (6 + 14) * 2 + 22 * 2
        assert found[SPOT] == 2 * 14 * 2
        assert found[DATABASES] == 1 + 15
        assert found[CACHES] == 3
        assert found[FARGATE] == 7 * 0.25
        assert found[ROUTES] == 4  # to the other region as well
        assert found[ADDRESSES] == 3
    assert needs(settings, "sandbox", None) == {
        # A fleet, flow logs and a proxy in each region; copies of buckets back and forth, and of what was there before;
        # three of the jobs and the workers, wherever the writes may go; two checks from outside.
        ROLES: 2 * 3 + 2 + 1 + 2 * (3 + 1) + 2 * 2,
        PROFILES: 2 + 2,
        BUCKETS: 5 * 2,
    }


def test_five_small_stacks_fit_the_addresses_of_a_new_account_and_no_more_than_one_other_does() -> None:
    new_account = 5
    small = configured(stage=3, network={"cidr": "10.0.0.0/11", "egressAddresses": 1})
    assert needs(small, "test")[ADDRESSES] == new_account / 5
    assert needs(configured(stage=3), "test")[ADDRESSES] == 3


def test_a_lost_region_and_a_rollout_under_way_change_nothing() -> None:
    plain = configured(stage=7, regions=["us-east-1", "eu-west-1"])
    lost = configured(
        stage=7,
        regions=["us-east-1", "eu-west-1"],
        writer="eu-west-1",
        unreachable="us-east-1",
        rollout={name: {"image": "registry.example.com/app:1.0.0", "weight": 50} for name in ("blue", "green")},
    )
    first, second = (
        [(one.writer, one.unreachable, sorted(one.rollout.colors)) for one in fullest(settings)]
        for settings in (plain, lost)
    )
    assert first == second == [(None, None, ["blue", "green"]), ("eu-west-1", None, ["blue", "green"])]
    images = {color.image for one in fullest(plain) for color in one.rollout.colors.values()}
    assert images == {"registry.example.com/app:1.0.0"}


def test_types_of_other_families_count_against_their_own_quotas() -> None:
    settings = configured(stage=6, fleet={"instanceTypes": ["c7g.large", "m7g.xlarge", "x2gd.xlarge"]})
    found = needs(settings, "test")
    # Any instance may be any of the types: of each family, the largest counts. Workers are of the first type.
    assert found[ON_DEMAND] == 2 * 19 * 4 + 11 * 2
    assert found[SPOT] == 2 * 15 * 4
    assert found[ON_DEMAND_X] == 2 * 19 * 4
    assert found[SPOT_X] == 2 * 15 * 4


def group(**inputs: Any) -> Here:
    """An autoscaling group of c7g.large by hand."""
    template, owner = "urn:template", "urn:group"
    made = Recorded(
        urn=template, type="aws:ec2/launchTemplate:LaunchTemplate", name="x", parent=None, region="us-east-1",
        protect=False, inputs={"instanceType": inputs.pop("instanceType", "c7g.large")}, custom=True,
    )  # fmt: skip
    asked = Recorded(
        urn=owner, type="aws:autoscaling/group:Group", name="x", parent=None, region="us-east-1",
        protect=False, inputs=inputs, custom=True,
    )  # fmt: skip
    traces = {
        owner: Trace(
            asked={}, sources=frozenset(), added=frozenset(), provider=None, ignores=(), replaces_on=(),
            depends={"launchTemplate": frozenset({template})}, deletes_first=None, aliases=(),
        )
    }  # fmt: skip
    return Here(RenderedStack(1, "x", (made, asked), traces), "us-east-1")


@pytest.mark.parametrize(
    ("inputs", "on_demand", "stopped"),
    [
        ({"maxSize": 10}, 10, 0),
        ({"maxSize": 10, "instanceRefresh": {"preferences": {"maxHealthyPercentage": 110}}}, 11, 0),
        ({"maxSize": 11, "instanceMaintenancePolicy": {"maxHealthyPercentage": 110}}, 13, 0),
        ({"maxSize": 10, "warmPool": {"minSize": 3}}, 10, 3),
        ({"maxSize": 10, "warmPool": {"minSize": 3, "maxGroupPreparedCapacity": 6}}, 10, 3),
        ({"maxSize": 10, "warmPool": {"minSize": 3, "maxGroupPreparedCapacity": 15}}, 10, 5),
    ],
)
def test_a_group_at_its_most(inputs: dict[str, Any], on_demand: int, stopped: int) -> None:
    (found,) = running(group(**inputs))
    assert (found.on_demand, found.spot, found.stopped) == (on_demand, 0, stopped)


def test_a_type_that_is_not_known_is_said_and_not_taken_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = configured(stage=1)
    monkeypatch.setattr("ops.quotas.stacks.render", lambda *_: group(maxSize=2, instanceType="p9g.large")._plan)
    found = {one.quota.code: one for one in needed(settings, "test")}
    assert found[ON_DEMAND].most is None
    assert found[ON_DEMAND].why == "the quota that p9g.large counts against is not known"
    monkeypatch.setattr("ops.quotas.stacks.render", lambda *_: group(maxSize=2, instanceType="c9g.huge")._plan)
    found = {one.quota.code: one for one in needed(settings, "test")}
    assert (found[ON_DEMAND].most, found[ON_DEMAND].why) == (None, "the vCPUs of c9g.huge are not known")


def test_nodes_are_on_demand_and_of_standard_families() -> None:
    (variant,) = fullest(stack("staging", 4))
    here = Here(render(variant, "staging"), "us-east-1")
    (pool,) = here.of(NODE_POOL)
    wanted = {
        one["key"].rpartition("/")[2]: one["values"] for one in pool.inputs["spec"]["template"]["spec"]["requirements"]
    }
    assert wanted["capacity-type"] == ["on-demand"]
    assert {family(f"{category}7g.large") for category in wanted["instance-category"]} == {Family.STANDARD}
    assert nodes(here) == STAGES[4].sizes.nodes.cpu + SYSTEM_NODES * 2
    assert nodes_table().splitlines()[-1].split(" | ")[4] == "68"


def test_a_cluster_that_is_not_the_stacks_has_no_nodes_of_ours() -> None:
    assert nodes(group(maxSize=1)) == 0
