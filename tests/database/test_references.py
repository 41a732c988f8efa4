"""Retention and archive never reach rows of other tables unasked, and keep rows that others refer to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.database.support import Database, Result, written

# Four tables deep: a message has feedback, that has votes, and those are counted by a table that is told of them.
DEEP = """
    CREATE TABLE messages (id int PRIMARY KEY, created_at timestamptz NOT NULL, up int);
    CREATE TABLE feedback (id int PRIMARY KEY, message_id int CONSTRAINT feedback_of REFERENCES messages ON DELETE {});
    CREATE TABLE votes (id int PRIMARY KEY, feedback_id int CONSTRAINT vote_of REFERENCES feedback ON DELETE {});
    CREATE TABLE counts (id int PRIMARY KEY, vote_id int CONSTRAINT count_of REFERENCES votes ON DELETE {});
    CREATE INDEX ON messages (created_at); CREATE INDEX ON feedback (message_id);
    CREATE INDEX ON votes (feedback_id); CREATE INDEX ON counts (vote_id);
    INSERT INTO messages SELECT i, now() - i * interval '1 day' FROM generate_series(1, 3000) i;
    INSERT INTO feedback VALUES (1, 2000), (2, 1); INSERT INTO votes VALUES (1, 1), (2, 2);
    INSERT INTO counts VALUES (1, 1), (2, 2);
    """
ROWS = "SELECT 'f', id, message_id FROM feedback UNION ALL SELECT 'v', id, feedback_id FROM votes UNION ALL"
ROWS += " SELECT 'c', id, vote_id FROM counts UNION ALL SELECT 'm', count(*)::int, 0 FROM messages ORDER BY 1, 2"


def deep(database: Database, *actions: str) -> None:
    database.run(DEEP.format(*actions))


def retain(database: Database, path: Path, *more: str, protected: tuple[str, ...] = (), **rule: Any) -> Result:
    one = {"table": "messages", "column": "created_at", "days": 100, "job": "cleanup", **rule}
    config = written(path, retention=[one], protected=list(protected), extensions={})
    return database.command("retain", "--config", str(config), "--json", *more)


def archive(database: Database, path: Path, *more: str, **rule: Any) -> Result:
    one = {"table": "messages", "into": "old", "key": "id", "column": "created_at", "olderThanMonths": 3, **rule}
    return database.command("retain", "--config", str(written(path, archives=[one], extensions={})), "--json", *more)


@pytest.mark.parametrize("run", [retain, archive])
@pytest.mark.parametrize("action", ["CASCADE", "SET NULL", "SET DEFAULT"])
@pytest.mark.parametrize("more", [["--dry-run"], []])
def test_what_would_reach_other_rows_is_refused(
    database: Database, tmp_path: Path, run: Any, action: str, more: list[str]
) -> None:
    deep(database, action, "NO ACTION", "NO ACTION")
    before = database.snapshot(), database.rows(ROWS)
    result = run(database, tmp_path, *more)
    assert result.code == 1
    (error,) = result.json["errors"]
    assert "deleting from public.messages would delete or change other rows" in error["error"]
    assert f"feedback by feedback_of (ON DELETE {action})" in error["error"]
    assert (database.snapshot(), database.rows(ROWS)) == before


def test_each_table_on_the_way_is_named(database: Database, tmp_path: Path) -> None:
    deep(database, "CASCADE", "CASCADE", "SET NULL")
    error = retain(database, tmp_path).json["errors"][0]["error"]
    assert "votes by vote_of (ON DELETE CASCADE, by way of feedback)" in error
    assert "counts by count_of (ON DELETE SET NULL, by way of feedback and votes)" in error
    # Some of them are not all of them.
    some = retain(database, tmp_path, reaches=["feedback", "votes"])
    assert some.code == 1
    assert "vote_of" not in some.json["errors"][0]["error"]
    assert "count_of" in some.json["errors"][0]["error"]
    before = database.rows(ROWS)
    asked = retain(database, tmp_path, reaches=["feedback", "votes", "counts"])
    assert asked.code == 0, asked.err
    assert before != database.rows(ROWS)
    assert database.rows(ROWS) == [("c", 1, None), ("c", 2, 2), ("f", 2, 1), ("m", 99, 0), ("v", 2, 2)]


def test_a_protected_table_is_never_reached(database: Database, tmp_path: Path) -> None:
    deep(database, "CASCADE", "CASCADE", "CASCADE")
    database.run(
        "ALTER TABLE counts RENAME TO counts_2020; CREATE TABLE counts (id int, vote_id int) PARTITION BY LIST (id)"
    )
    database.run(
        "ALTER TABLE counts_2020 DROP CONSTRAINT counts_pkey; ALTER TABLE counts ATTACH PARTITION counts_2020 DEFAULT"
    )
    before = database.rows(ROWS)
    result = retain(database, tmp_path, reaches=["feedback", "votes"], protected=("counts",))
    assert result.code == 1
    assert "counts_2020 by count_of" in result.json["errors"][0]["error"]
    assert "Protected: counts." in result.json["errors"][0]["error"]
    named = retain(database, tmp_path, reaches=["feedback", "votes", "counts"], protected=("counts",))
    assert named.code == 2
    assert "table counts is protected, and a rule takes rows from it" in named.err
    part = retain(database, tmp_path, table="counts_2020", column="id", protected=("counts",))
    assert "table counts_2020 is a part of counts, which is protected" in part.err
    assert database.rows(ROWS) == before


def test_a_row_that_others_refer_to_is_kept_and_the_rest_goes(database: Database, tmp_path: Path) -> None:
    deep(database, "NO ACTION", "NO ACTION", "NO ACTION")
    database.run(
        "CREATE TABLE logs (id int PRIMARY KEY, created_at timestamptz NOT NULL);"
        "INSERT INTO logs VALUES (1, '2020-01-01')"
    )
    rules = [
        {"table": name, "column": "created_at", "days": 100, "job": "cleanup"} for name in ("messages", "logs")
    ]  # fmt: skip
    path = str(written(tmp_path, retention=rules, extensions={}))
    first = database.command("retain", "--config", path, "--json", "--job", "cleanup", job="cleanup-cache")
    assert first.code == 1
    assert [(one["deleted"], one["kept"]) for one in first.json["reports"]] == [(2900, 1), (1, 0)]
    (error,) = first.json["errors"]
    assert error["step"] == "cleanup:messages"
    assert (
        "1 rows of messages are due, and kept: other rows refer to them. Those of feedback by feedback_of"
        in error["error"]
    )
    assert database.rows("SELECT id FROM messages WHERE id >= 100 ORDER BY 1") == [(2000,)]
    assert database.value("SELECT count(*) FROM logs") == 0
    # It has not ended well, and is late once its time has come. Nothing changes until the row is free.
    assert database.rows("SELECT job FROM ascent.jobs") == []
    again = retain(database, tmp_path)
    assert (again.code, again.json["reports"][0]["deleted"], again.json["reports"][0]["kept"]) == (1, 0, 1)
    database.run("DELETE FROM counts; DELETE FROM votes; DELETE FROM feedback")
    last = retain(database, tmp_path)
    assert (last.code, last.json["reports"][0]["deleted"], last.json["reports"][0]["kept"]) == (0, 1, 0)


def test_a_row_is_kept_for_one_that_refers_to_what_would_go_with_it(database: Database, tmp_path: Path) -> None:
    # Feedback and votes may go with a message, counts may not lose their vote: so the message stays, with all of them.
    deep(database, "CASCADE", "CASCADE", "RESTRICT")
    database.run("INSERT INTO feedback VALUES (3, 1500)")
    result = retain(database, tmp_path, reaches=["feedback", "votes"])
    assert result.code == 1
    assert (result.json["reports"][0]["deleted"], result.json["reports"][0]["kept"]) == (2900, 1)
    assert "counts by count_of (which forbids it, by way of feedback and votes)" in result.json["errors"][0]["error"]
    assert database.rows(ROWS) == [
        ("c", 1, 1), ("c", 2, 2), ("f", 1, 2000), ("f", 2, 1), ("m", 100, 0), ("v", 1, 1), ("v", 2, 2),
    ]  # fmt: skip


def test_archives_keep_what_others_refer_to(database: Database, tmp_path: Path) -> None:
    deep(database, "NO ACTION", "NO ACTION", "NO ACTION")
    database.run("ALTER TABLE messages ADD chat int; UPDATE messages SET chat = id % 2")
    result = archive(database, tmp_path, group="chat", keepLast=10)
    assert result.code == 0, result.err  # each chat has a new message, and is left alone as a whole
    database.run("DELETE FROM counts WHERE id = 2; DELETE FROM votes WHERE id = 2; DELETE FROM feedback WHERE id = 2")
    database.run("DELETE FROM messages WHERE created_at > now() - interval '4 months' AND chat = 0")
    result = archive(database, tmp_path, group="chat", keepLast=10)
    assert result.code == 1
    report = result.json["reports"][0]
    due = database.value("SELECT count(*) FROM old") + 1
    assert (report["moved"], report["kept"]) == (due - 1, 1)
    assert database.rows("SELECT id FROM messages WHERE id = 2000") == [(2000,)]
    assert database.value("SELECT count(*) FROM messages WHERE chat = 0") == 11
    assert "Those of feedback by feedback_of" in result.json["errors"][0]["error"]


def test_rows_of_the_same_table_count_too(database: Database, tmp_path: Path) -> None:
    deep(database, "NO ACTION", "NO ACTION", "NO ACTION")
    database.run(
        "DELETE FROM counts; DELETE FROM votes; DELETE FROM feedback; UPDATE messages SET up = id + 1 WHERE id < 3000;"
        "ALTER TABLE messages ADD CONSTRAINT answers FOREIGN KEY (up) REFERENCES messages ON DELETE SET NULL;"
        "CREATE INDEX ON messages (up)"
    )
    assert "messages by answers (ON DELETE SET NULL)" in retain(database, tmp_path).json["errors"][0]["error"]
    database.run(
        "ALTER TABLE messages DROP CONSTRAINT answers, ADD CONSTRAINT answers FOREIGN KEY (up) REFERENCES messages;"
        "UPDATE messages SET up = NULL WHERE id % 3 <> 0"
    )
    # Every third has an older one that it answers: that one goes once the answer has gone.
    result = retain(database, tmp_path)
    assert (result.json["reports"][0]["deleted"], result.json["reports"][0]["kept"]) == (2900, 1)
    assert database.rows("SELECT id, up FROM messages WHERE id > 98 ORDER BY 1") == [(99, 100), (100, None)]


def test_a_foreign_key_without_an_index_is_named(database: Database, tmp_path: Path) -> None:
    deep(database, "NO ACTION", "NO ACTION", "NO ACTION")
    database.run("DROP INDEX feedback_message_id_idx")
    for more in (["--dry-run"], []):
        notes = retain(database, tmp_path, *more).json["notes"]
        assert len(notes) == 1
        assert "foreign key feedback_of of feedback has no index" in notes[0]
        assert "CREATE INDEX CONCURRENTLY ON public.feedback (message_id)" in notes[0]
    database.run("CREATE INDEX ON feedback (message_id, id)")
    assert retain(database, tmp_path).json["notes"] == []


def test_a_row_that_is_referred_to_meanwhile_is_tried_again(database: Database, tmp_path: Path) -> None:
    deep(database, "NO ACTION", "NO ACTION", "NO ACTION")
    # Deleting refers to a row that is being deleted: once, and in the same transaction, which is undone with it.
    database.run(
        """
        CREATE SEQUENCE times;
        CREATE FUNCTION refer() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN IF nextval(''times'') = 1 THEN INSERT INTO feedback VALUES (9, OLD.id); END IF; RETURN OLD; END';
        CREATE TRIGGER refer BEFORE DELETE ON messages FOR EACH ROW EXECUTE FUNCTION refer();
        """
    )
    result = retain(database, tmp_path)
    assert (result.json["reports"][0]["deleted"], result.json["reports"][0]["kept"]) == (2900, 1)


PARTS = """
    CREATE TABLE logs (id int, created_at timestamptz NOT NULL, PRIMARY KEY (id, created_at))
        PARTITION BY RANGE (created_at);
    CREATE TABLE logs_a PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO ('2020-02-01');
    CREATE TABLE logs_b PARTITION OF logs FOR VALUES FROM ('2020-02-01') TO ('2020-03-01');
    CREATE TABLE logs_c PARTITION OF logs FOR VALUES FROM ('2020-03-01') TO ('2020-04-01');
    INSERT INTO logs SELECT i, '2020-01-05'::timestamptz + i * interval '1 day' FROM generate_series(1, 80) i;
    CREATE TABLE marks (id int, log int, at timestamptz,
        CONSTRAINT mark_of FOREIGN KEY (log, at) REFERENCES logs ON DELETE {});
    CREATE INDEX ON marks (at, log);
    INSERT INTO marks SELECT 1, id, created_at FROM logs WHERE id = 30;
    """
LEFT = "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'logs'::regclass"


def test_a_partition_is_dropped_only_when_no_row_is_referred_to(database: Database, tmp_path: Path) -> None:
    database.run(PARTS.format("NO ACTION"))
    result = retain(database, tmp_path, table="logs")
    assert result.code == 1
    report = result.json["reports"][0]
    assert (report["partitionsDropped"], report["deleted"], report["kept"]) == (2, 28, 1)
    assert database.rows(LEFT) == [("logs_b",)]
    assert database.rows("SELECT id FROM logs") == [(30,)]
    database.run("DELETE FROM marks")
    freed = retain(database, tmp_path, table="logs")
    assert (freed.code, freed.json["reports"][0]["partitionsDropped"]) == (0, 1)
    assert database.rows(LEFT) == []


def test_a_partition_goes_by_rows_where_others_go_with_them(database: Database, tmp_path: Path) -> None:
    database.run(PARTS.format("CASCADE"))
    before = database.snapshot()
    assert "marks by mark_of (ON DELETE CASCADE)" in retain(database, tmp_path, table="logs").err
    assert database.snapshot() == before
    asked = retain(database, tmp_path, table="logs", reaches=["marks"])
    assert asked.code == 0, asked.err
    assert database.value("SELECT count(*) FROM logs") + database.value("SELECT count(*) FROM marks") == 0
    assert retain(database, tmp_path, table="logs", reaches=["marks"]).json["reports"][0]["partitionsDropped"] == 1


def test_a_partition_that_others_depend_on_is_emptied_and_stays(database: Database, tmp_path: Path) -> None:
    database.run(PARTS.format("NO ACTION"))
    database.run("DELETE FROM marks; CREATE VIEW january AS SELECT * FROM logs_a")
    database.run(
        "ALTER TABLE logs_c ADD UNIQUE (id); CREATE TABLE direct (log int CONSTRAINT to_c REFERENCES logs_c (id))"
    )
    database.run("CREATE INDEX ON direct (log); INSERT INTO direct VALUES (70)")
    result = retain(database, tmp_path, table="logs")
    assert result.code == 1
    report = result.json["reports"][0]
    assert (report["partitionsDropped"], report["kept"]) == (1, 1)
    assert any(
        "logs_a of logs is emptied and stays" in note and "view january" in note for note in result.json["notes"]
    )
    assert sorted(database.rows(LEFT)) == [("logs_a",), ("logs_c",)]
    assert database.rows("SELECT id FROM logs") == [(70,)]
    assert "direct by to_c" in result.json["errors"][0]["error"]


def test_only_rows_that_are_due_go_where_tables_lie_below_tables(database: Database, tmp_path: Path) -> None:
    # The same places in two tables: a place without its table would name both rows.
    database.run(
        """
        CREATE TABLE logs (id int, kind int, created_at timestamptz NOT NULL) PARTITION BY RANGE (created_at);
        CREATE TABLE logs_all PARTITION OF logs FOR VALUES FROM (MINVALUE) TO (MAXVALUE) PARTITION BY LIST (kind);
        CREATE SCHEMA elsewhere;
        CREATE TABLE logs_old PARTITION OF logs_all FOR VALUES IN (1);
        CREATE TABLE elsewhere.logs_new PARTITION OF logs_all FOR VALUES IN (2);
        INSERT INTO logs SELECT i, 1, '2020-01-01' FROM generate_series(1, 50) i;
        INSERT INTO logs SELECT i, 2, now() FROM generate_series(1, 50) i;
        CREATE TABLE base (id int, created_at timestamptz NOT NULL); CREATE TABLE child () INHERITS (base);
        INSERT INTO base SELECT i, '2020-01-01' FROM generate_series(1, 50) i;
        INSERT INTO child SELECT i, now() FROM generate_series(1, 50) i;
        """
    )
    for table in ("logs", "base"):
        result = retain(database, tmp_path, table=table)
        assert (result.code, result.json["reports"][0]["deleted"]) == (0, 50), result.err
    assert database.rows("SELECT count(*), min(created_at) > now() - interval '1 h' FROM logs") == [(50, True)]
    assert database.rows("SELECT count(*), min(created_at) > now() - interval '1 h' FROM base") == [(50, True)]


def test_one_bad_rule_does_not_stop_the_others(database: Database, tmp_path: Path) -> None:
    database.run(
        "CREATE TABLE logs (id int, created_at timestamptz NOT NULL); INSERT INTO logs VALUES (1, '2020-01-01')"
    )
    rules = [
        {"table": "nowhere", "column": "created_at", "days": 1, "job": "cleanup"},
        {"table": "logs", "column": "created_at", "days": 1, "job": "cleanup"},
    ]
    archives = [
        {"table": "gone", "into": "old", "key": "id", "column": "created_at", "olderThanMonths": 1},
    ]
    path = str(written(tmp_path, retention=rules, archives=archives, extensions={}))
    planned = database.command("retain", "--config", path, "--json", "--dry-run")
    assert planned.code == 1
    assert [one["step"] for one in planned.json["actions"]] == ["cleanup:logs"]
    result = database.command("retain", "--config", path, "--json")
    assert result.code == 1
    assert [one["step"] for one in result.json["errors"]] == ["cleanup:nowhere", "archive:gone"]
    assert database.value("SELECT count(*) FROM logs") == 0
