"""What a conversion carries over: all that a table has, and all that depends on it."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from database.action import Executor
from database.catalog import existing
from database.config import load
from database.connection import connected, one
from database.conversion import pending
from database.environment import URL, environment
from database.errors import RetryError, RunError
from database.step import Context
from tests.database.support import Database, Result, until, written


def config(path: Path, *tables: str) -> str:
    partitions = [{"table": one, "column": "created_at", "convert": True} for one in tables or ("events",)]
    return str(written(path, partitions=partitions, extensions={}))


def convert(database: Database, path: Path, table: str, *tables: str) -> Result:
    return database.command("convert", "--table", table, "--config", config(path, *(tables or (table,))), "--json")


# Comments are seen by who may see the photo, photos by who may see the activity: each policy names the next table.
CHAIN = """
    CREATE TABLE activities (id bigserial PRIMARY KEY, owner text, created_at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE photos (id bigserial PRIMARY KEY, activity_id bigint, created_at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE comments (id bigserial PRIMARY KEY, photo_id bigint, created_at timestamptz NOT NULL DEFAULT now());
    ALTER TABLE activities ENABLE ROW LEVEL SECURITY;
    ALTER TABLE photos ENABLE ROW LEVEL SECURITY;
    ALTER TABLE comments ENABLE ROW LEVEL SECURITY;
    CREATE POLICY a ON activities FOR SELECT USING (owner = current_user);
    CREATE POLICY p ON photos USING (EXISTS (SELECT FROM activities a WHERE a.id = photos.activity_id))
        WITH CHECK (EXISTS (SELECT FROM activities a WHERE a.id = photos.activity_id));
    CREATE POLICY c ON comments FOR SELECT USING (EXISTS (SELECT FROM photos p WHERE p.id = comments.photo_id));
    CREATE FUNCTION shown() RETURNS bigint BEGIN ATOMIC
        SELECT count(*) FROM activities a JOIN photos p ON p.activity_id = a.id JOIN comments c ON c.photo_id = p.id;
    END;
    CREATE PROCEDURE forget(before timestamptz) BEGIN ATOMIC DELETE FROM comments WHERE created_at < before; END;
    CREATE VIEW mine WITH (security_barrier = true, security_invoker = true) AS
        SELECT id, owner AS "whose %{}" FROM activities WHERE owner <> 'nobody' WITH LOCAL CHECK OPTION;
    CREATE VIEW with_photos AS SELECT m.*, p.id AS photo FROM mine m JOIN photos p ON p.activity_id = m.id;
    CREATE VIEW everything AS SELECT w.*, c.id AS comment FROM with_photos w JOIN comments c ON c.photo_id = w.photo;
    COMMENT ON VIEW mine IS 'my own';
    GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO pg_read_all_stats;
    INSERT INTO activities (owner) VALUES ('pg_read_all_stats'), ('another');
    INSERT INTO photos (activity_id) VALUES (1), (2);
    INSERT INTO comments (photo_id) VALUES (1), (2);
    """
BOUND_TO_HISTORY = """
    SELECT pg_describe_object(d.classid, d.objid, d.objsubid) FROM pg_depend d JOIN pg_class c ON c.oid = d.refobjid
    WHERE d.refclassid = 'pg_class'::regclass AND c.relname LIKE '%\\_history'
    AND d.classid IN ('pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_proc'::regclass, 'pg_trigger'::regclass)
    AND pg_describe_object(d.classid, d.objid, d.objsubid) NOT LIKE '% on table ' || c.relname
    """


def test_policies_views_and_functions_follow_three_tables_deep(database: Database, tmp_path: Path) -> None:
    database.run(CHAIN)
    tables = ("activities", "photos", "comments")
    for number, table in enumerate(tables):
        result = convert(database, tmp_path, table, *tables)
        assert result.code == 0, result.err
        assert database.rows(BOUND_TO_HISTORY) == []
        plain = database.value("SELECT count(*) FROM pg_class WHERE relname = ANY ('{activities,photos,comments}')"
                               " AND relkind = 'r'")  # fmt: skip
        assert plain == len(tables) - number - 1
    # Rows past the boundary lie in no history: who still read that would not see them.
    database.run(
        """
        INSERT INTO activities (owner, created_at) VALUES ('pg_read_all_stats', now() + interval '70 days');
        INSERT INTO photos (activity_id, created_at) VALUES (3, now() + interval '70 days');
        INSERT INTO comments (photo_id, created_at) VALUES (3, now() + interval '70 days');
        """
    )
    assert database.value("SELECT shown()") == 3
    assert database.value("SELECT count(*) FROM everything") == 3
    with database.connect() as conn:
        conn.execute("SET ROLE pg_read_all_stats")
        assert conn.execute("SELECT id FROM comments ORDER BY 1").fetchall() == [(1,), (3,)]
        assert conn.execute("SELECT id FROM mine ORDER BY 1").fetchall() == [(1,), (3,)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            conn.execute("INSERT INTO photos (id, activity_id) VALUES (9, 2)")
    with pytest.raises(psycopg.errors.WithCheckOptionViolation):
        database.run("INSERT INTO mine VALUES (9, 'nobody')")
    options = "SELECT reloptions::text, obj_description(oid, 'pg_class') FROM pg_class WHERE relname = 'mine'"
    assert database.rows(options) == [("{security_barrier=true,security_invoker=true,check_option=local}", "my own")]
    database.run("CALL forget(now() + interval '1 day')")
    assert database.rows("SELECT id FROM comments") == [(3,)]


RICH = """
    CREATE TABLE users (id int PRIMARY KEY);
    INSERT INTO users SELECT generate_series(1, 10);
    CREATE TABLE events (
        id bigserial CONSTRAINT its_key PRIMARY KEY, user_id int NOT NULL, note text, seen int NOT NULL DEFAULT 0,
        loud text GENERATED ALWAYS AS (upper(note)) STORED, created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT once UNIQUE (user_id, note, created_at) DEFERRABLE INITIALLY DEFERRED,
        CONSTRAINT of_user FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE DEFERRABLE
    ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, toast.autovacuum_enabled = false);
    ALTER TABLE events ALTER note SET STORAGE external, ALTER note SET STATISTICS 321,
        ALTER user_id SET (n_distinct = -0.5);
    CREATE INDEX lower_note ON events (lower(note)) WITH (fillfactor = 60);
    CREATE STATISTICS both_of_them (ndistinct) ON user_id, note FROM events;
    ALTER STATISTICS both_of_them SET STATISTICS 77;
    CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO fired VALUES (TG_NAME, TG_LEVEL); RETURN NULL; END';
    CREATE TABLE fired (name text, level text);
    CREATE TRIGGER plain AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION count_it();
    CREATE TRIGGER off AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION count_it();
    CREATE TRIGGER replica AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION count_it();
    CREATE TRIGGER always AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION count_it();
    CREATE TRIGGER statement AFTER INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION count_it();
    CREATE TRIGGER statement_off AFTER INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION count_it();
    CREATE CONSTRAINT TRIGGER late AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION count_it();
    ALTER TABLE events DISABLE TRIGGER off, ENABLE REPLICA TRIGGER replica, ENABLE ALWAYS TRIGGER always,
        DISABLE TRIGGER statement_off;
    ALTER TABLE events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY mine ON events AS RESTRICTIVE FOR UPDATE TO pg_monitor USING (user_id = 1) WITH CHECK (user_id = 1);
    COMMENT ON TABLE events IS 'table'; COMMENT ON COLUMN events.note IS 'column';
    COMMENT ON CONSTRAINT its_key ON events IS 'key'; COMMENT ON CONSTRAINT once ON events IS 'unique';
    COMMENT ON CONSTRAINT of_user ON events IS 'foreign key'; COMMENT ON INDEX lower_note IS 'index';
    COMMENT ON TRIGGER off ON events IS 'trigger'; COMMENT ON POLICY mine ON events IS 'policy';
    COMMENT ON STATISTICS both_of_them IS 'statistics';
    GRANT SELECT ON events TO pg_monitor WITH GRANT OPTION;
    GRANT INSERT, DELETE ON events TO pg_read_all_stats;
    GRANT SELECT (id), UPDATE (note) ON events TO pg_signal_backend;
    INSERT INTO events (user_id, note, created_at)
    SELECT 1 + i % 10, 'n' || i, now() - i * interval '1 hour' FROM generate_series(1, 500) i;
    """
# How the table presents itself, whatever lies beneath: rights, comments, triggers, policies, statistics, columns.
LOOKS = {
    "rights": "SELECT g.number, r.rolname, x.privilege_type, x.is_grantable FROM pg_class c CROSS JOIN LATERAL ("
    "SELECT 0 AS number, c.relacl AS acl UNION ALL SELECT attnum, attacl FROM pg_attribute WHERE attrelid = c.oid) g"
    " CROSS JOIN aclexplode(g.acl) x LEFT JOIN pg_roles r ON r.oid = x.grantee WHERE c.oid = 'events'::regclass"
    " ORDER BY 1, 2, 3",
    "comments": "SELECT description FROM pg_description d WHERE NOT EXISTS (SELECT FROM pg_init_privs p WHERE p.objoid"
    " = d.objoid) AND description IN ('table', 'column', 'key', 'unique', 'foreign key', 'index', 'trigger', 'policy',"
    " 'statistics') AND (classoid, objoid) IN ("
    "SELECT 'pg_class'::regclass, 'events'::regclass::oid UNION SELECT 'pg_class'::regclass, 'lower_note'::regclass"
    " UNION SELECT 'pg_constraint'::regclass, oid FROM pg_constraint WHERE conrelid = 'events'::regclass"
    " UNION SELECT 'pg_trigger'::regclass, oid FROM pg_trigger WHERE tgrelid = 'events'::regclass"
    " UNION SELECT 'pg_policy'::regclass, oid FROM pg_policy WHERE polrelid = 'events'::regclass"
    " UNION SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext WHERE stxrelid = 'events'::regclass)"
    " ORDER BY 1",
    "triggers": "SELECT tgname, tgenabled::text, pg_get_triggerdef(oid) FROM pg_trigger"
    " WHERE tgrelid = 'events'::regclass AND NOT tgisinternal ORDER BY 1",
    "policies": "SELECT policyname, permissive, roles::text, cmd, qual, with_check FROM pg_policies"
    " WHERE tablename = 'events'",
    "statistics": "SELECT pg_get_statisticsobjdef(oid), stxstattarget FROM pg_statistic_ext"
    " WHERE stxrelid = 'events'::regclass",
    "columns": "SELECT attname, format_type(atttypid, atttypmod), attstorage::text, attnotnull, attgenerated::text,"
    " attoptions::text, attstattarget FROM pg_attribute WHERE attrelid = 'events'::regclass AND attnum > 0"
    " ORDER BY attnum",
    "constraints": "SELECT conname, pg_get_constraintdef(oid), condeferrable, condeferred FROM pg_constraint"
    " WHERE conrelid = 'events'::regclass AND contype IN ('f', 'u', 'c') ORDER BY 1",
    "itself": "SELECT relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner) FROM pg_class"
    " WHERE oid = 'events'::regclass",
    "index": "SELECT pg_get_indexdef('lower_note'::regclass)",
    "sequence": "SELECT pg_get_serial_sequence('events', 'id')",
}


def test_what_a_table_has_is_as_it_was(database: Database, tmp_path: Path) -> None:
    database.run(RICH)
    # A role to which new tables are given by default, but not this one.
    database.run("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pg_read_all_settings, pg_monitor")
    before = {name: database.rows(query) for name, query in LOOKS.items()}
    rows = database.rows("SELECT * FROM events ORDER BY id")
    assert len(before["comments"]) == 9
    result = convert(database, tmp_path, "events")
    assert result.code == 0, result.err
    after = {name: database.rows(query) for name, query in LOOKS.items()}
    after["index"] = [(text.replace(" ON ONLY ", " ON "),) for (text,) in after["index"]]
    assert after == before
    assert database.rows("SELECT * FROM events ORDER BY id") == rows
    assert database.value("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'its_key'") == (
        "PRIMARY KEY (id, created_at)"
    )
    # Each partition has the storage options; by default nobody has got a right on one who has none on the table.
    parts = database.rows(
        "SELECT c.reloptions::text, t.reloptions::text, c.relacl::text LIKE '%pg_read_all_settings%' FROM pg_inherits i"
        " JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class t ON t.oid = c.reltoastrelid"
        " WHERE i.inhparent = 'events'::regclass"
    )
    assert len(parts) == 3
    assert {part[:2] for part in parts} == {
        ("{fillfactor=70,autovacuum_vacuum_scale_factor=0.01}", "{autovacuum_enabled=false}")
    }
    assert not any(part[2] for part in parts)
    # What is off stays off, on every partition.
    database.run("ALTER TABLE events NO FORCE ROW LEVEL SECURITY")
    for days in ("0 days", "70 days"):
        database.run("TRUNCATE fired")
        with database.connect() as conn:
            conn.execute("INSERT INTO events (user_id, created_at) VALUES (1, now() + %s::interval)", (days,))
        assert database.rows("SELECT name, level FROM fired ORDER BY 1") == [
            ("always", "ROW"), ("late", "ROW"), ("plain", "ROW"), ("statement", "STATEMENT"),
        ]  # fmt: skip
    with database.connect() as conn, pytest.raises(psycopg.errors.UniqueViolation, match="once"):
        conn.execute(
            "INSERT INTO events (user_id, note, created_at) SELECT 1, 'twice', '2020-01-01' FROM generate_series(1, 2)"
        )
    database.run("DELETE FROM users WHERE id = 2")
    assert database.value("SELECT count(*) FROM events WHERE user_id = 2") == 0


def test_another_role_stays_the_owner(database: Database, tmp_path: Path) -> None:
    database.run(RICH)
    owners = """
        SELECT DISTINCT pg_get_userbyid(relowner)::text FROM pg_class
        WHERE relname LIKE 'events%' OR relname IN ('lower_note', 'its_key', 'once')
        UNION SELECT pg_get_userbyid(stxowner)::text FROM pg_statistic_ext
        """
    database.run(
        "CREATE ROLE somebody; GRANT CREATE ON SCHEMA public TO somebody; GRANT REFERENCES ON users TO somebody;"
        "ALTER TABLE events OWNER TO somebody; ALTER STATISTICS both_of_them OWNER TO somebody"
    )
    rights = database.rows(LOOKS["rights"])
    result = convert(database, tmp_path, "events")
    assert result.code == 0, result.err
    assert database.rows(owners) == [("somebody",)]
    assert database.rows(LOOKS["rights"]) == rights
    database.run("REASSIGN OWNED BY somebody TO postgres; DROP OWNED BY somebody; DROP ROLE somebody")


def test_the_planner_knows_the_new_table(database: Database, tmp_path: Path) -> None:
    database.run(RICH + "ANALYZE events")
    assert convert(database, tmp_path, "events").code == 0
    known = "SELECT count(*) FROM pg_stats WHERE tablename = 'events' AND inherited"
    assert database.value(known) == 6
    assert database.value("SELECT reltuples FROM pg_class WHERE oid = 'events'::regclass") == 500
    assert database.value("SELECT count(*) FROM pg_stats_ext WHERE tablename = 'events' AND inherited") == 1
    assert database.value("SELECT count(*) > 0 FROM pg_stats WHERE tablename = 'events_history'")


def test_statistics_that_a_killed_run_left_out_are_made_by_the_next(database: Database, tmp_path: Path) -> None:
    database.run(RICH)
    planned = database.command("convert", "--table", "events", "--config", config(tmp_path), "--dry-run", "--json")
    *before, analyze = planned.json["actions"]
    with database.connect() as conn:
        for action in before:
            with conn.transaction() if action["transaction"] else conn.pipeline():
                for statement in action["sql"]:
                    conn.execute(statement)
    result = database.command("apply", "--config", config(tmp_path), "--json")
    assert [one["sql"] for one in result.json["ran"]][-1] == analyze["sql"]
    assert database.command("apply", "--config", config(tmp_path), "--json").json["ran"] == []


def test_what_is_made_during_the_build_is_carried_over_too(database: Database, tmp_path: Path) -> None:
    database.run(RICH)
    path = config(tmp_path)
    with database.connect(autocommit=False) as writer:
        writer.execute("INSERT INTO events (user_id) VALUES (1)")
        process = database.start("convert", "--table", "events", "--config", path)
        until(lambda: database.rows("SELECT 1 FROM pg_stat_progress_create_index WHERE datname = current_database()"))
        database.run(
            "CREATE VIEW latest AS SELECT * FROM events; GRANT SELECT ON events TO pg_read_all_settings;"
            "CREATE FUNCTION recent() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM events; END"
        )
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert database.rows(BOUND_TO_HISTORY) == []
    assert database.value("SELECT has_table_privilege('pg_read_all_settings', 'events', 'SELECT')")


@pytest.mark.parametrize(
    ("late", "error", "message"),
    [
        ("CREATE POLICY late ON events USING (true)", RetryError, "was changed since"),
        ("CREATE TABLE marks (event bigint CONSTRAINT marked REFERENCES events)", RunError, "constraint marked"),
    ],
)
def test_a_switch_is_not_run_on_a_table_that_has_changed(
    database: Database, tmp_path: Path, late: str, error: type[RunError], message: str
) -> None:
    database.run(RICH)
    loaded = load(Path(config(tmp_path)))
    there = environment({URL: database.uri})
    with connected(there, "test", "public") as conn:
        context = Context(conn, loaded, one(conn, "SELECT current_date AS day")["day"], there)
        for action in pending(context, loaded.partitions[0], existing(conn, "public", "events"))[:-1]:
            Executor(conn, loaded.locks, lambda _: None).run(action)
        (action,) = pending(context, loaded.partitions[0], existing(conn, "public", "events"))
        database.run(late)
        before = database.snapshot()
        with pytest.raises(error, match=message):
            Executor(conn, loaded.locks, lambda _: None).run(action)
        assert database.snapshot() == before


# What keeps a table from being converted: how it comes about, and how the refusal names it.
REFUSED = {
    "a column of its row type": ("CREATE TABLE keeps (one events)", "column one of table keeps"),
    "a function of its row type": ("CREATE FUNCTION f(events) RETURNS int LANGUAGE sql AS 'SELECT 1'", "function f("),
    "a function that returns it": (
        "CREATE FUNCTION f() RETURNS SETOF events LANGUAGE sql AS 'SELECT * FROM events'", "function f()",
    ),
    "a domain of its row type": ("CREATE DOMAIN one_event AS events", "type one_event"),
    "an aggregate of its row type": (
        "CREATE FUNCTION f(int, events) RETURNS int LANGUAGE sql AS 'SELECT 1';"
        "CREATE AGGREGATE total(events) (sfunc = f, stype = int)", "function total(events)",
    ),
    "a view of its rows": ("CREATE VIEW whole AS SELECT e AS one FROM events e", "view whole"),
    "a view that needs its key": ("CREATE VIEW grouped AS SELECT id, note FROM events GROUP BY id", "view grouped"),
    "a materialized view": ("CREATE MATERIALIZED VIEW m AS SELECT * FROM events", "materialized view m"),
    "a rule of another table": (
        "CREATE TABLE other (id int); CREATE RULE copy AS ON INSERT TO other DO ALSO INSERT INTO events (user_id)"
        " VALUES (1)", "rule copy on table other",
    ),
    "a rule of its own": ("CREATE RULE nope AS ON DELETE TO events DO INSTEAD NOTHING", "rules on it"),
    "a trigger of another table": (
        "CREATE TABLE other (id int); CREATE CONSTRAINT TRIGGER looks AFTER INSERT ON other FROM events"
        " FOR EACH ROW EXECUTE FUNCTION count_it()", "trigger looks on table other",
    ),
    "a foreign key to it": (
        "CREATE TABLE marks (event bigint CONSTRAINT marked REFERENCES events)", "constraint marked on table marks",
    ),
    "a foreign key to itself": ("ALTER TABLE events ADD parent bigint CONSTRAINT up REFERENCES events", "itself"),
    "an insert that names its key": (
        "CREATE FUNCTION f() RETURNS void BEGIN ATOMIC INSERT INTO events (user_id) VALUES (1)"
        " ON CONFLICT ON CONSTRAINT its_key DO NOTHING; END", "function f()",
    ),
    "a foreign key that is not valid": (
        "ALTER TABLE events ADD CONSTRAINT fresh FOREIGN KEY (seen) REFERENCES users NOT VALID", "VALIDATE CONSTRAINT",
    ),
    "a CHECK that is not valid": ("ALTER TABLE events ADD CONSTRAINT fresh CHECK (seen > 0) NOT VALID", "fresh"),
    "a CHECK of its own": ("ALTER TABLE events ADD CONSTRAINT alone CHECK (seen >= 0) NO INHERIT", "alone"),
    "a deferrable key": (
        "ALTER TABLE events DROP CONSTRAINT its_key, ADD CONSTRAINT key PRIMARY KEY (id) DEFERRABLE", "deferrable",
    ),
    "an exclusion": ("ALTER TABLE events ADD CONSTRAINT ex EXCLUDE (id WITH =)", "exclusion constraints"),
    "a unique index": ("CREATE UNIQUE INDEX one_note ON events (note)", "one_note"),
    "an index that is not valid": (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'lower_note'::regclass", "lower_note",
    ),
    "a name that is taken": ("CREATE TABLE events_history (id int)", "names that it needs are taken"),
    "a publication": ("CREATE PUBLICATION p FOR TABLE events", "publication of table events in publication p"),
    "a publication of all": ("CREATE PUBLICATION p FOR ALL TABLES", "publish_via_partition_root"),
    "an identity": ("ALTER TABLE events ADD number int GENERATED ALWAYS AS IDENTITY", "number"),
    "a child": ("CREATE TABLE child () INHERITS (events)", "inherits"),
    "a replica identity": ("ALTER TABLE events REPLICA IDENTITY FULL", "replica identity"),
    "a transition table": (
        "CREATE TRIGGER seen AFTER INSERT ON events REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT"
        " EXECUTE FUNCTION count_it()", "transition tables",
    ),
    "foreign keys that are off": ("ALTER TABLE events DISABLE TRIGGER ALL", "of_user"),
    "an extension": ("ALTER EXTENSION vector ADD TABLE events", "belongs to an extension"),
    "a right that its owner gave up": ("REVOKE TRUNCATE ON events FROM postgres", "TRUNCATE"),
    "no log": ("ALTER TABLE events DROP CONSTRAINT of_user, SET UNLOGGED", "unlogged"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.filterwarnings("ignore:wal_level")
def test_what_cannot_be_carried_over_is_refused_by_name(database: Database, tmp_path: Path, kind: str) -> None:
    statements, named = REFUSED[kind]
    database.run(RICH)
    database.run(statements)
    before = database.snapshot()
    for more in (["--dry-run"], []):
        result = database.command("convert", "--table", "events", "--config", config(tmp_path), *more)
        assert result.code == 1
        assert "table public.events cannot be partitioned as it is" in result.err
        assert named in result.err
        assert "Traceback" not in result.err
        assert database.snapshot() == before


def test_every_refusal_names_what_it_found_at_once(database: Database, tmp_path: Path) -> None:
    database.run(RICH)
    kinds = ("a column of its row type", "a materialized view", "a CHECK that is not valid", "a foreign key to it")
    for kind in kinds:
        database.run(REFUSED[kind][0])
    result = convert(database, tmp_path, "events")
    assert all(REFUSED[kind][1] in result.err for kind in kinds)
