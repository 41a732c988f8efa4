"""Servers that tests start: on loopback, on free ports, and ended by their process id whatever happens."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

STOP_SECONDS = 10.0


def free_ports(count: int, address: str = "127.0.0.1") -> list[int]:
    """Ports that nobody listens on, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((address, 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def until(true: Callable[[], bool], what: str, seconds: float = 15.0, pause: float = 0.05) -> float:
    """Wait for something to become true; how long it took. Not yet being able to tell counts as not yet true."""
    started = time.monotonic()
    while True:
        try:
            if true():
                return time.monotonic() - started
        except OSError:
            pass
        assert time.monotonic() - started < seconds, f"after {seconds:.0f} s still not: {what}"
        time.sleep(pause)


@contextmanager
def public_directory() -> Iterator[Path]:
    """A directory with a short path that other users can enter, as pytest's own and a root's home cannot be."""
    path = Path(tempfile.mkdtemp(prefix="ascent-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def unprivileged() -> dict[str, Any]:
    """Arguments for Popen: PostgreSQL and PgBouncer refuse to run as root, so root lends them another user."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def give_away(path: Path) -> None:
    """Hand a directory to the user that servers run as."""
    as_user = unprivileged()
    if as_user:
        for each in (path, *path.rglob("*")):
            os.chown(each, as_user["user"], as_user["group"])


class Process:
    """A running server and what it wrote."""

    def __init__(
        self, command: Sequence[str | Path], *, cwd: Path, log: Path, env: Mapping[str, str], lend: bool = True
    ) -> None:
        self.log = log
        with log.open("ab") as out:
            self.popen = subprocess.Popen(
                [str(part) for part in command],
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                **(unprivileged() if lend else {}),
            )

    @property
    def running(self) -> bool:
        return self.popen.poll() is None

    def said(self) -> str:
        """The end of its output, for the message of a failure."""
        return self.log.read_text(errors="replace")[-2000:]

    def send(self, number: signal.Signals) -> None:
        if self.running:
            self.popen.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end, and end it."""
        self.send(number)
        try:
            self.popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


def accepts(process: Process, port: int, address: str = "127.0.0.1") -> bool:
    """Whether a server listens; fails at once when it has ended."""
    assert process.running, process.said()
    with socket.create_connection((address, port), timeout=1):
        return True
