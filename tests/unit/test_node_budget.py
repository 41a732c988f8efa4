"""Pods against nodes: at every stage, all of them at their most fit, and few of them bear a drain and a lost zone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.capacity import at_most, carries, disruptable, survivors
from infra.node_budget import Need, NodeBudget
from infra.settings import SettingsError
from infra.stages import STAGES
from ops import stackfile
from tests.unit.configs import settings

ZONES = 3


@pytest.mark.parametrize("runtime", ["kubernetes", "both"])
@pytest.mark.parametrize("stage", STAGES)
def test_all_pods_at_their_most_fit_the_nodes_limit(stage: int, runtime: str) -> None:
    budget = settings(stage=stage, runtime=runtime).node_budget
    assert budget.holds, str(budget)
    size = STAGES[stage].sizes
    (web,) = [need for need in budget.needs if need.what == "web"]
    # Both colors, each at the autoscaler's maximum and in the middle of an update.
    assert web.pods == 2 * at_most(size.hpa.maximum)
    assert web.pods * size.pods.cpu <= budget.cpu_usable


@pytest.mark.parametrize("stage", STAGES)
def test_a_drain_goes_on_at_the_minimum_and_leaves_somebody(stage: int) -> None:
    minimum = STAGES[stage].sizes.hpa.minimum
    assert 1 <= disruptable(minimum) < minimum


def test_even_one_pod_can_be_moved() -> None:
    assert disruptable(1) == 1


@pytest.mark.parametrize("stage", STAGES)
def test_a_lost_zone_leaves_pods_at_the_minimum_and_room_for_the_stages_users(stage: int) -> None:
    row = STAGES[stage]
    assert survivors(row.sizes.hpa.minimum, ZONES) >= 1
    assert carries(row.sizes.hpa.maximum, ZONES, row.users)


@pytest.mark.parametrize("stack", stackfile.names())
def test_the_pods_of_every_shipped_stack_fit(stack: str) -> None:
    assert stackfile.settings(stack).node_budget.holds


def test_what_does_not_fit_is_refused_with_the_sum() -> None:
    with pytest.raises(SettingsError) as refused:
        settings(runtime="kubernetes", hpa={"maximum": 30})
    (message,) = refused.value.problems
    assert message.startswith("Pulumi.test.yaml: ascent:nodes: given")
    assert "web 76 x 0.5 + system 1 x 0.5 = 38.5, of 19.2 vCPUs (24 less 20 %)" in message
    assert "Raise nodes.cpu" in message
    assert settings(runtime="kubernetes", hpa={"maximum": 30}, nodes={"cpu": 64, "memory": 128}).node_budget.holds
    # Nobody here knows the nodes of a cluster that is there already, and instances have none.
    own = {"kubeconfig": "apiVersion: v1"}
    assert settings(runtime="kubernetes", hpa={"maximum": 30}, cluster=own).sizes.hpa.maximum == 30
    assert settings(runtime="ec2", hpa={"maximum": 30}).sizes.hpa.maximum == 30


NEEDS = st.builds(
    Need,
    what=st.just("web"),
    pods=st.integers(0, 200),
    cpu=st.integers(1, 16).map(lambda quarters: quarters / 4),
    memory=st.integers(1, 64).map(lambda steps: steps * 64),
)


@given(st.lists(NEEDS, max_size=4), st.integers(4, 1000), st.integers(8, 2000))
def test_a_budget_holds_exactly_when_both_sums_fit(needs: list[Need], cpu: int, memory: int) -> None:
    budget = NodeBudget(needs=needs, cpu=cpu, memory=memory)
    used = sum(need.pods * need.cpu for need in needs), sum(need.pods * need.memory for need in needs)
    assert budget.holds == (used[0] * 10 <= cpu * 8 and used[1] * 10 <= memory * 1024 * 8)
    assert f"({cpu} less 20 %)" in str(budget)
