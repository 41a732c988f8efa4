"""Database jobs: when they run, where, and with what."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from infra.schedules import JOBS
from ops.engine.recorder import Recorded
from ops.stackfile import ROOT
from tests.unit.runtime import built, of_type

SCHEDULE, TASK = "aws:scheduler/schedule:Schedule", "aws:ecs/taskDefinition:TaskDefinition"


def live(**changes: Any) -> dict[str, Recorded]:
    return built(live=True, **changes)


def test_the_program_and_the_jobs_own_list_agree() -> None:
    listed = yaml.safe_load((ROOT / "database" / "schedules.yaml").read_text())
    theirs = {one["name"]: (one["cron"], tuple(one["command"])) for one in listed}
    ours = {job.name: (job.cron, job.command) for job in JOBS}
    assert ours == theirs


@pytest.mark.parametrize(
    ("name", "expression"),
    [
        ("refresh-statistics", "cron(0 * * * ? *)"),
        ("cleanup-cache", "cron(0 2 * * ? *)"),
        ("cleanup-metrics", "cron(0 3 ? * 1 *)"),
        ("archive-messages", "cron(0 4 1 * ? *)"),
    ],
)
def test_a_job_runs_when_its_runbook_says(name: str, expression: str) -> None:
    schedule = of_type(live(stage=3), SCHEDULE)[f"test-use1-tasks-{name}"].inputs
    assert schedule["scheduleExpression"] == expression
    assert schedule["scheduleExpressionTimezone"] == "UTC"


def test_jobs_come_with_stage_three_and_a_schedule_has_one_owner() -> None:
    assert of_type(live(stage=2), SCHEDULE) == {}
    schedules = of_type(live(stage=7), SCHEDULE)
    assert set(schedules) == {f"test-use1-tasks-{name}" for name in (*(job.name for job in JOBS), "clock")}
    assert {one.region for one in schedules.values()} == {"us-east-1"}


def test_without_an_image_there_are_none() -> None:
    assert of_type(live(stage=3, jobs=None), SCHEDULE) == {}


def test_they_go_past_the_pooler_with_a_url_that_nobody_can_read() -> None:
    everything = live(stage=3)
    (task,) = of_type(everything, TASK).values()
    (container,) = json.loads(task.inputs["containerDefinitions"])
    (secret,) = container["secrets"]
    assert secret["name"] == "DATABASE_URL"
    assert secret["valueFrom"].endswith(":DATABASE_DIRECT_URL::")
    target = of_type(everything, SCHEDULE)["test-use1-tasks-archive-messages"].inputs["target"]
    (override,) = json.loads(target["input"])["containerOverrides"]
    assert override["command"] == ["retain", "--job", "archive", "--config", "/etc/ascent/database.yaml"]
