"""The database's roles on a real PostgreSQL, made by the function that the update calls."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psycopg
import pytest

from infra.roles import keeper
from infra.roles.names import APPLICATIONS, JOBS, LOGINS, MASTER, OWNER, READS, WRITES
from tests.charts.postgres import Postgres, running_postgres
from tests.charts.processes import public_directory
from tests.roles.data_api import MASTER_PASSWORD, Clients

NAMES = {"master": MASTER, "owner": OWNER, "writes": WRITES, "reads": READS}
OF = {**dict.fromkeys(APPLICATIONS, WRITES), JOBS: OWNER, READS: READS}
SCHEMA = '''
    CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
    CREATE TABLE notes (id serial PRIMARY KEY, owner text, text text);
    CREATE INDEX ON notes (owner);
    CREATE VIEW names AS SELECT name FROM users;
    CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM users;
    CREATE SEQUENCE numbers;
    CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE DOMAIN short AS text CHECK (length(VALUE) < 9);
    CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1';
    CREATE SCHEMA "Odd ""Name""";
    CREATE TABLE "Odd ""Name""".things (id int PRIMARY KEY);
    INSERT INTO users (name) VALUES ('ann'), ('bob');
    ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON notes USING (owner = current_setting('app.person', true));
    INSERT INTO notes (owner, text) VALUES ('ann', 'x'), ('bob', 'y');
'''


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with public_directory() as directory, running_postgres(directory) as running:
        yield running


@pytest.fixture
def postgres(server: Postgres) -> Postgres:
    """An application's database as RDS has it: its master is no superuser, and owns everything."""
    with server.connect(database="postgres") as conn:
        conn.execute("DROP DATABASE IF EXISTS app WITH (FORCE)")
        for role in (*LOGINS, WRITES, OWNER, MASTER):
            conn.execute(f'DROP ROLE IF EXISTS "{role}"'.encode())
        conn.execute(f"CREATE ROLE {MASTER} LOGIN CREATEROLE CREATEDB PASSWORD '{MASTER_PASSWORD}'".encode())
        conn.execute(f"CREATE DATABASE app OWNER {MASTER}".encode())
    with login(server, MASTER, MASTER_PASSWORD) as conn:
        conn.execute(SCHEMA.encode())
    return server


def login(server: Postgres, user: str, password: str) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host="127.0.0.1", port=server.port, user=user, password=password, dbname="app", autocommit=True
    )


def event(out: str | None = None, settings: Mapping[str, Mapping[str, str]] = MappingProxyType({})) -> dict[str, Any]:
    """What the update calls the function with. `out` may not log in any more."""
    logins = {
        name: {
            "secret": None if name == out else f"secret-of-{name}",
            "of": OF[name],
            "limit": 10,
            "settings": {**({"role": OWNER} if name == JOBS else {}), **settings.get(name, {})},
        }
        for name in LOGINS
    }
    return {"cluster": "cluster-arn", "secret": "master-arn", "database": "app", "names": NAMES, "logins": logins}


def made_up(server: Postgres) -> Clients:
    return Clients(server.port, {f"secret-of-{name}": f"made-up-of-{name}" for name in LOGINS})


def refused(conn: psycopg.Connection[Any], statement: str) -> bool:
    try:
        conn.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False


def test_the_application_changes_rows_and_nothing_else(postgres: Postgres) -> None:
    keeper.handler(event(), client=made_up(postgres))
    for name in APPLICATIONS:
        with login(postgres, name, f"made-up-of-{name}") as app:
            app.execute("INSERT INTO users (name) VALUES ('cem')")
            app.execute("UPDATE users SET name = 'cim' WHERE name = 'cem'")
            app.execute("DELETE FROM users WHERE name = 'cim'")
            app.execute("SELECT nextval('numbers')")
            app.execute('INSERT INTO "Odd ""Name""".things VALUES (1) ON CONFLICT DO NOTHING')
            for statement in (
                "CREATE TABLE t (id int)",
                "DROP TABLE users",
                "TRUNCATE users",
                "ALTER TABLE users ADD COLUMN x int",
                f"SET ROLE {OWNER}",
                "CREATE ROLE other",
            ):
                assert refused(app, statement), statement


def test_row_level_security_is_for_the_application_too(postgres: Postgres) -> None:
    with login(postgres, MASTER, MASTER_PASSWORD) as master:
        assert master.execute("SELECT count(*) FROM notes").fetchone() == (2,)
    keeper.handler(event(), client=made_up(postgres))
    with login(postgres, APPLICATIONS[0], f"made-up-of-{APPLICATIONS[0]}") as app:
        app.execute("SET app.person = 'ann'")
        assert app.execute("SELECT owner FROM notes").fetchall() == [("ann",)]


def test_jobs_change_what_is_there_and_what_they_make_is_the_applications_at_once(postgres: Postgres) -> None:
    keeper.handler(event(), client=made_up(postgres))
    with login(postgres, JOBS, f"made-up-of-{JOBS}") as jobs:
        jobs.execute("ALTER TABLE users ADD COLUMN age int")
        jobs.execute("REFRESH MATERIALIZED VIEW counted")
        jobs.execute("CREATE TABLE made (id serial PRIMARY KEY)")
        jobs.execute("CREATE SCHEMA later CREATE TABLE more (id int)")
        assert jobs.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'made'").fetchone() == (OWNER,)
    with login(postgres, APPLICATIONS[1], f"made-up-of-{APPLICATIONS[1]}") as app:
        app.execute("INSERT INTO made DEFAULT VALUES")
        app.execute("INSERT INTO later.more VALUES (1)")
    with login(postgres, READS, f"made-up-of-{READS}") as reads:
        assert reads.execute("SELECT count(*) FROM later.more").fetchone() == (1,)
        assert refused(reads, "INSERT INTO made DEFAULT VALUES")


def test_everything_has_the_owner_and_nobody_logs_in_as_it(postgres: Postgres) -> None:
    keeper.handler(event(), client=made_up(postgres))
    left = """
        SELECT relname::text FROM pg_class WHERE relowner = 'ascent'::regrole AND relkind <> 'i'
        UNION ALL SELECT proname FROM pg_proc WHERE proowner = 'ascent'::regrole
        UNION ALL SELECT typname FROM pg_type WHERE typowner = 'ascent'::regrole
        UNION ALL SELECT nspname FROM pg_namespace WHERE nspowner = 'ascent'::regrole
    """
    with postgres.connect() as conn:
        assert conn.execute(left.encode()).fetchall() == []
        found = conn.execute("SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname ~ '^ascent'").fetchall()
    assert {name for (name,) in found} == {MASTER, *LOGINS}


def test_it_may_run_again_and_an_interrupted_run_is_taken_up(postgres: Postgres) -> None:
    clients = made_up(postgres)
    calls = 0
    real = clients.execute_statement

    def breaks(**arguments: Any) -> dict[str, Any]:
        nonlocal calls
        calls += 1
        if calls == 25:
            raise ConnectionError("the network went away")
        return real(**arguments)

    clients.execute_statement = breaks  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        keeper.handler(event(), client=clients)
    first = keeper.handler(event(), client=clients)
    assert first["moved"]
    assert keeper.handler(event(), client=clients) == {"made": [], "moved": 0, "statistics": False}


def test_jobs_see_all_statements_where_the_master_may_say_so(postgres: Postgres) -> None:
    with postgres.connect() as conn:
        # As RDS' own role of masters has it.
        conn.execute(f"GRANT pg_read_all_stats TO {MASTER} WITH ADMIN OPTION".encode())
    assert keeper.handler(event(), client=made_up(postgres))["statistics"] is True
    with login(postgres, JOBS, f"made-up-of-{JOBS}") as jobs:
        assert jobs.execute("SELECT pg_has_role('pg_read_all_stats', 'USAGE')").fetchone() == (True,)


def test_a_table_in_use_is_named_and_gets_its_owner_the_next_time(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "PAUSE", 0.0)
    monkeypatch.setattr(keeper, "TRIES", 2)
    monkeypatch.setattr(keeper, "LOCK_SECONDS", 0.2)
    with login(postgres, MASTER, MASTER_PASSWORD) as long, long.transaction():
        long.execute("SELECT * FROM users")
        with pytest.raises(RuntimeError, match=r'TABLE "public"."users"\. Everything else is done'):
            keeper.handler(event(), client=made_up(postgres))
        with login(postgres, APPLICATIONS[0], f"made-up-of-{APPLICATIONS[0]}") as app:
            app.execute("INSERT INTO users (name) VALUES ('dan')")
    assert keeper.handler(event(), client=made_up(postgres))["moved"] == 1


def test_rights_that_iam_does_not_know_yet_are_waited_for(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "PAUSE", 0.0)
    clients, refusals = made_up(postgres), iter(["AccessDeniedException: no", "HttpEndpoint is not enabled"])
    secret, statement = clients.get_secret_value, clients.execute_statement

    def refusing(call: Any) -> Any:
        def asked(**arguments: Any) -> Any:
            refusal = next(refusals, None)
            if refusal:
                raise RuntimeError(refusal)
            return call(**arguments)

        return asked

    monkeypatch.setattr(clients, "get_secret_value", refusing(secret))
    monkeypatch.setattr(clients, "execute_statement", refusing(statement))
    assert keeper.handler(event(), client=clients)["made"]
    monkeypatch.setattr(keeper, "PATIENCE", 2)
    monkeypatch.setattr(clients, "get_secret_value", lambda **_: (_ for _ in ()).throw(RuntimeError("AccessDenied")))
    with pytest.raises(RuntimeError, match="AccessDenied"):
        keeper.handler(event(), client=clients)


def test_no_statement_holds_a_password(postgres: Postgres) -> None:
    clients = made_up(postgres)
    keeper.handler(event(), client=clients)
    assert not [one for one in clients.statements if "made-up" in one]


def test_sessions_have_their_parameters_and_limits(postgres: Postgres) -> None:
    name = APPLICATIONS[0]
    keeper.handler(event(settings={name: {"statement_timeout": "60s"}}), client=made_up(postgres))
    with login(postgres, name, f"made-up-of-{name}") as app:
        assert app.execute("SHOW statement_timeout").fetchone() == ("1min",)
    with postgres.connect() as conn:
        assert conn.execute("SELECT rolconnlimit FROM pg_roles WHERE rolname = %s", [name]).fetchone() == (10,)


def test_a_move_and_two_rotations_refuse_no_client(postgres: Postgres, capsys: pytest.CaptureFixture[str]) -> None:
    """Clients log in and query all the while, each with what its machine has: the last user, or the one before."""
    first, second = APPLICATIONS
    clients, stop, failures, requests = made_up(postgres), threading.Event(), [], [0]
    users = [(MASTER, MASTER_PASSWORD)]

    def client(back: int) -> None:
        while not stop.is_set():
            user, password = users[max(len(users) - 1 - back, 0)]
            try:
                with login(postgres, user, password) as conn:
                    conn.execute("INSERT INTO users (name) VALUES ('load')")
                    conn.execute("SELECT count(*) FROM names")
                requests[0] += 1
            except psycopg.Error as error:
                failures.append(f"{user}: {error}")

    threads = [threading.Thread(target=client, args=(back,)) for back in (0, 0, 1)]
    for thread in threads:
        thread.start()
    try:
        for turn, name in enumerate((first, second, first), start=1):
            clients.secrets[f"secret-of-{name}"] = f"made-up-{turn}"
            keeper.handler(event(), client=clients)
            users.append((name, f"made-up-{turn}"))
            threading.Event().wait(1)
            # The machines with the user before are gone by now.
            users[:] = [users[-1]]
            threading.Event().wait(0.5)
            if turn > 1:
                keeper.handler(event(out=second if name == first else first), client=clients)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    with capsys.disabled():
        print(f"\n{requests[0]} requests through a move and two rotations, {len(failures)} failed")  # noqa: T201
    assert not failures
    assert requests[0] > 50
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        login(postgres, second, "made-up-2")


def test_an_external_database_gets_the_same_roles(postgres: Postgres) -> None:
    script = Path(keeper.__file__).with_name("external.sql").read_bytes()
    for _ in range(2):
        with login(postgres, MASTER, MASTER_PASSWORD) as admin:
            admin.execute(script)
    with login(postgres, MASTER, MASTER_PASSWORD) as admin:
        for name in (APPLICATIONS[0], JOBS, READS):
            admin.execute(f"ALTER ROLE {name} PASSWORD 'made-up'".encode())
    with login(postgres, JOBS, "made-up") as jobs:
        jobs.execute("CREATE TABLE made (id serial PRIMARY KEY)")
        jobs.execute("ALTER TABLE users ADD COLUMN age int")
    with login(postgres, APPLICATIONS[0], "made-up") as app:
        app.execute("INSERT INTO made DEFAULT VALUES")
        app.execute("SELECT * FROM names")
        assert refused(app, "DROP TABLE users")
    with login(postgres, READS, "made-up") as reads:
        assert reads.execute("SELECT count(*) FROM users").fetchone() == (2,)
