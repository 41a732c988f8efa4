"""No move between stages of any shipped stack loses anything."""

from __future__ import annotations

import pytest

from infra.config.problems import SettingsError
from infra.stages import STAGES
from ops import stackfile
from ops.documents.transitions import SHIPPED, matrix
from ops.transition.matrix import offline
from ops.transition.model import Op, Transition
from ops.transition.update_constraints import UPDATE_CONSTRAINTS

LAST = max(STAGES)
VPCS = frozenset({"aws:ec2/vpc:Vpc"})
# What has clients replaced: an update waits for instances of an older template, the provider for a Deployment's pods.
CLIENTS = frozenset({"aws:ec2/launchTemplate:LaunchTemplate", "kubernetes:apps/v1:Deployment"})
# What clients have the address of.
ENDPOINTS = frozenset(
    {
        "aws:rds/proxy:Proxy",
        "aws:rds/proxyEndpoint:ProxyEndpoint",
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "kubernetes:helm.sh/v3:Release",
    }
)


def moves(stack: str) -> dict[tuple[int, int], Transition]:
    return {(one.came_from, one.to): one for one in matrix(stack).transitions}


@pytest.mark.parametrize("stack", stackfile.names())
def test_every_move_of_every_shipped_stack_is_clear(stack: str) -> None:
    found = matrix(stack)
    assert [text for one in found.transitions for text in one.problems] == []
    assert found.clear
    can = [stage for stage in STAGES if stage not in found.refused]
    assert set(moves(stack)) == {(one, other) for one in can for other in can}
    for (came_from, to), one in moves(stack).items():
        assert (one.changes == ()) == (came_from == to)


def test_all_stages_are_compared_where_a_stack_can_be_at_them() -> None:
    assert {name: set(matrix(name).refused) for name in SHIPPED} == {
        "dev": {5, 6, 7},  # Cloudflare is in front from stage 5 on, and its domain is at Route 53
        "prod": set(),
        "sandbox": set(),
        "staging": set(),
    }
    (first, *_) = matrix("dev").as_dict()["refused"]
    assert first["stage"] == 5
    assert "route53" in first["problems"][0]


@pytest.mark.parametrize("stack", stackfile.names())
def test_what_comes_on_the_way_up_goes_on_the_way_down(stack: str) -> None:
    found = moves(stack)
    for (came_from, to), one in found.items():
        back = found[to, came_from]
        assert one.urns(Op.CREATE) == back.urns(Op.DELETE)


def test_what_is_stateful_and_goes_all_the_same_says_why() -> None:
    down = moves("sandbox")[LAST, 1]
    reasons = {one.name: one.rebuilt for one in down.changes if one.rebuilt}
    assert (
        reasons["sandbox-use1-cache"] == reasons["sandbox-use1-db-reader"] == "a part that is rebuilt from what stays"
    )
    assert reasons["sandbox-euw1-db"] == "in a region that holds copies alone"
    assert down.losses == []


def test_moves_that_take_several_updates_are_told() -> None:
    assert {ends: [step.stage for step in route.steps] for ends, route in matrix("prod").several.items()} == {
        (4, 6): [5, 6],
        (4, 7): [5, 7],
        (6, 4): [5, 4],
        (7, 4): [5, 4],
    }
    assert matrix("staging").several == {}
    (broken,) = matrix("prod").several[4, 6].broken
    assert broken.constraint is UPDATE_CONSTRAINTS[0]
    assert all(urn.endswith("-blue") for urn in broken.urns)


def test_as_json_it_is_what_the_command_promises() -> None:
    document = matrix("sandbox").as_dict()
    assert set(document) == {"stack", "transitions"}
    assert len(document["transitions"]) == len(STAGES) ** 2
    one = next(one for one in document["transitions"] if (one["from"], one["to"]) == (3, 4))
    assert set(one) == {"from", "to", "create", "update", "replace", "delete", "stateful"}
    assert one["stateful"] == {"replace": [], "delete": []}
    reader = "ascent:infra:Database$aws:rds/clusterInstance:ClusterInstance::sandbox-use1-db-reader"
    assert f"urn:pulumi:sandbox::ascent::{reader}" not in one["create"]
    target = "ascent:infra:Database$aws:appautoscaling/target:Target::sandbox-use1-db"
    assert f"urn:pulumi:sandbox::ascent::{target}" in one["create"]


def test_a_file_that_is_not_usable_is_refused() -> None:
    with pytest.raises(SettingsError, match="there is no such file"):
        offline("nowhere")


def test_a_move_that_loses_something_is_not_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if readers held what nothing else does."""
    monkeypatch.setattr("catalog.data_loss.comes_and_goes", lambda *_: False)
    found = offline("sandbox")
    lost = {(one.came_from, one.to): [change.name for change in one.losses] for one in found.transitions}
    assert not found.clear
    assert "sandbox-use1-db-reader" in lost[2, 1]
    assert lost[3, 4] == []


def regions(stack: str, move: Transition, op: Op, types: frozenset[str]) -> set[str]:
    """The codes of the regions in which a move does this to something of these types."""
    found = (one.name for one in move.changes if one.op is op and one.type in types)
    return {name.removeprefix(f"{stack}-").partition("-")[0] for name in found}


@pytest.mark.parametrize("stack", stackfile.names())
def test_an_endpoint_goes_only_with_the_last_client_that_has_its_address(stack: str) -> None:
    went = 0
    for move in moves(stack).values():
        gone = regions(stack, move, Op.DELETE, ENDPOINTS) - regions(stack, move, Op.DELETE, VPCS)
        assert gone <= regions(stack, move, Op.UPDATE, CLIENTS), (move.came_from, move.to)
        went += bool(gone)
    assert went
