"""AWS' own models take every resource of every plan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from infra.stages import STAGES
from ops.engine.recorder import Recorded
from tests.aws import judge
from tests.aws.inputs import Found, places
from tests.aws.judge import Planned, distinct
from tests.aws.judges import names, totals
from tests.aws.judges.alarms import METRICS
from tests.aws.plans import plans
from tests.aws.translate import UntranslatedError, rows, translated

FEWEST = 40  # plans: the shipped stacks at their stages, each runtime, and a stranger's


@cache
def _everything() -> tuple[tuple[str, tuple[Recorded, ...]], ...]:
    return tuple(plans())


@cache
def planned() -> tuple[Planned, ...]:
    """Each distinct resource of AWS, of any plan."""
    return tuple(distinct(_everything()))


@cache
def planned_places() -> dict[str, Found]:
    """Where each of their inputs is in AWS' models."""
    return places(planned())


def test_there_is_a_plan_of_every_stage_and_of_all_that_a_stack_can_have() -> None:
    names_ = [name for name, _ in _everything()]
    assert len(names_) == len(set(names_)) >= FEWEST
    for stack in ("prod", "sandbox", "staging"):
        assert {f"{stack} at {stage}" for stage in STAGES} <= set(names_)
    assert sum(name.startswith("dev at") for name in names_) == 4


def test_aws_takes_every_resource_of_every_plan() -> None:
    found = sorted({f"{one}: {finding}" for one, finding in judge.findings(planned())})
    assert found == []


def test_aws_takes_every_name_that_is_made_from_a_resource_s_own() -> None:
    every = {(one.type, one.name): one for _, found in _everything() for one in found if _is_of_aws(one)}
    assert len({one.type for one in every.values() if names.property_of(one.type)}) > 30
    told = sorted(f"{one.type} {one.name}: {said}" for one in every.values() for said in _of_name(one))
    assert told == []


def _of_name(one: Recorded) -> Iterator[str]:
    yield from map(str, names.findings(one.type, one.name, dict(one.inputs)))


def test_no_thing_has_more_than_aws_takes_of_what_belongs_to_it() -> None:
    told = sorted({f"{name}: {said}" for name, found in _everything() for said in totals.findings(found)})
    assert told == []


@pytest.mark.parametrize("limit", totals.limits(), ids=lambda limit: str(limit["what"])[:40])
def test_one_more_than_aws_takes_is_seen(limit: totals.Limit) -> None:
    one = next(one for _, found in _everything() for one in found if one.type == limit["type"])
    size = limit["most"] // 2 + 1 if "characters" in limit else 1
    inputs = {**one.inputs, limit["of"]: "owner", limit.get("characters", limit["of"]): "owner"}
    if "characters" in limit:
        inputs[limit["characters"]] = "x " * size
    inputs.pop("prefixListId", None)
    many = [replace(one, inputs=inputs)] * (limit["most"] // size + 1)
    assert list(totals.findings(many[:-1])) == []
    (said,) = totals.findings(many)
    assert limit["what"] in said.message
    assert limit["document"].strip()


def _is_of_aws(one: Recorded) -> bool:
    return one.custom and one.type.startswith("aws:")


def test_every_planned_type_is_translated_or_says_why_not_and_no_row_is_left_over() -> None:
    types = {one.type for one in planned()}
    assert types == set(rows())
    assert {type_ for type_, row in rows().items() if not row.get("views")} == {
        "aws:acm/certificateValidation:CertificateValidation",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    }
    assert all(row.get("views") or row["reason"] for row in rows().values())
    with pytest.raises(UntranslatedError, match=r"aws:glue/job:Job: tests/aws/translation has no row"):
        list(translated("aws:glue/job:Job", {}))


def test_the_dimensions_of_each_metric_come_from_a_document() -> None:
    table = json.loads(METRICS.read_text(encoding="utf-8"))
    for namespace, found in table.items():
        for row in found:
            assert row["document"].strip(), namespace
            assert row["metrics"] == sorted(set(row["metrics"])), namespace
