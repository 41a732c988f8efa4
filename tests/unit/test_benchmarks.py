"""The floor of the benchmarks is a program that runs and asks for as much as ours."""

from __future__ import annotations

from benchmarks import flat
from infra.stages import STAGES
from tests.unit.runtime import built, record


def test_the_flat_program_is_one_at_every_stage() -> None:
    for stage in STAGES:
        compile(flat.program([*built(stage=stage, runtime="both", live=True).values()]), "flat", "exec")


def test_the_flat_program_asks_for_as_many_resources_of_each_type() -> None:
    ours = [one for one in built(stage=4, live=True).values() if one.custom]
    flat_one = record(lambda: exec(flat.program(ours), {}))  # noqa: S102  that is what it is for
    given = {"aws:ec2/eip:Eip"}  # one more, whose id stands for all that is unknown
    for type_ in {one.type for one in ours}:
        count = sum(one.type == type_ for one in flat_one.values())
        assert count == sum(one.type == type_ for one in ours) + (type_ in given), type_
