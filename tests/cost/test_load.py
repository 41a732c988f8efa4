"""What a stack costs at a load: within the stage's range, never less for more, and the same as a person works out."""

from __future__ import annotations

import json
import math
from functools import cache
from typing import Any

import pytest
from hypothesis import Phase, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from infra.config.settings import Settings
from infra.stages import STAGES
from ops import cli
from ops.commands.cost_load import items
from ops.cost import Estimate, estimate
from ops.cost.break_even import SpotSaving, at_load, commitments, crossing, level_of, middle, spot
from ops.cost.hints import hints
from ops.cost.operating import operating_point
from ops.cost.prices import shipped
from ops.cost.span import CostSpan, exactly, total
from ops.demand import demand_of, derived
from ops.engine.render import RenderedStack
from tests.unit import configs
from tests.unit.runtime import built

QUICK = profile(deadline=None, phases=(Phase.explicit, Phase.generate))
HOURS = 730
# A day between all users and a twentieth of them, as a cosine: on average so much of the busiest hour.
AVERAGE = 0.525


@cache
def settings(stage: int, runtime: str = "ec2") -> Settings:
    return configs.settings(stage=stage, runtime=runtime)


@cache
def plan(stage: int, runtime: str = "ec2") -> RenderedStack:
    return RenderedStack(stage, "test", tuple(built(stage=stage, runtime=runtime, live=True).values()))


def at(stage: int, load: str, runtime: str = "ec2") -> Estimate:
    return at_load(plan(stage, runtime), settings(stage, runtime), demand_of(load))


def cost_of(found: Estimate, item: str, *, what: str | None = None, component: str | None = None) -> CostSpan:
    rows = [row for row in found.rows if row.item == item and what in (None, row.what)]
    return total(row.cost for row in rows if component in (None, row.component))


@QUICK
@given(st.sampled_from(sorted(STAGES)), st.sampled_from(["ec2", "both"]), st.floats(0.0, 1.0))
def test_a_load_of_the_stage_costs_no_less_and_no_more_than_the_stage_may(
    stage: int, runtime: str, part: float
) -> None:
    regions = len(settings(stage, runtime).active_regions)
    least = STAGES[stage - 1].users if stage > 1 else 1
    most = STAGES[stage].users * regions
    users = least + (most - least) * part
    found = at_load(plan(stage, runtime), settings(stage, runtime), derived({"users": users})).cost
    whole = estimate(plan(stage, runtime), settings(stage, runtime)).cost
    assert whole.low - 0.01 <= found.low <= found.high <= whole.high + 0.01


@QUICK
@given(
    st.sampled_from(sorted(STAGES)),
    st.sampled_from(["ec2", "both"]),
    st.sampled_from(["users", "requests", "reads", "writes", "egress"]),
    st.floats(1, 3e4),
    st.floats(1, 20),
)
def test_a_larger_load_never_costs_less(stage: int, runtime: str, field: str, amount: float, factor: float) -> None:
    def cost(value: float) -> CostSpan:
        found = at_load(plan(stage, runtime), settings(stage, runtime), derived({"users": 100, field: value}))
        assert all(0 <= row.cost.low <= row.cost.high + 1e-9 for row in found.rows)
        return found.cost

    less, more = cost(amount), cost(amount * factor)
    assert less.low <= more.low + 1e-6
    assert less.high <= more.high + 1e-6


@pytest.mark.parametrize("stage", STAGES)
def test_the_range_at_a_load_is_a_small_part_of_the_stages(stage: int) -> None:
    users = STAGES[stage].users
    found, whole = at(stage, f"users={users}").cost, estimate(plan(stage), settings(stage)).cost
    assert found.high - found.low < (whole.high - whole.low) / 2


@pytest.mark.parametrize("stage", [1, 4, 7])
def test_the_sums_are_one_sum(stage: int) -> None:
    found = at(stage, f"users={STAGES[stage].users}")
    for parts in (found.by_component.values(), found.by_region.values(), [one.cost for one in items(found)]):
        assert (total(parts).low, total(parts).high) == pytest.approx((found.low, found.high))
    largest = [one.cost.high for one in items(found)]
    assert largest == sorted(largest, reverse=True)


def test_instances_are_what_the_load_needs_between_the_bounds() -> None:
    # 8,000 requests a minute are eight instances; on average 4.2. Of stage 4's, three run at least and ten at most.
    price = 0.0725 * HOURS
    eight = cost_of(at(4, "users=4000"), "ec2.c7g.large", component="Fleet")
    assert (eight.low, eight.high) == pytest.approx((8 * AVERAGE * price, 8 * price))
    two = cost_of(at(4, "users=1000"), "ec2.c7g.large", component="Fleet")
    assert (two.low, two.high) == pytest.approx((3 * price, 3 * price))
    many = cost_of(at(4, "users=90000"), "ec2.c7g.large", component="Fleet")
    assert (many.low, many.high) == pytest.approx((10 * price, 10 * price))


def test_instances_that_do_not_run_wait_in_the_warm_pool_and_cost_their_disks() -> None:
    # Ten are prepared, and three wait at least: of eight that run at the most, and of 4.2 on average. 20 GB at 8 cents.
    found = cost_of(at(4, "users=4000"), "ec2.gp3", component="Fleet")
    assert (found.low, found.high) == pytest.approx((10 * 20 * 0.08, (8 + 3) * 20 * 0.08))


def test_capacity_units_are_what_the_statements_take() -> None:
    # Reads go to one reader: 4,000 reads a second of a millisecond are 4 / 0.25 / 0.8 ACUs; at best of a quarter, in an
    # average hour. Ten writes of three milliseconds stay below the writer's two ACUs.
    found = at(4, "users=100,reads=4000,writes=10")
    reader = CostSpan(4 * 0.25 * AVERAGE / 0.25 / 0.8, 4 / 0.25 / 0.8)
    price = 0.12 * HOURS
    cost = cost_of(found, "aurora.acu-hour")
    assert (cost.low, cost.high) == pytest.approx(((2 + reader.low) * price, (2 + reader.high) * price))


def test_readers_are_no_smaller_than_the_writer() -> None:
    # 2,000 writes of three milliseconds: thirty ACUs of the writer, and of the reader that would take its place. At the
    # least of three quarters of a millisecond, in an average hour.
    cost = cost_of(at(4, "users=100,writes=2000"), "aurora.acu-hour")
    least = 2000 * 0.75e-3 * AVERAGE / 0.25 / 0.8
    assert (cost.low, cost.high) == pytest.approx((2 * least * 0.12 * HOURS, 2 * 30 * 0.12 * HOURS))


def test_a_reader_comes_when_those_that_are_there_are_full() -> None:
    # 64 ACUs of reads, of which one reader has 32. The first is one of the declared, the second was added.
    found = at(4, "users=100,reads=12800,writes=1")
    added = [row.cost for row in found.rows if row.what == "added readers"]
    assert total(added).high == pytest.approx(32 * 0.12 * HOURS)
    assert not [row for row in at(4, "users=100,reads=6400").rows if row.what == "added readers" and row.cost.high]


def test_readers_are_whole_and_a_range_begins_below_its_end() -> None:
    # Of 168,000 reads a second, 100,800 reach the database: 504 ACUs at the most, for which eight readers of 64 come,
    # each with 63 of them. At the least 66 ACUs, so that one reader is full and a second has begun.
    point = operating_point(configs.settings(stage=6, readers={"minimum": 1}), demand_of("users=9000,reads=168000"))
    assert point.spans["readers", ""].high == 8
    assert point.spans["readers", ""].low == pytest.approx(100_800 * 0.25e-3 * AVERAGE / 0.25 / 0.8 / 64)
    added = point.spans["acus", "added"]
    assert added.low == pytest.approx(64)
    assert added.high == pytest.approx(64)


def test_before_the_replicas_the_writer_and_its_standby_take_all() -> None:
    # 1,000 reads: 1 / 0.25 / 0.7 ACUs of the writer, and as many of the standby.
    cost = cost_of(at(2, "users=100,reads=1000,writes=0"), "aurora.acu-hour")
    assert cost.high == pytest.approx(2 * 1 / 0.25 / 0.7 * 0.12 * HOURS)


def test_what_is_given_is_exact_and_what_is_derived_has_the_assumptions_range() -> None:
    def egress(load: str) -> CostSpan:
        rows = [row for row in at(4, load).rows if row.item == "transfer.internet-gb" and row.what == "egress"]
        return total(row.cost for row in rows)

    assert egress("users=2000,egress=500") == CostSpan(500 * 0.09, 500 * 0.09)
    derived_one = egress("users=2000")
    assert (derived_one.low, derived_one.high) == pytest.approx((2000 * 0.045 * 0.09, 2000 * 0.08 * 0.09))


def test_writes_that_are_given_are_what_a_global_database_copies() -> None:
    # Three regions, two of which get a copy of each write: 100 a second, around the clock at the most.
    found = cost_of(at(7, "users=9000,writes=100"), "aurora.replicated-io")
    most = 100 * 3600 * HOURS * 2 * 0.2 / 1e6
    assert (found.low, found.high) == pytest.approx((most * AVERAGE, most))


def test_logs_follow_the_requests_and_not_the_users() -> None:
    # A kilobyte for each of 50 requests a second.
    found = cost_of(at(1, "users=100,requests=50"), "cloudwatch.logs-gb", component="AppLogs")
    assert found.high == pytest.approx(50 * 3600 * HOURS * 1e-6 * 0.5)


def test_workers_follow_the_messages() -> None:
    point = operating_point(settings(6), demand_of("users=6000"))
    # 750 messages of each user in a month of 2,628,000 seconds, five seconds each: nine workers.
    assert point.spans["workers", ""].high == math.ceil(6000 * 750 * 5 / 2_628_000) == 9
    assert ("workers", "") not in operating_point(settings(5), demand_of("users=5000")).spans


def test_workers_cost_what_their_messages_need() -> None:
    # At most nine, as above, and one at least, each with a disk of 20 GB at 8 cents.
    found = cost_of(at(6, "users=6000"), "ec2.gp3", component="Workers")
    assert (found.low, found.high) == pytest.approx((20 * 0.08, 9 * 20 * 0.08))


def test_pods_cost_the_nodes_that_they_need() -> None:
    few, many = (at(4, load, "kubernetes") for load in ("users=1000", "users=4000"))
    assert cost_of(many, "ec2.gp3", what="disks of nodes").high > cost_of(few, "ec2.gp3", what="disks of nodes").high


def test_a_database_of_somebody_else_has_no_capacity_units() -> None:
    url = "postgresql://a:b@c/d"
    theirs = configs.settings(externalDatabase={"directUrl": url, "pooledUrl": url})
    assert not [key for key in operating_point(theirs, demand_of("users=9")).spans if key[0] == "acus"]


def test_a_level_is_there_in_the_share_of_the_hours_that_it_says() -> None:
    assert (level_of(1), level_of(0)) == pytest.approx((0.05, 1))
    # The middle of the day, by the cosine: half of the hours are above it.
    assert level_of(0.5) == pytest.approx(AVERAGE)
    hours = [0.05 + 0.95 * (1 - math.cos(math.tau * minute / 1440)) / 2 for minute in range(1440)]
    for share in (0.54, 0.65, 0.73):
        assert sum(one >= level_of(share) for one in hours) / 1440 == pytest.approx(share, abs=0.002)


def test_a_commitment_pays_from_the_hours_that_its_discount_leaves() -> None:
    found = {one.name: one for one in commitments(plan(4), settings(4), demand_of("users=4000"))}
    one = found["compute-savings-plan-1y"]
    # 27 % off: 73 % of the hours, or 8.76 of twelve months.
    assert (one.utilization, one.months) == pytest.approx((0.73, 8.76))
    assert found["compute-savings-plan-3y"].months == pytest.approx(36 * 0.54)
    # In 73 % of the hours, at least 21 % of eight instances are needed: the minimum of three runs. Jobs on Fargate run
    # for minutes a day, and are no part of it.
    assert one.base == pytest.approx(3 * 0.0725 * HOURS)
    assert one.saves == pytest.approx(one.base * 0.27)
    # Bought in dollars an hour of the discounted price: three instances of 0.0725 less 27 %.
    assert one.commits == pytest.approx(3 * 0.0725 * 0.73)
    assert one.commits is not None
    assert one.commits * HOURS + one.saves == pytest.approx(one.base)
    assert one.date
    assert one.source
    saving = [each.saves for each in found.values() if each.share is not None]
    assert saving == sorted(saving, reverse=True)
    assert "elasticache-reserved-1y" not in found


def test_a_commitment_without_a_price_says_so_and_invents_none() -> None:
    (one,) = (each for each in commitments(plan(4), settings(4), demand_of("users=4000")) if each.share is None)
    assert "provisioned classes only" in one.reason
    assert (one.utilization, one.months, one.saves) == (None, None, 0)


def test_a_cache_can_be_reserved_and_the_fee_of_auto_mode_cannot() -> None:
    found = {one.name: one for one in commitments(plan(6), settings(6), demand_of("users=9000"))}
    # Two nodes run whatever the load is.
    assert found["elasticache-reserved-1y"].base == pytest.approx(2 * 0.1264 * HOURS)
    assert found["elasticache-reserved-1y"].commits is None
    pods = {one.name: one for one in commitments(plan(4, "both"), settings(4, "both"), demand_of("users=4000"))}
    quiet = at_load(plan(4, "both"), settings(4, "both"), demand_of("users=4000").times(level_of(0.73)), exactly(1))
    fee = total(row.cost for row in quiet.rows if row.what.startswith("Auto Mode fee"))
    hourly = [row for row in quiet.rows if row.item.startswith("ec2.") and row.item != "ec2.gp3"]
    assert fee.low > 0
    assert pods["compute-savings-plan-1y"].base == pytest.approx(total(row.cost for row in hourly).low - fee.low)


def test_the_hint_to_commit_leaves_the_fee_of_auto_mode_out_too() -> None:
    found = estimate(plan(4, "kubernetes"), settings(4, "kubernetes"))
    nodes = [row for row in found.rows if row.item.startswith("ec2.") and row.what.startswith("nodes, ")]
    (hint,) = (one for one in hints(found) if one.source == "AWS Compute Savings Plans" and "one year" in one.text)
    assert hint.saves.low == pytest.approx(total(row.cost for row in nodes).low * 0.27)


def test_what_is_on_spot_is_no_part_of_a_savings_plan() -> None:
    wants = demand_of("users=20000")
    found = {one.name: one for one in commitments(plan(6), settings(6), wants)}
    # In 73 % of the hours nine instances run, of which four are not on Spot whatever comes.
    steady = at_load(plan(6), settings(6), wants.times(level_of(0.73)), exactly(1)).rows
    paid = [row for row in steady if row.what == "on demand"]
    assert total(row.cost for row in steady if row.what == "spot").low > 0
    assert found["compute-savings-plan-1y"].base == pytest.approx(total(row.cost for row in paid).low)


def test_spot_saves_on_what_is_above_the_minimum() -> None:
    share = shipped().discounts["spot"].share
    unused = spot(plan(4), settings(4), demand_of("users=4000"))
    assert (unused.used, unused.above) == (False, 3)
    assert (unused.saves.low, unused.saves.high) == pytest.approx((0, 5 * 0.0725 * HOURS * share))
    assert spot(plan(4), settings(4), demand_of("users=1000")).saves.high == 0
    used = spot(plan(6), settings(6), demand_of("users=9000"))
    assert used.used
    assert used.saves.high > 0


def test_spot_is_nothing_for_a_stack_of_pods_alone() -> None:
    found: SpotSaving = spot(plan(4, "kubernetes"), settings(4, "kubernetes"), demand_of("users=4000"))
    assert (found.above, found.saves.high) == (None, 0)


@pytest.mark.parametrize(
    ("second", "least", "users"),
    [
        (lambda users: 500 + users, 1, 500),
        (lambda users: 1 + users, 1, 1),
        (lambda users: 9000 + users, 1, None),
        (lambda users: 500 + users, 600, 600),
    ],
)
def test_a_crossing_is_where_the_second_begins_to_cost_less(second: Any, least: float, users: float | None) -> None:
    found = crossing(lambda users: 2 * users, second, least, 1000)
    assert found == (None if users is None else pytest.approx(users, abs=0.01))


def test_ways_are_compared_by_the_middle_of_their_range() -> None:
    assert middle(CostSpan(10, 30)) == 20


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["cost", *arguments], env={"COLUMNS": "80", "NO_COLOR": "1"})


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    result = _run("--stack", "prod", "--stage", "2", "--load", "users=400,egress=18", "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_the_document_is_complete(document: dict[str, Any]) -> None:
    assert (document["stack"], document["stage"], document["runtime"], document["carried"]) == ("prod", 2, "ec2", True)
    assert document["stageRange"]["low"] <= document["low"] <= document["high"] <= document["stageRange"]["high"]
    assert sum(one["high"] for one in document["items"]) == pytest.approx(document["high"], abs=0.5)
    assert document["load"]["egress"] == {"value": 18, "unit": "GB/month", "given": True, "from": "given"}
    ways = {one["runtime"]: one for one in document["runtimes"]}
    assert ways["ec2"]["low"] == document["low"]
    # The stack has no cluster, and says so.
    assert ways["kubernetes"]["low"] is None
    assert "ascent:cluster: missing" in ways["kubernetes"]["refused"]
    assert {one["paysFromMonths"] for one in document["commitments"] if one["share"] == 0.27} == {8.76}
    assert document["warnings"] == []


def test_people_get_the_range_the_items_and_what_would_cost_less() -> None:
    result = _run("--stack", "prod", "--stage", "2", "--load", "users=400")
    said = " ".join(result.stdout.split())
    assert "at this load; $354 to $2,153 from least to most" in said
    for words in (
        "aurora.acu-hour",
        "total",
        "(this one)",
        "Spot would save",
        "73% 8.8 of 12",
        "concurrent users given",
    ):
        assert words in said
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "more --details shows them" in said
    assert (
        "--details shows them" not in _run("--stack", "prod", "--stage", "2", "--load", "users=400", "--details").stdout
    )


def test_a_load_that_the_stage_does_not_carry_is_priced_with_a_warning() -> None:
    result = _run("--stack", "prod", "--stage", "1", "--load", "users=400")
    assert result.exit_code == 0
    assert "Stage 1 does not carry this load: 100 users at the most." in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--load", "users=-4"), "--load: users: given '-4'"),
        (("--load", "users=4", "--from", "1"), "--from: not with --load"),
        (("--load", "users=4", "--region", "us-east-1"), "--region: not with --load"),
    ],
)
def test_bad_input_is_refused_before_anything_is_rendered(arguments: tuple[str, ...], said: str) -> None:
    result = _run("--stack", "prod", "--stage", "2", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
