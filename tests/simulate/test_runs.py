"""Whole simulations: the same as second by second, nothing lost on the way, and more is never worse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.simulated import plainly
from ops.simulate.assumptions import Assumptions
from ops.simulate.run import SimulatedRun
from ops.simulate.serving import LossTimes
from ops.simulate.simulation import simulate
from ops.simulate.stack import SimulatedStack
from ops.simulate.traffic import TrafficCurve
from tests.simulate.stacks import database, fleet, pods, stack

STACKS = {
    "instances": stack(),
    "a warm pool and readers": stack(instances=fleet(minimum=3, warm=3), data=database(acus=(1, 16), readers=(1, 4))),
    "pods": stack(on_pods=pods(nodes=6), data=database(acus=(0.5, 8))),
    "both, in three regions": stack(
        instances=fleet(share=0.6),
        on_pods=pods(share=0.4, each_node=2),
        data=database(readers=(2, 5), cached=True),
        regions=3,
    ),
    "a provisioned database": stack(data=database(acus=(8, 8), readers=(1, 2), instance_class="db.r7g.large")),
}
# Pieces of a load: so long, with so many requests a second. Of next to none, sums are what floats round them to.
PIECES = st.lists(
    st.tuples(st.sampled_from([1, 17, 60, 300, 600, 901, 1800]), st.integers(0, 400) | st.floats(0.001, 400)),
    min_size=1,
    max_size=8,
)
MOMENTS = st.none() | st.integers(0, 5400)


def _curve(pieces: list[tuple[int, float]]) -> TrafficCurve:
    rates = np.concatenate([np.full(length, float(rate)) for length, rate in pieces])
    return TrafficCurve("pieces", np.append(rates, np.zeros(-len(rates) % 60)))


def _run(one: SimulatedStack, rate: float, *, seconds: int = 3600, zone: int | None = None) -> SimulatedRun:
    return simulate(one, TrafficCurve("even", np.full(seconds, rate)), Assumptions(), LossTimes(zone=zone))


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(STACKS)), PIECES, MOMENTS, MOMENTS, st.sampled_from([20.0, 50.0, 84.0]))
@example("both, in three regions", [(60, 1)], 0, None, 20.0)  # a zone's pods are missed after the last look
def test_it_is_what_a_loop_over_the_seconds_gives(
    name: str, pieces: list[tuple[int, float]], zone: int | None, region: int | None, cpu_ms: float
) -> None:
    curve, numbers = _curve(pieces), Assumptions(cpu_ms=cpu_ms)
    lost = LossTimes(zone=zone, region=region)
    fast = simulate(STACKS[name], curve, numbers, lost)
    slow = plainly(STACKS[name], curve.rates.tolist(), numbers, lost)
    near = max(slow.totals["arrived"], 1) * 1e-9
    assert fast.totals == pytest.approx(slow.totals, rel=1e-7, abs=near)
    assert fast.dropped == pytest.approx(slow.dropped, rel=1e-6, abs=near)
    for column in ("served", "p95", "readers", "writer", "instances", "pods"):
        if column in fast.minutes:
            assert fast.minutes[column].tolist() == pytest.approx(getattr(slow, column), rel=1e-6, abs=near)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(STACKS)), PIECES, MOMENTS, MOMENTS)
def test_what_arrives_is_served_or_dropped(
    name: str, pieces: list[tuple[int, float]], zone: int | None, region: int | None
) -> None:
    curve = _curve(pieces)
    run = simulate(STACKS[name], curve, Assumptions(), LossTimes(zone=zone, region=region))
    arrived = curve.rates.sum()
    assert run.totals["arrived"] == pytest.approx(arrived)
    assert run.totals["served"] + sum(run.dropped.values()) == pytest.approx(arrived, abs=1e-6)
    assert min([run.totals["served"], *run.dropped.values()]) >= 0
    minutes = run.minutes
    assert (minutes["served"] + minutes["dropped"]).tolist() == pytest.approx(minutes["arrived"].tolist(), abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(PIECES, st.integers(1, 6), st.sampled_from([1.0, 4.0, 16.0]), st.integers(1, 3))
def test_more_of_anything_never_drops_more(
    pieces: list[tuple[int, float]], count: int, acus: float, readers: int
) -> None:
    curve = _curve(pieces)

    def dropped(instances: int, most: float, reading: int) -> float:
        made = stack(
            instances=fleet(minimum=instances, maximum=instances),
            data=database(acus=(most, most), readers=(reading, reading)),
        )
        return sum(simulate(made, curve, Assumptions(), LossTimes()).dropped.values())

    least = dropped(count, acus, readers)
    nothing = max(curve.rates.sum(), 1) * 1e-9
    assert dropped(count + 1, acus, readers) <= least + nothing
    assert dropped(count, acus * 2, readers) <= least + nothing
    assert dropped(count, acus, readers + 1) <= least + nothing


def test_what_two_instances_take_at_most() -> None:
    # 2 vCPUs at 50 ms are 40 requests a second each. The first minute of 100 a second drops 20 of them in each.
    run = _run(stack(instances=fleet(maximum=2)), 100.0, seconds=60)
    assert run.dropped["fleet"] == pytest.approx(60 * (100 - 80))
    assert (run.reached["fleet"].first, run.reached["fleet"].seconds) == (0, 60)


def test_a_lost_zone_costs_its_share_until_it_is_seen() -> None:
    # Three instances, one in each zone: a third of 30 a second, for three checks 30 s apart.
    run = _run(stack(instances=fleet(minimum=3)), 30.0, zone=1200)
    assert run.dropped["zone"] == pytest.approx(10 * 90)
    # Nobody takes statements for a minute: all reads and writes of those that reach an instance. 20 a second do.
    assert run.dropped["failover"] == pytest.approx(20 * 60)


def test_without_a_standby_a_lost_zone_costs_ten_minutes() -> None:
    alone = replace(database(), standby=False)
    run = _run(stack(instances=fleet(minimum=3), data=alone), 30.0, zone=1200)
    assert run.dropped["failover"] == pytest.approx(20 * 90 + 30 * (600 - 90))


def test_a_lost_region_is_taken_over_by_the_others_when_the_monitors_see_it() -> None:
    regions = stack(instances=fleet(minimum=6), data=database(acus=(8, 64), readers=(2, 4)), regions=3)
    run = simulate(regions, TrafficCurve("even", np.full(3600, 90.0)), Assumptions(), LossTimes(region=1200))
    assert run.dropped["region"] == pytest.approx(30 * 90)
    # A fifth of the requests write, and find no writer until somebody has decided (900 s) and it is promoted (60 s).
    # For 90 of these seconds two thirds of all requests reach a region, then all of them.
    assert run.dropped["failover"] == pytest.approx(0.2 * (60 * 90 + 90 * (900 + 60 - 90)))


def test_a_stack_in_one_region_is_gone_with_it() -> None:
    lost = LossTimes(region=1200)
    run = simulate(stack(), TrafficCurve("even", np.full(3600, 20.0)), Assumptions(), lost)
    assert run.dropped["region"] == pytest.approx(20 * 2400)
    assert run.totals["served"] == pytest.approx(20 * 1200)


def test_a_cache_takes_reads_from_the_readers() -> None:
    with_, without = (
        _run(stack(data=database(acus=(1, 64), readers=(1, 1), cached=cached)), 30.0) for cached in (True, False)
    )
    # 30 a second, of which 80 % read, six statements of 5 ms each, at 70 % of a quarter vCPU a unit.
    needed = 30 * 0.8 * 6 * 0.005 / (0.25 * 0.7)
    assert without.minutes["reader"][-1] == pytest.approx(needed)
    assert with_.minutes["reader"][-1] == pytest.approx(needed * 0.55)
