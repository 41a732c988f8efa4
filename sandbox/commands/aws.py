"""Starts and ends the sandbox's AWS: moto's server, one for each sandbox, on a loopback port.

A command that needs it starts it, or finds the one that runs. The server's answer names the world that it serves. Where
no such answer comes, as when the process has died or another has its port now, its file counts as none.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.commands.layout import Layout
from scripts.places import ROOT, locked
from scripts.say import ProblemError

HOST = "127.0.0.1"
ABOUT = "/ascent-sandbox"  # says whose server this is, and what it has
# IANA: 49152 to 65535 are dynamic ports, which the kernel gives away; those below are seldom taken.
_LOWEST, _PORTS = 42000, 7000
_PATIENCE = 60.0  # seconds to import moto and to mirror a world, on a busy machine
_POLL = 0.05
_ANSWER = 30.0  # seconds to mirror a large world
_LINES = 10
# Those that this process has started: it outlives few of them.
_STARTED: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class CloudServer:
    """A server that answers."""

    pid: int
    port: int

    @property
    def url(self) -> str:
        """Its endpoint."""
        return f"http://{HOST}:{self.port}"


def environment(server: CloudServer, region: str) -> dict[str, str]:
    """What makes clients of AWS ask it, with no further argument."""
    return {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_DEFAULT_REGION": region,
    }


def expected(layout: Layout) -> str:
    """The endpoint that a sandbox's server has unless its port is taken: the same each time."""
    number = int(hashlib.sha256(str(layout.home).encode()).hexdigest(), 16)
    return f"http://{HOST}:{_LOWEST + number % _PORTS}"


def found(layout: Layout) -> CloudServer | None:
    """The server of this sandbox; None where none answers."""
    try:
        said = json.loads(layout.aws.read_text(encoding="utf-8"))
        server = CloudServer(int(said["pid"]), int(said["port"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    answer = about(server)
    same = answer is not None and answer.get("world") == str(layout.world) and answer.get("pid") == server.pid
    return server if same else None


def about(server: CloudServer) -> dict[str, Any] | None:
    """What a server says of itself; None where it is none of ours."""
    try:
        with urllib.request.urlopen(server.url + ABOUT, timeout=_ANSWER) as answer:  # noqa: S310, RUF100
            said = json.load(answer)
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) else None


def start(layout: Layout) -> CloudServer:
    """The server of this sandbox, started where there is none.

    Raises:
        ProblemError: when it does not come up; its text has the end of its log.
    """
    layout.home.mkdir(parents=True, exist_ok=True)
    with locked(layout.home / "aws.lock", "the sandbox's AWS to start"):
        if server := found(layout):
            return server
        layout.aws.unlink(missing_ok=True)
        port = expected(layout).rpartition(":")[2]
        line = [sys.executable, "-m", "sandbox.aws", str(layout.world), str(layout.aws), port]
        log = _log(layout)
        with log.open("w", encoding="utf-8") as out:
            process = subprocess.Popen(
                line, cwd=ROOT, env=_clean(), stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and process.poll() is None:
            if layout.aws.exists() and (server := found(layout)):
                _STARTED[server.pid] = process
                return server
            time.sleep(_POLL)
        if process.poll() is None:
            process.kill()
            process.wait()
        layout.aws.unlink(missing_ok=True)
        raise ProblemError(f"The sandbox's AWS did not start. Its log, {log}, ends with:\n{_end(log)}")


def stop(layout: Layout) -> bool:
    """End the server of this sandbox, and wait until it is gone. Returns whether there was one."""
    server = found(layout)
    # It ends by itself once its file is gone. No process is killed by its number, which another may have now.
    layout.aws.unlink(missing_ok=True)
    until = time.monotonic() + _PATIENCE
    while server is not None and _runs(server.pid) and time.monotonic() < until:
        time.sleep(_POLL)
    _log(layout).unlink(missing_ok=True)
    return server is not None


def _runs(pid: int) -> bool:
    """Whether a process is there that answered as ours."""
    if pid in _STARTED:
        return _STARTED[pid].poll() is None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _log(layout: Layout) -> Path:
    return layout.home / "aws.log"


def _clean() -> dict[str, str]:
    """An environment without the variables of AWS and moto: it serves all that may be asked, by its own means."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    return kept | {"PYTHONPATH": str(ROOT)}


def _end(log: Path) -> str:
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LINES:])
    except OSError:
        return ""
