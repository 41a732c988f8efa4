"""The HorizontalPodAutoscaler by the examples of its documents, which anybody can work out.

DOCS is the Kubernetes documentation, "Horizontal Pod Autoscaling". tests/scaling/test_hpa_upstream.py has thousands of
cases more, for which the controller itself says what is right.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from ops.scaling.hpa import (
    PERCENT,
    PODS,
    SYNC_SECONDS,
    HorizontalPodAutoscaler,
    HpaDirection,
    HpaMetric,
    HpaPolicy,
    HpaReason,
    HpaRules,
    Select,
)
from ops.scaling.pods import CPU, MEMORY, PodGroup, PodState
from ops.scaling.rules import pod_rules

REQUEST = {CPU: 100, MEMORY: 100}
RULES = HpaRules(minimum=1, maximum=100, metrics=(HpaMetric(resource=CPU, utilization=50),))


def pods(count: int, cpu: int | None = None, state: PodState = PodState.RUNNING, **other: int) -> PodGroup:
    """Alike, using so many percent of their request."""
    usage = other if cpu is None else {CPU: cpu, **other}
    return PodGroup(count=count, request=REQUEST, usage=usage, state=state)


def once(replicas: int, *groups: PodGroup, rules: HpaRules = RULES, failed: tuple[str, ...] = ()) -> int:
    """What a first look makes of so many pods, on the way up where a first recommendation does not hold it."""
    return HorizontalPodAutoscaler(replace(rules, downscale_window=0)).decide(0, replicas, groups, failed).replicas


@pytest.mark.parametrize(
    ("used", "expected"),
    [(100, 8), (25, 4), (54, 4), (55, 4), (56, 5), (45, 4), (44, 4), (36, 4)],
)
def test_in_proportion_beyond_the_tolerance(used: int, expected: int) -> None:
    """DOCS, Algorithm details: twice the target doubles; within a tenth, nothing. A first look removes none."""
    assert once(4, pods(4, used)) == expected


def test_half_the_target_halves_after_the_window() -> None:
    """DOCS, Algorithm details and Stabilization window: half is half, and for five minutes the highest counts."""
    autoscaler = HorizontalPodAutoscaler(RULES)
    seen = [autoscaler.decide(now, 4, [pods(4, 25)]).replicas for now in range(0, 316, SYNC_SECONDS)]
    assert seen == [*[4] * 21, 2]


def test_what_is_missing_makes_a_step_smaller() -> None:
    """DOCS, Algorithm details: without a figure, nothing on the way up and all of its request on the way down."""
    # Three at 100 and one at nothing are 75, which is half as much again as 50.
    assert once(4, pods(3, 100), pods(1)) == 6
    # Three at 10 and one at 100 are 32, of four: 2.6.
    autoscaler = HorizontalPodAutoscaler(RULES)
    decisions = [autoscaler.decide(now, 4, [pods(3, 10), pods(1)]) for now in range(0, 316, SYNC_SECONDS)]
    assert decisions[-1].replicas == 3


def test_what_is_not_ready_counts_as_nothing_on_the_way_up() -> None:
    """DOCS, Algorithm details: and if that turns the direction, nothing is done."""
    assert once(4, pods(2, 100), pods(2, 100, PodState.STARTING)) == 4
    assert once(4, pods(3, 100), pods(1, state=PodState.PENDING)) == 6


def test_the_largest_of_several_metrics() -> None:
    """DOCS, Algorithm details: of several, the largest; one that fails stops the way down alone."""
    rules = replace(RULES, metrics=(*RULES.metrics, HpaMetric(resource=MEMORY, utilization=50)))
    assert once(4, pods(4, 60, memory=100), rules=rules) == 8
    assert once(4, pods(4, 100), rules=rules, failed=(MEMORY,)) == 8
    assert once(4, pods(4, 10), rules=rules, failed=(MEMORY,)) == 4
    assert once(4, pods(4), rules=rules, failed=(MEMORY, CPU)) == 4


def test_no_more_than_twice_as_many_without_a_behavior() -> None:
    """k8s.io/kubernetes v1.36.3, horizontal.go: scaleUpLimitFactor and scaleUpLimitMinimum."""
    assert once(10, pods(10, 400)) == 20
    assert once(1, pods(1, 400)) == 4


def test_the_example_of_scaling_policies() -> None:
    """DOCS, Scaling policies: from 80, by 10 % or by four pods a minute, whichever is more: eight, eight, …, then
    four."""
    policies = (HpaPolicy(kind=PODS, value=4, period=60), HpaPolicy(kind=PERCENT, value=10, period=60))
    rules = replace(RULES, minimum=10, down=HpaDirection(window=0, policies=policies))
    autoscaler, replicas, seen = HorizontalPodAutoscaler(rules), 80, [80]
    for now in range(0, 60 * 12, 60):
        replicas = autoscaler.decide(now, replicas, [pods(replicas, 1)]).replicas
        seen.append(replicas)
    assert seen[:8] == [80, 72, 64, 57, 51, 45, 40, 36]
    assert seen[8:] == [32, 28, 24, 20, 16]


def test_the_smallest_change_and_none_at_all() -> None:
    """DOCS, Scaling policies: Min takes the policy that changes least, Disabled forbids the direction."""
    policies = (HpaPolicy(kind=PODS, value=4, period=60), HpaPolicy(kind=PERCENT, value=10, period=60))
    down = HpaDirection(window=0, policies=policies, select=Select.MIN)
    autoscaler = HorizontalPodAutoscaler(replace(RULES, down=down))
    assert autoscaler.decide(0, 80, [pods(80, 1)]).replicas == 76
    autoscaler = HorizontalPodAutoscaler(replace(RULES, down=replace(down, select=Select.DISABLED)))
    assert autoscaler.decide(0, 80, [pods(80, 1)]).replicas == 80


def test_the_programs_rules_wait_a_minute_and_then_double() -> None:
    """infra/autoscaling.py: 60 s before the way up, at most twice the pods a minute."""
    autoscaler, replicas, seen = HorizontalPodAutoscaler(pod_rules(3, 40, by_memory=False)), 3, []
    for now in range(0, 200, SYNC_SECONDS):
        replicas = autoscaler.decide(now, replicas, [pods(replicas, 700)]).replicas
        seen.append(replicas)
    assert seen == [3, 3, 3, 3, 6, 6, 6, 6, 12, 12, 12, 12, 24, 24]


@pytest.mark.parametrize(
    ("replicas", "expected", "reason"),
    [
        (0, 0, HpaReason.DISABLED),
        (1, 3, HpaReason.BELOW_MINIMUM),
        (50, 40, HpaReason.ABOVE_MAXIMUM),
        (3, 3, HpaReason.METRIC_FAILED),
    ],
)
def test_what_is_decided_without_a_figure(replicas: int, expected: int, reason: HpaReason) -> None:
    decision = HorizontalPodAutoscaler(pod_rules(3, 40, by_memory=True)).decide(0, replicas, [])
    assert (decision.replicas, decision.reason) == (expected, reason)
