"""The fitted sizes carry a stage's users, and nothing smaller does; docs/simulate.md says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from infra.config.models.runtime import Runtime
from ops.documents import simulate as document
from ops.simulate import fit
from ops.simulate.assumptions import Assumptions
from ops.simulate.fit import CPU_STEP, FittedStage, FittedStages, Fitting


@pytest.fixture
def fitting() -> Fitting:
    return Fitting("prod", 2, Runtime.EC2, Assumptions())


def test_what_is_fitted_is_as_small_as_it_may_be_and_in_the_document(fitting: Fitting) -> None:
    found = fitting.fit()
    assert found.holds
    assert fitting.carries(found.fitted)
    for one in fitting.wanted:
        smaller = [size for size in one.ladder(found.table[one.key], found.fitted) if size < found.fitted[one.key]]
        if smaller:
            assert not fitting.carries({**found.fitted, one.key: smaller[-1]}), one.key
    assert not fitting.carries(found.table, replace(Assumptions(), cpu_ms=found.cpu_ms * CPU_STEP))
    assert fitting.carries(found.table, replace(Assumptions(), cpu_ms=found.cpu_ms))
    row = document.row(found)
    assert f"| {' | '.join(map(str, row))} |" in document.DOCUMENT.path.read_text(), "run: make docs"


def _stage(**changes: Any) -> FittedStage:
    sizes = {"fleet.minimum": 2.0, "fleet.maximum": 4.0}
    return replace(
        FittedStage(
            stage=1,
            name="foundation",
            users=100,
            holds=True,
            table=sizes,
            fitted=sizes,
            cpu_ms=100,
            launch_lost=0,
            launch_minimum=2,
            table_usd=200,
            fitted_usd=200,
        ),
        **changes,
    )


def test_what_is_said_about_a_size() -> None:
    assert _stage().findings == []
    assert _stage(fitted={"fleet.minimum": 2.0, "fleet.maximum": 3.0}).findings == [
        "fleet.maximum larger than needed: 4, and 3 carries a day"
    ]
    assert _stage(fitted={"fleet.minimum": 2.0, "fleet.maximum": 6.0}, holds=False).findings == [
        "fleet.maximum too small: 4, and 6 carries a day"
    ]
    assert _stage(fitted={}, holds=False).findings == ["too small: four times the sizes do not carry the users"]


def test_a_launch_that_the_minimum_does_not_carry_is_said() -> None:
    (said,) = _stage(launch_minimum=3).findings
    assert said == "for a launch, the minimum is too small: 2, and 3 carries one"
    (said,) = _stage(launch_minimum=None).findings
    assert said == "for a launch, even the maximum is too small a minimum"


def test_the_table_of_a_stage_that_does_not_hold_is_a_no() -> None:
    assert FittedStages("prod", "ec2", (_stage(),)).holds
    assert not FittedStages("prod", "ec2", (_stage(), _stage(holds=False))).holds


def test_what_a_lost_zone_costs_at_any_size_does_not_count() -> None:
    assert not {"zone", "region", "failover"} & set(fit.FOR_WANT)
