"""Which stage carries a load, what binds first, and what to change. Expected numbers are worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import Phase, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from infra.config.loading import parse
from infra.config.problems import SECRETS
from infra.config.settings import Settings
from infra.stages import STAGES
from infra.thresholds import FIFTY_K, NARFE, SUMMARY
from ops.capacity.changes import changes
from ops.capacity.headroom import Headroom, StageAnswer, answer, users_at
from ops.capacity.levels import Level
from ops.capacity.resources import RESOURCES
from ops.capacity.supply import Lost, supply
from ops.demand import demand_of, derived
from ops.stackfile import ROOT
from tests.unit.configs import FILE, config

# A case takes a tenth of a second: looking for the smallest one that fails would take minutes.
QUICK = profile(deadline=None, phases=(Phase.explicit, Phase.generate))
REGIONS = ["us-east-1", "eu-west-1", "ap-southeast-2"]


def stack(stage: int, **changed: Any) -> Settings:
    return parse(config(stage=stage, **changed), FILE, encrypted=SECRETS, judged=False)


def asked(load: str, stage: int, **changed: Any) -> StageAnswer:
    return answer(stack(stage, **changed), demand_of(load))


def room(found: StageAnswer, name: str) -> Headroom:
    return next(one for one in found.rooms if one.resource.name == name)


def level(load: str, stage: int, name: str, lost: Lost = Lost.NOTHING, **changed: Any) -> Level:
    return room(asked(load, stage, **changed), name).levels[lost]


def smallest(load: str, **changed: Any) -> int | None:
    return next((stage for stage in STAGES if asked(load, stage, **changed).carried), None)


# The load, the stage that the runbook puts it in, and where it says so.
RUNBOOKS = [
    ("users=100", 1, f"{NARFE}, Stage 1: move at consistently more than 100 concurrent users"),
    ("users=101", 2, f"{NARFE}, Stage 1 and 2: more than that, and a pooler comes"),
    ("users=400,egress=18", 2, f"{SUMMARY}, Target Capacity: 400 concurrent, pooled; 600 MB a day"),
    ("users=1000", 3, f"{SUMMARY}, When approaching 2000 users: replicas come after 1000, indexes before"),
    ("users=2000,egress=201", 5, f"{NARFE}, Stage 5: storage bandwidth above 200 GB a month"),
    ("users=2000,egress=200", 4, f"{NARFE}, Stage 5: up to there without a CDN"),
    ("users=2000,reads=1001", 6, f"{NARFE}, Stage 6: database read load above 1000 a second"),
    ("users=2000,reads=1000", 4, f"{NARFE}, Stage 6: up to there without a cache"),
    ("users=10000", 6, f"{NARFE}, Stage 7: traffic above 10K concurrent users; {FIFTY_K}, For 10,000 Users: caching"),
    ("users=10001", 7, f"{NARFE}, Stage 7: traffic above 10K concurrent users"),
]


@pytest.mark.parametrize(("load", "stage", "where"), RUNBOOKS)
def test_a_load_of_the_runbooks_is_carried_by_the_stage_that_they_name(load: str, stage: int, where: str) -> None:
    assert smallest(load, regions=REGIONS) == stage, where


@pytest.mark.parametrize(
    ("file", "stage"),
    [
        ("100-users", 1),
        ("400-users", 2),
        ("1000-users", 3),
        ("200-gb", 5),
        ("10000-users", 6),
        # FIFTY_K, For 50,000 Users: caching, jobs, CDN; NARFE, Stage 7: several regions. Three of them carry 30,000.
        ("50000-users", None),
        # NARFE, Stage 5 and 6: 40 GB and 900 reads a second are below both; 3,600 users are above stage 4's.
        ("api", 5),
    ],
)
def test_an_example_load_is_carried_by_its_stage(file: str, stage: int | None) -> None:
    assert smallest(str(ROOT / f"examples/loads/{file}.yaml"), regions=REGIONS) == stage


def test_fifty_thousand_users_are_carried_by_the_last_stage_with_more_instances() -> None:
    # A third each: 16,667 users make 33.3 thousand requests a minute, so 34 targets of 1,000 have to be left of three
    # zones: of 50, 33 are; of 51, 34.
    wants = demand_of("users=50000")
    found = changes(lambda sizes, judged: _made(7, sizes, judged=judged), wants)
    assert found is not None
    assert [str(one) for one in found] == ["ascent:fleet.maximum: raise from 30 to 51"]
    assert asked("users=50000", 7, fleet={"maximum": 51}).carried
    assert not asked("users=50000", 7, fleet={"maximum": 50}).carried


def _made(stage: int, sizes: Mapping[str, Mapping[str, Any]], *, judged: bool, **changed: Any) -> Settings:
    return parse(config(stage=stage, **{**changed, **sizes}), FILE, encrypted=SECRETS, judged=judged)


@pytest.mark.parametrize("runtime", ["ec2", "kubernetes"])
@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_carries_the_users_that_it_states_and_below_the_last_no_more(stage: int, runtime: str) -> None:
    regions = 3 if stage == 7 else 1
    users = STAGES[stage].users * regions
    few = f"users={users},egress=1,reads=1"
    assert asked(few, stage, runtime=runtime).carried
    more = asked(f"users={users * 1.01},egress=1,reads=1", stage, runtime=runtime)
    assert not more.carried
    name = {"ec2": "instances", "kubernetes": "pods"}[runtime] if stage == 7 else "users"
    assert more.first is not None
    assert more.first.resource.name == name


# Resource, need and limit of one region, and the limit with a zone lost; by hand.
# Stage 6, 9,000 users: 300 requests, 1,800 reads of which a cache saves 40 %, 90 writes a second.
# A read takes a millisecond of a vCPU and a write three; an ACU is a quarter of one, used to 80 %.
BY_HAND = [
    ("instances", 9000 * 2 / 1000, 30, 20),
    ("writer", 90 * 0.003 / 0.25 / 0.8, 64, 64),
    # Of nine instances over three zones three are lost, and one of the six that are left becomes the writer.
    ("readers", 1080 * 0.001 / 0.25 / 0.8, 8 * 64, 5 * 64),
    ("pool", (1080 + 90) * 0.020, 61, 61),
    # 61 of the pool, 10 workers with two each, five jobs, fifteen in reserve.
    ("connections", 61 + 20 + 5 + 15, 2000, 2000),
    ("balancer", 18, 1000, 1000),
    ("NAT", 300 * 10 * 8 / 1e6, 15, 10),
]


@pytest.mark.parametrize(("name", "need", "limit", "left"), BY_HAND)
def test_a_resource_is_what_a_person_works_out(name: str, need: float, limit: float, left: float) -> None:
    found = room(asked("users=9000", 6), name)
    whole, zone = found.levels[Lost.NOTHING], found.levels[Lost.ZONE]
    assert (whole.need, whole.limit) == pytest.approx((need, limit))
    assert (zone.need, zone.limit) == pytest.approx((need, left))
    assert found.factors[Lost.ZONE] == pytest.approx(left / need if name != "connections" else float("inf"), rel=0.06)


def test_without_readers_the_writer_answers_reads_up_to_a_lower_cpu() -> None:
    # 400 users: 80 reads and 4 writes a second; below the tuning of stage 3, 70 % of the CPU.
    need = (80 * 0.001 + 4 * 0.003) / 0.25
    assert level("users=400", 2, "writer").need == pytest.approx(need / 0.7)
    assert level("users=400", 3, "writer").need == pytest.approx(need / 0.8)
    assert "readers" not in {one.resource.name for one in asked("users=400", 3).rooms}


def test_where_the_last_reader_takes_the_writers_place_it_answers_reads_too() -> None:
    found = asked("users=400", 4, readers={"minimum": 1, "maximum": 1})
    assert Lost.ZONE not in room(found, "readers").levels
    levels = room(found, "writer").levels
    assert levels[Lost.ZONE].need - levels[Lost.NOTHING].need == pytest.approx(80 * 0.001 / 0.25 / 0.8)


def test_before_a_pooler_each_target_has_connections_of_its_own() -> None:
    # Two instances of 20 at least, five jobs and fifteen in reserve; 3,000 users need six.
    assert level("users=100", 1, "connections").need == 2 * 20 + 20
    assert level("users=3000", 1, "connections").need == 6 * 20 + 20
    assert "pool" not in {one.resource.name for one in asked("users=100", 1).rooms}


def test_pgbouncer_loses_one_of_its_two_pods_with_a_zone_and_rds_proxy_nothing() -> None:
    pods = room(asked("users=400", 2, runtime="kubernetes"), "pool").levels
    # 10 pods: 21 connections, 11 for each of two.
    assert (pods[Lost.NOTHING].limit, pods[Lost.ZONE].limit) == (22, 11)
    proxy = room(asked("users=400", 2), "pool").levels
    assert (proxy[Lost.NOTHING].limit, proxy[Lost.ZONE].limit) == (21, 21)


def test_nodes_hold_the_pods_of_the_load_with_those_of_an_update() -> None:
    # 3,000 users need six pods, of which an update adds two: each is alone on a node of 2 vCPUs and 4 GiB, as stage
    # 4's pods take one vCPU. Both colors may run; the system takes a node, and the four pods of the pooler one.
    found = asked("users=3000", 4, runtime="kubernetes", cluster={"apiCidrs": ["203.0.113.0/24"]})
    both, jobs = 2 * 8, room(asked("users=1", 4, runtime="kubernetes"), "nodes, CPU").levels[Lost.NOTHING].need
    assert level("users=3000", 4, "nodes, CPU", runtime="kubernetes").need - jobs == 2 * (both - 2 * 4)
    assert room(found, "nodes, CPU").levels[Lost.ZONE] == room(found, "nodes, CPU").levels[Lost.NOTHING]
    own = {"kubeconfig": "apiVersion: v1", "context": "team"}
    names = {one.resource.name for one in asked("users=100", 1, runtime="kubernetes", cluster=own).rooms}
    assert "nodes, CPU" not in names


def test_a_lost_region_leaves_its_users_to_the_others() -> None:
    # 30,000 users: ten thousand each, and fifteen with one of three lost: thirty targets of thirty.
    found = asked("users=30000", 7)
    levels = room(found, "instances").levels
    assert levels[Lost.NOTHING].need == pytest.approx(20)
    assert (levels[Lost.REGION].need, levels[Lost.REGION].limit) == pytest.approx((30, 30))
    assert (found.carried, found.regional) == (True, True)
    two = asked("users=20000", 7, regions=REGIONS[:2])
    assert (two.carried, two.regional) == (True, False)
    assert asked("users=100", 7, regions=REGIONS[:1]).regional is None
    assert asked("users=100", 6).regional is None


def test_the_color_with_most_of_the_traffic_is_the_first_to_be_full() -> None:
    image = "registry.example.com/app:1.0.0"
    colors = {"blue": {"image": image, "weight": 20}, "green": {"image": image, "weight": 80}}
    assert level("users=5000", 5, "instances", rollout=colors).need == pytest.approx(8)
    # Of each color, a fifth goes to pods.
    both = {**colors, "kubernetesShare": 20}
    assert level("users=5000", 5, "instances", runtime="both", rollout=both).need == pytest.approx(6.4)
    assert level("users=5000", 5, "pods", runtime="both", rollout=both).need == pytest.approx(1.6)


def test_writes_of_all_regions_are_the_writers() -> None:
    assert level("users=30000", 7, "writer").need == pytest.approx(300 * 0.003 / 0.25 / 0.8)
    assert level("users=30000,writes=900", 7, "writer", Lost.REGION).need == pytest.approx(900 * 0.003 / 0.25 / 0.8)


def test_regions_without_visitors_carry_nothing() -> None:
    assert supply(stack(7, drained=["eu-west-1"])).regions == 2


@pytest.mark.parametrize(
    ("changed", "absent"),
    [
        ({"externalDatabase": {"directUrl": "postgresql://a:b@c/d", "pooledUrl": "postgresql://a:b@c/d"}}, "writer"),
        (
            {"externalDatabase": {"directUrl": "postgresql://a:b@c/d", "pooledUrl": "postgresql://a:b@c/d"}},
            "connections",
        ),
    ],
)
def test_what_is_not_the_stacks_has_no_row(changed: dict[str, Any], absent: str) -> None:
    assert absent not in {one.resource.name for one in asked("users=100", 1, **changed).rooms}


def test_a_node_more_answers_looks_and_runs_all_that_is_kept() -> None:
    """Redis documentation, Replication: a replica runs each write again. By hand: a look and a write of each read."""
    looks = 10_000
    found = room(asked(f"users=9000,reads={looks}", 6, cache={"nodes": 6}), "cache")
    whole, zone = found.levels[Lost.NOTHING], found.levels[Lost.ZONE]
    assert (whole.need, whole.limit) == pytest.approx((looks + 6 * looks, 6 * 20_000))
    assert (zone.need, zone.limit) == pytest.approx((looks + 4 * looks, 4 * 20_000))
    # Each node has 20,000, of which the writes are one part and a sixth of the looks the other.
    assert found.factors[Lost.NOTHING] == pytest.approx(20_000 / (looks + looks / 6))
    # So no number of nodes carries more writes than one does.
    assert not room(asked("users=9000,reads=21000", 6, cache={"nodes": 6}), "cache").holds(Lost.NOTHING)


def test_a_global_datastore_runs_in_each_region_what_all_keep() -> None:
    found = level("users=9000,reads=9000", 7, "cache")
    nodes = STAGES[7].sizes.cache.nodes  # type: ignore[union-attr]
    assert found.need == pytest.approx(3000 + 9000 * nodes)


def test_a_cache_of_somebody_else_has_no_known_limit() -> None:
    found = room(asked("users=6000", 6, externalCache={"url": "rediss://cache.example.com:6379"}), "cache")
    assert found.levels[Lost.NOTHING].limit is None
    assert found.holds(Lost.NOTHING)
    assert found.as_dict(demand_of("users=6000"))["upTo"] is None
    chart = room(asked("users=6000", 6, runtime="kubernetes", cache={"inCluster": True}), "cache")
    assert chart.levels[Lost.NOTHING].limit is None


def test_a_cdn_takes_seven_tenths_off_the_load_balancer() -> None:
    assert level("users=3000,egress=1000", 4, "origin egress").need == 1000
    assert level("users=3000,egress=1000", 5, "origin egress").need == pytest.approx(300)
    assert level("users=3000,egress=1000", 5, "CDN") == Level(1000, None)


def test_one_nat_gateway_below_the_fourth_stage_and_one_a_zone_above() -> None:
    assert [level("users=100", stage, "NAT").limit for stage in (3, 4)] == [5, 15]
    assert [level("users=100", stage, "NAT", Lost.ZONE).limit for stage in (3, 4)] == [5, 10]


@profile(QUICK, max_examples=40)
@given(
    st.sampled_from(sorted(STAGES)),
    st.sampled_from(["ec2", "kubernetes", "both"]),
    st.floats(1, 1e5),
    st.floats(1, 50),
)
def test_needs_never_fall_when_the_load_grows(stage: int, runtime: str, users: float, factor: float) -> None:
    settings = stack(stage, runtime=runtime)
    has, wants = supply(settings), derived({"users": users})
    for one in RESOURCES:
        for lost in Lost:
            if lost is Lost.REGION and has.regions == 1:
                continue
            less, more = one.of(has, wants, lost), one.of(has, wants.times(factor), lost)
            assert (less is None) == (more is None), one.name
            if less is not None and more is not None:
                assert less.need <= more.need + 1e-9, one.name
                assert less.limit == more.limit, one.name


@profile(QUICK, max_examples=15)
@given(st.sampled_from(sorted(STAGES)), st.floats(1, 1e5))
def test_up_to_its_factor_a_load_is_carried_and_above_it_is_not(stage: int, users: float) -> None:
    settings, wants = stack(stage), derived({"users": users})
    found = answer(settings, wants)
    assert found.first is not None
    factor = found.first.factor
    assert found.carried == (factor >= 1 - 1e-9)
    assert answer(settings, wants.times(factor * 0.999)).carried
    assert not answer(settings, wants.times(factor * 1.001)).carried


@profile(QUICK, max_examples=6)
@given(st.floats(10_001, 90_000), st.sampled_from(["ec2", "kubernetes"]))
def test_what_the_advice_names_is_enough_and_a_step_less_is_not(users: float, runtime: str) -> None:
    wants = derived({"users": users})

    def make(sizes: Mapping[str, Mapping[str, Any]], *, judged: bool) -> Settings:
        return _made(7, sizes, judged=judged, runtime=runtime)

    found = changes(make, wants)
    assert found is not None
    if not found:
        assert answer(make({}, judged=False), wants).carried
        return
    sizes: dict[str, dict[str, Any]] = {}
    for one in found:
        section, _, key = one.key.removeprefix("ascent:").partition(".")
        sizes.setdefault(section, {})[key] = one.after
    assert answer(make(sizes, judged=True), wants).carried
    section, field = next((name, key) for name in ("fleet", "hpa") if name in sizes for key in sizes[name])
    less = {**sizes, section: {**sizes[section], field: sizes[section][field] - 1}}
    assert not answer(make(less, judged=False), wants).carried


def test_sizes_that_the_config_would_refuse_are_no_advice() -> None:
    # 40,000 users in each region, half of them for each color: 60 instances of each. All of them, with 20
    # connections each, are more than a replica takes.
    image = "registry.example.com/app:1.0.0"
    colors = {name: {"image": image, "weight": 50} for name in ("blue", "green")}
    wants = demand_of("users=120000,reads=9000")
    assert changes(lambda sizes, judged: _made(7, sizes, judged=judged, rollout=colors), wants) is None
    assert asked("users=120000,reads=9000", 7, rollout=colors, fleet={"maximum": 60}).carried


def test_where_no_size_is_enough_there_is_no_advice() -> None:
    def make(sizes: Mapping[str, Mapping[str, Any]], *, judged: bool, stage: int = 7) -> Settings:
        return _made(stage, sizes, judged=judged)

    # More than a hundred instances for each region, and a number at which the runbooks move up.
    assert changes(make, demand_of("users=500000")) is None
    assert changes(lambda sizes, judged: make(sizes, judged=judged, stage=3), demand_of("users=1001")) is None


@pytest.mark.parametrize(
    ("acus", "enough"),
    [
        # 3,000 reads a second reach the database: fifteen ACUs. With a zone lost, eight instances leave four readers.
        (4, {"ascent:readers.maximum": 7}),
        # Of the most readers, nine are left: of one ACU too few, of two enough.
        (1, {"ascent:readers.maximum": 15, "ascent:database.maxAcu": 2}),
    ],
)
def test_more_readers_come_before_larger_ones(acus: int, enough: dict[str, int]) -> None:
    sizes: dict[str, dict[str, Any]] = {
        "readers": {"minimum": 1, "maximum": 2},
        "database": {"minAcu": 0.5, "maxAcu": acus},
    }

    def make(more: Mapping[str, Mapping[str, Any]], *, judged: bool) -> Settings:
        both = {name: {**sizes.get(name, {}), **more.get(name, {})} for name in {*sizes, *more}}
        return _made(6, both, judged=judged)

    found = changes(make, demand_of("users=9000,reads=5000,writes=9"))
    assert found is not None
    assert {one.key: one.after for one in found} == enough


def test_users_are_rounded_down_and_a_number_that_a_table_states_stays() -> None:
    wants = demand_of("users=4000")
    assert users_at(wants, 2500 / 4000) == 2500
    assert users_at(wants, 0.99999) == 3999
    assert users_at(wants, float("inf")) is None


def test_every_resource_says_where_its_numbers_are_from() -> None:
    assert len({one.name for one in RESOURCES}) == len(RESOURCES)
    assert all(one.source for one in RESOURCES)
