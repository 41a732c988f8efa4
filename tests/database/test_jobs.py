"""Retention, archive, refresh and health."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from tests.database.support import EXAMPLE, Database, Result, until, written

LOGS = """
    CREATE TABLE logs (id serial PRIMARY KEY, created_at timestamptz NOT NULL);
    INSERT INTO logs (created_at) SELECT now() - i * interval '1 hour' FROM generate_series(0, 2999) i;
    CREATE INDEX logs_created_at ON logs (created_at);
    """
RULE = {"table": "logs", "column": "created_at", "days": 7, "job": "cleanup"}


def retained(path: Path) -> str:
    return str(written(path, retention=[RULE]))


def test_retention_removes_exactly_the_old_rows_in_batches(database: Database, tmp_path: Path) -> None:
    database.run(LOGS)
    planned = database.command("retain", "--config", retained(tmp_path), "--dry-run", "--json")
    assert "DELETE FROM" in planned.json["actions"][0]["sql"][0]
    assert database.value("SELECT count(*) FROM logs") == 3000
    result = database.command("retain", "--config", retained(tmp_path), "--job", "cleanup", "--json")
    assert result.code == 0, result.err
    report = result.json["reports"][0]
    # An hour's rows lie on either side of the cutoff: 168 of them are younger than 7 days.
    assert (report["deleted"], report["batches"]) == (3000 - 168, 3)
    assert database.rows("SELECT count(*), min(created_at) > now() - interval '7 d 1 min' FROM logs") == [(168, True)]
    other = database.command("retain", "--config", retained(tmp_path), "--job", "metrics", "--json")
    assert other.json["reports"] == []


def test_a_row_that_somebody_has_locked_holds_nothing_up(database: Database, tmp_path: Path) -> None:
    database.run(LOGS)
    with database.connect(autocommit=False) as conn:
        conn.execute("SELECT FROM logs WHERE id = 3000 FOR UPDATE")
        result = database.command("retain", "--config", retained(tmp_path))
        assert result.code == 0, result.err
        assert database.value("SELECT count(*) FROM logs") == 169


def test_expired_partitions_are_dropped_whole(database: Database, tmp_path: Path) -> None:
    database.run(
        """
        CREATE TABLE logs (created_at timestamptz NOT NULL) PARTITION BY RANGE (created_at);
        CREATE TABLE logs_2020_01 PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO ('2020-02-01');
        CREATE TABLE logs_2020_02 PARTITION OF logs FOR VALUES FROM ('2020-02-01') TO ('2020-03-01');
        CREATE TABLE logs_now PARTITION OF logs FOR VALUES FROM ('2020-03-01') TO (MAXVALUE);
        INSERT INTO logs VALUES ('2020-01-15'), ('2020-02-15'), ('2020-04-01'), (now());
        -- What a run leaves that was killed between taking a partition off and dropping it.
        CREATE TABLE logs_2019_12 (LIKE logs);
        COMMENT ON TABLE logs_2019_12 IS 'ascent: expired partition of logs';
        """
    )
    result = database.command("retain", "--config", retained(tmp_path), "--json")
    assert result.code == 0, result.err
    report = result.json["reports"][0]
    assert (report["partitionsDropped"], report["deleted"]) == (3, 1)
    assert database.value("SELECT count(*) FROM logs") == 1
    left = database.rows("SELECT relname FROM pg_class WHERE relname LIKE 'logs%' AND relkind = 'r'")
    assert left == [("logs_now",)]


def test_a_partition_that_a_killed_run_was_taking_off_is_dropped(database: Database, tmp_path: Path) -> None:
    database.run(
        """
        CREATE TABLE logs (created_at timestamptz NOT NULL) PARTITION BY RANGE (created_at);
        CREATE TABLE logs_2020_01 PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO ('2020-02-01');
        """
    )
    pending = "SELECT inhdetachpending FROM pg_inherits"
    with database.connect(autocommit=False) as reader:
        reader.execute("SELECT count(*) FROM logs")
        with database.start("retain", "--config", retained(tmp_path)) as process:
            until(lambda: database.rows(pending) == [(True,)])
            process.kill()
        until(lambda: not database.rows("SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'ascent%'"))
    result = database.command("retain", "--config", retained(tmp_path), "--json")
    assert result.code == 0, result.err
    assert result.json["reports"][0]["partitionsDropped"] == 1
    assert database.rows("SELECT 1 FROM pg_class WHERE relname = 'logs_2020_01'") == []


def test_rows_of_a_partitioned_table_are_archived(database: Database, tmp_path: Path) -> None:
    database.run(
        """
        CREATE TABLE logs (id serial, created_at timestamptz NOT NULL) PARTITION BY RANGE (created_at);
        CREATE TABLE logs_a PARTITION OF logs FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
        CREATE TABLE logs_b PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO (MAXVALUE);
        INSERT INTO logs (created_at) SELECT now() - i * interval '1 week' FROM generate_series(1, 1500) i;
        """
    )
    rule = {"table": "logs", "into": "old", "key": "id", "column": "created_at", "olderThanMonths": 12}
    result = database.command("retain", "--config", str(written(tmp_path, archives=[rule])), "--json")
    assert result.code == 0, result.err
    assert database.rows("SELECT min(created_at) > now() - interval '1 year', count(*) FROM logs") == [(True, 52)]
    assert database.rows("SELECT max(id), count(*), count(archived_at) FROM old") == [(1500, 1448, 1448)]


ARCHIVE = {
    "table": "messages",
    "into": "messages_archive",
    "key": "id",
    "column": "created_at",
    "group": "chat_id",
    "olderThanMonths": 6,
    "keepLast": 100,
}


def test_messages_are_archived_but_for_the_last_of_inactive_chats(database: Database, tmp_path: Path) -> None:
    database.run(
        """
        CREATE TABLE messages (id serial PRIMARY KEY, chat_id int NOT NULL, created_at timestamptz NOT NULL);
        INSERT INTO messages (chat_id, created_at)
        SELECT chat, now() - interval '1 year' - i * interval '1 minute'
        FROM generate_series(1, 3) chat, generate_series(1, 1300) i;
        INSERT INTO messages (chat_id, created_at) VALUES (2, now()); -- chat 2 is active
        DELETE FROM messages WHERE chat_id = 3 AND id % 13 <> 0; -- and chat 3 has no more than stay
        """
    )
    before = database.rows("SELECT * FROM messages ORDER BY id")
    path = str(written(tmp_path, archives=[ARCHIVE]))
    planned = database.command("retain", "--config", path, "--dry-run", "--json").json["actions"]
    result = database.command("retain", "--config", path, "--job", "archive", "--json")
    assert result.code == 0, result.err
    assert result.json["reports"][0]["moved"] == 1200
    assert [one["sql"] for one in planned] != []
    counts = database.rows("SELECT chat_id, count(*) FROM messages GROUP BY 1 ORDER BY 1")
    assert counts == [(1, 100), (2, 1301), (3, 100)]
    # Moved, not lost; the newest stayed; and a second run has nothing to do.
    columns = "SELECT id, chat_id, created_at FROM messages"
    assert database.rows(f"{columns} UNION ALL {columns}_archive ORDER BY 1") == before
    newest = "SELECT (SELECT min(created_at) FROM messages WHERE chat_id = 1) > max(created_at) FROM messages_archive"
    assert database.value(newest)
    database.run("ALTER TABLE messages ADD COLUMN mood text")
    again = database.command("retain", "--config", path, "--job", "archive", "--json")
    assert again.json["reports"][0]["moved"] == 0
    assert database.rows("SELECT mood FROM messages_archive LIMIT 1") == [(None,)]


def test_the_archive_forgets_only_when_told(database: Database, tmp_path: Path) -> None:
    database.run(
        """
        CREATE TABLE messages (id serial PRIMARY KEY, chat_id int NOT NULL, created_at timestamptz NOT NULL);
        CREATE TABLE messages_archive (LIKE messages, archived_at timestamptz NOT NULL);
        INSERT INTO messages_archive VALUES (1, 1, '2000-01-01', '2001-01-01'), (2, 1, '2000-01-01', now());
        """
    )
    kept = database.command("retain", "--config", str(written(tmp_path, archives=[ARCHIVE])), "--json")
    assert kept.json["reports"][0]["purged"] == 0
    path = str(written(tmp_path, archives=[{**ARCHIVE, "purgeAfterMonths": 12}]))
    assert database.command("retain", "--config", path, "--json").json["reports"][0]["purged"] == 1
    assert database.rows("SELECT id FROM messages_archive") == [(2,)]


VIEW = {"name": "totals", "key": ["kind"], "query": "SELECT kind, count(*) AS n FROM docs GROUP BY kind"}


def viewed(path: Path, **view: Any) -> str:
    return str(written(path, views=[{**VIEW, **view}]))


def test_a_view_is_read_while_it_is_refreshed(database: Database, tmp_path: Path) -> None:
    database.run("CREATE TABLE docs (kind int); INSERT INTO docs SELECT i % 7 FROM generate_series(1, 70000) i")
    path = viewed(tmp_path)
    assert database.command("refresh", "--config", path).code == 1
    assert database.command("apply", "--config", path).code == 0
    database.run("INSERT INTO docs SELECT 8 FROM generate_series(1, 10)")
    waits: list[float] = []
    stop = threading.Event()

    def read() -> None:
        with database.connect() as conn:
            conn.execute("SET lock_timeout = '100ms'")
            while not stop.is_set():
                started = datetime.now(UTC)
                conn.execute("SELECT sum(n) FROM totals")
                waits.append((datetime.now(UTC) - started).total_seconds())

    reader = threading.Thread(target=read)
    reader.start()
    planned = database.command("refresh", "--config", path, "--dry-run")
    result = database.command("refresh", "--config", path)
    stop.set()
    reader.join()
    assert result.code == 0, result.err
    assert 'REFRESH MATERIALIZED VIEW CONCURRENTLY "public"."totals"' in planned.out
    assert len(waits) > 10
    assert database.value("SELECT n FROM totals WHERE kind = 8") == 10
    health = database.command("health", "--config", path, "--json")
    assert next(one["ok"] for one in health.json["checks"] if one["name"] == "views") is True


def test_a_view_with_another_definition_replaces_it(database: Database, tmp_path: Path) -> None:
    database.run("CREATE TABLE docs (kind int); INSERT INTO docs VALUES (1), (1)")
    assert database.command("apply", "--config", viewed(tmp_path)).code == 0
    other = viewed(tmp_path, query="SELECT kind, 5 AS n FROM docs GROUP BY kind")
    assert "--replace view:totals" in database.command("apply", "--config", other).err
    result = database.command("apply", "--config", other, "--replace", "view:totals")
    assert result.code == 0, result.err
    assert database.rows("SELECT n FROM totals") == [(5,)]
    assert database.command("refresh", "--config", other).code == 0


def test_health_says_what_is_wrong_and_what_to_do(example: Database, tmp_path: Path) -> None:
    empty = str(written(tmp_path))
    fine = example.command("health", "--config", empty, "--json")
    assert fine.code == 0, fine.out
    example.run(
        """
        CREATE INDEX one ON activities (user_id); CREATE INDEX two ON activities (user_id, kind);
        CREATE INDEX broken ON messages (chat_id);
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass;
        """
    )
    with example.connect(autocommit=False) as conn:
        conn.execute("SELECT 1")
        bad = example.command("health", "--config", str(EXAMPLE), "--json")
    assert bad.code == 1
    checks = {one["name"]: one for one in bad.json["checks"]}
    assert [name for name, one in checks.items() if one["ok"] is False] == ["invalid indexes", "partitions", "views"]
    assert checks["redundant indexes"]["details"][0]["drop"] == 'DROP INDEX CONCURRENTLY IF EXISTS "public"."one"'
    assert "two" in [one["index"] for one in checks["unused indexes"]["details"]]
    assert (checks["size"]["ok"], checks["size"]["limit"], checks["size"]["unit"]) == (None, None, "GiB")
    small = written(tmp_path, health={"sizeLimitGib": 0.001})
    answer = example.command("health", "--config", str(small), "--json")
    size = next(one for one in answer.json["checks"] if one["name"] == "size")
    assert (size["ok"], size["limit"]) == (False, 0.00075)
    assert "sizeLimitGib" in size["advice"]
    # On Aurora, whose disk grows by itself, a limit that a config still has fails nothing.
    example.run("CREATE FUNCTION aurora_version() RETURNS text LANGUAGE sql AS $$SELECT '16.6.2'$$")
    answer = example.command("health", "--config", str(small), "--json")
    size = next(one for one in answer.json["checks"] if one["name"] == "size")
    assert (size["ok"], size["limit"]) == (None, None)
    assert "sizeLimitGib is not used" in size["advice"]


def test_health_compares_how_many_connections_the_server_takes(database: Database, tmp_path: Path) -> None:
    config = str(written(tmp_path))
    most = int(database.value("SHOW max_connections"))

    def health(expected: str) -> Result:
        there = Database(database.uri, {"ASCENT_MAX_CONNECTIONS": expected})
        return there.command("health", "--config", config, "--json")

    def check(found: Result) -> dict[str, Any]:
        return next(one for one in found.json["checks"] if one["name"] == "max_connections")

    unset, same, other = health(""), health(str(most)), health(str(most + 1))
    assert (unset.code, check(unset)["ok"], check(unset)["limit"]) == (0, None, None)
    assert (same.code, check(same)["ok"]) == (0, True)
    assert (other.code, check(other)["ok"], check(other)["value"], check(other)["limit"]) == (1, False, most, most + 1)
    assert "restart the instances: a static parameter waits for a reboot" in check(other)["advice"]
    for wrong in ("many", "0", "-1", "1.5", "262144"):
        refused = health(wrong)
        assert refused.code == 2
        assert f"ASCENT_MAX_CONNECTIONS: given {wrong}; it should be a whole number" in refused.err


def test_the_daily_schedule_keeps_user_data(example: Database) -> None:
    with psycopg.connect(example.uri) as conn:
        conn.execute(
            "INSERT INTO stripe_webhook_events (created_at) SELECT now() - i * interval '1 d'"
            " FROM generate_series(0, 99) i"
        )
        conn.execute("INSERT INTO edge_function_logs (created_at) SELECT created_at FROM stripe_webhook_events")
        conn.execute(
            "INSERT INTO ai_response_cache (expires_at) SELECT now() + (i - 50) * interval '1 d'"
            " FROM generate_series(0, 99) i"
        )
    result = example.command("retain", "--config", str(EXAMPLE), "--job", "cleanup", "--json")
    assert result.code == 0, result.err
    deleted = {one["rule"].removeprefix("retain:"): one["deleted"] for one in result.json["reports"]}
    assert deleted == {"edge_function_logs": 93, "stripe_webhook_events": 10, "ai_response_cache": 51}
