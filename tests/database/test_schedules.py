"""Scheduled runs: what they write down, what `health` makes of it, and the line that says how each ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from database.schedules import Scheduled, scheduled
from tests.database.support import EXAMPLE, Database, until, written

HOURS = 60  # minutes
NAMES = [job.name for job in scheduled() if job.command != ("health",)]
# Minutes after its last good end from which a job is late: a period, an hour to start, six to run; 130 if it is hourly.
LATE = {
    "apply": 31 * HOURS,
    "refresh-statistics": 130,
    "cleanup-cache": 31 * HOURS,
    "cleanup-metrics": (7 * 24 + 7) * HOURS,
    "archive-messages": (31 * 24 + 7) * HOURS,
    "partitions-ahead": 31 * HOURS,
}


ENDED = "UPDATE ascent.jobs SET finished_at = now() - %s * interval '1 minute' WHERE job = %s"
SINCE = "UPDATE ascent.expected SET since = now() - %s * interval '1 minute' WHERE job = %s"


def change(database: Database, statement: str, name: str, minutes: int) -> None:
    """Set back the clock of one job."""
    recorded = next(job.recorded for job in scheduled() if job.name == name)
    with database.connect() as conn:
        assert conn.execute(statement.encode(), (minutes, recorded)).rowcount == 1


def run(database: Database, name: str, config: Path | str = EXAMPLE, *more: str) -> Any:
    """What the schedule of this name runs."""
    command = next(job.command for job in scheduled() if job.name == name)
    return database.command(*command, "--config", str(config), "--json", *more, job=name)


def checks(database: Database, config: Path | str = EXAMPLE) -> dict[str, Any]:
    """What the scheduled `health` finds, by check."""
    return {one["name"]: one for one in run(database, "database-health", config).json["checks"]}


def late(database: Database, config: Path | str = EXAMPLE) -> list[str]:
    """The jobs that it says are late."""
    return [row["job"] for row in checks(database, config)["jobs"]["details"]]


def test_limits_follow_from_how_often_a_job_runs() -> None:
    assert {job.name: job.minutes for job in scheduled() if job.name in NAMES} == LATE


@pytest.mark.parametrize("cron", ["*/5 * * * *", "0 0 1 1 *", "0 2 1 * 0", "0 2,3 * * *", "0 * * * 1"])
def test_a_schedule_of_another_form_is_refused(cron: str) -> None:
    with pytest.raises(ValueError, match="hourly, daily, weekly or monthly"):
        _ = Scheduled("x", cron, ("x",)).period


def test_nothing_is_wrong_with_a_new_database_until_the_first_apply_is_late(example: Database) -> None:
    for name in NAMES[1:]:
        result = run(example, name)
        assert result.code == 0, result.err
    assert "the first scheduled `apply` is still to come" in run(example, "refresh-statistics").err
    health = run(example, "database-health")
    assert health.code == 0, health.out
    found = {one["name"]: one["ok"] for one in health.json["checks"]}
    assert (found["jobs"], found["partitions"], found["views"]) == (True, None, None)
    # A view that could not be refreshed has not been.
    assert example.rows("SELECT job FROM ascent.jobs ORDER BY 1") == [
        ("retain archive",), ("retain cleanup",), ("retain metrics",),
    ]  # fmt: skip
    example.run("UPDATE ascent.expected SET since = now() - interval '31 hours 1 minute' WHERE job = 'apply'")
    assert run(example, "database-health").code == 1
    found = {one["name"]: one["ok"] for one in checks(example).values()}
    assert (found["jobs"], found["partitions"], found["views"]) == (False, False, False)
    assert late(example) == ["apply"]
    assert run(example, "refresh-statistics").code == 1
    assert run(example, "partitions-ahead").code == 0
    assert run(example, "apply").code == 0
    assert late(example) == []


@pytest.mark.parametrize("name", NAMES)
def test_health_names_the_job_that_is_late(database: Database, tmp_path: Path, name: str) -> None:
    config = written(tmp_path, extensions={})
    for one in NAMES:
        assert run(database, one, config).code == 0
    assert late(database, config) == []
    change(database, ENDED, name, LATE[name] - 1)
    assert late(database, config) == []
    change(database, ENDED, name, LATE[name] + 1)
    result = run(database, "database-health", config)
    assert result.code == 1
    assert late(database, config) == [name]
    by_hand = database.command("health", "--config", str(config))
    assert by_hand.code == 1
    assert f"jobs: job {name}" in by_hand.out
    # Run by hand once, as the advice has it, it is no longer late: no schedule has to come by first.
    command = next(job.command for job in scheduled() if job.name == name)
    assert database.command(*command, "--config", str(config)).code == 0
    assert late(database, config) == []


@pytest.mark.parametrize("name", NAMES)
def test_health_names_a_job_that_never_ran(database: Database, tmp_path: Path, name: str) -> None:
    config = written(tmp_path, extensions={})
    for one in NAMES:
        if one != name:
            assert run(database, one, config).code == 0
    change(database, SINCE, name, LATE[name] - 1)
    assert late(database, config) == []
    change(database, SINCE, name, LATE[name] + 1)
    assert late(database, config) == [name]


def test_by_hand_nothing_is_expected_and_health_changes_nothing(example: Database) -> None:
    before = example.snapshot()
    found = {one["name"]: one for one in example.command("health", "--config", str(EXAMPLE), "--json").json["checks"]}
    assert found["jobs"]["ok"] is None
    assert run(example, "apply", EXAMPLE, "--dry-run").code == 0
    assert example.snapshot() == before
    # And what was wrong before there were scheduled runs still is.
    assert (found["partitions"]["ok"], found["views"]["ok"]) == (False, False)


def test_a_ledger_of_an_earlier_version_is_kept_and_completed(example: Database) -> None:
    assert example.command("apply", "--config", str(EXAMPLE)).code == 0
    # As the version before left it: without `expected`, and without a word on `apply`.
    example.run("DROP TABLE ascent.expected; DELETE FROM ascent.jobs WHERE job = 'apply'")
    steps = example.rows("SELECT * FROM ascent.steps ORDER BY id")
    jobs = example.rows("SELECT * FROM ascent.jobs ORDER BY job")
    found = checks(example)
    assert found["jobs"]["ok"] is True
    # Its apply has run, so that what it has to have made is looked at from the first run on.
    assert (found["partitions"]["ok"], found["views"]["ok"]) == (True, True)
    assert example.rows("SELECT * FROM ascent.steps ORDER BY id") == steps
    assert example.rows("SELECT * FROM ascent.jobs ORDER BY job") == jobs
    assert example.value("SELECT count(*) FROM ascent.expected") == len(scheduled())
    again = example.command("apply", "--config", str(EXAMPLE))
    assert again.out == "nothing to do\n"


def test_what_is_expected_keeps_its_time(database: Database, tmp_path: Path) -> None:
    config = written(tmp_path)
    run(database, "database-health", config)
    since = database.rows("SELECT * FROM ascent.expected ORDER BY job")
    run(database, "database-health", config)
    assert database.rows("SELECT * FROM ascent.expected ORDER BY job") == since


def test_jobs_that_begin_at_the_same_moment_make_one_ledger(database: Database, tmp_path: Path) -> None:
    config = str(written(tmp_path))
    with database.connect(autocommit=False) as holder:
        # Both have to get as far as making it before either may.
        holder.execute("SELECT pg_advisory_xact_lock(x'61736374'::int, 3)")
        started = [database.start("health", "--config", config, job=f"job-{number}") for number in range(3)]
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        until(lambda: database.value(waiting) == 3)
    for one in started:
        out, err = one.communicate(timeout=30)
        assert one.returncode == 0, out + err
    assert database.value("SELECT count(*) FROM ascent.expected") == len(scheduled())


def test_a_role_that_may_not_make_the_ledger_is_told_what_it_lacks(
    make: Callable[..., Database], tmp_path: Path
) -> None:
    database = make()
    role = f"reader_{os.getpid()}"
    database.run(f"CREATE ROLE {role} LOGIN")
    theirs = Database(database.uri.replace("postgres:@", f"{role}:@"))
    result = theirs.command("health", "--config", str(written(tmp_path)), job="database-health")
    assert result.code == 1
    assert "the ledger, in schema ascent: not allowed" in result.err
    assert theirs.command("health", "--config", str(written(tmp_path))).code == 0
    database.run(f"DROP ROLE {role}")


def line(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The line with which a process ended."""
    _, err = process.communicate(timeout=30)
    found: dict[str, Any] = json.loads(err.splitlines()[-1])
    return found


def test_the_last_line_says_how_a_scheduled_run_ended(database: Database, tmp_path: Path) -> None:
    config = str(written(tmp_path))
    good = line(database.start("health", "--config", config, "--json", job="database-health"))
    assert {**good, "seconds": 0} == {
        "ascent_job": "database-health", "result": "succeeded", "code": 0, "seconds": 0,
    }  # fmt: skip
    assert 0 <= good["seconds"] < 30
    sick = str(written(tmp_path, health={"sizeLimitGib": 0.001}))
    no = line(database.start("health", "--config", sick, job="database-health"))
    assert (no["ascent_job"], no["result"], no["code"]) == ("database-health", "failed", 1)
    bad = line(database.start("refresh", "--config", "nowhere.yaml", job="refresh-statistics"))
    assert (bad["ascent_job"], bad["result"], bad["code"]) == ("refresh-statistics", "failed", 2)
    unknown = line(database.start("no-such-command", job="x"))
    assert (unknown["result"], unknown["code"]) == ("failed", 2)


def test_a_run_that_is_told_to_stop_says_that_it_failed(database: Database, tmp_path: Path) -> None:
    database.run("CREATE TABLE docs (id int); INSERT INTO docs VALUES (1)")
    index = {"name": "docs_id", "table": "docs", "columns": ["id"]}
    path = str(written(tmp_path, indexes=[index], extensions={}))
    with database.connect(autocommit=False) as blocker:
        blocker.execute("INSERT INTO docs VALUES (2)")
        process = database.start("apply", "--config", path, job="apply")
        until(lambda: database.rows("SELECT 1 FROM pg_stat_progress_create_index WHERE datname = current_database()"))
        process.send_signal(signal.SIGTERM)
        ended = line(process)
    assert (ended["ascent_job"], ended["result"]) == ("apply", "failed")
    assert ended["code"] == process.returncode != 0


def test_by_hand_there_is_no_such_line(database: Database, tmp_path: Path) -> None:
    _, err = database.start("health", "--config", str(written(tmp_path))).communicate(timeout=30)
    assert "ascent_job" not in err
