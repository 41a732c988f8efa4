"""Imports the SDKs that the program uses, and forks a process for each program, provider or `ascent` that is asked for.

    python -m tests.warm.server SOCKET SCRIPT

SCRIPT is the language host's own; it runs the program. Ends when standard input does.
"""

from __future__ import annotations

import gc
import io
import json
import os
import random
import re
import runpy
import selectors
import signal
import socket
import sys
import threading
from contextlib import suppress
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WHOLE = (
    "pulumi", "grpc", "pydantic", "yaml", "boto3", "botocore.client", "botocore.config", "pulumi_random",
    "pulumi_kubernetes", "pulumi_cloudflare", "pulumi_aws",
)  # fmt: skip
_OF_AWS = re.compile(r"\baws\.([a-z0-9_]+)\.[A-Za-z]")
_OF_KUBERNETES = re.compile(r"\b(?:kubernetes|k8s)\.([a-z0-9_]+\.[a-z0-9_]+)\.[A-Z]")


def modules() -> list[str]:
    """The modules of the SDKs that the program uses, which import themselves at their first use."""
    text = "\n".join(file.read_text() for file in (ROOT / "infra").rglob("*.py"))
    aws = sorted({f"pulumi_aws.{name}" for name in _OF_AWS.findall(text)})
    kubernetes = sorted({f"pulumi_kubernetes.{name}" for name in _OF_KUBERNETES.findall(text)})
    return [*WHOLE, *aws, *kubernetes]


def import_sdks() -> None:
    """Import what the program uses of them."""
    for name in modules():
        with suppress(ModuleNotFoundError):
            getattr(import_module(name), "x", None)  # a lazy module imports itself at its first use


def _drop_debug_messages() -> None:
    """The SDK sends the engine several for each resource, waits for each answer, and the engine shows none of them."""
    import pulumi.log

    pulumi.log.debug = lambda *_, **__: None


def serve(at: str, script: str) -> None:
    """Answer until standard input ends."""
    import_sdks()
    _drop_debug_messages()
    import_module("sandbox.provider.service")
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening, selectors.DefaultSelector() as waiting:
        listening.bind(f"{at}.new")
        listening.listen(64)
        os.rename(f"{at}.new", at)  # noqa: PTH104  only once it listens
        waiting.register(sys.stdin, selectors.EVENT_READ)
        waiting.register(listening, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _ in waiting.select()]
            if listening not in ready:
                return
            client, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                run(client, script)
            client.close()


def run(client: socket.socket, script: str) -> None:
    """Be the process that a client asks for. Does not return."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    code = 1
    try:
        size, streams, _, _ = socket.recv_fds(client, 8, 3)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        asked = json.loads(_read(client, int.from_bytes(size, "big")))
        threading.Thread(target=_end_with, args=(client,), daemon=True).start()
        code = _answer(asked, script)
    finally:
        client.send(bytes([code & 255]))
        os._exit(code)


def _answer(asked: dict[str, object], script: str) -> int:
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(io.FileIO(number, "w", closefd=False), write_through=True) for number in (1, 2)
    )
    os.environ.clear()
    os.environ.update(asked["env"])  # type: ignore[call-overload]
    os.chdir(str(asked["cwd"]))
    sys.argv = list(asked["argv"])  # type: ignore[call-overload]
    random.seed()
    try:
        if asked["what"] not in ("program", "ascent"):
            from sandbox.provider.__main__ import main

            return main([str(asked["what"]), *sys.argv[1:]])
        _forget_the_project()
        if asked["what"] == "ascent":
            sys.path[0] = os.environ["PYTHONPATH"]
            _without_patience(sys.argv[1:])
            runpy.run_module("ops", run_name="__main__", alter_sys=True)
        else:
            sys.path[0] = str(Path(script).parent)
            runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)  # noqa: T201
            return 1
        return int(end.code or 0)
    except BaseException:  # as the interpreter does
        import traceback

        traceback.print_exc()
        return 1
    return 0


def _without_patience(arguments: list[str]) -> None:
    """Of a rollout, look at once, and again soon: nothing in the sandbox has requests that are still answered."""
    if "rollout" in arguments:
        gates = import_module("ops.rollout.gates").AwsGates
        gates.drain, gates.poll = 0, 0.2


def _forget_the_project() -> None:
    """The stand-ins import some of the program; it may be another checkout's that is run."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name != "__main__" and file and file.startswith(f"{ROOT}/") and "/site-packages/" not in file:
            del sys.modules[name]


def _read(client: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        found += client.recv(size - len(found))
    return found


def _end_with(client: socket.socket) -> None:
    """Whoever asked is gone, so this process has to be as well."""
    if not client.recv(1):
        os._exit(1)


if __name__ == "__main__":
    serve(*sys.argv[1:])
