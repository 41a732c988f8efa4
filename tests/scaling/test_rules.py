"""The rules of ops/scaling are what the program makes."""

from __future__ import annotations

from typing import Any

import pytest

from infra.stages import STAGES
from ops.scaling.hpa import HpaDirection, HpaMetric, HpaPolicy, HpaRules
from ops.scaling.readers import ReaderRules
from ops.scaling.rules import fleet_rules, pod_rules, reader_rules
from tests.unit.runtime import built, of_type

HPA = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
GROUP, POLICY = "aws:autoscaling/group:Group", "aws:autoscaling/policy:Policy"
READERS, READER_POLICY = "aws:appautoscaling/target:Target", "aws:appautoscaling/policy:Policy"


def _direction(made: dict[str, Any]) -> HpaDirection:
    policies = tuple(
        HpaPolicy(kind=one["type"], value=one["value"], period=one["periodSeconds"]) for one in made["policies"]
    )
    return HpaDirection(window=made["stabilizationWindowSeconds"], policies=policies)


@pytest.mark.parametrize("stage", STAGES)
def test_pods(stage: int) -> None:
    made = of_type(built(live=True, runtime="kubernetes", stage=stage), HPA)
    for one in made.values():
        spec = one.inputs["spec"]
        resources = {metric["resource"]["name"] for metric in spec["metrics"]}
        assert pod_rules(spec["minReplicas"], spec["maxReplicas"], by_memory="memory" in resources) == HpaRules(
            minimum=spec["minReplicas"],
            maximum=spec["maxReplicas"],
            metrics=tuple(
                HpaMetric(
                    resource=metric["resource"]["name"], utilization=metric["resource"]["target"]["averageUtilization"]
                )
                for metric in spec["metrics"]
            ),
            up=_direction(spec["behavior"]["scaleUp"]),
            down=_direction(spec["behavior"]["scaleDown"]),
        )
    assert made


@pytest.mark.parametrize("stage", STAGES)
def test_a_fleet(stage: int) -> None:
    everything = built(live=True, stage=stage)
    fleets = {name: one.inputs for name, one in of_type(everything, GROUP).items() if name.endswith("-blue")}
    for name, group in fleets.items():
        rules = fleet_rules(group["minSize"], group["maxSize"])
        assert rules.warmup == group["defaultInstanceWarmup"]
        made = {
            policy.name.removeprefix(f"{name}-"): policy.inputs["targetTrackingConfiguration"]["targetValue"]
            for policy in of_type(everything, POLICY).values()
            if policy.name.startswith(f"{name}-")
        }
        assert {policy.name: policy.target for policy in rules.policies} == made
    assert fleets


def test_readers() -> None:
    everything = built(live=True, stage=4)
    [target], [policy] = of_type(everything, READERS).values(), of_type(everything, READER_POLICY).values()
    tracking = policy.inputs["targetTrackingScalingPolicyConfiguration"]
    least, most = target.inputs["minCapacity"], target.inputs["maxCapacity"]
    assert reader_rules(least, most) == ReaderRules(
        minimum=least,
        maximum=most,
        target=tracking["targetValue"],
        out_cooldown=tracking["scaleOutCooldown"],
        in_cooldown=tracking["scaleInCooldown"],
    )
