"""What is watched at each stage, told to whom, and drawn where."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from infra.alarms.objectives import OBJECTIVES, Objective, burn_alarms
from infra.components.observability.slack import Slack, SlackArgs
from infra.stages import STAGES
from infra.wiring.alarms import windows
from ops.engine.recorder import Recorded, Recorder
from tests.unit import runtime
from tests.unit.configs import settings
from tests.unit.runtime import built, of_type

ALARM, COMPOSITE = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm"
DASHBOARD, BUDGET = "aws:cloudwatch/dashboard:Dashboard", "aws:budgets/budget:Budget"
ALERTS = {
    "warning": ["platform@example.com"],
    "critical": ["on-call@example.com"],
    "slack": {"workspaceId": "T0EXAMPLE", "channelId": "C0EXAMPLE"},
    "procedures": "https://docs.example.com/procedures",
}


def live(stage: int, **changes: Any) -> dict[str, Recorded]:
    return built(live=True, stage=stage, alerts=ALERTS, **changes)


def alarms(stage: int, **changes: Any) -> dict[str, dict[str, Any]]:
    return {name: dict(one.inputs) for name, one in of_type(live(stage, **changes), ALARM).items()}


def composites(stage: int) -> dict[str, dict[str, Any]]:
    return {name: dict(one.inputs) for name, one in of_type(live(stage), COMPOSITE).items()}


def objective(name: str) -> Objective:
    return next(one for one in OBJECTIVES if one.name == name)


@pytest.mark.parametrize("stage", STAGES)
def test_every_log_group_forgets(stage: int) -> None:
    groups = of_type(live(stage), "aws:cloudwatch/logGroup:LogGroup")
    assert groups
    assert [name for name, one in groups.items() if not one.inputs.get("retentionInDays")] == []


def test_warnings_and_what_is_critical_go_to_topics_of_their_own() -> None:
    told = {name: one["alarmActions"] for name, one in (alarms(6) | composites(6)).items() if one["alarmActions"]}
    topics = {name: [arn.rpartition("-")[2] for arn in actions] for name, actions in told.items()}
    assert topics["test-use1-db-cpu"] == ["warning"]
    assert topics["test-use1-balancer-errors"] == ["critical"]
    assert topics["test-use1-balancer-availability-critical"] == ["critical"]
    assert topics["test-use1-balancer-availability-warning"] == ["warning"]
    assert {len(one) for one in topics.values()} == {1}
    # Whoever was told that it began is told that it is over.
    assert all(one["okActions"] == one["alarmActions"] for one in (alarms(6) | composites(6)).values())


def test_topics_are_encrypted_with_a_key_that_only_who_publishes_may_use_on_our_behalf() -> None:
    everything = live(1)
    topics = of_type(everything, "aws:sns/topic:Topic")
    assert set(topics) == {"test-use1-alarms-warning", "test-use1-alarms-critical"}
    assert all(one.inputs["kmsMasterKeyId"].endswith("test-use1-alarms") and one.protect for one in topics.values())
    key = json.loads(str(of_type(everything, "aws:kms/key:Key")["test-use1-alarms"].inputs["policy"]).replace("'", '"'))
    (service,) = (one for one in key["Statement"] if "Service" in one["Principal"])
    assert service["Principal"]["Service"] == ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]
    assert service["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert service["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    subscribed = of_type(everything, "aws:sns/topicSubscription:TopicSubscription").values()
    assert {(one.inputs["topic"].rpartition("-")[2], one.inputs["endpoint"]) for one in subscribed} == {
        ("warning", "platform@example.com"),
        ("critical", "on-call@example.com"),
    }


def test_a_channel_shows_the_topics_of_all_regions_and_may_only_read() -> None:
    (channel,) = of_type(live(7), "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration").values()
    assert len(channel.inputs["snsTopicArns"]) == 6
    assert channel.inputs["guardrailPolicyArns"] == ["arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"]


def test_another_workspace_replaces_the_channel_as_an_update_cannot_change_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Asking(Recorder):
        def RegisterResource(self, request: Any) -> Any:  # noqa: N802
            asked.append((request.type, list(request.replaceOnChanges), request.deleteBeforeReplace))
            return super().RegisterResource(request)

    monkeypatch.setattr(runtime, "Recorder", Asking)
    runtime.record(lambda: Slack("test", SlackArgs(workspace_id="T0EXAMPLE", channel_id="C0EXAMPLE", topics=[])))
    assert ("aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration", ["slackTeamId"], True) in asked


@pytest.mark.parametrize("stage", [1, 7])
def test_a_composite_names_alarms_that_exist_and_both_windows(stage: int) -> None:
    known = set(alarms(stage))
    for name, one in composites(stage).items():
        named = re.findall(r'ALARM\("([^"]+)"\)', one["alarmRule"])
        assert set(named) <= known
        assert [child.rpartition("-")[2] for child in named] == ["long", "short"] * (len(named) // 2)
        assert one["alarmRule"].count(" AND ") == len(named) // 2
        assert one["alarmName"] == name
        assert len(one["alarmRule"]) <= 10_240
        # Setting it, or setting it no more, would replace the alarm.
        assert "actionsEnabled" not in one


def test_every_alarm_says_what_to_do_in_as_many_words_as_aws_takes() -> None:
    for one in (alarms(7) | composites(7)).values():
        assert "https://docs.example.com/procedures#" in one["alarmDescription"]
        assert len(one["alarmDescription"]) <= 1024


def test_alarms_come_with_what_they_are_about() -> None:
    def about(stage: int) -> set[str]:
        return {name.removeprefix("test-use1-") for name in alarms(stage)}

    assert {"db-connections-many", "db-cpu-raised", "balancer-bandwidth"} <= about(1)
    assert {"db-pool-use", "db-pool-reads"} <= about(2) - about(1)
    assert {"db-readers-lag", "nat-b-ports", "nat-c-ports"} <= about(4) - about(3)
    assert about(4) - about(5) == {"balancer-bandwidth"}
    assert {"cache-1-cpu", "cache-2-evictions", "jobs-clean-up-age", "jobs-clean-up-dead-letters"} <= about(6)
    assert "workers-full" in about(6) - about(5)
    jobs = {"silent", "failed", "schedules-dropped", "schedules-errors", "letters-letters"}
    assert about(3) - about(2) == {"db-log-slow", "db-log-slow-raised", *(f"tasks-{one}" for one in jobs)}
    assert about(2) - about(3) == {"db-cpu-raised"}
    assert "db-pool-reads" not in about(6)


def test_pods_are_watched_by_what_the_cluster_publishes() -> None:
    everything = live(6, runtime="kubernetes")
    found = {name: dict(one.inputs) for name, one in of_type(everything, ALARM).items()}
    full = found["test-use1-blue-pods-full"]
    assert full["dimensions"] == {"ClusterName": "test-use1", "Namespace": "ascent-test", "PodName": "blue"}
    # Its limit lies between the maximum and one pod less.
    assert STAGES[6].sizes.hpa.maximum - 1 < full["threshold"] < STAGES[6].sizes.hpa.maximum
    workers = STAGES[6].sizes.workers
    assert workers is not None
    assert workers.maximum - 1 < found["test-use1-worker-pods-full"]["threshold"] < workers.maximum
    (addon,) = (
        one.inputs
        for one in of_type(everything, "aws:eks/addon:Addon").values()
        if one.inputs["addonName"] == "amazon-cloudwatch-observability"
    )
    # Metrics, and no traces that somebody would pay for.
    assert list(json.loads(addon["configurationValues"])["agent"]["config"]) == ["logs"]
    filters = of_type(everything, "aws:cloudwatch/logMetricFilter:LogMetricFilter")
    lines = filters["test-use1-pods-app-Responses"].inputs
    assert lines["pattern"] == "{ $.log_processed.status = * }"
    assert lines["logGroupName"] == "/aws/containerinsights/test-use1/application"
    assert not [name for name in found if "-blue-memory" in name or name.startswith("test-use1-app-")]


def test_a_cluster_that_is_given_is_its_owners_to_watch() -> None:
    given = {"kubeconfig": "made up", "context": "theirs"}
    found = alarms(1, runtime="kubernetes", cluster=given)
    assert not [name for name in found if "-pods-" in name]
    assert "test-use1-blue-k8s-unhealthy" in found


def test_regions_that_follow_are_watched_for_what_they_lack() -> None:
    def about(code: str, **changes: Any) -> set[str]:
        start = f"test-{code}-"
        return {name.removeprefix(start) for name in alarms(7, **changes) if name.startswith(start)}

    follows = {"db-readers-region-lag", "cache-1-region-lag"}
    writes = {"db-cpu", "db-storage", "db-uptime-6x-long", "jobs-clean-up-age", "workers-full"}
    assert follows <= about("euw1")
    assert not writes & about("euw1")
    assert writes <= about("use1")
    assert not follows & about("use1")
    # After a failover, the other way round.
    assert writes <= about("euw1", writer="eu-west-1")
    assert follows <= about("use1", writer="eu-west-1")


@pytest.mark.parametrize("stage", STAGES)
def test_nobody_is_missed_where_a_stage_has_visitors_at_every_hour(stage: int) -> None:
    found = alarms(stage)
    names = [name for name in found if name.endswith("-visitors-none")]
    if stage == 1:
        assert names == []
        return
    assert len(names) == (3 if stage == 7 else 1)
    alarm = found["test-use1-visitors-none"]
    # In five minutes, a hundredth of what those who made the stage necessary do in the quietest hour.
    before = STAGES[stage - 1].users / len(names) * 2 * 0.05 * 5
    # The check from outside, which comes once a minute, is no visitor.
    # Five checks, one more by where the period begins, one more that is sent twice.
    assert alarm["threshold"] == pytest.approx(before / 100 + 7)
    assert 7 < alarm["threshold"] < before + 7
    assert (alarm["metricName"], alarm["comparisonOperator"]) == ("RequestCount", "LessThanThreshold")
    # Without a request nothing is published.
    assert alarm["treatMissingData"] == "breaching"
    assert [arn.rpartition("-")[2] for arn in alarm["alarmActions"]] == ["critical"]


def test_a_region_is_not_missed_by_visitors_who_are_not_sent_there() -> None:
    def missed(**changes: Any) -> set[str]:
        return {name.split("-")[1] for name in alarms(7, **changes) if name.endswith("-visitors-none")}

    assert missed() == {"use1", "euw1", "apse2"}
    assert missed(drained=["eu-west-1"]) == {"use1", "apse2"}


def test_an_external_database_is_its_owners_to_watch() -> None:
    url = "postgresql://user:password@host/app"
    found = alarms(2, externalDatabase={"directUrl": url, "pooledUrl": url})
    assert not [name for name in found if "-db" in name]
    assert "test-use1-balancer-errors" in found


def test_limits_of_a_subject_follow_its_size() -> None:
    found = alarms(4)
    assert found["test-use1-db-connections"]["threshold"] == 0.8 * 2000
    assert found["test-use1-db-memory"]["threshold"] == pytest.approx(0.2 * 32 * 2 * 1024**3)
    small = alarms(4, database={"instanceClass": "db.r7g.large"})
    assert small["test-use1-db-memory"]["threshold"] == pytest.approx(0.2 * 16 * 1024**3)
    assert "test-use1-db-capacity" not in small


def test_gates_of_a_release_are_told_by_target() -> None:
    one = {"image": "registry.example.com/app:1.0.0", "weight": 100}
    idle = {"image": "registry.example.com/app:2.0.0", "weight": 0}
    found = alarms(1, runtime="both", rollout={"blue": one, "green": idle})
    targets = [f"{color}-{runtime}" for color in ("blue", "green") for runtime in ("ec2", "k8s")]
    assert all(f"test-use1-{target}-errors" in found for target in targets)
    # One without a share of the traffic may well have no healthy target.
    assert [target for target in targets if f"test-use1-{target}-nobody" in found] == ["blue-ec2"]


def test_a_quiet_stage_looks_longer_and_the_databases_hour_is_refused() -> None:
    quiet, busy = (windows(objective("availability"), settings(stage=stage)) for stage in (1, 2))
    assert [one.short for one in quiet[0]] == [10, 30, 120, 360]
    assert [one.short for one in busy[0]] == [5, 30, 120, 360]
    kept, refused = windows(objective("uptime"), settings(stage=7))
    assert [one.window.long for one in refused] == [60]
    assert [(one.long, one.short) for one in kept] == [(360, 30), (1440, 120), (4320, 360)]


@pytest.mark.parametrize("one", OBJECTIVES, ids=lambda one: one.name)
def test_a_burn_alarm_fires_above_its_share_of_bad_events(one: Objective) -> None:
    for window in windows(one, settings(stage=4))[0]:
        long, short = burn_alarms(one, window)
        assert long.limit.value == short.limit.value == window.burn * 100
        assert (long.period.value, short.period.value) == (window.period * 60, window.short * 60)
        assert (long.datapoints, long.evaluated, short.evaluated) == (window.periods, window.periods, 1)
        assert long.evaluated * long.period.value <= 604_800
        assert long.severity is None
        assert short.severity is None


@pytest.mark.parametrize("stage", STAGES)
def test_no_alarm_asks_for_more_than_cloudwatch_looks_back(stage: int) -> None:
    # CloudWatch User Guide, Metrics concepts, Periods: a day at most. PutMetricAlarm: a week in all, a day in all with
    # periods below an hour.
    for name, one in alarms(stage, runtime="both").items():
        queries = one.get("metricQueries") or [{"metric": one}]
        (period,) = {int(query["metric"]["period"]) for query in queries if "metric" in query}
        assert period <= 86_400, name
        assert period * one["evaluationPeriods"] <= (604_800 if period >= 3600 else 86_400), name


@pytest.mark.parametrize("stage", [1, 7])
def test_dashboards_are_what_cloudwatch_takes(stage: int) -> None:
    boards = of_type(live(stage), DASHBOARD)
    regions = {1: {"test-use1"}, 7: {"test-apse2", "test-euw1", "test-use1"}}[stage]
    assert set(boards) == {"test-use1-overview", *regions}
    for board in boards.values():
        widgets = json.loads(board.inputs["dashboardBody"])["widgets"]
        assert 0 < len(widgets) <= 500
        for widget in widgets:
            assert 0 <= widget["x"] <= 24 - widget["width"]
            metrics = widget["properties"].get("metrics", [])
            assert len(metrics) <= 500
            named = [one[-1]["id"] for one in metrics]
            assert len(set(named)) == len(named)


def test_the_overview_shows_every_alarm_that_tells_somebody_and_each_budget() -> None:
    everything = live(7)
    body = of_type(everything, DASHBOARD)["test-use1-overview"].inputs["dashboardBody"]
    telling = [name for name, one in (alarms(7) | composites(7)).items() if one["alarmActions"]]
    assert [name for name in telling if name not in body] == []
    assert body.count("Error budget left") == 3


def test_a_budget_counts_what_has_the_stacks_tag_and_tells_before_it_is_spent() -> None:
    found = of_type(live(4, budget={"monthlyUsd": 1234}), BUDGET)
    costs, egress = found["test-use1-budget"].inputs, found["test-use1-budget-egress"].inputs
    assert (costs["limitAmount"], costs["limitUnit"], costs["timeUnit"]) == ("1234", "USD", "MONTHLY")
    assert costs["costFilters"] == [{"name": "TagKeyValue", "values": ["user:ascent:stack$test"]}]
    told = {(one["notificationType"], one["threshold"]) for one in costs["notifications"]}
    assert told == {("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)}
    assert (egress["limitAmount"], egress["limitUnit"], egress["budgetType"]) == ("200", "GB", "USAGE")
    assert set(of_type(live(5), BUDGET)) == {"test-use1-budget"}
    assert of_type(live(1), BUDGET)["test-use1-budget"].inputs["limitAmount"] == str(STAGES[1].sizes.budget.monthly_usd)
