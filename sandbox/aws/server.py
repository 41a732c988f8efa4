"""The server: moto's, which catches up with the world before each request.

It is sequential, as the world's file is. It says where it is in a file of the sandbox, and ends when that file is gone
or names another, so that no server outlives its sandbox.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from sandbox.aws.extras import LACKING, NOT_THERE, NotThereError, install
from sandbox.aws.mirror import Mirror
from sandbox.commands.aws import ABOUT, HOST
from scripts.places import put

_LOOK = 1.0  # seconds between two looks at the file
_ELB = "/elasticloadbalancing/"
_QUEUE = 128  # connections that wait for their turn
_PAGE = b"<!doctype html>"
Start = Callable[..., Any]


class SandboxCloud:
    """The WSGI application."""

    def __init__(self, world: Path) -> None:
        self.mirror = Mirror(world)
        install(self.mirror)
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._turn = threading.RLock()

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Answer a request."""
        with self._turn:
            self.mirror.catch_up()
            if environ.get("PATH_INFO") == ABOUT:
                return self._about(start)
            answer = self._answer(environ, start)
            if _ELB in environ.get("HTTP_AUTHORIZATION", ""):
                self.mirror.bring_back()
            return answer

    def _answer(self, environ: dict[str, Any], start: Start) -> list[bytes]:
        """moto's answer. A page that says that there is no such page is an API of REST that moto lacks."""
        said: list[tuple[str, list[tuple[str, str]]]] = []

        def begin(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
            said.append((status, headers))

        answer = list(self._moto(environ, begin))
        status, headers = said[-1]
        if status.startswith("404") and b"".join(answer)[: len(_PAGE)].lower() == _PAGE:
            text = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}: {LACKING}"
            headers = [("Content-Type", "application/json"), ("x-amzn-errortype", NotThereError.code)]
            status, answer = f"{NOT_THERE} Not Implemented", [json.dumps({"message": text}).encode()]
        start(status, headers)
        return answer

    def _about(self, start: Start) -> list[bytes]:
        said = {
            "world": str(self.mirror.path),
            "pid": os.getpid(),
            "problems": self.mirror.problems,
            "mirrored": self.mirror.mirrored(),
            "lacking": self.mirror.lacking,
        }
        start("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(said, indent=2).encode()]


class _Quiet(MotoRequestHandler):
    """Writes down what goes wrong, and not every request."""

    def log_request(self, *_: Any) -> None:
        """Write nothing."""


def serve(world: Path, file: Path, port: int) -> None:
    """Serve until `file` is gone, or names another server.

    Args:
        world: the world's file.
        file: where to say the process and its port.
        port: the one to listen at; where that is taken, a free one.
    """
    with _listening(port) as listening:
        there = listening.getsockname()[1]
        cloud = SandboxCloud(world)
        server = make_server(HOST, there, cloud, threaded=True, request_handler=_Quiet, fd=listening.fileno())
        mine = json.dumps({"pid": os.getpid(), "port": there})
        put(file, mine)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        while _read(file) == mine:
            time.sleep(_LOOK)
        server.shutdown()


def _listening(port: int) -> socket.socket:
    for wanted in (port, 0):
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((HOST, wanted))
            made.listen(_QUEUE)
            return made
        except OSError:
            made.close()
    raise OSError(f"nothing can listen at {HOST}")


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""
