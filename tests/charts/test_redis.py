"""The rendered scripts and configuration start a real Redis with sentinels, which outlives its master."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.servers import Server
from tests.charts.certificates import self_signed
from tests.charts.helm import Helm
from tests.charts.processes import until
from tests.charts.redis_nodes import (
    FAILOVER_SECONDS,
    HANDOVER_SECONDS,
    Node,
    Redis,
    RedisError,
    Values,
    linked,
    running_nodes,
    settle,
)


@pytest.fixture
def nodes(helm: Helm, redis_programs: list[Server], tmp_path: Path) -> Iterator[list[Node]]:
    with running_nodes(helm, redis_programs, tmp_path) as running:
        yield running


def wait_for_new_master(nodes: list[Node], old: Node) -> tuple[Node, float]:
    """The node that takes writes instead, and how long it took."""
    left = [node for node in nodes if node is not old]

    def writable() -> bool:
        return any(_takes_writes(node) for node in left if node.role() == "master")

    took = until(writable, "another master takes writes", FAILOVER_SECONDS, 0.1)
    (master,) = [node for node in left if node.role() == "master"]
    return master, took


def _takes_writes(node: Node) -> bool:
    with node.redis() as client:
        try:
            return bool(client("SET", "probe", "1") == "OK")
        except RedisError:
            return False


def test_a_master_is_killed(nodes: list[Node]) -> None:
    master = settle(nodes)
    assert master is nodes[0]
    with master.redis() as client:
        for number in range(100):
            assert client("SET", f"key:{number}", number) == "OK"
        assert client("WAIT", 1, 5000) >= 1
    for node in nodes:
        for container in ("redis", "sentinel"):
            assert node.probe(container, "readiness")
            assert node.probe(container, "liveness")

    master.stop(signal.SIGKILL)
    assert not master.probe("redis", "liveness")
    new, took = wait_for_new_master(nodes, master)
    assert took < FAILOVER_SECONDS
    with new.redis() as client:
        assert [client("GET", f"key:{number}") for number in range(100)] == [str(number) for number in range(100)]
        assert client("SET", "after", "the failover") == "OK"

    # It comes back with its volume and takes its place behind the new one.
    master.start()
    assert settle(nodes) is new
    assert master.info()["master_host"] == new.address
    with master.redis() as client:
        assert client("GET", "after") == "the failover"
        with pytest.raises(RedisError, match="READONLY"):
            client("SET", "key", "value")


def test_a_master_hands_over_before_it_stops(nodes: list[Node]) -> None:
    """What preStop does loses nothing: all that was acknowledged up to the last moment is on the new master."""
    master = settle(nodes)
    acknowledged: list[int] = []
    done = threading.Event()

    def write() -> None:
        with master.redis() as client:
            number = 0
            while not done.is_set():
                try:
                    client("SET", f"key:{number}", number)
                except (RedisError, OSError):
                    return
                acknowledged.append(number)
                number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        until(lambda: len(acknowledged) > 100, "writes are acknowledged")
        started = time.monotonic()
        master.before_stop()
        assert time.monotonic() - started < HANDOVER_SECONDS
        master.stop()
    finally:
        done.set()
        writer.join()
    new, _ = wait_for_new_master(nodes, master)
    with new.redis() as client:
        assert client("MGET", *(f"key:{number}" for number in acknowledged)) == [str(each) for each in acknowledged]


def test_all_pods_go_and_come_back(nodes: list[Node]) -> None:
    """Nobody is left to ask: what each pod saw last on its own volume decides."""
    master = settle(nodes)
    master.stop(signal.SIGKILL)
    new, _ = wait_for_new_master(nodes, master)
    master.start()
    assert settle(nodes) is new
    with new.redis() as client:
        client("SET", "kept", "yes")
        assert client("WAIT", 2, 5000) == 2
        # The log is synced to disk once a second; this is not what is tried here.
        time.sleep(1.5)
    for node in nodes:
        node.stop(signal.SIGKILL)
    for node in nodes:
        node.start()
    assert settle(nodes) is new
    with new.redis() as client:
        assert client("GET", "kept") == "yes"


def test_a_master_that_is_alone_refuses_writes(nodes: list[Node]) -> None:
    master = linked(nodes)
    for node in nodes:
        if node is not master:
            node.stop(signal.SIGKILL)
    with master.redis() as client:

        def refused() -> bool:
            try:
                client("SET", "key", "value")
            except RedisError as error:
                return str(error).startswith("NOREPLICAS")
            return False

        until(refused, "a master without replicas refuses writes")


def test_what_replicas_may_still_need_leaves_room_for_data(nodes: list[Node]) -> None:
    """The least that maxmemory can be, 16 MiB, is written over once and again."""
    master = settle(nodes)
    with master.redis() as client:
        for _ in range(3 * 16):
            assert client("SET", "key", "x" * 1024 * 1024) == "OK"


def test_nobody_gets_in_without_the_password(nodes: list[Node]) -> None:
    master = linked(nodes)
    for port in (master.port, master.sentinel_port):
        with pytest.raises(RedisError, match="WRONGPASS"):
            Redis(master.address, port, "another")
        with Redis(master.address, port, None) as client, pytest.raises(RedisError, match="NOAUTH"):
            client("PING")

    with master.redis() as client:
        assert client("CONFIG", "GET", "maxmemory") == ["maxmemory", str(16 * 1024 * 1024)]
        assert client("CONFIG", "GET", "maxmemory-policy") == ["maxmemory-policy", "allkeys-lru"]


def test_with_tls_there_is_no_port_without(helm: Helm, redis_programs: list[Server], tmp_path: Path) -> None:
    certificate = self_signed(tmp_path / "tls")
    change: Values = {"tls": {"enabled": True, "secretName": "redis-tls"}}
    with running_nodes(helm, redis_programs, tmp_path, change, tls=certificate) as nodes:
        for node in nodes:
            node.tls = certificate / "ca.crt"
        master = linked(nodes)
        with master.redis() as client:
            # Linked is not yet counted: the master learns of a replica's state once a second.
            until(lambda: _accepted(client), "the master counts its replicas")
            assert client("WAIT", 2, 5000) == 2
        until(lambda: all(node.probe("sentinel", "readiness") for node in nodes), "sentinels answer over TLS")
        assert [node.master() for node in nodes] == [master.address] * 3
        master.tls = None
        with pytest.raises(OSError, match=r"hung up|reset"):
            master.redis()


def _accepted(client: Redis) -> bool:
    try:
        return bool(client("SET", "key", "value") == "OK")
    except RedisError:
        return False
