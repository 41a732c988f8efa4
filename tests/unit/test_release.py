"""What the stack says for `ascent rollout`: weights, target groups, alarms; and which color the workers run."""

from __future__ import annotations

import pytest

from infra.config.models.rollout import Rollout
from infra.wiring.rollout_outputs import applied
from tests.unit.runtime import built, of_type

OLD, NEW = "registry.example.com/app:1.0.0", "registry.example.com/app:2.0.0"
BOTH = {"blue": {"image": OLD, "weight": 60}, "green": {"image": NEW, "weight": 40}, "kubernetesShare": 20}
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def rollout(blue: int, **progress: str) -> Rollout:
    values = {"blue": {"image": OLD, "weight": blue}, "green": {"image": NEW, "weight": 100 - blue}}
    under_way = {"strategy": "canary", "phase": "forward", "before": OLD, "bake": 30, **progress}
    return Rollout.model_validate({**values, "progress": under_way if progress else None}, strict=False)


def test_each_color_has_gate_alarms_on_each_runtime() -> None:
    alarms = of_type(built(runtime="both", rollout=BOTH, live=True), ALARM)
    for target in ("blue-ec2", "green-ec2", "blue-k8s", "green-k8s"):
        watched = alarms[f"test-use1-{target}-unhealthy"].inputs["dimensions"]["TargetGroup"]
        assert watched.endswith(f"test-use1-{target}")
        assert f"test-use1-{target}-errors" in alarms


@pytest.mark.parametrize(
    ("said", "leading"),
    [
        (rollout(100), "blue"),
        (rollout(0), "green"),
        # With equal shares: whoever had the traffic before.
        (rollout(50, to="green"), "blue"),
        (rollout(50, to="blue"), "green"),
        (rollout(45, to="green"), "green"),
    ],
)
def test_workers_run_the_color_with_the_most_traffic(said: Rollout, leading: str) -> None:
    assert said.leading == leading


def test_what_was_applied_is_told_without_the_time() -> None:
    # A time would make every plain update change the output.
    told = applied(rollout(75, to="green", since="2026-11-25T00:00:00Z"))
    assert "since" not in told["progress"]
    assert Rollout.model_validate(told, strict=False) == rollout(75, to="green")
