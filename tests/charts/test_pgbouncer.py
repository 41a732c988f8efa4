"""The rendered configuration starts a real PgBouncer in front of a real PostgreSQL."""

from __future__ import annotations

import shutil
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from scripts.servers import Server
from tests.charts.certificates import self_signed
from tests.charts.helm import Helm, files_of, merged, pod_of
from tests.charts.postgres import MAX_CONNECTIONS, PASSWORD, Postgres, running_postgres
from tests.charts.processes import Process, accepts, free_ports, give_away, public_directory, until

CLIENTS = 80
CAP = 8
Values = dict[str, Any]


class Pool:
    """A running PgBouncer."""

    def __init__(self, process: Process, port: int) -> None:
        self.process = process
        self.port = port

    def connect(self, user: str = "app", password: str = PASSWORD, database: str = "app", **more: Any) -> Any:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=user, password=password, dbname=database,
            autocommit=True, connect_timeout=10, prepare_threshold=None, **more,
        )  # fmt: skip

    def show(self, what: str) -> list[dict[str, Any]]:
        """What its console says. It knows the simple protocol only."""
        with self.connect("stats", database="pgbouncer") as connection, psycopg.ClientCursor(connection) as cursor:
            cursor.execute(f"SHOW {what}")
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


Start = Callable[..., Pool]


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    with public_directory() as path:
        yield path


@pytest.fixture(scope="module")
def postgres(directory: Path, pgbouncer_program: Server) -> Iterator[Postgres]:
    assert pgbouncer_program
    home = directory / "postgres"
    home.mkdir()
    with running_postgres(home) as running:
        yield running


def values_for(postgres: Postgres, port: int) -> Values:
    return {
        "databases": [
            {"name": "app", "host": "127.0.0.1", "port": postgres.port, "poolSize": CAP, "maxDbConnections": CAP}
        ],
        "connectionBudget": 40,
        "listen": {"address": "127.0.0.1", "port": port},
        # Debian's PgBouncer is older than prepared statements in transaction mode.
        "pool": {"maxPreparedStatements": 0, "maxUserConnections": CAP},
        "auth": {"secretName": "users", "statsUsers": ["stats"]},
        "serverTls": {"mode": "disable"},
        "networkPolicy": {"clients": {"app": "web"}},
    }


@pytest.fixture
def start(
    helm: Helm, pgbouncer_program: Server, postgres: Postgres, directory: Path, tmp_path: Path
) -> Iterator[Start]:
    """Starts PgBouncer as the rendered pod would, from a directory laid out as the pod's mounts are."""
    running: list[Process] = []

    def from_values(
        change: Values | None = None,
        users: str = f'"app" "{PASSWORD}"\n"stats" "{PASSWORD}"\n',
        files: dict[str, bytes] | None = None,
    ) -> Pool:
        (port,) = free_ports(1)
        objects = helm.render("pgbouncer", merged(values_for(postgres, port), change or {}), tmp_path)
        (container,) = pod_of(objects)["spec"]["containers"]
        home = directory / f"pool-{port}"
        files_of(objects, home / "config")
        for name, content in {"auth/userlist.txt": users.encode(), **(files or {})}.items():
            (home / name).parent.mkdir(exist_ok=True)
            (home / name).write_bytes(content)
        # The mounts are exactly these, below the container's working directory.
        mounts = {each["mountPath"] for each in container["volumeMounts"]} - {"/tmp"}  # noqa: S108
        assert mounts == {f"{container['workingDir']}/{each.name}" for each in home.iterdir() if each.is_dir()}
        program = directory / "program"
        if not program.exists():
            shutil.copytree(pgbouncer_program.program.parent, program) if pgbouncer_program.libraries else None
        server = Server(program / "pgbouncer", program) if pgbouncer_program.libraries else pgbouncer_program
        give_away(home)
        command = [server.program, *container["command"][1:]]
        process = Process(command, cwd=home, log=directory / f"pool-{port}.log", env=server.env)
        running.append(process)
        until(lambda: accepts(process, port), "PgBouncer accepts connections")
        return Pool(process, port)

    yield from_values
    for process in running:
        process.stop(signal.SIGKILL)


@contextmanager
def most_backends(postgres: Postgres) -> Iterator[list[int]]:
    """Watches from outside how many connections the database has from the pool; the most is the last one."""
    seen, done = [0], threading.Event()

    def watch() -> None:
        with postgres.connect() as connection:
            while not done.wait(0.02):
                row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'").fetchone()
                seen[0] = max(seen[0], row[0] if row else 0)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def open_many(all_open: ExitStack, connect: Callable[[], Any], count: int) -> None:
    for _ in range(count):
        all_open.enter_context(connect())


def test_more_clients_than_the_database_has_connections(start: Start, postgres: Postgres) -> None:
    pool = start()
    assert CLIENTS > MAX_CONNECTIONS > CAP
    with ExitStack() as all_open, most_backends(postgres) as most:
        with ThreadPoolExecutor(16) as some:
            clients = list(some.map(lambda _: pool.connect(), range(CLIENTS)))
        for client in clients:
            all_open.enter_context(client)

        def work(number: int) -> int:
            with clients[number].transaction():
                clients[number].execute(
                    "INSERT INTO visits VALUES (%(n)s, %(n)s) RETURNING id, pg_sleep(0.05)", {"n": number}
                )
                row = clients[number].execute("SELECT pg_backend_pid()").fetchone()
            return int(row[0])

        with ThreadPoolExecutor(CLIENTS) as every:
            backends = list(every.map(work, range(CLIENTS)))
        (line,) = [each for each in pool.show("POOLS") if each["database"] == "app"]
        assert line["cl_active"] + line["cl_waiting"] == CLIENTS
        assert line["pool_mode"] == "transaction"
        assert line["sv_active"] + line["sv_idle"] + line["sv_used"] <= CAP
    assert postgres.scalar("SELECT count(*) FROM visits") == CLIENTS
    assert len(set(backends)) <= CAP
    # All of the cap was used, and never more of it.
    assert most == [CAP]


def test_without_the_pool_the_database_refuses_as_many(postgres: Postgres) -> None:
    with ExitStack() as all_open, pytest.raises(psycopg.OperationalError, match=r"too many clients|reserved for roles"):
        open_many(all_open, lambda: postgres.connect(user="app"), CLIENTS)


def test_a_client_above_the_limit_is_refused(start: Start) -> None:
    pool = start({"pool": {"maxClientConnections": 3}})
    with ExitStack() as all_open, pytest.raises(psycopg.OperationalError, match="no more connections allowed"):
        open_many(all_open, pool.connect, 4)


def test_a_wrong_password_is_refused(start: Start) -> None:
    pool = start()
    with pytest.raises(psycopg.OperationalError, match="SASL authentication failed"):
        pool.connect(password="another")
    with pytest.raises(psycopg.OperationalError, match=r"authentication failed|no such user"):
        pool.connect(user="reporting")


def test_users_come_from_the_database(start: Start) -> None:
    """auth_query: only the asking user is in the Secret, and others' secrets pass through to the database."""
    pool = start({"auth": {"query": {"enabled": True}}}, users=f'"pgbouncer" "{PASSWORD}"\n')
    with pool.connect(user="reporting") as client:
        assert client.execute("SELECT current_user").fetchone() == ("reporting",)
    with pytest.raises(psycopg.OperationalError, match="SASL authentication failed"):
        pool.connect(user="reporting", password="another")
    with pytest.raises(psycopg.OperationalError, match="no such user"):
        pool.connect(user="postgres")


def test_a_scram_secret_is_enough(start: Start, postgres: Postgres) -> None:
    """The Secret need not hold a password: the database's own secret for the user will do."""
    secret = postgres.scalar("SELECT rolpassword FROM pg_authid WHERE rolname = 'app'")
    pool = start(users=f'"app" "{secret}"\n')
    with pool.connect() as client:
        assert client.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize(("parameter", "answer"), [("extra_float_digits", b"R"), ("search_path", b"E")])
def test_a_driver_may_send_extra_float_digits(start: Start, parameter: str, answer: bytes) -> None:
    """As JDBC and Go drivers do, and libpq cannot: R is the request to authenticate, E an error."""
    pool = start()
    words = ("user", "app", "database", "app", parameter, "3", "")
    body = struct.pack("!I", 0x30000) + b"".join(word.encode() + b"\0" for word in words)
    with socket.create_connection(("127.0.0.1", pool.port), timeout=5) as raw:
        raw.sendall(struct.pack("!I", len(body) + 4) + body)
        assert raw.recv(1) == answer


def test_an_open_transaction_is_finished_before_the_pod_ends(start: Start, helm: Helm, tmp_path: Path) -> None:
    pool = start()
    given = values_for(Postgres(5432), 6432)
    (container,) = pod_of(helm.render("pgbouncer", given, tmp_path))["spec"]["containers"]
    stop = container["lifecycle"]["preStop"]["exec"]["command"][-1]
    assert stop == "sleep 15; kill -INT 1; while kill -0 1; do sleep 1; done"
    with pool.connect() as client:
        client.execute("BEGIN")
        client.execute("INSERT INTO visits VALUES (1000, 1)")
        pool.process.send(signal.SIGINT)
        time.sleep(1)
        assert pool.process.running
        client.execute("COMMIT")
        until(lambda: not pool.process.running, "PgBouncer has ended")
    assert pool.process.popen.returncode == 0


def test_tls_to_the_database_and_from_clients(start: Start, tmp_path: Path) -> None:
    """The tests' PostgreSQL has no TLS, so a second PgBouncer plays the database; verify-full is the same."""
    trusted, other = self_signed(tmp_path / "trusted"), self_signed(tmp_path / "other")
    served = {f"client-tls/{name}": (trusted / name).read_bytes() for name in ("tls.crt", "tls.key")}
    database = start({"clientTls": {"mode": "require", "secretName": "tls"}}, files=served)
    with pytest.raises(psycopg.OperationalError, match="SSL required"):
        database.connect(sslmode="disable")
    with database.connect(sslmode="verify-full", sslrootcert=trusted / "ca.crt") as client:
        assert client.execute("SELECT 1").fetchone() == (1,)

    def pool_that_trusts(authority: Path) -> Pool:
        change = {
            "databases": [
                {"name": "app", "host": "127.0.0.1", "port": database.port, "poolSize": CAP, "maxDbConnections": CAP}
            ],
            "serverTls": {"mode": "verify-full", "ca": {"name": "ca"}},
            "timeouts": {"queryWait": 3, "serverLoginRetry": 1},
        }
        return start(change, files={"server-tls/ca.crt": (authority / "ca.crt").read_bytes()})

    with pool_that_trusts(trusted).connect() as client:
        assert client.execute("SELECT current_user").fetchone() == ("app",)
    refusing = pool_that_trusts(other)
    with pytest.raises(psycopg.OperationalError):
        refusing.connect().execute("SELECT 1")
    assert "certificate verify failed" in refusing.process.said()
