"""The fleet: what its group, template and instances are told."""

from __future__ import annotations

import ast
import base64
import subprocess
from typing import Any

import pytest

from infra.user_data import LARGEST, Container, script
from ops.recorder import Recorded
from tests.unit.runtime import built, of_type

GROUP, TEMPLATE = "aws:autoscaling/group:Group", "aws:ec2/launchTemplate:LaunchTemplate"
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:1.0.0"
CONTAINER: dict[str, Any] = {
    "image": "registry.example.com/app:1.0.0",
    "region": "us-east-1",
    "registry": None,
    "registry_region": None,
    "secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:app-AbCdEf",
    "log_group": "app",
    "environment": {"PORT": "3000"},
}


def live(**changes: Any) -> dict[str, Recorded]:
    return built(live=True, **changes)


def boot_script(everything: dict[str, Recorded], name: str) -> str:
    """What instances of a launch template run when they boot."""
    return base64.b64decode(of_type(everything, TEMPLATE)[name].inputs["userData"]).decode()


def group(**changes: Any) -> dict[str, Any]:
    return dict(of_type(live(**changes), GROUP)["test-use1-blue"].inputs)


def test_what_lies_between_the_bounds_belongs_to_autoscaling() -> None:
    inputs = group(stage=4)
    assert (inputs["minSize"], inputs["maxSize"]) == (3, 10)
    assert "desiredCapacity" not in inputs


def test_a_refresh_stops_at_checkpoints_and_rolls_back_on_its_alarms() -> None:
    everything = live(stage=4)
    preferences = of_type(everything, GROUP)["test-use1-blue"].inputs["instanceRefresh"]["preferences"]
    assert preferences["checkpointPercentages"] == [35, 70, 100]
    assert preferences["autoRollback"] is True
    gates = set(preferences["alarmSpecification"]["alarms"])
    alarms = of_type(everything, "aws:cloudwatch/metricAlarm:MetricAlarm")
    # What this version does, and how fast it uses up the error budgets of all users. AWS takes ten at most.
    objectives = {f"test-use1-balancer-{one}-14-4x-short" for one in ("availability", "latency-p95", "latency-p99")}
    assert gates == {"test-use1-blue-ec2-errors", "test-use1-blue-ec2-unhealthy"} | objectives
    assert gates <= set(alarms)


def test_a_refresh_starts_by_a_new_version_and_can_go_back_to_the_old() -> None:
    everything = live()
    version = of_type(everything, GROUP)["test-use1-blue"].inputs["launchTemplate"]["version"]
    assert version.isdigit()
    assert of_type(everything, TEMPLATE)["test-use1-blue"].inputs["imageId"].startswith("ami-")


@pytest.mark.parametrize("stage", [1, 2, 3, 4, 5, 6, 7])
def test_warm_pool_and_mixed_instances_come_by_stage_and_never_together(stage: int) -> None:
    inputs = group(stage=stage)
    assert ("warmPool" in inputs) == (stage == 4)
    assert ("mixedInstancesPolicy" in inputs) == (stage >= 6)
    assert ("launchTemplate" in inputs) == (stage < 6)


def test_spot_never_cuts_into_the_minimum() -> None:
    inputs = group(stage=6)
    distribution = inputs["mixedInstancesPolicy"]["instancesDistribution"]
    assert distribution["onDemandBaseCapacity"] == inputs["minSize"]
    assert distribution["onDemandPercentageAboveBaseCapacity"] == 50
    assert inputs["capacityRebalance"] is True


def test_several_types_of_a_stacks_own_stay_on_demand_below_spot() -> None:
    inputs = group(stage=3, fleet={"instanceTypes": ["c7g.large", "m7g.large"]})
    distribution = inputs["mixedInstancesPolicy"]["instancesDistribution"]
    assert distribution["onDemandPercentageAboveBaseCapacity"] == 100


def test_only_a_color_with_an_image_has_a_fleet() -> None:
    one = {"image": "registry.example.com/app:1.0.0", "weight": 100}
    idle = {"image": "registry.example.com/app:2.0.0", "weight": 0}
    assert set(of_type(live(rollout={"blue": one}), GROUP)) == {"test-use1-blue"}
    assert set(of_type(live(rollout={"blue": one, "green": idle}), GROUP)) == {"test-use1-blue", "test-use1-green"}
    assert of_type(live(runtime="kubernetes"), GROUP) == {}


def test_both_target_tracking_policies_hold_the_guides_targets() -> None:
    policies = of_type(live(), "aws:autoscaling/policy:Policy")
    targets = {
        one.inputs["targetTrackingConfiguration"]["predefinedMetricSpecification"]["predefinedMetricType"]: one.inputs[
            "targetTrackingConfiguration"
        ]["targetValue"]
        for one in policies.values()
    }
    assert targets == {"ASGAverageCPUUtilization": 70, "ALBRequestCountPerTarget": 1000}


def test_instances_answer_only_to_the_second_metadata_service_and_the_load_balancer() -> None:
    everything = live()
    options = of_type(everything, TEMPLATE)["test-use1-blue"].inputs["metadataOptions"]
    assert options["httpTokens"] == "required"
    rule = of_type(everything, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")["test-use1-blue"].inputs
    assert rule["referencedSecurityGroupId"] == "test-use1-id"
    assert rule["fromPort"] == rule["toPort"] == 3000


def test_instances_may_read_one_secret_and_write_one_log() -> None:
    everything = live(rollout={"blue": {"image": ECR, "weight": 100}})
    policy = of_type(everything, "aws:iam/rolePolicy:RolePolicy")["test-use1-fleet"].inputs["policy"]
    statements = ast.literal_eval(policy)["Statement"]
    wildcards = [one["Action"] for one in statements if "*" in one["Resource"]]
    assert wildcards == [["cloudwatch:PutMetricData"], ["ec2:DescribeTags"], ["ecr:GetAuthorizationToken"]]
    (measure,) = (one for one in statements if one["Action"] == ["cloudwatch:PutMetricData"])
    assert measure["Condition"] == {"StringEquals": {"cloudwatch:namespace": "CWAgent"}}
    assert "arn:aws:ecr:eu-west-1:123456789012:repository/team/app" in policy
    (attached,) = of_type(everything, "aws:iam/rolePolicyAttachment:RolePolicyAttachment").values()
    assert attached.inputs["policyArn"].endswith("AmazonSSMManagedInstanceCore")
    assert not of_type(live(), "aws:ec2/keyPair:KeyPair")


def test_the_boot_script_is_what_the_template_holds_and_a_shell_and_python_can_read_it() -> None:
    everything = live(rollout={"blue": {"image": ECR, "weight": 100}}, appSecrets={"SESSION_KEY": "hunter2"})
    text = boot_script(everything, "test-use1-blue")
    assert subprocess.run(["bash", "-n"], input=text, text=True, check=False, capture_output=True).returncode == 0
    runner = text.partition("<<'RUNNER'\n")[2].partition("RUNNER\n")[0]
    ast.parse(runner)
    assert "docker login --username AWS --password-stdin 123456789012.dkr.ecr.eu-west-1.amazonaws.com" in text
    assert ECR in text
    assert "hunter2" not in text


def test_the_runner_hands_secrets_over_by_name_only(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = script(Container(**CONTAINER)).partition("<<'RUNNER'\n")[2].partition("RUNNER\n")[0]
    tools = tmp_path / "bin"
    tools.mkdir()
    # Stand-ins for the two commands that an instance has: one tells a secret, the other what it was called with.
    for name, body in {
        "aws": """printf '%s' '{"TOKEN": "two\\nlines"}'""",
        "docker": """printf '%s\\n' "$@" > args; printf '%s' "$TOKEN" > token""",
    }.items():
        (tools / name).write_text(f"#!/bin/sh\n{body}\n")
        (tools / name).chmod(0o755)
    (tmp_path / "run-app").write_text(runner)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    subprocess.run(["python3", "run-app"], cwd=tmp_path, check=True)
    arguments = (tmp_path / "args").read_text().split("\n")
    assert (tmp_path / "token").read_text() == "two\nlines"
    assert arguments[arguments.index("--env") + 1] == "PORT"
    assert "TOKEN" in arguments
    assert "two" not in arguments
    assert arguments[-2] == CONTAINER["image"]


def test_a_boot_script_that_ec2_would_refuse_is_refused_here() -> None:
    with pytest.raises(ValueError, match=str(LARGEST)):
        script(Container(**{**CONTAINER, "environment": {"LONG": "x" * LARGEST}}))
