"""Runs a command beside a bare Kubernetes API server, with KUBECONFIG naming it:

    .venv/bin/python -m scripts.api_server make test-cluster

etcd is the one on PATH, or the distribution's; kube-apiserver is built from its pinned Go modules into the cache, once.
The server takes, validates and stores objects as any cluster's does, and runs nothing: there are no nodes and no
controllers. Both listen on loopback only, and are gone when the command ends.
"""

import json
import os
import secrets
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from scripts.go_tool import GoTool
from scripts.process import run, which
from scripts.say import ProblemError, say
from scripts.servers import find_server

MAJOR, MINOR, PATCH = "1", "36", "3"
VERSION = f"{MAJOR}.{MINOR}.{PATCH}"
NAMED = {"gitVersion": f"v{VERSION}", "gitMajor": MAJOR, "gitMinor": MINOR}
API_SERVER = GoTool(
    name="kube-apiserver",
    title="kube-apiserver",
    version=VERSION,
    package="k8s.io/kubernetes/cmd/kube-apiserver",
    takes="seven minutes",
    values={f"k8s.io/component-base/version.{key}": text for key, text in NAMED.items()},
)
CONTROLLER_MANAGER = GoTool(
    name="kube-controller-manager",
    title="kube-controller-manager",
    version=VERSION,
    module="kube-apiserver",
    package="k8s.io/kubernetes/cmd/kube-controller-manager",
    takes="five minutes",
    values=API_SERVER.values,
)
LOOPBACK = "127.0.0.1"
READY_SECONDS, STOP_SECONDS = 120.0, 20.0
BAD_INPUT = 2


def _needed(name: str, package: str) -> Path:
    found = which(name)
    if found is None:
        raise ProblemError(f"The API server needs {name}, and there is none on PATH: install it ({package} on Debian).")
    return found


class Place(NamedTuple):
    """Where a server keeps what it has, and what it listens on.

    home: its directory.
    store, peers, port: ports of etcd's clients, etcd's own, and of the API server.
    """

    home: Path
    store: int
    peers: int
    port: int

    @property
    def address(self) -> str:
        """URL of the API."""
        return f"https://{LOOPBACK}:{self.port}"

    @property
    def authority(self) -> Path:
        """Certificate that the API server makes for itself."""
        return self.home / "certificates" / "apiserver.crt"

    @property
    def log(self) -> Path:
        """What the API server says."""
        return self.home / "kube-apiserver.log"

    def etcd(self, program: Path) -> list[str | Path]:
        """etcd's command line."""
        client, peer = f"http://{LOOPBACK}:{self.store}", f"http://{LOOPBACK}:{self.peers}"
        return [
            program, "--name=one", f"--data-dir={self.home / 'etcd'}", f"--initial-cluster=one={peer}",
            f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
        ]  # fmt: skip

    def server(self, program: Path) -> list[str | Path]:
        """The API server's."""
        return [
            program, f"--etcd-servers=http://{LOOPBACK}:{self.store}", f"--bind-address={LOOPBACK}",
            f"--secure-port={self.port}", f"--cert-dir={self.home / 'certificates'}",
            f"--token-auth-file={self.home / 'tokens.csv'}",
            f"--service-account-key-file={self.home / 'accounts.pub'}",
            f"--service-account-signing-key-file={self.home / 'accounts.key'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.96.0.0/16",
            # Pods would wait for accounts that only a controller makes.
            "--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount",
        ]  # fmt: skip


def programs() -> tuple[Path, Path]:
    """etcd and kube-apiserver, fetched and built where they are not there yet.

    Raises:
        ProblemError: when one of them cannot be had.
    """
    etcd = find_server("etcd").program
    _needed("openssl", "openssl")
    return etcd, API_SERVER.built()


@contextmanager
def api_server() -> Iterator[Path]:
    """The kubeconfig of an API server that runs until the end of the block.

    Raises:
        ProblemError: when something that it needs is missing, or it does not get ready.
    """
    etcd, program = programs()
    with tempfile.TemporaryDirectory(prefix="ascent-api-") as scratch, ExitStack() as running:
        place = Place(Path(scratch), *free_ports(3))
        running.enter_context(_server(place.home / "etcd.log", place.etcd(etcd)))
        token = credentials(place.home)
        server = running.enter_context(_server(place.log, place.server(program)))
        ready(place.address, place.authority, server, place.log)
        yield kubeconfig(place.home / "kubeconfig", place.address, place.authority, token)


def credentials(home: Path) -> str:
    """The server's key for tokens of service accounts, and the token of its one user."""
    openssl = _needed("openssl", "openssl")
    key, token = home / "accounts.key", secrets.token_hex(24)
    for command in (
        ("genpkey", "-algorithm", "RSA", "-out", key),
        ("pkey", "-in", key, "-pubout", "-out", home / "accounts.pub"),
    ):
        done = run([openssl, *command])
        if done.code:
            raise ProblemError(f"openssl cannot make a key:\n{done.tail()}")
    (home / "tokens.csv").write_text(f"{token},tester,tester,system:masters\n")
    return token


def kubeconfig(path: Path, address: str, authority: Path, token: str) -> Path:
    """Write a kubeconfig of the server's one user."""
    name = "ascent-api-server"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": address, "certificate-authority": str(authority)}}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    path.write_text(json.dumps(config))
    return path


@contextmanager
def _server(log: Path, command: Sequence[str | Path]) -> Iterator[subprocess.Popen[bytes]]:
    # A group of its own, so that Ctrl-C reaches the command and leaves the server to answer until it is done.
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, process_group=0)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def ready(address: str, authority: Path, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the API server takes requests.

    Raises:
        ProblemError: when it does not, with the end of its log.
    """
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            context = ssl.create_default_context(cafile=str(authority))
            with urllib.request.urlopen(f"{address}/readyz", timeout=5, context=context):  # noqa: S310 (https)
                return
        except OSError:
            time.sleep(0.2)
    said = "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-12:])
    raise ProblemError(f"The API server did not get ready:\n{said}")


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nothing listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def main(command: list[str]) -> int:
    """The command's own exit code; 1 where there is no server to run it beside."""
    if not command:
        say("Say which command to run beside the API server: python -m scripts.api_server make test-cluster")
        return BAD_INPUT
    try:
        with api_server() as kubeconfig:
            return subprocess.run(command, env=os.environ | {"KUBECONFIG": str(kubeconfig)}, check=False).returncode
    except ProblemError as problem:
        say(str(problem))
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
