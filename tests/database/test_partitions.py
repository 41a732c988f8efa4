"""Partitions: kept ahead, and plain tables converted while they are written to."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from database.months import Month, ahead, boundary, months_before
from tests.database.support import Database, Result, written

DAYS = st.dates(min_value=date(1970, 1, 1), max_value=date(2200, 12, 31))

PLAIN = """
    CREATE TABLE users (id int PRIMARY KEY);
    INSERT INTO users SELECT generate_series(1, 10);
    CREATE TABLE events (
        id bigserial PRIMARY KEY, user_id int REFERENCES users, note text CHECK (note <> 'bad'),
        seen int NOT NULL DEFAULT 0, created_at timestamptz DEFAULT now()
    );
    CREATE INDEX events_user ON events (user_id) WHERE note = 'a''%{}b';
    CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.seen = 1; RETURN NEW; END';
    CREATE TRIGGER see BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION seen();
    ALTER TABLE events ENABLE ROW LEVEL SECURITY;
    CREATE POLICY mine ON events FOR SELECT USING (user_id = 1);
    COMMENT ON TABLE events IS 'what happened';
    GRANT SELECT ON events TO pg_read_all_stats;
    INSERT INTO events (user_id, created_at)
    SELECT 1 + i % 10, now() - i * interval '1 hour' FROM generate_series(1, 5000) i;
    """


def config(path: Path, **partition: Any) -> str:
    one = {"table": "events", "column": "created_at", "monthsAhead": 4, "convert": True, **partition}
    return str(written(path, partitions=[one]))


def convert(database: Database, path: Path, *more: str) -> Result:
    return database.command("convert", "--table", "events", "--config", config(path), *more)


@given(day=DAYS, months=st.integers(1, 24))
def test_months_ahead_are_whole_and_without_gaps(day: date, months: int) -> None:
    found = list(ahead(day, months))
    assert len(found) == months + 1
    assert found[0].start <= day < found[0].end
    assert all(one.end == other.start for one, other in pairwise(found))
    assert all(one.start.day == 1 and 28 <= (one.end - one.start).days <= 31 for one in found)
    assert len({one.suffix for one in found}) == len(found)


@given(day=DAYS, months=st.integers(-600, 600))
def test_months_add_up(day: date, months: int) -> None:
    month = Month.of(day)
    assert month.plus(months).plus(-months) == month
    assert (month.plus(months) > month) == (months > 0)


@given(day=DAYS)
def test_a_history_ends_far_enough_ahead(day: date) -> None:
    assert timedelta(days=28) <= boundary(day) - day <= timedelta(days=62)


@given(
    now=st.datetimes(
        min_value=datetime(1990, 1, 1)  # noqa: DTZ001 (months know no zones)
    ),
    months=st.integers(1, 240),
)
def test_months_before_is_in_that_month(now: datetime, months: int) -> None:
    then = months_before(now, months)
    assert Month.of(then.date()) == Month.of(now.date()).plus(-months)
    assert then.day <= now.day


def test_a_conversion_keeps_everything(database: Database, tmp_path: Path) -> None:
    database.run(PLAIN)
    database.run("ALTER TABLE events ALTER created_at SET NOT NULL")
    rows = database.rows("SELECT * FROM events ORDER BY id")
    result = convert(database, tmp_path)
    assert result.code == 0, result.err
    assert database.rows("SELECT * FROM events ORDER BY id") == rows
    assert database.value("SELECT relkind::text FROM pg_class WHERE relname = 'events'") == "p"
    # Constraints, trigger, sequence, index, rights and row security came along.
    with pytest.raises(psycopg.errors.CheckViolation):
        database.run("INSERT INTO events (note) VALUES ('bad')")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        database.run("INSERT INTO events (user_id) VALUES (99)")
    database.run("INSERT INTO events (created_at) VALUES (now() + interval '80 days')")
    assert database.rows("SELECT id, seen FROM events WHERE created_at > now() + interval '70 days'") == [(5003, 1)]
    assert database.value("SELECT pg_get_serial_sequence('events', 'id')") == "public.events_id_seq"
    assert database.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'events_user'::regclass")
    assert database.value("SELECT obj_description('events'::regclass)") == "what happened"
    with database.connect() as conn:
        conn.execute("SET ROLE pg_read_all_stats")
        assert conn.execute("SELECT count(*), count(DISTINCT user_id) FROM events").fetchone() == (500, 1)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("INSERT INTO events DEFAULT VALUES")
    open_to_all = (
        "SELECT relname FROM pg_class WHERE relname LIKE 'events\\_2%' AND relkind = 'r' AND NOT relrowsecurity"
    )
    assert database.rows(open_to_all) == []


def test_the_switch_reads_no_table(database: Database, tmp_path: Path) -> None:
    database.run(PLAIN)
    database.run("ALTER SYSTEM SET log_min_messages = debug1")
    planned = convert(database, tmp_path, "--dry-run", "--json")
    *before, switch, _ = planned.json["actions"]
    notices: list[str] = []
    with database.connect() as conn:
        for action in before:
            for statement in action["sql"]:
                conn.execute(statement)
        conn.add_notice_handler(lambda one: notices.append(one.message_primary or ""))
        conn.execute("SET client_min_messages = debug1")
        with conn.transaction():
            for statement in switch["sql"]:
                conn.execute(statement)
    database.run("ALTER SYSTEM RESET log_min_messages")
    assert any('"events_history" is implied by existing constraints' in one for one in notices)
    assert not any("verifying table" in one and "events_history" in one for one in notices)
    assert not any("building index" in one and '"events_history"' in one for one in notices)


def test_writes_during_a_conversion_are_not_lost(database: Database, tmp_path: Path) -> None:
    database.run(PLAIN.replace("5000", "50000"))
    written_ids: list[list[int]] = [[], []]
    stop = threading.Event()
    errors: list[str] = []

    def write(mine: list[int]) -> None:
        with database.connect() as conn:
            while not stop.is_set():
                try:
                    row = conn.execute("INSERT INTO events (user_id) VALUES (2) RETURNING id").fetchone()
                    assert row is not None
                    conn.execute("UPDATE events SET note = 'changed' WHERE id = %s", row)
                except psycopg.Error as error:
                    errors.append(str(error))
                    return
                mine.append(row[0])

    threads = [threading.Thread(target=write, args=(mine,)) for mine in written_ids]
    for thread in threads:
        thread.start()
    result = convert(database, tmp_path)
    stop.set()
    for thread in threads:
        thread.join()
    assert result.code == 0, result.err
    assert errors == []
    expected = sorted(written_ids[0] + written_ids[1])
    assert len(expected) > 100
    assert [one for (one,) in database.rows("SELECT id FROM events WHERE note = 'changed' ORDER BY id")] == expected
    assert database.value("SELECT count(*) FROM events") == 50000 + len(expected)


def test_a_conversion_that_cannot_be_is_refused_with_every_reason(database: Database, tmp_path: Path) -> None:
    database.run(PLAIN)
    database.run(
        "CREATE MATERIALIZED VIEW latest AS SELECT * FROM events; CREATE UNIQUE INDEX one_note ON events (note)"
    )
    database.run("CREATE TABLE marks (event bigint REFERENCES events)")
    before = database.snapshot()
    result = convert(database, tmp_path)
    assert result.code == 1
    for name in ("latest", "one_note", "marks"):
        assert name in result.err
    assert database.snapshot() == before


def test_rows_without_a_date_are_refused_and_nothing_is_left(database: Database, tmp_path: Path) -> None:
    database.run(PLAIN)
    database.run("INSERT INTO events (created_at) VALUES (NULL)")
    result = convert(database, tmp_path)
    assert result.code == 1
    assert "violated by some row" in result.err
    assert database.rows("SELECT 1 FROM pg_constraint WHERE conname = 'events_history_check'") == []


def test_an_old_boundary_is_moved(database: Database, tmp_path: Path) -> None:
    database.run(PLAIN)
    database.run(
        "DO $$ BEGIN EXECUTE format('ALTER TABLE events ADD CONSTRAINT events_history_check"
        " CHECK (created_at < %L::timestamptz) NOT VALID', current_date + 1); END $$"
    )
    result = convert(database, tmp_path)
    assert result.code == 0, result.err
    assert "its date is near" in result.err
    database.run("INSERT INTO events (created_at) VALUES (now() + interval '20 days')")


def test_partitions_are_kept_ahead(database: Database, tmp_path: Path) -> None:
    database.run("CREATE TABLE events (created_at timestamptz NOT NULL) PARTITION BY RANGE (created_at)")
    path = config(tmp_path, monthsAhead=3)
    assert database.command("partitions", "--config", path, "--json").json["reports"][0]["made"] == 4
    before = database.snapshot()
    assert database.command("partitions", "--config", path, "--json").json["reports"][0]["made"] == 0
    assert database.snapshot() == before
    assert database.command("partitions", "--config", config(tmp_path, monthsAhead=5), "--json").json["reports"] == [
        {"rule": "partitions", "made": 2}
    ]
    database.run("INSERT INTO events SELECT now() + i * interval '1 day' FROM generate_series(0, 150) i")


def test_partitions_that_do_not_fit_are_refused(database: Database, tmp_path: Path) -> None:
    path = config(tmp_path)
    database.run("CREATE TABLE events (created_at timestamptz NOT NULL, other date) PARTITION BY RANGE (other)")
    assert "partitioned by RANGE (other)" in database.command("partitions", "--config", path).err
    database.run("DROP TABLE events; CREATE TABLE events (created_at date NOT NULL) PARTITION BY RANGE (created_at)")
    database.run(
        "DO $$ BEGIN EXECUTE format('CREATE TABLE part PARTITION OF events FOR VALUES FROM (%L) TO (%L)',"
        " current_date, current_date + 3); END $$"
    )
    assert "covers only a part" in database.command("partitions", "--config", path).err
