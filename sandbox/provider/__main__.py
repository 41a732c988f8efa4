"""A provider plugin: `python -m sandbox.provider NAME [ENGINE_ADDRESS]`.

Prints the port it listens on, on the loopback address only, and serves until its engine is gone or it is told to stop.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import FrameType

from sandbox.provider import protos

PROVIDERS = ("aws", "kubernetes", "cloudflare", "random")
_WORKERS = 32
_WATCH_SECONDS = 1.0
_MISSES = 3  # failed connections in a row until the engine counts as gone
_MESSAGE_BYTES = 400 * 1024 * 1024  # as the engine's own limit


def _watch(engine: str, parent: int, stop: threading.Event) -> None:
    """Set `stop` once the parent process or the engine's address is gone."""
    host, _, port = engine.rpartition(":")
    misses = 0
    while not stop.wait(_WATCH_SECONDS):
        if os.getppid() != parent:
            stop.set()
        elif port.isdigit():
            try:
                with socket.create_connection((host, int(port)), timeout=_WATCH_SECONDS):
                    misses = 0
            except OSError:
                misses += 1
                if misses >= _MISSES:
                    stop.set()


def main(arguments: list[str]) -> int:
    """Serve; the exit status."""
    names = [argument for argument in arguments if not argument.startswith("-")]
    if not names or names[0] not in PROVIDERS:
        sys.stderr.write(f"usage: python -m sandbox.provider {{{'|'.join(PROVIDERS)}}} [ENGINE_ADDRESS]\n")
        return 2
    parent = os.getppid()
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)

    protos.without_sdk()
    import grpc
    from pulumi.runtime.proto import provider_pb2_grpc

    from sandbox.provider.faults import Faults
    from sandbox.provider.outage import UnreachableRegions
    from sandbox.provider.service import Service
    from sandbox.provider.world import World, default_path

    try:
        faults = Faults(os.environ)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    options = [("grpc.max_receive_message_length", _MESSAGE_BYTES), ("grpc.max_send_message_length", _MESSAGE_BYTES)]
    server = grpc.server(ThreadPoolExecutor(_WORKERS), options=options)
    service = Service(names[0], World(default_path()), faults, outage=UnreachableRegions(os.environ))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    threading.Thread(target=_watch, args=(names[1] if len(names) > 1 else "", parent, stop), daemon=True).start()
    stop.wait()
    server.stop(grace=1).wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
