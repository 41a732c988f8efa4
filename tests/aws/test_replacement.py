"""What the registry says cannot be changed, against what the catalog says the provider replaces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from catalog import tables
from tests.aws.shapes import registry_schema
from tests.aws.test_plans import planned, planned_places
from tests.aws.translate import Place

TABLE = Path(__file__).parent / "data" / "replacement.json"
# Types that the stand-in providers once changed in place, though the real one replaces them.
ONCE_MISSING = (
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter",
    "aws:ecs/cluster:Cluster",
    "aws:ecs/taskDefinition:TaskDefinition",
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
)


@cache
def _create_only(view: str) -> tuple[tuple[str, ...], ...]:
    paths = registry_schema(view).get("createOnlyProperties", ())
    return tuple(tuple(one.removeprefix("/properties/").replace("/items", "/*").split("/")) for one in paths)


def _fixed(view: str, place: Place) -> bool:
    """Whether the registry says that what is there, or what it is a part of, is given once."""
    at = [name for name in place.target if name != "*"]
    return any(at[: len(one)] == one for one in ([n for n in path if n != "*"] for path in _create_only(view)))


def _replaced(type_: str, path: str) -> bool:
    return any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in tables.replacement()[type_]["replace"])


def _differences() -> Iterator[tuple[str, str, str]]:
    for type_, found in planned_places().items():
        narrowed = {row["property"] for row in tables.replacement()[type_]["conditional"]}
        for path, views in found.items():
            registry = [(view, place) for view, place in views if view.startswith("AWS::")]
            # A condition is about more than the registry says.
            if not registry or any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in narrowed):
                continue
            fixed = any(_fixed(view, place) for view, place in registry)
            if fixed != _replaced(type_, path):
                yield type_, path, "AWS'" if fixed else "the provider's"


def test_every_planned_type_has_facts_about_replacement() -> None:
    assert {one.type for one in planned()} - set(tables.replacement()) == set()


@pytest.mark.parametrize("type_", ONCE_MISSING)
def test_the_facts_that_were_missing_are_there(type_: str) -> None:
    row = tables.replacement()[type_]
    assert row["replace"]
    assert row["source"].startswith("hashicorp/terraform-provider-aws internal/service/")


def test_the_registry_and_the_provider_differ_where_a_row_says_why() -> None:
    reasons = json.loads(TABLE.read_text(encoding="utf-8"))
    found = {(type_, path): whose for type_, path, whose in _differences()}
    assert sorted(found) == sorted((type_, path) for type_, row in reasons.items() for path in row)
    for (type_, path), whose in found.items():
        reason = reasons[type_][path]
        # `as PATH` gives the reason of another path.
        said = reasons[type_][reason.removeprefix("as ")] if reason.startswith("as ") else reason
        assert said.startswith(f"{whose}: "), (type_, path, said)
