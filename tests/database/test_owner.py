"""A jobs role that owns nothing, and is a member of the role that owns the tables and that nobody logs in as."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.database.support import EXAMPLE, Database, written

_numbers = itertools.count()
COMMANDS = (
    ("apply",),
    ("convert", "--table", "glow_analyses"),
    ("refresh",),
    ("partitions",),
    ("retain",),
    ("apply", "--replace", "view:user_statistics_cache"),
    ("health",),
)
ROLES = """
    CREATE ROLE THE_OWNER NOLOGIN; CREATE ROLE THE_JOBS LOGIN NOINHERIT; CREATE ROLE THE_APP NOLOGIN;
    GRANT THE_OWNER TO THE_JOBS;
    DO $$ DECLARE t record; BEGIN
        FOR t IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        LOOP EXECUTE format('ALTER TABLE %I OWNER TO THE_OWNER', t.relname); END LOOP;
        EXECUTE format('GRANT CREATE ON DATABASE %I TO THE_OWNER', current_database());
    END $$;
    GRANT CREATE, USAGE ON SCHEMA public TO THE_OWNER;
    ALTER DEFAULT PRIVILEGES FOR ROLE THE_OWNER GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO THE_APP;
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO THE_APP; REVOKE ALL ON glow_analyses FROM THE_APP;
    """
OWNERS = """
    SELECT DISTINCT pg_get_userbyid(c.relowner)::text FROM pg_class c
    WHERE c.relnamespace IN ('public'::regnamespace, 'ascent'::regnamespace)
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    """


@pytest.fixture
def example_roles(make: Callable[..., Database]) -> tuple[Database, Database, dict[str, str]]:
    """The runbooks' tables as an administrator sees them, as the jobs role does, and what the roles are called."""
    database = make("example")
    suffix = f"{os.getpid()}_{next(_numbers)}"
    names = {one: f"{one.lower()}_{suffix}" for one in ("OWNER", "JOBS", "APP")}
    statements = ROLES
    for one, name in names.items():
        statements = statements.replace(f"THE_{one}", name)
    database.run(statements)
    uri = database.uri.replace("postgres:@", f"{names['JOBS']}:@")
    return database, Database(uri, {"ASCENT_OWNER": names["OWNER"]}), names


def test_all_that_a_run_makes_belongs_to_the_owner(example_roles: tuple[Database, Database, dict[str, str]]) -> None:
    database, jobs, names = example_roles
    early = jobs.command("apply", "--config", str(EXAMPLE), "--json")
    assert (early.code, [one["step"] for one in early.json["errors"]]) == (1, ["search:ef_search"])
    # What an administrator is asked to do is run as it is written.
    asked = early.json["errors"][0]["error"].partition("run once ")[2].partition(", or name a role")[0]
    database.run(f"LOAD 'vector'; {asked}")
    for command in COMMANDS:
        result = jobs.command(*command, "--config", str(EXAMPLE), job=f"the-{command[0]}")
        assert result.code == 0, result.err + result.out
    assert database.rows(OWNERS) == [(names["OWNER"],)]
    # The application has what it is given by default, where it has something; of a table that is kept from it, nothing.
    app = f"SELECT has_table_privilege('{names['APP']}', %s, 'SELECT')"
    for table, may in (("user_statistics_cache", True), ("glow_analyses", False), ("glow_analyses_history", False)):
        assert database.value(app.replace("%s", f"'{table}'")) is may, table
    months = "SELECT bool_or(has_table_privilege('APP', inhrelid, 'SELECT')) FROM pg_inherits WHERE inhparent ="
    assert database.value(f"{months.replace('APP', names['APP'])} 'glow_analyses'::regclass") is False


def test_without_it_a_member_is_told_what_to_set(example_roles: tuple[Database, Database, dict[str, str]]) -> None:
    _, jobs, names = example_roles
    result = Database(jobs.uri).command("apply", "--config", str(EXAMPLE))
    assert result.code == 1
    assert "not allowed" in result.err
    assert "as a member of it with ASCENT_OWNER set to its name" in result.err
    assert names["OWNER"] not in result.err


def test_a_role_that_cannot_be_taken_on_is_named(
    example_roles: tuple[Database, Database, dict[str, str]], tmp_path: Path
) -> None:
    database, jobs, names = example_roles
    config = str(written(tmp_path))
    nobody = Database(jobs.uri, {"ASCENT_OWNER": "Nobody Here"}).command("health", "--config", config)
    assert (nobody.code, "ASCENT_OWNER: there is no role Nobody Here" in nobody.err) == (1, True)
    database.run(f"REVOKE {names['OWNER']} FROM {names['JOBS']}")
    refused = jobs.command("health", "--config", config)
    assert refused.code == 1
    assert f'GRANT "{names["OWNER"]}" TO "{names["JOBS"]}".' in refused.err


def test_what_the_role_cannot_see_is_not_called_fine(
    example_roles: tuple[Database, Database, dict[str, str]], tmp_path: Path
) -> None:
    database, jobs, names = example_roles

    def check() -> dict[str, object]:
        found = jobs.command("health", "--config", str(written(tmp_path)), "--json")
        return next(one for one in found.json["checks"] if one["name"] == "long transactions")

    assert check()["ok"] is None
    assert "GRANT pg_read_all_stats" in str(check()["advice"])
    database.run(f"GRANT pg_read_all_stats TO {names['OWNER']}")
    assert check()["ok"] is True


def test_a_conversion_names_what_belongs_to_others(
    example_roles: tuple[Database, Database, dict[str, str]],
) -> None:
    database, jobs, names = example_roles
    database.run(
        "CREATE VIEW of_the_master AS SELECT * FROM glow_analyses;"
        "CREATE FUNCTION masters() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM glow_analyses; END;"
        "CREATE TABLE others (id bigint); ALTER TABLE others ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY far ON others USING (EXISTS (SELECT FROM glow_analyses g WHERE g.id = others.id))"
    )
    before = database.snapshot()
    result = jobs.command("convert", "--table", "glow_analyses", "--config", str(EXAMPLE))
    assert result.code == 1
    assert "of role postgres, whose rights this role lacks (run as a member of it)" in result.err
    for name in ("view of_the_master", "function masters()", "policy far on table others"):
        assert name in result.err
    assert database.snapshot() == before
    database.run("ALTER TABLE style_analyses OWNER TO postgres")
    other = jobs.command("convert", "--table", "style_analyses", "--config", str(EXAMPLE))
    assert "it belongs to a role whose rights this one lacks" in other.err
    assert names["OWNER"] not in other.err


def test_a_database_of_the_master_is_given_over_once(make: Callable[..., Database], tmp_path: Path) -> None:
    # As it was: everything, the ledger too, belongs to the user that the jobs logged in as.
    database = make()
    suffix = f"{os.getpid()}_{next(_numbers)}"
    master, owner, jobs = (f"{name}_{suffix}" for name in ("master", "owner", "jobs"))
    database.run(
        f"CREATE ROLE {master} LOGIN CREATEROLE; CREATE EXTENSION vector; GRANT CREATE ON SCHEMA public TO {master}"
    )
    database.run(f"GRANT pg_read_all_stats TO {master} WITH ADMIN OPTION")
    database.run(f"ALTER DATABASE {database.value('SELECT current_database()')} OWNER TO {master}")
    theirs = Database(database.uri.replace("postgres:@", f"{master}:@"))
    theirs.run("CREATE TABLE docs (id serial PRIMARY KEY, kind int, created_at timestamptz NOT NULL)")
    path = str(
        written(
            tmp_path,
            extensions={},
            indexes=[{"name": "docs_kind", "table": "docs", "columns": ["kind"]}],
            partitions=[{"table": "docs", "column": "created_at", "convert": True}],
            views=[{"name": "kinds", "key": ["kind"], "query": "SELECT kind, count(*) AS n FROM docs GROUP BY kind"}],
        )
    )
    assert theirs.command("apply", "--config", path, job="apply").code == 0
    # What the document says to do.
    theirs.run(
        f"CREATE ROLE {owner} NOLOGIN; CREATE ROLE {jobs} LOGIN NOINHERIT; GRANT {owner} TO {jobs};"
        f"GRANT CREATE, USAGE ON SCHEMA public TO {owner}; GRANT pg_read_all_stats TO {owner};"
        f"GRANT {owner} TO CURRENT_USER; REASSIGN OWNED BY CURRENT_USER TO {owner}"
    )
    as_jobs = Database(database.uri.replace("postgres:@", f"{jobs}:@"), {"ASCENT_OWNER": owner})
    again = as_jobs.command("apply", "--config", path, "--json", job="apply")
    assert (again.code, again.json["ran"]) == (0, []), again.err
    for command in (["convert", "--table", "docs"], ["partitions"], ["refresh"], ["retain"], ["health"]):
        result = as_jobs.command(*command, "--config", path, job=command[0])
        assert result.code == 0, result.err + result.out
    assert database.rows(OWNERS) == [(owner,)]
