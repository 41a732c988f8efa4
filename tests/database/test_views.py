"""Materialized views that are replaced: what others have given to the old one, the new one has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.database.support import Database, Result, until, written

VIEW = {"name": "totals", "key": ["kind"], "query": "SELECT kind, count(*) AS n, 1 AS gone FROM docs GROUP BY kind"}
OTHER = "SELECT kind, 5 AS n FROM docs GROUP BY kind"
DOCS = "CREATE TABLE docs (kind int, body text); INSERT INTO docs VALUES (1, 'a'), (1, 'b'), (2, 'c')"


def apply(database: Database, path: Path, *more: str, **view: Any) -> Result:
    config = str(written(path, views=[{**VIEW, **view}], extensions={}))
    return database.command("apply", "--config", config, "--json", *more)


def replace(database: Database, path: Path) -> Result:
    return apply(database, path, "--replace", "view:totals", query=OTHER)


INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'totals' ORDER BY 1"
LOOKS = {
    "rights": "SELECT r.rolname, x.privilege_type, x.is_grantable FROM pg_class c, aclexplode(c.relacl) x"
    " JOIN pg_roles r ON r.oid = x.grantee WHERE c.relname = 'totals' ORDER BY 1, 2",
    "columns": "SELECT attname, attacl::text, col_description(attrelid, attnum), attstattarget FROM pg_attribute"
    " WHERE attrelid = 'totals'::regclass AND attname IN ('kind', 'n') ORDER BY attnum",
    "itself": "SELECT pg_get_userbyid(relowner), reloptions::text FROM pg_class WHERE relname = 'totals'",
    "reader": "SELECT pg_get_viewdef('reader'::regclass), relacl::text FROM pg_class WHERE relname = 'reader'",
    "index": "SELECT obj_description('mine'::regclass), pg_get_indexdef('mine'::regclass)",
}


def test_what_others_have_given_to_it_stays(database: Database, tmp_path: Path) -> None:
    database.run(DOCS)
    assert apply(database, tmp_path).code == 0
    database.run(
        """
        CREATE ROLE viewer;
        GRANT SELECT ON totals TO pg_monitor WITH GRANT OPTION;
        GRANT SELECT (n, gone) ON totals TO pg_read_all_stats;
        ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pg_read_all_settings;
        COMMENT ON COLUMN totals.n IS 'how many';
        COMMENT ON COLUMN totals.gone IS 'soon';
        CREATE INDEX mine ON totals (n DESC) WITH (fillfactor = 50);
        COMMENT ON INDEX mine IS 'for the report';
        CREATE INDEX of_gone ON totals (gone);
        CREATE UNIQUE INDEX totals_one_key ON totals (kind, n);
        ALTER MATERIALIZED VIEW totals SET (fillfactor = 60);
        ALTER MATERIALIZED VIEW totals ALTER COLUMN n SET STATISTICS 55;
        CREATE VIEW reader AS SELECT kind FROM totals WHERE n > 0;
        GRANT SELECT ON reader TO pg_monitor;
        GRANT SELECT ON docs TO viewer; GRANT CREATE ON SCHEMA public TO viewer;
        ALTER MATERIALIZED VIEW totals OWNER TO viewer;
        """
    )
    database.run("REVOKE SELECT ON totals FROM pg_read_all_settings")
    before = {name: database.rows(query) for name, query in LOOKS.items()}
    indexes = [name for name, _ in database.rows(INDEXES)]
    refused = apply(database, tmp_path, query=OTHER)
    assert "--replace view:totals" in refused.err
    result = replace(database, tmp_path)
    assert result.code == 0, result.err
    assert {name: database.rows(query) for name, query in LOOKS.items()} == before
    assert database.rows("SELECT n FROM totals ORDER BY kind") == [(5,), (5,)]
    assert database.rows("SELECT * FROM reader ORDER BY 1") == [(1,), (2,)]
    assert any("index of_gone of totals goes" in note for note in result.json["notes"])
    left = [name for name, _ in database.rows(INDEXES)]
    assert len(left) == len(indexes) - 1
    assert {"mine", "totals_one_key"} < set(left)
    assert database.rows("SELECT relname FROM pg_class WHERE relname ~ '(_next|_previous)'") == []
    assert database.value("SELECT reltuples FROM pg_class WHERE relname = 'totals'") == 2
    # And once more, to a third definition.
    third = apply(database, tmp_path, "--replace", "view:totals", query=OTHER.replace("5", "6"))
    assert third.code == 0, third.err
    assert [name for name, _ in database.rows(INDEXES) if "key" not in name] == ["mine"]
    database.run("REASSIGN OWNED BY viewer TO postgres; DROP OWNED BY viewer; DROP ROLE viewer")


def test_one_that_others_hold_on_to_is_not_replaced(database: Database, tmp_path: Path) -> None:
    database.run(DOCS)
    assert apply(database, tmp_path).code == 0
    database.run("CREATE FUNCTION f(totals) RETURNS int LANGUAGE sql AS 'SELECT 1'")
    before = database.snapshot()
    result = replace(database, tmp_path)
    assert result.code == 1
    assert "materialized view public.totals cannot be replaced" in result.err
    assert "function f(totals)" in result.err
    assert database.snapshot() == before


def test_a_reader_that_the_new_one_cannot_serve_keeps_the_old_one(database: Database, tmp_path: Path) -> None:
    database.run(DOCS)
    assert apply(database, tmp_path).code == 0
    database.run("CREATE VIEW reader AS SELECT gone FROM totals")
    result = replace(database, tmp_path)
    assert result.code == 1
    assert 'the new one takes its place: column "gone" does not exist' in result.err
    assert database.rows("SELECT * FROM reader") == [(1,), (1,)]


def test_a_query_that_does_not_work_changes_nothing(database: Database, tmp_path: Path) -> None:
    database.run(DOCS)
    assert apply(database, tmp_path).code == 0
    before = database.snapshot()
    result = apply(database, tmp_path, "--replace", "view:totals", query="SELECT kind, nope FROM docs")
    assert result.code == 1
    assert 'materialized view totals: its query: column "nope" does not exist. Correct the config.' in result.err
    assert database.snapshot() == before


def test_a_right_given_while_the_new_one_is_filled_is_kept(database: Database, tmp_path: Path) -> None:
    database.run(DOCS)
    assert apply(database, tmp_path).code == 0
    slow = str(
        written(tmp_path, extensions={}, views=[{**VIEW, "query": OTHER.replace("5", "length(pg_sleep(1)::text) + 5")}])
    )
    process = database.start("apply", "--config", slow, "--replace", "view:totals")
    until(lambda: database.rows("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'REFRESH%totals_next%'"))
    database.run("GRANT SELECT ON totals TO pg_monitor")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert database.rows("SELECT n FROM totals ORDER BY kind") == [(5,), (5,)]
    assert database.value("SELECT has_table_privilege('pg_monitor', 'totals', 'SELECT')")


def test_one_view_that_fails_does_not_stop_the_others(database: Database, tmp_path: Path) -> None:
    database.run(DOCS)
    views = [{**VIEW, "name": "aaa"}, VIEW]
    path = str(written(tmp_path, views=views, extensions={}))
    assert database.command("apply", "--config", path).code == 0
    database.run("DROP MATERIALIZED VIEW aaa; INSERT INTO docs VALUES (3)")
    result = database.command("refresh", "--config", path, "--json")
    assert result.code == 1
    assert [one["step"] for one in result.json["errors"]] == ["refresh:aaa"]
    assert result.json["reports"] == [{"rule": "refresh", "refreshed": 1}]
    assert database.value("SELECT count(*) FROM totals") == 3
