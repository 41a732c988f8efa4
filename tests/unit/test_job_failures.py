"""Jobs that fail, cannot start or never start: whom each way of it tells, on either runtime."""

from __future__ import annotations

import json
from typing import Any

import pytest

from database.schedules import JOB_VARIABLE as THEIRS
from infra.components.observability.task_failures import PATHS, pattern, template
from infra.schedules import CLOCK, HEALTH, JOB_VARIABLE, JOBS
from ops.engine.recorder import Recorded
from tests.eventbridge import matches, message
from tests.unit.runtime import built, of_type

SCHEDULE, QUEUE = "aws:scheduler/schedule:Schedule", "aws:sqs/queue:Queue"
RULE, TARGET = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
ALARM, FILTER = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/logMetricFilter:LogMetricFilter"
CRON = "kubernetes:batch/v1:CronJob"
CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/test-use1-tasks"
REFRESH = "refresh-statistics"
PROCEDURES = "https://docs.example.com/procedures"


def live(**changes: Any) -> dict[str, Recorded]:
    return built(live=True, **{"stage": 3, **changes})


def told(everything: dict[str, Recorded], kind: str) -> dict[str, Recorded]:
    """What is about events: the check from outside has a rule too, which is a clock."""
    return {name: one for name, one in of_type(everything, kind).items() if "-outside" not in name}


def event(*, group: str = REFRESH, **detail: Any) -> dict[str, Any]:
    """A stopped task's event, with the fields of Amazon ECS Developer Guide, "Task state change events"."""
    task = f"{CLUSTER.replace('cluster', 'task')}/c13b4cb40f1f4fe4a2971f76ae5a47ad"
    container = {"lastStatus": "STOPPED", "name": "job", "image": "registry.example.com/database:1.0.0", "cpu": "0"}
    stopped = {
        "clusterArn": CLUSTER,
        "group": group,
        "launchType": "FARGATE",
        "desiredStatus": "STOPPED",
        "lastStatus": "STOPPED",
        "overrides": {"containerOverrides": [{"name": "job", "command": ["refresh"]}]},
        "taskArn": task,
        "version": 6,
        **detail,
    }
    stopped["containers"] = [{**container, **one} for one in detail.get("containers", [{}])]
    return {
        "version": "0",
        "id": "3317b2af-7005-947d-b652-f55e762e571a",
        "detail-type": "ECS Task State Change",
        "source": "aws.ecs",
        "account": "123456789012",
        "time": "2026-11-23T17:57:58Z",
        "region": "us-east-1",
        "resources": [task],
        "detail": stopped,
    }


def exited(code: int, *, group: str = REFRESH, **container: Any) -> dict[str, Any]:
    """A task whose only container has ended."""
    return event(
        group=group,
        stopCode="EssentialContainerExited",
        stoppedReason="Essential container in task exited",
        containers=[{"exitCode": code, **container}],
    )


CANNOT_PULL = event(
    stopCode="TaskFailedToStart",
    stoppedReason='CannotPullContainerError: failed to resolve ref "registry.example.com/database:1.0.0": not found',
)
BAD = {
    "exit 1": exited(1),
    "bad input": exited(2, group=HEALTH),
    "told to stop from inside": exited(130),
    "essential container killed": exited(137),
    "out of memory": exited(137, reason="OutOfMemoryError: Container killed due to memory usage"),
    "health out of memory": exited(137, group=HEALTH),
    "cannot pull": CANNOT_PULL,
    "no secret": event(
        stopCode="TaskFailedToStart",
        stoppedReason="ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException",
    ),
    "health cannot pull": event(group=HEALTH, stopCode="TaskFailedToStart", stoppedReason="CannotPullContainerError"),
    "host lost": event(stopCode="InfrastructureHealth", stoppedReason="Task stopped due to an infrastructure issue"),
    "retired": event(
        stopCode="TerminationNotice", stoppedReason="Your task is being retired", containers=[{"exitCode": 130}]
    ),
    "essential container without an exit code": event(
        stopCode="EssentialContainerExited", stoppedReason="Essential container in task exited"
    ),
}
GOOD = {
    "exit 0": exited(0),
    "health's answer is no, of which an alarm tells": exited(1, group=HEALTH),
    "stopped by a person": event(
        stopCode="UserInitiated", stoppedReason="Task stopped by user", containers=[{"exitCode": 130}]
    ),
    "stopped by a person before it began": event(stopCode="UserInitiated", stoppedReason="Task stopped by user"),
    "stopped by a deployment": event(
        stopCode="ServiceSchedulerInitiated",
        stoppedReason="Scaling activity initiated by (deployment ecs-svc/1234567890123456789)",
        containers=[{"exitCode": 137}],
    ),
    "still running": event(lastStatus="RUNNING", desiredStatus="RUNNING"),
    "of another cluster": event(
        clusterArn=f"{CLUSTER}-other", stopCode="TaskFailedToStart", stoppedReason="CannotPullContainerError"
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_task_that_stopped_badly_is_told(name: str) -> None:
    assert matches(_pattern(), BAD[name])


@pytest.mark.parametrize("name", GOOD)
def test_one_that_did_not_is_not(name: str) -> None:
    assert not matches(_pattern(), GOOD[name])


def _pattern() -> dict[str, Any]:
    """As the stack has it."""
    (rule,) = told(live(), RULE).values()
    found: dict[str, Any] = json.loads(rule.inputs["eventPattern"])
    found["detail"]["clusterArn"] = [CLUSTER]
    assert found == json.loads(json.dumps(pattern(CLUSTER, HEALTH)))
    return found


def test_the_rule_is_about_the_cluster_of_the_jobs_alone() -> None:
    everything = live()
    (rule,) = told(everything, RULE).values()
    (schedule, *_) = (one for one in of_type(everything, SCHEDULE).values() if not one.name.endswith("-clock"))
    assert json.loads(rule.inputs["eventPattern"])["detail"]["clusterArn"] == [schedule.inputs["target"]["arn"]]


@pytest.mark.parametrize("name", BAD)
def test_the_message_says_which_job_why_and_what_to_do_and_is_one_that_chat_shows(name: str) -> None:
    text = message(
        template("prod-use1-tasks", "the-log", "database job", f"{PROCEDURES}#database-jobs"), PATHS, BAD[name]
    )
    shown = json.loads(text)
    assert (shown["version"], shown["source"], shown["content"]["textType"]) == ("1.0", "custom", "client-markdown")
    detail = BAD[name]["detail"]
    assert shown["content"]["title"] == f"prod-use1-tasks: database job {detail['group']} failed"
    assert shown["content"]["description"] == detail["stoppedReason"]
    stop, log, what = shown["content"]["nextSteps"]
    assert stop.startswith(f"Stop code {detail['stopCode']}, exit code {detail['containers'][0].get('exitCode', '')} (")
    assert "group the-log" in log
    assert detail["taskArn"] in log
    assert what == f"What to do: {PROCEDURES}#database-jobs"


def test_it_goes_to_the_warnings_and_what_cannot_be_sent_is_kept() -> None:
    everything = live()
    (target,) = told(everything, TARGET).values()
    assert target.inputs["arn"].endswith("test-use1-alarms-warning")
    queue = of_type(everything, QUEUE)["test-use1-jobs-undelivered"]
    arn = f"arn:aws:sqs/queue:us-east-1:123456789012:{queue.name}"
    assert target.inputs["deadLetterConfig"] == {"arn": arn}
    assert target.inputs["inputTransformer"]["inputPaths"] == PATHS
    # Neither a key of KMS that EventBridge might not use, nor an end before people are back from a holiday.
    assert queue.inputs["sqsManagedSseEnabled"] is True
    assert queue.inputs["messageRetentionSeconds"] == 14 * 24 * 3600
    (policy,) = of_type(everything, "aws:sqs/queuePolicy:QueuePolicy").values()
    (statement,) = json.loads(policy.inputs["policy"])["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Resource"] == [arn]
    (rule,) = told(everything, RULE)
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"].endswith(f":{rule}")


def test_eventbridge_may_use_one_topic_and_the_key_without_a_condition_that_it_does_not_meet() -> None:
    everything = live()
    for type_, holder, admitted in (
        ("aws:sns/topicPolicy:TopicPolicy", "test-use1-alarms-warning", True),
        ("aws:sns/topicPolicy:TopicPolicy", "test-use1-alarms-critical", False),
        ("aws:kms/key:Key", "test-use1-alarms", True),
    ):
        statements = json.loads(of_type(everything, type_)[holder].inputs["policy"])["Statement"]
        ours = [one for one in statements if "events.amazonaws.com" in one["Principal"].get("Service", ())]
        assert bool(ours) is admitted
        assert not any("Condition" in one for one in ours)
        others = [one for one in statements if "cloudwatch.amazonaws.com" in one["Principal"].get("Service", ())]
        assert all(one["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}} for one in others)


@pytest.mark.parametrize("changes", [{"stage": 2}, {"jobs": None}, {"stage": 6, "runtime": "kubernetes"}])
def test_eventbridge_may_do_nothing_where_it_has_nothing_to_tell(changes: dict[str, Any]) -> None:
    everything = live(**changes)
    assert told(everything, RULE) == {}
    policies = [
        *of_type(everything, "aws:sns/topicPolicy:TopicPolicy").values(),
        *of_type(everything, "aws:kms/key:Key").values(),
    ]
    assert not [one for one in policies if "events.amazonaws.com" in str(one.inputs.get("policy"))]


@pytest.mark.parametrize("changes", [{}, {"stage": 7}, {"stage": 6, "runtime": "kubernetes"}])
def test_what_a_schedule_cannot_start_is_put_aside_and_its_role_may_do_so(changes: dict[str, Any]) -> None:
    everything = live(**changes)
    schedules = of_type(everything, SCHEDULE).values()
    assert schedules
    roles = of_type(everything, "aws:iam/rolePolicy:RolePolicy").values()
    for one in schedules:
        target = one.inputs["target"]
        assert target["deadLetterConfig"]["arn"].endswith(":test-use1-jobs-undelivered")
        role = target["roleArn"].rpartition(":")[2]
        (may,) = (json.loads(found.inputs["policy"]) for found in roles if found.inputs["role"] == f"{role}-id")
        sends = [allowed for allowed in may["Statement"] if allowed["Action"] == ["sqs:SendMessage"]]
        assert [allowed["Resource"] for allowed in sends] == [[target["deadLetterConfig"]["arn"]]]


def test_the_queue_is_there_before_the_jobs_and_stays_after_them() -> None:
    for changes in ({"stage": 1}, {"stage": 3}, {"stage": 6, "runtime": "kubernetes"}):
        queue = of_type(live(**changes), QUEUE)["test-use1-jobs-undelivered"]
        assert queue.protect


def test_a_task_is_called_as_its_job_and_told_so() -> None:
    schedules = of_type(live(), SCHEDULE)
    for job in JOBS:
        target = schedules[f"test-use1-tasks-{job.name}"].inputs["target"]
        assert target["ecsParameters"]["group"] == job.name
        (override,) = json.loads(target["input"])["containerOverrides"]
        assert override["environment"] == [{"name": JOB_VARIABLE, "value": job.name}]
    assert JOB_VARIABLE == THEIRS


def test_schedules_stay_in_the_group_that_they_are_in() -> None:
    # Another group would replace each of them: hashicorp/terraform-provider-aws, scheduler/schedule.go, group_name.
    for changes in ({}, {"stage": 6, "runtime": "kubernetes"}):
        everything = live(**changes)
        assert not [one for one in of_type(everything, SCHEDULE).values() if "groupName" in one.inputs]
        watched = [one for name, one in of_type(everything, ALARM).items() if "-schedules-" in name]
        assert {one.inputs["metricName"] for one in watched} == {"InvocationDroppedCount", "TargetErrorCount"}
        assert {one.inputs["dimensions"]["ScheduleGroup"] for one in watched} == {"default"}


RUNTIMES: dict[str, tuple[dict[str, Any], str, str]] = {
    "tasks": ({}, "test-use1-tasks", "$"),
    "pods": ({"stage": 6, "runtime": "kubernetes"}, "test-use1-tasks-pods", "$.log_processed"),
}


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_three_silent_hours_are_told_and_the_first_hours_of_a_stack_are_not(runtime: str) -> None:
    changes, name, _ = RUNTIMES[runtime]
    everything = live(**changes)
    silent = of_type(everything, ALARM)[f"{name}-silent"].inputs
    assert (silent["namespace"], silent["metricName"], silent["statistic"]) == (
        f"Ascent/{name}",
        "HealthSucceeded",
        "Sum",
    )
    assert (silent["comparisonOperator"], silent["threshold"]) == ("LessThanThreshold", 1)
    assert (silent["period"], silent["evaluationPeriods"], silent["datapointsToAlarm"]) == (3600, 3, 3)
    assert silent["dimensions"] == {}
    # CloudWatch User Guide, "How alarm state is evaluated when data is missing": a new alarm, with nothing but missing
    # points, is in ALARM if they are breaching, and OK if they are not. From then on, the clock's points decide.
    assert silent["treatMissingData"] == "notBreaching"
    clock = of_type(everything, SCHEDULE)[f"{name}-clock"].inputs
    assert clock["target"]["arn"] == "arn:aws:scheduler:::aws-sdk:cloudwatch:putMetricData"
    assert json.loads(clock["target"]["input"]) == {
        "Namespace": silent["namespace"],
        "MetricData": [{"MetricName": silent["metricName"], "Value": 0}],
    }
    (role,) = (
        one for one in of_type(everything, "aws:iam/rolePolicy:RolePolicy").values() if one.name == f"{name}-clock"
    )
    put = json.loads(role.inputs["policy"])["Statement"][0]
    assert put["Condition"] == {"StringEquals": {"cloudwatch:namespace": silent["namespace"]}}


def test_the_clock_strikes_once_an_hour_and_after_the_hours_health_check() -> None:
    (health,) = (job for job in JOBS if job.name == HEALTH)
    assert health.cron.split()[1:] == CLOCK.cron.split()[1:] == ["*"] * 4
    assert int(CLOCK.cron.split()[0]) - int(health.cron.split()[0]) == 30


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_lines_that_runs_end_with_are_counted_where_they_are_written(runtime: str) -> None:
    changes, name, root = RUNTIMES[runtime]
    everything = live(**changes)
    filters = {
        one.name.removeprefix(f"{name}-"): one.inputs
        for one in of_type(everything, FILTER).values()
        if one.name.startswith(f"{name}-")
    }
    assert set(filters) == {"HealthSucceeded", "RunsFailed"}
    group = {"tasks": "test-use1-tasks", "pods": "/aws/containerinsights/test-use1/application"}[runtime]
    assert {one["logGroupName"] for one in filters.values()} == {group}
    assert filters["HealthSucceeded"]["pattern"] == (
        f'{{ {root}.ascent_job = "database-health" && {root}.result = "succeeded" }}'
    )
    failing = {"tasks": '"database-health"', "pods": "*"}[runtime]
    assert filters["RunsFailed"]["pattern"] == f'{{ {root}.ascent_job = {failing} && {root}.result = "failed" }}'
    assert {one["metricTransformation"]["namespace"] for one in filters.values()} == {f"Ascent/{name}"}
    failed = of_type(everything, ALARM)[f"{name}-failed"].inputs
    # One failure is enough; a check that says no every hour is one alarm, and over two hours after its last no.
    assert (failed["period"], failed["evaluationPeriods"], failed["datapointsToAlarm"]) == (3600, 2, 1)
    assert (failed["threshold"], failed["treatMissingData"]) == (0, "notBreaching")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_all_of_it_tells_the_warnings_where_the_jobs_are_and_nowhere_else(runtime: str) -> None:
    changes, name, _ = RUNTIMES[runtime]
    found = {one.name: one for one in of_type(live(**{**changes, "stage": 7}), ALARM).values() if "-tasks" in one.name}
    assert {one.removeprefix(f"{name}-") for one in found} == {
        "silent", "failed", "schedules-dropped", "schedules-errors", "letters-letters",
    }  # fmt: skip
    assert {one.inputs["alarmActions"][0].rpartition("-")[2] for one in found.values()} == {"warning"}
    assert {one.region for one in found.values()} == {"us-east-1"}
    after = of_type(live(**{**changes, "stage": 7, "writer": "eu-west-1"}), ALARM)
    assert {one.region for one in after.values() if "-tasks" in one.name} == {"eu-west-1"}


def test_where_instances_and_pods_run_the_tasks_are_watched_once() -> None:
    found = {name for name in of_type(live(stage=6, runtime="both"), ALARM) if "-tasks" in name}
    assert "test-use1-tasks-silent" in found
    assert not [name for name in found if "-tasks-pods" in name]


def test_of_a_cluster_that_is_given_cloudwatch_sees_no_jobs() -> None:
    given = {"kubeconfig": "made up", "context": "theirs"}
    everything = live(stage=6, runtime="kubernetes", cluster=given)
    assert len(of_type(everything, CRON)) == len(JOBS)
    assert not [name for name in of_type(everything, ALARM) if "-tasks" in name]
    assert of_type(everything, SCHEDULE) == {}


def test_a_pod_of_a_job_that_hangs_does_not_hold_up_the_next_for_long() -> None:
    crons = {
        one.name.removeprefix("test-use1-tasks-pods-"): one.inputs["spec"]
        for one in of_type(live(stage=6, runtime="kubernetes"), CRON).values()
    }
    assert set(crons) == {job.name for job in JOBS}
    for name, spec in crons.items():
        job = spec["jobTemplate"]["spec"]
        hourly = spec["schedule"].split()[1:] == ["*"] * 4
        # With Forbid, a run that cannot start (its image, its node) would hold up the next ones until this ends it.
        assert spec["concurrencyPolicy"] == "Forbid"
        assert job["activeDeadlineSeconds"] == (3300 if hourly else 21_600)
        assert job["activeDeadlineSeconds"] > 50 * 60  # a refresh: database/limits.py
        # Without it, a controller that was down for a hundred runs gives up on the schedule.
        assert 10 <= spec["startingDeadlineSeconds"] <= 3600
        assert job["template"]["spec"]["restartPolicy"] == "Never"
        assert job["backoffLimit"] == (0 if name == HEALTH else 3)
        (container,) = job["template"]["spec"]["containers"]
        assert {"name": JOB_VARIABLE, "value": name} in container["env"]
