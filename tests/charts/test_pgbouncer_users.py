"""Two users of an application take turns, and their passwords change, while its clients are at work."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial

import psycopg
import pytest

from scripts.servers import Server
from tests.charts.pools import CAP, Pool, Start, mount, version
from tests.charts.postgres import PASSWORD, Postgres
from tests.charts.processes import until

CLIENTS = 24
# Each client comes anew after so many requests, so that there are always some that log in.
REQUESTS_PER_LOGIN = 50
ROUNDS = 2
FIRST, SECOND = "app", "app_second"


class Clients:
    """An application's connections at work: none of their requests is tried twice."""

    def __init__(self, pool: Pool, user: str, password: str) -> None:
        self._pool, self._login = pool, (user, password)
        self._threads = [threading.Thread(target=self._work, args=[number]) for number in range(CLIENTS)]
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._here: dict[int, tuple[str, str]] = {}
        self.requests, self.logins = 0, 0
        self.failures: list[str] = []

    def _work(self, number: int) -> None:
        try:
            while not self._done.is_set():
                login = self._login
                with self._pool.connect(*login) as connection:
                    with self._lock:
                        self._here[number] = login
                        self.logins += 1
                    for _ in range(REQUESTS_PER_LOGIN):
                        assert connection.execute("SELECT current_user").fetchone() == (login[0],)
                        with self._lock:
                            self.requests += 1
        except psycopg.Error as error:
            self.failures.append(str(error))

    def move(self, user: str, password: str) -> None:
        """As an application that is updated: each client comes with the new login when it comes anew."""
        self._login = (user, password)
        until(lambda: bool(self.failures) or set(self._here.values()) == {self._login}, "all clients have moved", 30)
        before = self.requests
        until(lambda: bool(self.failures) or self.requests > before + 1000, "clients work on", 30)

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()


def lets_in(pool: Pool, user: str, password: str) -> bool:
    try:
        with pool.connect(user, password) as connection:
            return bool(connection.execute("SELECT 1").fetchone() == (1,))
    except psycopg.OperationalError:
        return False


def listed(passwords: Mapping[str, str]) -> dict[str, bytes]:
    lines = {**passwords, "stats": PASSWORD}.items()
    return {"userlist.txt": "".join(f'"{user}" "{password}"\n' for user, password in lines).encode()}


def test_two_users_take_turns_while_clients_are_at_work(start: Start, postgres: Postgres) -> None:
    passwords = {FIRST: PASSWORD, SECOND: "second-0"}
    with postgres.connect() as owner:
        owner.execute(f"CREATE ROLE {SECOND} LOGIN PASSWORD '{passwords[SECOND]}'".encode())
    pool = start(users=listed(passwords)["userlist.txt"].decode())
    started, slowest = pool.process.popen.pid, 0.0
    try:
        with Clients(pool, FIRST, passwords[FIRST]) as clients:
            clients.move(FIRST, passwords[FIRST])
            for number in range(1, 2 * ROUNDS + 1):
                # The one that nobody uses gets a new password in the database and in the list, and then its turn.
                user = (FIRST, SECOND)[number % 2]
                before, passwords[user] = passwords[user], f"{user}-{number}"
                with postgres.connect() as owner:
                    owner.execute(f"ALTER ROLE {user} PASSWORD '{passwords[user]}'".encode())
                mount(pool.home / "auth", listed(passwords))
                slowest = max(slowest, until(partial(lets_in, pool, user, passwords[user]), "it is let in"))
                clients.move(user, passwords[user])
                assert not lets_in(pool, user, before)
        print(  # noqa: T201 (what was measured)
            f"{clients.requests} requests and {clients.logins} logins over {2 * ROUNDS} changes, "
            f"{len(clients.failures)} failed; a changed list was in force within {slowest:.1f} s"
        )
        assert clients.failures == []
        assert clients.requests > 5000
        assert (pool.process.popen.pid, pool.process.running) == (started, True)
        (line,) = [each for each in pool.show("DATABASES") if each["name"] == "app"]
        assert line["current_connections"] <= CAP
        for word in passwords.values():
            assert word not in pool.log()
    finally:
        with postgres.connect() as owner:
            owner.execute(f"ALTER ROLE {FIRST} PASSWORD '{PASSWORD}'".encode())


def test_a_user_off_the_list_is_let_in_no_more(start: Start, pgbouncer_program: Server) -> None:
    pool = start(users=listed({FIRST: PASSWORD, "reporting": PASSWORD})["userlist.txt"].decode())
    # From 1.25 on, who was let in before is let in again from what it has kept (scram.c, build_server_first_message).
    kept = version(pgbouncer_program) >= (1, 25)
    assert kept or lets_in(pool, "reporting", PASSWORD)
    with pool.connect() as client:
        mount(pool.home / "auth", listed({FIRST: PASSWORD, SECOND: PASSWORD}))
        until(lambda: "re-reading config" in pool.log(), "the list is read again")
        assert client.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        pool.connect("reporting", PASSWORD)
