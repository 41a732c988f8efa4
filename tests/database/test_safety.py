"""Dry runs, locks, two runners, rights, bad input."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from database.config import load
from database.errors import BadInputError, masked
from database.jobs import RETAIN
from tests.database.support import EXAMPLE, ROOT, Database, until, written


def test_dry_runs_change_nothing(example: Database) -> None:
    before = example.snapshot()
    for command in (["plan"], ["apply", "--dry-run"], ["retain", "--dry-run"], ["health"]):
        result = example.command(*command, "--config", str(EXAMPLE))
        assert result.code in (0, 1), result.err
        assert "Traceback" not in result.err
        assert example.snapshot() == before
    out = example.command("plan", "--config", str(EXAMPLE)).out
    assert "-- lock_timeout 600 s, statement_timeout 43200 s" in out
    assert 'CREATE INDEX CONCURRENTLY IF NOT EXISTS "idx_activities_user_created"' in out


_OWNER = """
    DROP ROLE IF EXISTS ROLE_NAME; CREATE ROLE ROLE_NAME LOGIN;
    DO $$ DECLARE t record; BEGIN
        FOR t IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        LOOP EXECUTE format('ALTER TABLE %I OWNER TO ROLE_NAME', t.relname); END LOOP;
        EXECUTE format('ALTER DATABASE %I OWNER TO ROLE_NAME', current_database());
    END $$;
    GRANT CREATE ON SCHEMA public TO ROLE_NAME;
    """


def test_everything_of_a_run_works_without_a_superuser(make: Callable[..., Database]) -> None:
    database = make("example")
    role = f"owner_{os.getpid()}"
    database.run(_OWNER.replace("ROLE_NAME", role))
    theirs = Database(database.uri.replace("postgres:@", f"{role}:@"))
    result = theirs.command("apply", "--config", str(EXAMPLE), "--json")
    assert result.code == 0, result.err
    assert any("pg_stat_statements" in note for note in result.json["notes"])
    for command in ("refresh", "partitions", "retain", "health"):
        again = theirs.command(command, "--config", str(EXAMPLE))
        assert again.code == 0, again.err + again.out
    database.run(f"REASSIGN OWNED BY {role} TO postgres; DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_missing_extension_that_may_not_be_made_is_explained(make: Callable[..., Database], tmp_path: Path) -> None:
    database = make()
    path = str(written(tmp_path, extensions={"hstore_of_ours": "required"}))
    result = database.command("apply", "--config", path)
    assert result.code == 1
    assert "extension hstore_of_ours is missing, and this server does not have it" in result.err


def locked(path: Path, tries: int) -> str:
    partition = {"table": "docs", "column": "at", "convert": True}
    return str(written(path, partitions=[partition], locks={"timeoutSeconds": 0.3, "tries": tries}))


# Partitioned by its key: nothing has to be built, and the CHECK is the first statement.
KEYED = "CREATE TABLE docs (at timestamptz PRIMARY KEY DEFAULT clock_timestamp())"
DOCS = "CREATE TABLE docs (id serial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())"


def test_a_blocked_run_gives_up_without_queueing_others(database: Database, tmp_path: Path) -> None:
    database.run(KEYED)
    with database.connect(autocommit=False) as blocker:
        blocker.execute("SET application_name = 'the report'")
        blocker.execute("SELECT count(*) FROM docs")
        process = database.start("convert", "--table", "docs", "--config", locked(tmp_path, 2))
        slowest = 0.0
        with database.connect() as writer:
            while process.poll() is None:
                started = time.monotonic()
                writer.execute("INSERT INTO docs DEFAULT VALUES")
                slowest = max(slowest, time.monotonic() - started)
                time.sleep(0.01)
        _, err = process.communicate()
    assert process.returncode == 1
    assert "try 1 of 2" in err
    assert "no lock within 0.3 s on public.docs" in err
    assert "the report, idle in transaction" in err
    assert "Gave up after 2 tries" in err
    assert "Traceback" not in err
    assert slowest < 1
    assert database.rows("SELECT conname FROM pg_constraint WHERE conname LIKE 'docs_history%'") == []


def test_a_run_goes_on_when_the_lock_is_let_go(database: Database, tmp_path: Path) -> None:
    database.run(KEYED)
    with database.connect(autocommit=False) as blocker:
        blocker.execute("SELECT count(*) FROM docs")
        process = database.start("convert", "--table", "docs", "--config", locked(tmp_path, 8))
        assert process.stderr is not None
        lines: list[str] = []
        while "try 1 of 8" not in "".join(lines):
            lines.append(process.stderr.readline())
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert database.value("SELECT relkind::text FROM pg_class WHERE relname = 'docs'") == "p"


def test_a_second_runner_waits_and_says_for_whom(database: Database, tmp_path: Path) -> None:
    database.run(DOCS)
    path = str(written(tmp_path, indexes=[{"name": "docs_at", "table": "docs", "columns": ["at"]}]))
    with database.connect(autocommit=False) as blocker:
        blocker.execute("INSERT INTO docs DEFAULT VALUES")
        first = database.start("apply", "--config", path)
        until(lambda: database.rows("SELECT 1 FROM pg_stat_progress_create_index WHERE datname = current_database()"))
        second = database.command("apply", "--config", path, "--wait", "0")
        assert second.code == 1
        assert f"{first.pid}) since" in second.err
        assert "another run is under way: process" in second.err
        third = database.start("apply", "--config", path, "--wait", "30")
        assert third.stderr is not None
        assert "waiting for another run" in third.stderr.readline()
    first.communicate(timeout=30)
    assert first.returncode == 0
    out, err = third.communicate(timeout=30)
    assert third.returncode == 0, err
    assert out == "nothing to do\n"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"tables": []}, "config.yaml: tables: unknown key. Known are: schema, ledgerSchema"),
        ({"schema": "a b"}, "config.yaml: schema: given a b; it does not have the right form. Where the tables are."),
        ({"indexes": [{"name": "i", "table": "t"}]}, "config.yaml: indexes[0].columns: missing. Its columns in order."),
        (
            {"vectorIndexes": [{"name": "i", "table": "t", "column": "c", "m": 200}]},
            "vectorIndexes[0].m: given 200; it should be less than or equal to 100. Links of a node",
        ),
        (
            {"vectorIndexes": [{"name": "i", "table": "t", "column": "c", "efConstruction": 40}]},
            "vectorIndexes[0]: efConstruction 40 should be at least twice m, which is 32.",
        ),
        ({"partitions": [{"table": "t" * 60, "column": "c"}]}, "partitions[0].table: given ttt"),
        (
            {"protected": ["t"], "retention": [{"table": "t", "column": "c", "days": 1, "job": "cleanup"}]},
            "table t is protected, and a rule takes rows from it",
        ),
        ({"views": [{"name": "v", "key": ["k"], "query": "SELECT 1; DROP TABLE t"}]}, "one SELECT without a semicolon"),
        (
            {"indexes": [{"name": "i", "table": "t", "columns": ["c"]}] * 2},
            "config.yaml: i is there twice: keep one.",
        ),
        ({"health": {"sizePercent": 120}}, "health.sizePercent: given 120; it should be less than or equal to 100."),
    ],
)
def test_a_wrong_config_is_one_message(config: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = written(tmp_path, **config)
    with pytest.raises(BadInputError) as caught:
        load(path)
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(("text", "message"), [("[1", "line 1: not YAML"), ("- a", "given list; it should be a map")])
def test_a_file_that_is_no_config(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(BadInputError, match=message):
        load(path)


def test_bad_input_exits_with_2(database: Database, tmp_path: Path) -> None:
    nowhere = database.command("plan", "--config", str(tmp_path / "none.yaml"), "--json")
    assert (nowhere.code, nowhere.json["ok"]) == (2, False)
    assert "cannot be read" in nowhere.err
    assert database.command("retain", "--config", str(EXAMPLE), "--job", "all").code == 2
    assert "DATABASE_URL is not set" in Database("").command("plan", "--config", str(EXAMPLE)).err


def test_what_is_not_there_is_named_before_anything_is_done(database: Database) -> None:
    before = database.snapshot()
    result = database.command("apply", "--config", str(EXAMPLE))
    assert result.code == 1
    assert "table public.itineraries does not exist: create it first, or take it out of the config." in result.err
    assert "table public.messages does not exist" in result.err
    assert database.snapshot() == before


def test_a_password_is_never_shown() -> None:
    url = "postgresql://user:s3cret%21@127.0.0.1:1/none"
    result = Database(url).command("plan", "--config", str(EXAMPLE), "--json")
    assert result.code == 1
    assert "cannot connect to the database of DATABASE_URL" in result.err
    assert "s3cret" not in result.out + result.err
    assert masked(f"{url} s3cret! s3cret%21", url) == "*** *** ***"


def test_schedules_name_commands_that_exist() -> None:
    schedules = yaml.safe_load((ROOT / "database" / "schedules.yaml").read_text())
    crons = {one["name"]: one["cron"] for one in schedules}
    assert crons["refresh-statistics"] == "0 * * * *"
    assert crons["cleanup-cache"] == "0 2 * * *"
    assert crons["cleanup-metrics"] == "0 3 * * 0"
    assert crons["archive-messages"] == "0 4 1 * *"
    assert {one["command"][0] for one in schedules} == {"apply", "refresh", "retain", "partitions", "health"}
    assert {one["command"][2] for one in schedules if one["command"][0] == "retain"} == set(RETAIN)
