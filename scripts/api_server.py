"""Runs a command beside a bare Kubernetes API server, with KUBECONFIG naming it:

    .venv/bin/python -m scripts.api_server make test-cluster

etcd is the one on PATH; kube-apiserver is built from its pinned Go modules into the cache, once. The server takes,
validates and stores objects as any cluster's does, and runs nothing: there are no nodes and no controllers. Both listen
on loopback only, and are gone when the command ends.
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

from scripts.go_tool import GoTool
from scripts.process import run, which
from scripts.say import ProblemError, say

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
LOOPBACK = "127.0.0.1"
READY_SECONDS, STOP_SECONDS = 120.0, 20.0
BAD_INPUT = 2


def _needed(name: str, package: str) -> Path:
    found = which(name)
    if found is None:
        raise ProblemError(f"The API server needs {name}, and there is none on PATH: install it ({package} on Debian).")
    return found


@contextmanager
def api_server() -> Iterator[Path]:
    """The kubeconfig of an API server that runs until the end of the block.

    Raises:
        ProblemError: when something that it needs is missing, or it does not get ready.
    """
    etcd, openssl = _needed("etcd", "etcd-server"), _needed("openssl", "openssl")
    program = API_SERVER.built()
    with tempfile.TemporaryDirectory(prefix="ascent-api-") as scratch, ExitStack() as running:
        home = Path(scratch)
        store, peers, port = _free_ports(3)
        client, peer = f"http://{LOOPBACK}:{store}", f"http://{LOOPBACK}:{peers}"
        running.enter_context(
            _server(
                home / "etcd.log",
                [
                    etcd, "--name=one", f"--data-dir={home / 'etcd'}", f"--initial-cluster=one={peer}",
                    f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
                    f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
                ],
            )
        )  # fmt: skip
        token = _credentials(home, openssl)
        log = home / "kube-apiserver.log"
        server = running.enter_context(
            _server(
                log,
                [
                    program, f"--etcd-servers={client}", f"--bind-address={LOOPBACK}", f"--secure-port={port}",
                    f"--cert-dir={home / 'certificates'}", f"--token-auth-file={home / 'tokens.csv'}",
                    f"--service-account-key-file={home / 'accounts.pub'}",
                    f"--service-account-signing-key-file={home / 'accounts.key'}",
                    "--service-account-issuer=https://kubernetes.default.svc",
                    "--service-cluster-ip-range=10.96.0.0/16",
                    # Pods would wait for accounts that only a controller makes.
                    "--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount",
                ],
            )
        )  # fmt: skip
        address, authority = f"https://{LOOPBACK}:{port}", home / "certificates" / "apiserver.crt"
        _ready(address, authority, server, log)
        yield _kubeconfig(home / "kubeconfig", address, authority, token)


def _credentials(home: Path, openssl: Path) -> str:
    """The server's key for tokens of service accounts, and the token of its one user."""
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


def _kubeconfig(path: Path, address: str, authority: Path, token: str) -> Path:
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


def _ready(address: str, authority: Path, server: subprocess.Popen[bytes], log: Path) -> None:
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


def _free_ports(count: int) -> list[int]:
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
