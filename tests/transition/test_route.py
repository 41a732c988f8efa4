"""Moves are compiled into updates of which each is legal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import stages
from infra.config.problems import SettingsError
from infra.stages import STAGES
from ops import stackfile
from ops.cost.by_hand import resource
from ops.engine.render import RenderedStack, render
from ops.transition.route import Planner, RouteStep, broken, nested, pairs, shortest
from ops.transition.update_constraints import CACHE, CLUSTER, DATASTORE, GLOBAL_CLUSTER, GROUP, UPDATE_CONSTRAINTS, Pair

NODES = range(7)
Relation = frozenset[tuple[int, int]]
RELATIONS = st.frozensets(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)))


@given(legal=RELATIONS, start=st.sampled_from(NODES), goal=st.sampled_from(NODES), order=st.permutations(NODES))
def test_a_way_begins_and_ends_right_is_legal_and_none_is_shorter(
    legal: Relation, start: int, goal: int, order: list[int]
) -> None:
    way = shortest(start, goal, order, lambda one, other: (one, other) in legal)
    assert way == shortest(start, goal, order, lambda one, other: (one, other) in legal)
    distance = _distance(legal, start, goal)
    assert len(way) == (distance or 0)
    if way:
        assert way[-1] == goal
        assert all(step in legal for step in pairwise((start, *way)))
        assert len({start, *way}) == len(way) + (start != goal)


def _distance(legal: Relation, start: int, goal: int) -> int | None:
    """Worked out in another way: by what is reached within so many updates."""
    reached = {start}
    for count in range(len(NODES)):
        if goal in reached:
            return count
        reached |= {other for one, other in legal if one in reached}
    return None


def pair(type_: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Pair:
    return Pair(urn=type_, type=type_, before=before, after=after)


WARM, MIXED, PLAIN = {"warmPool": {}, "minSize": 1}, {"mixedInstancesPolicy": {"a": 1}}, {"minSize": 1}
WARM["warmPool"] = {"poolState": "Stopped"}
OFF: dict[str, Any] = {"transitEncryptionEnabled": False}
SOME = {"transitEncryptionEnabled": True, "transitEncryptionMode": "preferred"}
ALL = {"transitEncryptionEnabled": True, "transitEncryptionMode": "required"}
SMALL, LARGE = {"nodeType": "cache.m7g.large"}, {"nodeType": "cache.r7g.large"}
MINOR = {"engineVersion": "16.10"}
OLD, NEXT, LATEST = ({"engineVersion": one} for one in ("14.9", "15.4", "16.8"))

# What a move does, and the constraint that it breaks.
MOVES: list[tuple[list[Pair], str | None]] = [
    ([pair(GROUP, WARM, MIXED)], "warm pool or mixed instances"),
    ([pair(GROUP, MIXED, WARM)], "warm pool or mixed instances"),
    ([pair(GROUP, WARM, PLAIN)], None),
    ([pair(GROUP, PLAIN, MIXED)], None),
    ([pair(GROUP, None, MIXED)], None),
    ([pair(CACHE, SMALL, LARGE), pair(DATASTORE, None, {})], "node type, then Global Datastore"),
    ([pair(CACHE, SMALL, LARGE), pair(DATASTORE, {}, None)], "node type, then Global Datastore"),
    ([pair(CACHE, SMALL, LARGE)], None),
    ([pair(CACHE, SMALL, LARGE), pair(DATASTORE, {}, {})], None),
    ([pair(CACHE, SMALL, SMALL), pair(DATASTORE, None, {})], None),
    ([pair(CACHE, OFF, ALL)], "Redis TLS by way of preferred"),
    ([pair(CACHE, ALL, OFF)], "Redis TLS by way of preferred"),
    ([pair(CACHE, OFF, SOME)], None),
    ([pair(CACHE, SOME, ALL)], None),
    ([pair(CLUSTER, OLD, LATEST)], "one major version of Aurora at a time"),
    ([pair(CLUSTER, OLD, NEXT)], None),
    ([pair(CLUSTER, {}, LATEST)], None),
    ([pair(CLUSTER, OLD, NEXT), pair(GLOBAL_CLUSTER, {}, {})], "Aurora's major version outside of a Global Database"),
    ([pair(CLUSTER, LATEST, LATEST), pair(GLOBAL_CLUSTER, None, {})], None),
    ([pair(CLUSTER, LATEST, MINOR)], None),
    ([pair(CLUSTER, MINOR, LATEST)], "no lower version of Aurora"),
    ([pair(GLOBAL_CLUSTER, MINOR, LATEST)], "no lower version of Aurora"),
    ([pair(CLUSTER, LATEST, MINOR), pair(GLOBAL_CLUSTER, None, {})], "Aurora's version, then global database"),
    ([pair(CLUSTER, LATEST, MINOR), pair(GLOBAL_CLUSTER, {}, None)], "Aurora's version, then global database"),
    ([pair(CLUSTER, LATEST, MINOR), pair(GLOBAL_CLUSTER, LATEST, MINOR)], None),
]


@pytest.mark.parametrize(("found", "expected"), MOVES)
def test_what_aws_refuses_in_one_update_breaks_one_law(found: list[Pair], expected: str | None) -> None:
    assert [one.constraint.name for one in broken(found)] == ([expected] if expected else [])


def test_every_law_is_broken_by_a_move_above_and_says_who_says_so() -> None:
    assert {constraint.name for constraint in UPDATE_CONSTRAINTS} == {name for _, name in MOVES if name}
    assert all(constraint.reason and constraint.source for constraint in UPDATE_CONSTRAINTS)


TLS, ENGINE = {"off": OFF, "preferred": SOME, "required": ALL}, {"14": OLD, "15": NEXT, "16": LATEST}


@pytest.mark.parametrize(
    ("type_", "states", "start", "goal", "expected"),
    [
        (CACHE, TLS, "off", "required", ("preferred", "required")),
        (CACHE, TLS, "required", "off", ("preferred", "off")),
        (CLUSTER, ENGINE, "14", "16", ("15", "16")),
        (CLUSTER, ENGINE, "16", "15", ()),
    ],
)
def test_what_has_to_go_through_something_goes_through_it(
    type_: str, states: Mapping[str, Mapping[str, Any]], start: str, goal: str, expected: tuple[str, ...]
) -> None:
    def legal(one: str, other: str) -> bool:
        return not broken([pair(type_, states[one], states[other])])

    assert shortest(start, goal, list(states), legal) == expected


def planner(stack: str) -> Planner:
    return Planner(stack, {}, lambda _: None)


def test_the_warm_pool_goes_before_mixed_instances_come() -> None:
    found = planner("sandbox")
    for came_from, to in ((4, 6), (4, 7), (6, 4), (7, 4)):
        route = found.route(came_from, to)
        assert [step.stage for step in route.steps] == [5, to]
        assert [one.constraint.name for one in route.broken] == ["warm pool or mixed instances"]
    for came_from, to in ((4, 5), (5, 7), (1, 7), (7, 1)):
        assert (found.route(came_from, to).steps, found.route(came_from, to).broken) == ((RouteStep(stage=to),), ())
    # Pods have neither.
    assert len(planner("staging").route(4, 7).steps) == 1


@pytest.mark.parametrize("stack", ["prod", "sandbox", "staging"])
def test_every_update_on_every_way_of_a_shipped_stack_is_legal(stack: str) -> None:
    plans = {stage: render(stackfile.settings(stack, stage), stack) for stage in STAGES}
    found = Planner(stack, plans, lambda _: None)
    for came_from, to in product(STAGES, STAGES):
        stages_ = [came_from, *(step.stage for step in found.route(came_from, to).steps)]
        assert (stages_[0], stages_[-1]) == (came_from, to)
        assert [broken(pairs(plans[one], plans[other])) for one, other in pairwise(stages_)] == [()] * (
            len(stages_) - 1
        )
        assert all(min(came_from, to) <= stage <= max(came_from, to) for stage in stages_)


def test_a_cache_is_scaled_before_it_joins_a_datastore_and_after_it_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table has one node type from the first; here, stage 7 wants a larger one."""
    size, key = STAGES[7].sizes.cache, "cache.nodeType"
    assert size is not None
    larger = replace(STAGES[7], sizes=replace(STAGES[7].sizes, cache=replace(size, node_type="cache.r7g.xlarge")))
    monkeypatch.setitem(stages.STAGES, 7, larger)
    found = planner("sandbox")
    up, down = found.route(6, 7), found.route(7, 6)
    assert up.steps == (RouteStep(stage=6, sizes=((key, "cache.r7g.xlarge"),)), RouteStep(stage=7))
    # The lower stage has fewer nodes to scale.
    assert down.steps == (RouteStep(stage=6, sizes=((key, "cache.r7g.xlarge"),)), RouteStep(stage=6))
    for came_from, route in ((6, up), (7, down)):
        way = [RouteStep(stage=came_from), *route.steps]
        plans = [render(stackfile.settings("sandbox", one.stage, sizes=nested(one.sizes)), "sandbox") for one in way]
        assert broken(pairs(plans[0], plans[-1]))
        assert not any(broken(pairs(one, other)) for one, other in pairwise(plans))
    assert str(up.steps[0]) == "stage 6 with cache.nodeType: cache.r7g.xlarge"


def test_there_may_be_no_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.transition.route.UPDATE_CONSTRAINTS", ())
    constraint = replace(UPDATE_CONSTRAINTS[0], broken=lambda found: iter(["urn"] if found else []), sizes=())
    monkeypatch.setattr(broken, "__defaults__", ((constraint,),))
    route = planner("sandbox").route(2, 4)
    assert route.steps == ()
    assert route.as_dict() == {
        "updates": [],
        "broken": [{"law": constraint.name, "reason": constraint.reason, "source": constraint.source, "urns": ["urn"]}],
    }


def test_a_stage_that_the_program_refuses_is_no_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise SettingsError(["Pulumi.test.yaml: ascent:regions: too few"])

    monkeypatch.setattr(stackfile, "settings", refused)
    plans = {
        stage: RenderedStack(stage, "test", (resource(GROUP, **inputs),)) for stage, inputs in ((4, WARM), (6, MIXED))
    }
    said: list[str] = []
    route = Planner("test", plans, said.append).route(4, 6)
    assert (route.steps, said) == ((), ["Rendering test at stage 5"])
    assert [one.urns for one in route.broken] == [(plans[4].resources[0].urn,)]
    found = route.as_dict()
    assert (found["updates"], found["broken"][0]["law"]) == ([], "warm pool or mixed instances")
