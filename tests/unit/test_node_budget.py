"""Pods against nodes: at every stage, all of them at their most fit, and few of them bear a drain and a lost zone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.capacity.load import at_most, carries, disruptable, survivors
from infra.capacity.nodes import NODES, Node, NodeBudget, PodNeed, node_budget
from infra.config.problems import SettingsError
from infra.stages import STAGES
from infra.thresholds import NODE_CPU_BELOW
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


def test_a_pod_has_less_of_a_node_than_the_node_has() -> None:
    """Kubelet and each node's agents come first: two pods of half a node are no node."""
    pods = [PodNeed(what="web", pods=89, cpu=2, memory=2048)]
    budget = NodeBudget(needs=pods, cpu=356, memory=712)
    assert (budget.cpu_needed, budget.memory_needed) == (89 * 4, 89 * 8)
    assert budget.holds
    assert not NodeBudget(needs=pods, cpu=355, memory=712).holds
    assert not NodeBudget(needs=pods, cpu=356, memory=711).holds
    # With a little less, two of them fit.
    assert NodeBudget(needs=[PodNeed(what="web", pods=89, cpu=1.75, memory=2048)], cpu=180, memory=360).holds


def test_of_every_node_kubelet_and_the_agents_keep_their_share() -> None:
    """Of 2, 4, 8 and 16 cores kubelet keeps 70, 80, 90 and 110 millicores; the agents 300 of each node."""
    assert {(one.cpu, one.memory): (one.millicores, one.mebibytes) for one in NODES} == {
        (2, 4): (1630, 2070),
        (2, 8): (1630, 5859),
        (4, 8): (3620, 5859),
        (4, 16): (3620, 13_437),
        (8, 16): (7610, 13_437),
        (8, 32): (7610, 28_592),
        (16, 32): (15_590, 28_592),
        (16, 64): (15_590, 58_902),
    }
    # A node without room for what it keeps has none for a pod either.
    assert PodNeed(what="web", pods=1, cpu=0.25, memory=256).on(Node(cpu=2, memory=1)) == 0


def test_pods_fill_a_node_to_its_last_millicore_and_mebibyte() -> None:
    node = NODES[0]
    assert PodNeed(what="web", pods=1, cpu=0.815, memory=1035).on(node) == 2
    assert PodNeed(what="web", pods=1, cpu=0.816, memory=64).on(node) == 1
    assert PodNeed(what="web", pods=1, cpu=0.1, memory=1036).on(node) == 1


def test_every_kind_of_pod_has_its_share_of_the_nodes() -> None:
    sizes, cache = STAGES[7].sizes, STAGES[7].sizes.cache
    assert cache is not None
    sizes = replace(sizes, cache=replace(cache, in_cluster=True))
    budget = node_budget(sizes, colors=2, pooled=True, jobs=3, works=True, own_jobs=4)
    assert {one.what: (one.pods, one.cpu, one.memory) for one in budget.needs} == {
        "web": (2 * 38, 2, 2048),
        "system": (1, 0.5, 512),
        "workers": (25, 2, 2048),
        "pooler": (4, 0.1, 64),
        "jobs": (3, 0.25, 512),
        "own jobs": (4, 2, 2048),
        "redis": (3, 0.15, 1056),
    }
    for none in (sizes, replace(sizes, workers=None)):
        none = replace(none, cache=cache)
        few = node_budget(none, colors=1, pooled=False, jobs=0, works=none.workers is None)
        assert [(one.what, one.pods) for one in few.needs] == [("web", 38), ("system", 1)]
    without = node_budget(replace(sizes, cache=None), colors=1, pooled=False, jobs=0, works=False)
    assert [one.what for one in without.needs] == ["web", "system"]


def test_where_memory_is_what_counts_nodes_have_more_of_it() -> None:
    (small, large) = (PodNeed(what="web", pods=1, cpu=0.25, memory=memory).node for memory in (2048, 4096))
    assert small is not None
    assert large is not None
    assert (small.cpu, small.memory, large.cpu, large.memory) == (2, 4, 2, 8)


def test_a_pod_that_no_node_holds_is_told() -> None:
    huge = NodeBudget(needs=[PodNeed(what="web", pods=1, cpu=16, memory=512)], cpu=1000, memory=2000)
    assert not huge.holds
    assert not replace(huge, needs=[*huge.needs, PodNeed(what="small", pods=1, cpu=0.25, memory=512)]).holds
    assert (huge.cpu_needed, huge.memory_needed, huge.needs[0].nodes) == (0, 0, 0)
    assert "web 1 x 16 vCPUs and 512 MiB on no node, as the largest has 16 vCPUs and 64 GiB" in str(huge)


def test_every_node_is_one_that_the_pool_may_have() -> None:
    assert max(one.cpu for one in NODES) == NODE_CPU_BELOW.value - 1


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
    assert "web 76 x 0.5 vCPUs and 512 MiB on 26 nodes of 2 vCPUs and 4 GiB; system" in message
    assert "54 vCPUs and 108 GiB, of 24 vCPUs and 48 GiB" in message
    assert "Raise nodes.cpu" in message
    assert settings(runtime="kubernetes", hpa={"maximum": 30}, nodes={"cpu": 64, "memory": 128}).node_budget.holds
    # Nobody here knows the nodes of a cluster that is there already, and instances have none.
    own = {"kubeconfig": "apiVersion: v1"}
    assert settings(runtime="kubernetes", hpa={"maximum": 30}, cluster=own).sizes.hpa.maximum == 30
    assert settings(runtime="ec2", hpa={"maximum": 30}).sizes.hpa.maximum == 30


NEEDS = st.builds(
    PodNeed,
    what=st.just("web"),
    pods=st.integers(0, 200),
    cpu=st.integers(1, 16).map(lambda quarters: quarters / 4),
    memory=st.integers(1, 64).map(lambda steps: steps * 64),
)


@given(st.lists(NEEDS, max_size=4), st.integers(4, 1000), st.integers(8, 2000))
def test_what_holds_has_room_for_every_pod(needs: list[PodNeed], cpu: int, memory: int) -> None:
    budget = NodeBudget(needs=needs, cpu=cpu, memory=memory)
    for need in needs:
        if need.node:
            assert need.nodes * need.on(need.node) >= need.pods
            assert need.on(need.node) * need.cpu * 1000 <= need.node.millicores
            assert need.on(need.node) * need.memory <= need.node.mebibytes
    if budget.holds:
        assert sum(need.pods * need.cpu for need in needs) < max(cpu, 1)
        assert sum(need.pods * need.memory for need in needs) < max(memory, 1) * 1024
    assert str(budget).endswith(f"of {cpu} vCPUs and {memory} GiB")
