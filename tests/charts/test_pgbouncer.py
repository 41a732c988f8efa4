"""The rendered configuration starts a real PgBouncer in front of a real PostgreSQL."""

from __future__ import annotations

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
from tests.charts.helm import Helm, pod_of
from tests.charts.pools import CAP, Pool, Start, values_for, version
from tests.charts.postgres import MAX_CONNECTIONS, PASSWORD, Postgres
from tests.charts.processes import until

CLIENTS = 80


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


def asks_for(pool: Pool, parameter: str, value: str) -> bytes:
    """The first byte that a driver gets when it connects with a parameter: R, a request to authenticate, or E."""
    words = ("user", "app", "database", "app", parameter, value, "")
    body = struct.pack("!I", 0x30000) + b"".join(word.encode() + b"\0" for word in words)
    with socket.create_connection(("127.0.0.1", pool.port), timeout=5) as raw:
        raw.sendall(struct.pack("!I", len(body) + 4) + body)
        return raw.recv(1)


def test_a_driver_may_ask_for_limits_that_it_does_not_get(start: Start) -> None:
    """As JDBC, Go and Node drivers do, each parameter by itself, which libpq cannot."""
    pool = start()
    asked = {"extra_float_digits": "3", "application_name": "web", "TimeZone": "UTC"}
    asked |= dict.fromkeys(("statement_timeout", "lock_timeout", "transaction_timeout"), "5000")
    asked |= dict.fromkeys(("idle_in_transaction_session_timeout", "idle_session_timeout"), "5000")
    assert {name: asks_for(pool, name, value) for name, value in asked.items()} == dict.fromkeys(asked, b"R")
    # Each would change what is read or written, or by whom.
    refused = {"search_path": "tenant_7", "default_transaction_read_only": "on", "role": "other"}
    assert {name: asks_for(pool, name, value) for name, value in refused.items()} == dict.fromkeys(refused, b"E")


def test_options_are_looked_up_one_by_one(start: Start, pgbouncer_program: Server) -> None:
    pool = start()
    limits, other = (
        "-c statement_timeout=5000 -c lock_timeout=1000",
        "-c statement_timeout=5000 -c search_path=tenant_7",
    )
    # PgBouncer before 1.20 cannot read them, and so refuses them whatever they are.
    reads = version(pgbouncer_program) >= (1, 20)
    assert asks_for(pool, "options", limits) == (b"R" if reads else b"E")
    assert asks_for(pool, "options", other) == b"E"


def test_a_limit_of_the_role_holds_where_a_drivers_does_not(start: Start, postgres: Postgres) -> None:
    with postgres.connect() as owner:
        owner.execute(
            "CREATE ROLE limited LOGIN PASSWORD 'made-up'; ALTER ROLE limited SET statement_timeout = '1234ms'"
        )
    pool = start(users=f'"limited" "{PASSWORD}"\n')
    with pool.connect("limited") as client:
        assert client.execute("SHOW statement_timeout").fetchone() == ("1234ms",)


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
