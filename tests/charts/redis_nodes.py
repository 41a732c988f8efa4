"""Nodes of a real Redis with sentinels: the rendered scripts and configuration, each node on an address of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scripts.servers import Server
from tests.charts.helm import Helm, Object, files_of, merged, pod_of
from tests.charts.processes import Process, free_ports, public_directory, until

PASSWORD = "made-up"
FAILOVER_SECONDS = 15.0
HANDOVER_SECONDS = 15
Answer = Any
Values = dict[str, Any]


class RedisError(Exception):
    """What Redis refused."""


class Redis:
    """The least of a client: one command at a time, over a plain socket."""

    def __init__(self, address: str, port: int, password: str | None = PASSWORD, authority: Path | None = None) -> None:
        self._socket = socket.create_connection((address, port), timeout=5)
        if authority:
            self._socket = ssl.create_default_context(cafile=authority).wrap_socket(
                self._socket, server_hostname="localhost"
            )
        self._lines = self._socket.makefile("rb")
        if password is not None:
            try:
                self("AUTH", password)
            except (RedisError, OSError):
                self.close()
                raise

    def __call__(self, *words: object) -> Answer:
        parts = [str(word).encode() for word in words]
        self._socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
        return self._read()

    def _read(self) -> Answer:
        line = self._lines.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis hung up")
        kind, rest = line[:1], line[1:-2].decode()
        match kind:
            case b"-":
                raise RedisError(rest)
            case b":":
                return int(rest)
            case b"$":
                return None if rest == "-1" else self._lines.read(int(rest) + 2)[:-2].decode()
            case b"*":
                return None if rest == "-1" else [self._read() for _ in range(int(rest))]
        return rest

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def __enter__(self) -> Redis:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Node:
    """A pod's two containers as two processes, started by the rendered commands in the rendered environment."""

    def __init__(
        self,
        objects: list[Object],
        number: int,
        addresses: list[str],
        home: Path,
        servers: list[Server],
        mounts: dict[str, Path],
    ) -> None:
        self.address = addresses[number]
        self.home = home
        self.tls: Path | None = None
        self._containers = {each["name"]: each for each in pod_of(objects)["spec"]["containers"]}
        self._processes: dict[str, Process] = {}
        # Where the pod has things, and where they are here.
        self._places = {"/etc/redis/config": str(files_of(objects, home / "config"))}
        self._places |= {f"/etc/redis/{name}": str(path) for name, path in mounts.items()}
        for name in ("redis.conf", "sentinel.conf"):
            (home / "config" / name).chmod(0o644)
            (home / "config" / name).write_text(self._here((home / "config" / name).read_text()))
        (home / "data").mkdir()
        given = {
            each["name"]: self._here(each["value"])
            for each in self._containers["redis"]["env"]
            if "value" in each and each["value"] is not None
        }
        self.port, self.sentinel_port = int(given["PORT"]), int(given["SENTINEL_PORT"])
        path = os.pathsep.join([*(str(each.program.parent) for each in servers), os.environ["PATH"]])
        # Only where things are and who is who: names and mounts of a cluster, which a test does not have.
        self.env = {
            **servers[0].env,
            **given,
            "PATH": path,
            "SELF": self.address,
            "LOCAL": self.address,
            "BIND": self.address,
            "PEERS": " ".join(addresses),
            "DATA": str(home / "data"),
            "DISCOVERY_TRIES": "1",
        }

    def take(self, secret: Mapping[str, str]) -> None:
        """The Secret's keys, as a kubelet puts them into the environment of a container that it starts."""
        self.password = secret["password"]
        for each in self._containers["redis"]["env"]:
            if reference := each.get("valueFrom", {}).get("secretKeyRef"):
                self.env.pop(each["name"], None)
                if reference["key"] in secret or not reference.get("optional"):
                    self.env[each["name"]] = secret[reference["key"]]

    def _here(self, text: str) -> str:
        for there, here in self._places.items():
            text = text.replace(there, here)
        return text

    def _command(self, words: list[str]) -> list[str]:
        return [self._here(word) for word in words]

    def start(self) -> None:
        """Both containers."""
        for name, container in self._containers.items():
            run = self.home / f"{name}-run"
            run.mkdir(exist_ok=True)
            self._processes[name] = Process(
                self._command(container["command"]),
                cwd=run,
                log=self.home / f"{name}.log",
                env=self.env | {"RUN": str(run)},
                lend=False,
            )

    def run_hook(self, words: list[str]) -> int:
        """What the kubelet would run inside the Redis container."""
        run = self.env | {"RUN": str(self.home / "redis-run")}
        return subprocess.run(self._command(words), env=run, check=False, timeout=60).returncode

    def probe(self, container: str, kind: str) -> bool:
        return self.run_hook(self._containers[container][f"{kind}Probe"]["exec"]["command"]) == 0

    def before_stop(self) -> None:
        self.run_hook(self._containers["redis"]["lifecycle"]["preStop"]["exec"]["command"])

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        for process in self._processes.values():
            process.send(number)
        for process in self._processes.values():
            process.stop(number)

    def redis(self) -> Redis:
        return Redis(self.address, self.port, self.password, authority=self.tls)

    def sentinel(self) -> Redis:
        return Redis(self.address, self.sentinel_port, self.password, authority=self.tls)

    def info(self) -> dict[str, str]:
        with self.redis() as client:
            return dict(re.findall(r"^(\w+):(.*?)\r?$", client("INFO", "replication"), re.MULTILINE))

    def role(self) -> str:
        return self.info()["role"]

    def master(self) -> str | None:
        """Who this node's sentinel takes for the master."""
        with self.sentinel() as client:
            found = client("SENTINEL", "get-master-addr-by-name", self.env["MASTER_NAME"])
        return found[0] if found else None

    def knows_all(self, nodes: int) -> bool:
        """Whether its sentinel has met all the others, and every replica."""
        with self.sentinel() as client:
            answer = client("SENTINEL", "master", self.env["MASTER_NAME"])
        facts = dict(zip(answer[::2], answer[1::2], strict=True))
        return bool(facts["num-other-sentinels"] == facts["num-slaves"] == str(nodes - 1))

    def replace(self, secret: Mapping[str, str]) -> None:
        """As a rolling update does: the pod goes, and comes back with what the Secret has by then."""
        self.before_stop()
        self.stop()
        self.take(secret)
        self.start()

    def log(self, container: str) -> str:
        """All that a container has written."""
        return (self.home / f"{container}.log").read_text(errors="replace")

    def said(self) -> str:
        return "\n".join(f"--- {name}\n{process.said()}" for name, process in self._processes.items())


def linked(nodes: list[Node]) -> Node:
    """Wait until one node leads and the others copy from it, and give it: sentinels take longer to meet."""

    def copying() -> bool:
        infos = [node.info() for node in nodes]
        return sorted(info["role"] for info in infos) == ["master", *["slave"] * (len(nodes) - 1)] and all(
            info["role"] == "master" or info["master_link_status"] == "up" for info in infos
        )

    try:
        until(copying, "replicas copy from a master", 30, 0.2)
    except AssertionError as error:
        raise AssertionError("\n".join([str(error), *(node.said() for node in nodes)])) from None
    (master,) = [node for node in nodes if node.role() == "master"]
    return master


def settle(nodes: list[Node]) -> Node:
    """Wait until one node leads and all agree on it, and give it."""

    def agreed() -> bool:
        try:
            return len({node.master() for node in nodes}) == 1 and all(node.knows_all(len(nodes)) for node in nodes)
        except RedisError:
            return False

    try:
        until(agreed, "all nodes agree on a master", 30, 0.2)
    except AssertionError as error:
        raise AssertionError("\n".join([str(error), *(node.said() for node in nodes)])) from None
    return linked(nodes)


def loopback_addresses(count: int) -> list[str]:
    """Addresses of our own, one a node, as pods have: one port is the same in all. No other test process has them."""
    high, low = divmod(os.getpid() % 60000, 250)
    addresses = [f"127.{1 + number}.{high}.{1 + low}" for number in range(count)]
    for address in addresses:
        try:
            socket.create_server((address, 0)).close()
        except OSError:
            pytest.skip(f"this system has no {address}: on macOS, sudo ifconfig lo0 alias {address}")
    return addresses


@contextmanager
def running_nodes(
    helm: Helm,
    programs: list[Server],
    scratch: Path,
    change: Values | None = None,
    secret: Mapping[str, str] | None = None,
    **mounts: Path,
) -> Iterator[list[Node]]:
    """Three pods' worth of processes, gone again afterwards."""
    addresses = loopback_addresses(3)
    port, sentinel_port = free_ports(2)
    values: Values = {
        "port": port,
        "maxmemoryMi": 16,
        "sentinel": {"port": sentinel_port, "downAfterMilliseconds": 1000, "failoverTimeoutMilliseconds": 5000},
        "shutdown": {"handoverSeconds": HANDOVER_SECONDS},
        "networkPolicy": {"clients": {"app": "web"}},
    }
    objects = helm.render("redis", merged(values, change or {}), scratch)
    with public_directory() as directory:
        made = [
            Node(objects, number, addresses, directory / str(number), programs, mounts)
            for number in range(len(addresses))
        ]
        try:
            for node in made:
                node.take(secret or {"password": PASSWORD})
                node.start()
            yield made
        finally:
            for node in made:
                node.stop(signal.SIGKILL)
