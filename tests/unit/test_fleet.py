"""The fleet: what its group, template and instances are told."""

from __future__ import annotations

import ast
import base64
import json
import re
from typing import Any

import pytest

from infra.config.problems import SettingsError
from infra.user_data import LARGEST, Container, script
from infra.wiring import build
from infra.wiring.stack_outputs import READ_STACK_OUTPUTS
from ops.engine.recorder import Recorded
from tests.unit.configs import settings
from tests.unit.runtime import ANSWERS, built, of_type, record

GROUP, TEMPLATE = "aws:autoscaling/group:Group", "aws:ec2/launchTemplate:LaunchTemplate"
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:1.0.0"
CONTAINER: dict[str, Any] = {
    "role": "web",
    "image": "registry.example.com/app:1.0.0",
    "region": "us-east-1",
    "registry": None,
    "secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:app-AbCdEf",
    "log_group": "app",
    "environment": {"PORT": "3000"},
    "port": 3000,
    "health_path": "/api/health",
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


def test_a_refresh_pauses_at_checkpoints_and_stops_on_its_alarms() -> None:
    everything = live(stage=4)
    preferences = of_type(everything, GROUP)["test-use1-blue"].inputs["instanceRefresh"]["preferences"]
    assert preferences["checkpointPercentages"] == [35, 70, 100]
    # It would go back to the template that the provider has just written.
    assert preferences["autoRollback"] is False
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
    channels = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"]
    assert wildcards == [
        ["cloudwatch:PutMetricData"],
        ["ec2:DescribeTags"],
        ["autoscaling:DescribeAutoScalingInstances"],
        ["autoscaling:CompleteLifecycleAction", "autoscaling:SetInstanceHealth"],
        ["ssm:UpdateInstanceInformation", *(f"ssmmessages:{one}" for one in channels)],
        ["ecr:GetAuthorizationToken"],
    ]
    (report,) = (one for one in statements if "autoscaling:SetInstanceHealth" in one["Action"])
    tags = {"autoscaling:ResourceTag/ascent:project": "ascent", "autoscaling:ResourceTag/ascent:stack": "test"}
    assert report["Condition"]["StringEquals"].items() >= tags.items()
    (measure,) = (one for one in statements if one["Action"] == ["cloudwatch:PutMetricData"])
    assert measure["Condition"] == {"StringEquals": {"cloudwatch:namespace": "CWAgent"}}
    assert "arn:aws:ecr:eu-west-1:123456789012:repository/team/app" in policy
    # The managed policy reads every parameter of the account.
    assert not of_type(everything, "aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert not of_type(live(), "aws:ec2/keyPair:KeyPair")


def test_the_template_holds_the_boot_script_and_no_secret() -> None:
    everything = live(rollout={"blue": {"image": ECR, "weight": 100}}, appSecrets={"SESSION_KEY": "hunter2"})
    text = boot_script(everything, "test-use1-blue")
    assert ECR in text
    registry = '{"host": "123456789012.dkr.ecr.eu-west-1.amazonaws.com", "region": "eu-west-1", "secret_arn": null}'
    assert f'"registry": {registry}' in text
    assert "hunter2" not in text


@pytest.mark.parametrize("stage", [1, 2, 3, 4, 5, 6, 7])
def test_the_boot_script_leaves_room_at_every_stage(stage: int) -> None:
    everything = live(stage=stage)
    sizes = {name: len(boot_script(everything, name)) for name in of_type(everything, TEMPLATE)}
    # Names of buckets and queues are longer on other stacks.
    assert max(sizes.values()) < LARGEST - 1000


HOOK = "aws:autoscaling/lifecycleHook:LifecycleHook"


@pytest.mark.parametrize("stage", [1, 4, 6])
def test_every_group_waits_for_its_instances_from_the_first_on(stage: int) -> None:
    everything = live(stage=stage)
    groups, hooks = of_type(everything, GROUP), of_type(everything, HOOK)
    for name, one in groups.items():
        launch = hooks[f"{name}-launch"].inputs
        expected = {
            "name": "ascent-launch",
            "lifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
            "heartbeatTimeout": 900,
            "defaultResult": "ABANDON",
        }
        assert {key: launch[key] for key in expected} == expected
        # With the group, for its first instances. Later changes are the other resource's: here they would replace it.
        assert one.inputs["initialLifecycleHooks"] == [expected]
        assert "initialLifecycleHooks" in one.ignored
        assert launch["autoscalingGroupName"] == name
        # What it boots with completes the hook of that name.
        assert '"launch_hook": "ascent-launch"' in boot_script(everything, name)
    assert len(hooks) == len(groups) + (stage >= 6)


def test_a_worker_has_the_time_of_a_job_to_end() -> None:
    everything = live(stage=6)
    end = of_type(everything, HOOK)["test-use1-workers-end"].inputs
    assert (end["lifecycleTransition"], end["defaultResult"]) == ("autoscaling:EC2_INSTANCE_TERMINATING", "CONTINUE")
    visibility = {
        one.inputs["visibilityTimeoutSeconds"]
        for one in of_type(everything, "aws:sqs/queue:Queue").values()
        if "visibilityTimeoutSeconds" in one.inputs
    }
    grace = re.search(r"TimeoutStopSec=(\d+)", boot_script(everything, "test-use1-workers"))
    assert grace is not None
    assert visibility == {300}
    assert 300 < int(grace[1]) < end["heartbeatTimeout"]


def test_times_fit_a_launch_that_proves_itself() -> None:
    inputs = group()
    # In service, which is when the application answers, the load balancer still makes two checks 30 s apart.
    assert inputs["healthCheckGracePeriod"] == 300
    assert inputs["defaultInstanceWarmup"] == 300
    assert inputs["instanceRefresh"]["preferences"]["instanceWarmup"] == "300"


@pytest.mark.parametrize("name", ["test-use1-blue", "test-use1-workers"])
def test_no_update_waits_for_a_number_that_autoscaling_moves(name: str) -> None:
    inputs = of_type(live(stage=6), GROUP)[name].inputs
    assert inputs["waitForCapacityTimeout"] == "0"
    assert inputs["instanceRefresh"]["preferences"]["autoRollback"] is False


def test_a_warm_pool_stays_small_however_large_the_group_may_become() -> None:
    pool = group(stage=4)["warmPool"]
    assert (pool["minSize"], pool["maxGroupPreparedCapacity"], pool["poolState"]) == (3, 6, "Stopped")


def test_jobs_that_workers_are_at_count_as_backlog() -> None:
    policy = of_type(live(stage=6), "aws:autoscaling/policy:Policy")["test-use1-workers-backlog"].inputs
    metrics = policy["targetTrackingConfiguration"]["customizedMetricSpecification"]["metrics"]
    names = {one["metricStat"]["metric"]["metricName"] for one in metrics if "metricStat" in one}
    assert {"ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"} <= names
    (backlog,) = (one["expression"] for one in metrics if "expression" in one)
    counted = {one["id"] for one in metrics if "metricStat" in one} - {"instances"}
    assert counted == set(re.findall(r"FILL\((\w+), 0\)", backlog)) - {"instances"}


def test_the_memory_metric_is_published_under_the_name_that_its_alarm_reads() -> None:
    text = boot_script(live(), "test-use1-blue")
    agent = json.loads(text.partition("agent.json\" <<'ASCENT'\n")[2].partition("\nASCENT")[0])["metrics"]
    assert agent["append_dimensions"] == {"AutoScalingGroupName": "${aws:AutoScalingGroupName}"}
    # What is aggregated is left out where it is the raw metric already, and what is dropped is never sent.
    assert "aggregation_dimensions" not in agent
    assert agent["metrics_collected"] == {"mem": {"measurement": ["mem_used_percent"]}}


def test_a_rollout_keeps_the_machine_image_that_it_began_with() -> None:
    """One that is published meanwhile would have its steps, and an abort, replace every instance of both colors."""
    last, newest, own = "ami-00000000000000001", "ami-0123456789abcdef0", "ami-00112233445566778"
    colors = {
        "blue": {"image": "registry.example.com/app:1.0.0", "weight": 75},
        "green": {"image": "registry.example.com/app:2.0.0", "weight": 25},
    }
    progress = {"strategy": "canary", "phase": "forward", "to": "green", "before": colors["blue"]["image"], "bake": 5}

    def images(**changes: Any) -> set[str]:
        with pytest.MonkeyPatch.context() as patch:
            built = {"stage": 5, "regions": {"us-east-1": {"machineImage": last}}}
            patch.setitem(ANSWERS, READ_STACK_OUTPUTS, {"outputs": built})
            found = record(lambda: build(settings(stage=5, **changes)), live=True)
        return {one.inputs["imageId"] for one in of_type(found, TEMPLATE).values()}

    assert images(rollout={**colors, "progress": progress}) == {last}
    assert images(rollout=colors) == {newest}
    # Whoever names one means it.
    assert images(rollout={**colors, "progress": progress}, fleet={"imageId": own}) == {own}


def test_a_machine_image_of_the_teams_own() -> None:
    def images(**changes: Any) -> set[str]:
        return {one.inputs["imageId"] for one in of_type(live(**changes), TEMPLATE).values()}

    assert images(fleet={"imageId": "ami-00112233445566778"}) == {"ami-00112233445566778"}
    assert images(fleet={"imageId": "/team/images/app"}, stage=7) == {"ami-0123456789abcdef0"}
    with pytest.raises(SettingsError, match=r"fleet\.imageId: given .*; a machine image is in one region"):
        settings(fleet={"imageId": "ami-00112233445566778"}, stage=7)


def test_a_request_that_knows_the_key_chooses_its_target_group() -> None:
    rules = of_type(live(), "aws:lb/listenerRule:ListenerRule")
    assert rules
    for one in rules.values():
        headers = {
            condition["httpHeader"]["httpHeaderName"]: condition["httpHeader"]["values"]
            for condition in one.inputs["conditions"]
        }
        assert set(headers) == {"x-ascent-target", "x-ascent-key"}
        assert headers["x-ascent-key"] == [{"secret": True}]


def test_a_boot_script_that_ec2_would_refuse_is_refused_here() -> None:
    with pytest.raises(ValueError, match=str(LARGEST)):
        script(Container(**{**CONTAINER, "environment": {"LONG": "x" * LARGEST}}))
