"""An instance in a scratch directory: its own root, a PATH with no more than it has, and its services on loopback."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from infra import user_data

HEALTH_PATH = "/api/health"
STAND_IN = Path(__file__).with_name("stand_in.py")
# What an Amazon Linux 2023 has from the start, as far as the scripts use it.
TOOLS = ("bash", "install")
AGENT = "opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl"
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:app"
REGISTRIES_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:registries"
ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
WAIT_SECONDS = 20


@dataclass(frozen=True)
class Call:
    """Something that was called: its name, its arguments, what it read, and the application's own variables it had."""

    name: str
    arguments: list[str]
    given: str
    environment: dict[str, str]

    def __str__(self) -> str:
        return " ".join([self.name, *self.arguments])


class _Answers(BaseHTTPRequestHandler):
    """Instance metadata, and the application's health."""

    machine: Machine

    def do_PUT(self) -> None:
        self._tell(200, "token")

    def do_GET(self) -> None:
        if self.path == HEALTH_PATH:
            self._tell(self.machine.health, "")
        elif self.headers.get("X-aws-ec2-metadata-token") != "token":
            self._tell(401, "")
        elif self.path == "/latest/meta-data/instance-id":
            self._tell(200, "i-0123456789abcdef0")
        elif self.path == "/latest/meta-data/autoscaling/target-lifecycle-state":
            self._tell(200, self.machine.target)
        else:
            self._tell(404, "")

    def _tell(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


class Machine:
    """An instance.

    health: what the application's health check answers. listens: whether anything does.
    target: the lifecycle state that Auto Scaling is bringing it to.
    """

    def __init__(self, home: Path, monkeypatch: Any) -> None:
        self.home, self.root = home, home / "root"
        self.health, self.target = 200, "InService"
        for name in ("bin", "down", "secrets", "images", "root"):
            (home / name).mkdir()
        for tool in TOOLS:
            (home / "bin" / tool).symlink_to(str(shutil.which(tool)))
        (home / "bin" / "python3").symlink_to(_python())
        stand_in = home / "stand-in"
        stand_in.write_text(f"#!{sys.executable} -IS\n{STAND_IN.read_text()}", encoding="utf-8")
        stand_in.chmod(0o755)
        for name in ("dnf", "aws", "systemctl", "sleep"):
            (home / "bin" / name).symlink_to(stand_in)
        handler = type("Handler", (_Answers,), {"machine": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.port = self._server.server_address[1]
        self._servers: list[socketserver.BaseServer] = [self._server]
        monkeypatch.setattr(user_data, "METADATA", f"http://127.0.0.1:{self.port}")
        for name, value in {"INSTANCE_LOOK": 0.02, "WORKER_LOOKS": 3, "WORKER_PATIENCE": 5}.items():
            monkeypatch.setattr(user_data, name, _Number(value))
        self.listens(yes=True)
        self.secret(APP_TOKEN="first secret\nwith two lines")

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def listens(self, *, yes: bool, proxied: bool = True) -> None:
        """Whether the application has its port open. Where not, Docker's proxy takes connections and closes them."""
        port = self.port if yes else self._closing() if proxied else 1
        self.listening = port

    def _closing(self) -> int:
        """A port that closes each connection."""
        server = socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self._servers.append(server)
        return int(server.server_address[1])

    def secret(self, arn: str = SECRET_ARN, **values: Any) -> None:
        """What Secrets Manager has from now on."""
        (self.home / "secrets" / arn).write_text(json.dumps(values), encoding="utf-8")

    def down(self, *services: str) -> None:
        """The services that do not answer from now on."""
        for file in (self.home / "down").iterdir():
            file.unlink()
        for service in services:
            (self.home / "down" / service).touch()

    def set(self, name: str, text: str | None) -> None:
        """Say how something is: `lifecycle`, the state that Auto Scaling knows; `container`, what is running; `failed`,
        that systemd has given up, whatever the text."""
        file = self.home / name
        if text is None:
            file.unlink(missing_ok=True)
        else:
            file.write_text(text, encoding="utf-8")

    def boot(self, container: user_data.Container) -> subprocess.CompletedProcess[str]:
        """The first boot: cloud-init runs the user data, as root would."""
        text = user_data.script(replace(container, port=self.listening), str(self.root))
        return self._run(["bash", "-c", text])

    def stop(self) -> None:
        """What a stop leaves: the disk, and nothing that was in memory."""
        shutil.rmtree(self.root / "run", ignore_errors=True)

    def start_app(self) -> subprocess.CompletedProcess[str]:
        """systemd starts the application's unit once. Returns the first command that failed, or the last one."""
        unit = self.unit("app.service")["Service"]
        for line in unit["ExecStartPre"].split("\n"):
            done = self._run(shlex.split(line.removeprefix("-")))
            if done.returncode and not line.startswith("-"):
                return done
        return self._run(shlex.split(unit["ExecStart"]))

    def fail(self) -> None:
        """What the boot script calls when a step of it fails."""
        self._run(
            ["python3", self.path("usr/local/bin/ascent-instance"), "fail", self.path("etc/ascent/instance.json")]
        )

    @contextmanager
    def watching(self) -> Iterator[None]:
        """The instance's other unit, running."""
        line = shlex.split(self.unit("ascent-instance.service")["Service"]["ExecStart"])
        process = subprocess.Popen(self._by_python(line), env=self._environment(), stdout=subprocess.PIPE, text=True)
        try:
            yield
        finally:
            process.kill()
            process.communicate()

    def until(self, happened: Callable[[], bool]) -> None:
        """Wait for something.

        Raises:
            AssertionError: when it does not come.
        """
        end = time.monotonic() + WAIT_SECONDS
        while not happened():
            assert time.monotonic() < end, "\n".join(map(str, self.calls))
            time.sleep(0.01)

    def unit(self, name: str) -> dict[str, dict[str, str]]:
        """A systemd unit as it is installed; of a key that is there several times, all values in lines."""
        text = Path(self.path(f"etc/systemd/system/{name}")).read_text(encoding="utf-8")
        sections: dict[str, dict[str, str]] = {}
        for line in text.splitlines():
            if line.startswith("["):
                section = sections.setdefault(line.strip("[]"), {})
            elif "=" in line:
                key, _, value = line.partition("=")
                section[key] = f"{section[key]}\n{value}" if key in section else value
        return sections

    def path(self, inside: str) -> str:
        """Where a file of the instance is."""
        return str(self.root / inside)

    @property
    def calls(self) -> list[Call]:
        """All calls so far."""
        file = self.home / "calls"
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        # A line that is being written has no end yet.
        lines = text.split("\n")[:-1]
        return [Call(**json.loads(line)) for line in lines]

    def called(self, *words: str) -> list[Call]:
        """Those with all of these words."""
        return [call for call in self.calls if all(word in [call.name, *call.arguments] for word in words)]

    def files(self) -> dict[str, str]:
        """Everything on the instance's disk and in its memory, by path."""
        found = {}
        for file in sorted(self.root.rglob("*")):
            if file.is_file() and not file.is_symlink():
                found[str(file.relative_to(self.root))] = file.read_text(encoding="utf-8")
        return found

    def _run(self, line: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._by_python(line), env=self._environment(), capture_output=True, text=True, check=False, cwd=self.root
        )

    def _by_python(self, line: list[str]) -> list[str]:
        """The instance's own Python, whatever this machine has where the script's first line points to."""
        program = shutil.which(line[0], path=str(self.home / "bin")) or line[0]
        is_ours = line[0].endswith("/ascent-instance")
        return [str(self.home / "bin" / "python3"), *line] if is_ours else [program, *line[1:]]

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": str(self.home / "bin"),
            "HOME": str(self.root / "root"),
            "ASCENT_TEST_MACHINE": str(self.home),
            "ASCENT_TEST_AGENT": str(self.root / AGENT),
        }


@dataclass(frozen=True)
class _Number:
    """A threshold that a test cannot wait for."""

    value: float


def _python() -> str:
    """Python 3.9, as Amazon Linux 2023 has it, where this machine has one; else the one that runs the tests."""
    beside = sorted(Path(sys.base_prefix).parent.glob("3.9*/bin/python3.9"))
    for candidate in filter(None, [shutil.which("python3.9"), *map(str, beside)]):
        if subprocess.run([candidate, "--version"], capture_output=True, check=False).returncode == 0:
            return candidate
    return os.path.realpath(sys.executable)
