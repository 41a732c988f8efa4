"""Passwords of a real Redis with sentinels change while clients are at work; and no error is taken for a name."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from scripts.servers import Server
from tests.charts.helm import Helm
from tests.charts.processes import until
from tests.charts.redis_nodes import PASSWORD, Node, Redis, RedisError, running_nodes, settle

OLD, NEW = PASSWORD, "Brand-new_1"
CLIENTS, PAUSE = 4, 0.01
# What a client cannot do without, in a failover: it asks a sentinel again. A failover takes 5 s at the tests' clock,
# which goes five times as fast; a busy machine's does not. Between two pods of an update, 15 s in the chart.
RETRY_SECONDS, BETWEEN_PODS = 60.0, 3.0
# What a failover says to those who come to the wrong node or too early; anything else is a failure.
GAP = ("READONLY", "NOREPLICAS", "LOADING", "MASTERDOWN", "no master")


@pytest.fixture
def nodes(helm: Helm, redis_programs: list[Server], tmp_path: Path) -> Iterator[list[Node]]:
    with running_nodes(helm, redis_programs, tmp_path) as running:
        yield running


class Client:
    """One of an application's threads: a connection to the master, asked for again when it breaks."""

    def __init__(self, nodes: list[Node], number: int, clients: Clients) -> None:
        self._nodes, self._key, self._all = nodes, f"client:{number}", clients
        self._random = random.Random(number)  # noqa: S311 (which sentinel is asked)
        self._to_master: Redis | None = None
        self.written = 0

    def work(self) -> None:
        """Write a number and read it, over and over."""
        password = self._all.password
        # Some hundred requests a second: as fast as they can, they would take a whole core from the servers.
        while not self._all.done.wait(PAUSE):
            if password != self._all.password:
                password = self._all.password
                self._leave()
            self._request(password, "SET", self._key, self.written + 1)
            self.written += 1
            if self._request(password, "GET", self._key) != str(self.written):
                self._all.failures.append(f"{self._key} lost {self.written}")
        self._leave()

    def _request(self, password: str, *words: object) -> object:
        started = time.monotonic()
        while True:
            try:
                if self._to_master is None:
                    self._to_master = self._find(password)
                answer = self._to_master(*words)
            except (RedisError, OSError) as error:
                self._leave()
                self._all.note(error)
                if time.monotonic() - started > RETRY_SECONDS or self._all.failures:
                    self._all.failures.append(f"{words[0]}: {error}")
                    raise
                time.sleep(0.02)
            else:
                self._all.count(time.monotonic() - started)
                return answer

    def _find(self, password: str) -> Redis:
        node = self._random.choice(self._nodes)
        with Redis(node.address, node.sentinel_port, password) as sentinel:
            found = sentinel("SENTINEL", "get-master-addr-by-name", node.env["MASTER_NAME"])
        if not found:
            raise RedisError("no master")
        return Redis(found[0], int(found[1]), password)

    def _leave(self) -> None:
        if self._to_master is not None:
            self._to_master.close()
            self._to_master = None


class Clients:
    """Some clients at work, and what became of their requests."""

    def __init__(self, nodes: list[Node], password: str = OLD) -> None:
        self.password = password
        self.done = threading.Event()
        self.failures: list[str] = []
        self.requests, self.retries, self.slowest = 0, 0, 0.0
        self._lock = threading.Lock()
        self._each = [Client(nodes, number, self) for number in range(CLIENTS)]
        self._threads = [threading.Thread(target=self._work, args=[client]) for client in self._each]

    def _work(self, client: Client) -> None:
        with suppress(RedisError, OSError):
            client.work()

    def count(self, seconds: float) -> None:
        with self._lock:
            self.requests += 1
            self.slowest = max(self.slowest, seconds)

    def note(self, error: Exception) -> None:
        with self._lock:
            self.retries += 1
            if isinstance(error, RedisError) and not str(error).startswith(GAP):
                self.failures.append(str(error))

    def move(self, password: str) -> None:
        """All come again with another password."""
        self.password = password
        before = self.requests
        until(lambda: self.requests > before + 100 or bool(self.failures), "clients work on", 30)

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        for thread in self._threads:
            thread.join()


def each_container(nodes: list[Node], what: str, true: Callable[[Node, str], bool]) -> None:
    """Wait until something is true of every Redis and every sentinel."""
    for node in nodes:
        for container in ("redis", "sentinel"):
            until(partial(true, node, container), f"the {container} of {node.address} {what}", 30, 0.2)


def roll(nodes: list[Node], secret: Mapping[str, str]) -> None:
    """A rolling update, as a StatefulSet does it: from the last pod to the first, each ready before the next goes."""
    for node in reversed(nodes):
        node.replace(secret)
        each_container([node], "is ready", lambda node, name: node.probe(name, "readiness"))
        time.sleep(BETWEEN_PODS)


def test_a_password_changes_while_clients_are_at_work(nodes: list[Node]) -> None:
    settle(nodes)
    with Clients(nodes) as clients:
        clients.move(OLD)
        roll(nodes, {"password": NEW, "previousPassword": OLD})
        each_container(nodes, "shows the new one", lambda node, name: "showing it from now on" in node.log(name))
        clients.move(NEW)
        roll(nodes, {"password": NEW})
        clients.move(NEW)
    print(  # noqa: T201 (what was measured)
        f"{clients.requests} requests, {len(clients.failures)} failed, {clients.retries} asked again; "
        f"the slowest took {clients.slowest:.1f} s"
    )
    assert clients.failures == []
    assert clients.requests > 1000
    settle(nodes)
    for node in nodes:
        for port in (node.port, node.sentinel_port):
            with pytest.raises(RedisError, match="WRONGPASS"):
                Redis(node.address, port, OLD)
        for container in ("redis", "sentinel"):
            assert NEW not in node.log(container)
            assert OLD not in node.log(container)


def test_a_pod_that_knows_no_right_password_waits_for_it(nodes: list[Node]) -> None:
    """What the others say to it is that it may not ask; that is nobody's name. With the one before, it comes in."""
    master = settle(nodes)
    late = nodes[-1]
    late.replace({"password": NEW})
    until(
        lambda: "Starting the sentinel" in late.log("sentinel").rpartition("Starting")[0], "it has looked for a master"
    )
    for container in ("redis", "sentinel"):
        assert late.log(container).rpartition("the master is ")[2].partition(".\n")[0] in {n.address for n in nodes}
    assert not late.probe("redis", "readiness")
    late.replace({"password": NEW, "previousPassword": OLD})
    assert settle(nodes) is master
    assert late.probe("redis", "readiness")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"password": OLD}, {"password": NEW, "previousPassword": OLD}),
        ({"password": NEW, "previousPassword": OLD}, {"password": NEW}),
    ],
    ids=["the new one comes", "the old one goes"],
)
def test_a_master_dies_while_only_some_pods_are_updated(
    helm: Helm, redis_programs: list[Server], tmp_path: Path, before: dict[str, str], after: dict[str, str]
) -> None:
    with (
        running_nodes(helm, redis_programs, tmp_path, secret=before) as nodes,
        Clients(nodes, before["password"]) as clients,
    ):
        master = settle(nodes)
        if "previousPassword" in before:
            each_container(nodes, "shows the new one", lambda node, name: "showing it from now on" in node.log(name))
        updated, other = [node for node in nodes if node is not master]
        clients.move(before["password"])
        updated.replace(after)
        each_container([updated], "is ready", lambda node, name: node.probe(name, "readiness"))
        time.sleep(BETWEEN_PODS)
        master.stop(signal.SIGKILL)
        until(lambda: any(node.role() == "master" for node in (updated, other)), "another one leads", RETRY_SECONDS)
        # It comes back with what the Secret has by then, as does the one that was not updated.
        master.take(after)
        master.start()
        each_container([master], "is ready", lambda node, name: node.probe(name, "readiness"))
        time.sleep(BETWEEN_PODS)
        other.replace(after)
        each_container(nodes, "is ready", lambda node, name: node.probe(name, "readiness"))
        clients.move(before["password"])
        settle(nodes)
    # A master that is killed may lose what no replica had: that is no failure of the passwords.
    assert [one for one in clients.failures if "lost" not in one] == []
