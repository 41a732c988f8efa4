"""Every planted fault is seen, by those who are expected to: a judge that sees nothing would pass any plan."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cache

import pytest

from tests.aws import judge
from tests.aws.faults import Fault, faults, planted
from tests.aws.judges.model import OWN, PUBLISHED
from tests.aws.test_plans import planned

FEWEST = 100
# Of all faults, those that AWS' published data alone see, those that the project's own rows alone see, and both.
SPLIT = {"AWS": 146, "own": 40, "both": 44}


@cache
def _seen() -> list[tuple[Fault, tuple[str, ...]]]:
    pairs = list(planted(faults(), planned()))
    seen: dict[int, set[str]] = defaultdict(set)
    for one, finding in judge.findings(one for _, one in pairs):
        seen[id(one)].add(finding.source)
    return [(fault, tuple(sorted(seen[id(one)]))) for fault, one in pairs]


def test_every_fault_is_seen_by_those_who_can_see_it() -> None:
    assert [f"{one}: {', '.join(seen)}" for one, seen in _seen() if seen != one.seen_by] == []
    assert [str(one) for one in faults() if not one.seen_by] == []


@pytest.mark.parametrize(
    ("type_", "path", "size"),
    [
        ("aws:ec2/launchTemplate:LaunchTemplate", "instanceType", "u-24tb1.112xlarge"),
        ("aws:rds/clusterInstance:ClusterInstance", "instanceClass", "db.x2g.16xlarge"),
    ],
)
def test_a_size_that_another_region_has_is_seen_where_it_is_not_offered(type_: str, path: str, size: str) -> None:
    one = next(one for one in planned() if one.type == type_ and path in one.inputs)
    sized = [replace(one, region=region, inputs={**one.inputs, path: size}) for region in ("us-east-1", "af-south-1")]
    assert {(told.region, finding.source) for told, finding in judge.findings(sized)} == {("af-south-1", "rules")}


def test_there_are_enough_of_them_and_aws_own_data_see_most() -> None:
    split = {"AWS": 0, "own": 0, "both": 0}
    for one in faults():
        published = not set(one.seen_by).isdisjoint(PUBLISHED)
        split["AWS" if OWN not in one.seen_by else "both" if published else "own"] += 1
    assert split == SPLIT
    assert sum(split.values()) >= FEWEST


def test_each_source_sees_what_no_other_does() -> None:
    alone = {one.seen_by[0] for one in faults() if len(one.seen_by) == 1}
    assert {*PUBLISHED, OWN} - alone <= {"registry"}  # cfn-lint reads the same schemas
    assert any(one.seen_by == ("calls", "registry") for one in faults())
    assert len({one.type for one in faults()}) > 50
