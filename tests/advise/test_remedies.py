"""What is cheaper than a stage: each with a runbook's section, runnable, and for the stacks that it helps."""

from __future__ import annotations

import re

import pytest

from infra.components.data.database import BASE_PARAMETERS
from infra.config.settings import Settings
from infra.stages import STAGES
from infra.thresholds import FIFTY_K, GUIDE, NARFE, ORIVA, SUMMARY
from infra.triggers import TRIGGERS
from ops import stackfile
from ops.advise.measures import MEASURES
from ops.advise.model import Judgment, State
from ops.advise.remedies import remedies
from ops.advise.remedy_table import FIXED, WITHOUT, How, Remedy, When
from tests.advise.support import judged, since
from tests.unit import configs


def of(stack: str, stage: int, found: Judgment) -> list[Remedy]:
    return remedies(stackfile.settings(stack, stage), stack, found)


@pytest.mark.parametrize("one", FIXED, ids=lambda one: one.says)
def test_each_names_a_runbook_and_what_is_measured(one: Remedy) -> None:
    assert one.source.startswith((FIFTY_K, GUIDE, NARFE, ORIVA, SUMMARY))
    assert set(one.against) <= set(MEASURES)
    assert not one.says.endswith(".")


ALARMS = {
    "errors": 1, "latency_p95": 1, "database_cpu": 5, "query_p95": 1, "pool_use": 5, "pool_waiting": 1,
    "connection_errors": 0, "rate_limited": 0,
}  # fmt: skip


def test_every_trigger_and_every_alarm_has_something_cheaper() -> None:
    against = {name for one in FIXED for name in one.against}
    measured = {one.measure for one in TRIGGERS} | {one.measure for one in judged(7, **ALARMS).signals}
    assert measured - against == set()


def test_what_does_without_is_told_of_stages_that_others_lie_before() -> None:
    first = {one.stage for one in TRIGGERS if one.stage > 3}
    assert set(WITHOUT) == first


def pool(stage: int, stack: str = "sandbox") -> list[str]:
    found = judged(stage, requests=since(72, 900, 400), pool_use=since(72, 95, 60))
    assert found.signals[0].state is State.BUSY
    return [one.run for one in of(stack, stage, found) if one.says.startswith("Give the pooler")]


def test_the_pool_goes_from_twenty_to_forty() -> None:
    """Oriva, Database Connection Pool Exhaustion: "Enter 40 (double current)". A pool has 2 x instances + 1."""
    assert pool(4) == ["pulumi config set --stack sandbox --path 'ascent:fleet.maximum' 20"]
    # At stage 6, 30 instances have 61 already. Without a pooler there is none to enlarge.
    assert pool(6) == []
    assert pool(1) == []


def test_config_lines_are_values_that_the_stacks_file_may_have() -> None:
    for stage in STAGES:
        found = judged(stage, requests=since(72, 900, 400), database_cpu=since(72, 99, 60), rate_limited=since(1, 9, 0))
        for one in of("prod", stage, found):
            if one.how is How.CONFIG:
                key, value = re.fullmatch(
                    r"pulumi config set --stack prod --path 'ascent:(\S+)' (\d+)", one.run
                ).groups()  # type: ignore[union-attr]
                group, _, rest = key.partition(".")
                changed = settled(stage, group, rest.split("."), int(value))
                assert changed.stage == stage


def settled(stage: int, group: str, path: list[str], value: int) -> Settings:
    inner: object = value
    for name in reversed(path):
        inner = {name: inner}
    assert isinstance(inner, dict)
    return stackfile.settings("prod", stage, sizes={group: inner})


def test_the_database_may_grow_to_twice_its_most() -> None:
    found = judged(3, requests=since(72, 900, 400), database_cpu=since(72, 90, 60))
    runs = [one.run for one in of("sandbox", 3, found)]
    assert (
        f"pulumi config set --stack sandbox --path 'ascent:database.maxAcu' {2 * STAGES[3].sizes.database.max_acu}"
        in runs
    )


def test_a_line_that_the_connection_budget_refuses_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    from infra.config.problems import SettingsError

    def refused(*_: object, **__: object) -> Settings:
        raise SettingsError(["too many connections"])

    settings = stackfile.settings("sandbox", 4)
    found = judged(4, requests=since(72, 900, 400), pool_use=since(72, 95, 60))
    monkeypatch.setattr(stackfile, "settings", refused)
    assert [one for one in remedies(settings, "sandbox", found) if one.how is How.CONFIG] == []


def test_an_incident_gets_what_helps_at_once_and_growth_what_helps_for_long() -> None:
    incident = of("sandbox", 3, judged(3, requests=400, database_cpu=since(1, 99, 40)))
    assert {one.when for one in incident} == {When.ALARM, When.EITHER}
    assert "pg_terminate_backend" in incident[0].run
    growth = of("sandbox", 3, judged(3, requests=since(72, 900, 400), database_cpu=since(72, 85, 60)))
    assert {one.when for one in growth} == {When.GROWTH, When.EITHER}
    assert any(one.run.startswith("VACUUM") for one in growth)
    both = of("sandbox", 3, judged(3, requests=since(72, 900, 400), database_cpu=since(72, 99, 60)))
    assert {one.when for one in both} == set(When)


def test_a_fine_stack_is_offered_nothing() -> None:
    assert of("sandbox", 3, judged(3, requests=400, database_cpu=40)) == []


def test_what_a_stage_has_is_not_offered_again() -> None:
    below = {
        one.run
        for one in of("sandbox", 1, judged(1, requests=since(72, 900, 99), database_connections=since(72, 70, 40)))
    }
    assert any("DB_POOL_MIN" in run for run in below)
    above = {
        one.run for one in of("sandbox", 6, judged(6, requests=since(72, 900, 99), connection_errors=since(1, 3, 0)))
    }
    assert above
    assert not any("DB_POOL_MIN" in run for run in above)


def test_where_tables_may_be_divided_the_jobs_build_the_index() -> None:
    """PostgreSQL documentation, CREATE INDEX: not CONCURRENTLY on a partitioned table. The jobs divide activities."""
    for stage, sql, jobs in ((2, True, False), (3, False, True)):
        found = of("sandbox", stage, judged(stage, requests=since(72, 900, 400), database_cpu=since(72, 85, 60)))
        runs = {one.run for one in found}
        assert any(run.startswith("CREATE INDEX CONCURRENTLY") for run in runs) is sql, stage
        assert ("python -m database apply --config database.yaml" in runs) is jobs, stage


def test_a_command_names_the_stack_as_without_it_the_sandbox_is_meant() -> None:
    found = of("prod", 3, judged(3, requests=400, errors=since(1, 9, 0)))
    assert "ascent rollout abort --stack prod" in {one.run for one in found}


def test_what_aurora_has_by_its_parameters_is_for_a_database_elsewhere() -> None:
    assert BASE_PARAMETERS["idle_in_transaction_session_timeout"] == "60000"
    found = judged(3, requests=since(72, 900, 400), pool_use=since(72, 95, 60))
    url = "postgresql://a:b@c/d"
    theirs = configs.settings(stage=3, externalDatabase={"directUrl": url, "pooledUrl": url})
    for settings, offered in ((configs.settings(stage=3), False), (theirs, True)):
        runs = [one.run for one in remedies(settings, "sandbox", found)]
        assert any("idle_in_transaction_session_timeout" in run for run in runs) is offered


def test_before_a_job_makes_the_view_of_statements_it_is_offered() -> None:
    for stage, offered in ((2, True), (3, False)):
        found = of("sandbox", stage, judged(stage, requests=since(72, 900, 400), database_cpu=since(72, 85, 60)))
        runs = [one.run for one in found if "pg_stat_statements" in one.run]
        assert (runs[0] == "CREATE EXTENSION IF NOT EXISTS pg_stat_statements;") is offered, stage
