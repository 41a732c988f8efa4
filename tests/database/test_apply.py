"""The whole set on the runbooks' tables: what is planned is run, twice changes nothing, tables change by hand only."""

from __future__ import annotations

from pathlib import Path

import pytest

from database.config import load
from tests.database.support import EXAMPLE, Database, written

PLAIN = ("activities", "glow_analyses", "style_analyses", "progress_photos")
KINDS = """
    SELECT relname, relkind::text FROM pg_class
    WHERE relname IN ('activities', 'glow_analyses', 'style_analyses', 'progress_photos') ORDER BY 1
    """


def test_a_second_run_changes_nothing(example: Database) -> None:
    planned = example.command("plan", "--config", str(EXAMPLE), "--json")
    assert planned.code == 0, planned.err
    first = example.command("apply", "--config", str(EXAMPLE), "--json")
    assert first.code == 0, first.err
    assert [one["sql"] for one in first.json["ran"]] == [one["sql"] for one in planned.json["actions"]]
    before = example.snapshot()
    second = example.command("apply", "--config", str(EXAMPLE), "--json")
    assert second.code == 0, second.err
    assert second.json["ran"] == []
    assert example.snapshot() == before
    assert example.invalid() == []
    assert example.command("health", "--config", str(EXAMPLE)).code == 0
    assert example.command("plan", "--config", str(EXAMPLE)).out == "-- nothing to do\n"


def test_a_table_is_never_converted_on_the_way(example: Database) -> None:
    assert {one.table for one in load(EXAMPLE).partitions if one.convert} >= set(PLAIN)
    for command in ("apply", "partitions"):
        result = example.command(command, "--config", str(EXAMPLE), "--json", job=command)
        assert result.code == 0, result.err
        assert all(any(f"`convert --table {name}`" in note for note in result.json["notes"]) for name in PLAIN)
    assert example.rows(KINDS) == [(name, "r") for name in sorted(PLAIN)]
    # What an application may go on with: its key is what it was.
    example.run("INSERT INTO activities (id, user_id) VALUES (1, 1) ON CONFLICT (id) DO NOTHING")
    health = example.command("health", "--config", str(EXAMPLE), "--json")
    assert health.code == 0
    due = next(one for one in health.json["checks"] if one["name"] == "conversions due")
    assert (due["ok"], {row["table"] for row in due["details"]}) == (None, set(PLAIN))


def test_each_is_converted_by_its_command(example: Database) -> None:
    assert example.command("apply", "--config", str(EXAMPLE)).code == 0
    example.run(
        "GRANT SELECT ON user_statistics_cache TO pg_monitor;"
        "INSERT INTO glow_analyses (user_id, overall_score) VALUES (7, 50)"
    )
    for name in PLAIN:
        planned = example.command("convert", "--table", name, "--config", str(EXAMPLE), "--dry-run", "--json")
        result = example.command("convert", "--table", name, "--config", str(EXAMPLE), "--json")
        assert result.code == 0, result.err
        assert result.json["reports"] == [{"rule": f"convert:{name}", "actions": len(planned.json["actions"])}]
        again = example.command("convert", "--table", name, "--config", str(EXAMPLE), "--json")
        assert (again.code, again.json["reports"][0]["actions"]) == (0, 0)
    assert example.rows(KINDS) == [(name, "p") for name in sorted(PLAIN)]
    # The view of a converted table reads all of it, and not only its old part.
    example.run(
        "INSERT INTO glow_analyses (user_id, overall_score, created_at) VALUES (7, 70, now() + interval '70 d')"
    )
    assert example.command("refresh", "--config", str(EXAMPLE)).code == 0
    assert example.rows("SELECT analyses, average_score::int FROM user_statistics_cache") == [(2, 60)]
    assert example.value("SELECT has_table_privilege('pg_monitor', 'user_statistics_cache', 'SELECT')")
    after = example.command("apply", "--config", str(EXAMPLE), "--json")
    assert (after.code, after.json["ran"]) == (0, [])
    assert example.command("health", "--config", str(EXAMPLE)).code == 0


def test_a_view_that_a_killed_run_left_behind_is_built_anew(example: Database) -> None:
    assert example.command("apply", "--config", str(EXAMPLE)).code == 0
    planned = example.command("convert", "--table", "glow_analyses", "--config", str(EXAMPLE), "--dry-run", "--json")
    (switch,) = (one for one in planned.json["actions"] if one["sql"][0].startswith("LOCK TABLE"))
    with example.connect() as conn:
        for action in planned.json["actions"][: planned.json["actions"].index(switch) + 1]:
            for statement in ["BEGIN", *action["sql"], "COMMIT"] if action["transaction"] else action["sql"]:
                conn.execute(statement)
    result = example.command("apply", "--config", str(EXAMPLE), "--json")
    assert result.code == 0, result.err
    assert "view:user_statistics_cache: materialized view user_statistics_cache reads only the old part" in result.err
    example.run(
        "INSERT INTO glow_analyses (user_id, overall_score, created_at) VALUES (7, 70, now() + interval '70 d')"
    )
    example.run("REFRESH MATERIALIZED VIEW user_statistics_cache")
    assert example.value("SELECT analyses FROM user_statistics_cache WHERE user_id = 7") == 1
    assert example.command("apply", "--config", str(EXAMPLE), "--json").json["ran"] == []


def test_only_what_the_config_names_is_converted(example: Database, tmp_path: Path) -> None:
    unknown = example.command("convert", "--table", "messages", "--config", str(EXAMPLE))
    assert unknown.code == 2
    assert "--table messages: the config's partitions do not name it. Named are: activities," in unknown.err
    path = str(written(tmp_path, partitions=[{"table": "activities", "column": "created_at"}], extensions={}))
    for command in (["convert", "--table", "activities"], ["apply"], ["partitions"]):
        refused = example.command(*command, "--config", path)
        assert refused.code == 1
        assert "set convert: true and run `convert --table activities`" in refused.err
    assert example.rows(KINDS) == [(name, "r") for name in sorted(PLAIN)]


@pytest.mark.parametrize(("days", "stays"), [(10, False), (40, True)])
def test_the_check_of_an_interrupted_conversion_goes_before_its_date(
    example: Database,
    tmp_path: Path,
    days: int,
    stays: bool,  # noqa: FBT001 (a parameter of the test)
) -> None:
    example.run(
        f"DO $$ BEGIN EXECUTE format('ALTER TABLE activities ADD CONSTRAINT activities_history_check"
        f" CHECK (created_at IS NOT NULL AND created_at < %L::timestamptz) NOT VALID', current_date + {days}); END $$"
    )
    path = str(written(tmp_path, extensions={}, partitions=[
        {"table": "activities", "column": "created_at", "convert": True}
    ]))  # fmt: skip
    health = example.command("health", "--config", path)
    assert health.code == 1
    assert "convert --table NAME" in health.out
    assert example.command("apply", "--config", path).code == 0
    left = example.rows("SELECT 1 FROM pg_constraint WHERE conname = 'activities_history_check'")
    assert bool(left) is stays
