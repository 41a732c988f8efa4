"""The rules against bills that others published, and against a stack's bill that was worked out by hand."""

from __future__ import annotations

import pytest

from infra.config.settings import Settings
from ops.cost import Estimate, estimate
from ops.cost.published import EXAMPLES, Example
from ops.engine.render import RenderedStack
from tests.unit import configs
from tests.unit.runtime import built


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.what)
def test_published_bills_come_out_within_their_own_rounding(example: Example) -> None:
    assert abs(example.error) <= example.within, f"{example.what}: {example.ours():.2f}, published {example.published}"


def _estimate(stage: int) -> Estimate:
    settings: Settings = configs.settings(stage=stage, runtime="ec2")
    plan = RenderedStack(stage, "test", tuple(built(stage=stage, runtime="ec2").values()))
    return estimate(plan, settings)


# What runs around the clock whoever comes, from counts in docs/ and the stage table, times list prices of us-east-1:
# stage, item, quantity in the price's unit, unit price.
BILLS = {
    1: {
        "ec2.t4g.small": 2 * 730 * 0.0168,
        "ec2.gp3": 2 * 20 * 0.08,
        "vpc.nat-hour": 1 * 730 * 0.045,
        "alb.hour": 730 * 0.0225,
        "aurora.acu-hour": 0.5 * 730 * 0.12,
        "vpc.public-ipv4": (3 + 3) * 730 * 0.005,
    },
    4: {
        "ec2.c7g.large": 3 * 730 * 0.0725,
        "vpc.nat-hour": 3 * 730 * 0.045,
        "alb.hour": 730 * 0.0225,
        "aurora.acu-hour": 2 * 2 * 730 * 0.12,
        "rds-proxy.acu-hour": 8 * 730 * 0.015,
    },
    6: {
        "vpc.nat-hour": 3 * 730 * 0.045,
        "elasticache.valkey.m7g.large": 2 * 730 * 0.158 * 0.8,
        "aurora.acu-hour": 3 * 4 * 730 * 0.12,
        "rds-proxy.acu-hour": 3 * 4 * 730 * 0.015,
    },
}


@pytest.mark.parametrize("stage", BILLS)
def test_the_least_of_a_stage_is_what_a_person_works_out(stage: int) -> None:
    found = _estimate(stage)
    ours = {key: sum(row.cost.low for row in found.rows if row.item == key) for key in BILLS[stage]}
    assert ours == pytest.approx(BILLS[stage], rel=0.001)
