"""Records what the real Kubernetes provider answers: `python -m tests.kubernetes.record`, in a minute.

About configurations it needs no cluster; about objects it is asked beside a bare API server, which this starts. The
answers are kept with the provider's version and the day; `tests/kubernetes/test_answers.py` holds the stand-in against
them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from sandbox.cluster.api import Api
from scripts.api_server import api_server
from scripts.kubernetes_provider import find_provider
from tests.kubernetes.ask import changes, troubles
from tests.kubernetes.configurations import CHANGES, Change

ANSWERS = Path(__file__).with_name("answers.json")
URN = "urn:pulumi:test::test::pulumi:providers:kubernetes::here"


class _Engine(engine_pb2_grpc.EngineServicer):
    """What the provider writes its log to; without one it ends as soon as it logs."""

    def Log(self, request: engine_pb2.LogRequest, context: Any) -> empty_pb2.Empty:  # noqa: ARG002, N802
        """Keep nothing."""
        return empty_pb2.Empty()


@contextmanager
def provider(variables: dict[str, str]) -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    """The real one with these environment variables, for as long as the block."""
    engine = grpc.server(ThreadPoolExecutor(2))
    engine_pb2_grpc.add_EngineServicer_to_server(_Engine(), engine)
    address = f"127.0.0.1:{engine.add_insecure_port('127.0.0.1:0')}"
    engine.start()
    process = subprocess.Popen(
        [find_provider(), address], stdout=subprocess.PIPE, text=True, env=os.environ | variables
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield provider_pb2_grpc.ResourceProviderStub(channel)
    finally:
        process.terminate()
        process.wait()
        engine.stop(None)


def asked(stub: provider_pb2_grpc.ResourceProviderStub, change: Change) -> dict[str, list[str]]:
    """What a change of the configuration differs in, and what of it replaces everything."""
    before, after = struct_pb2.Struct(), struct_pb2.Struct()
    before.update(change.before)
    after.update(change.after)
    said = stub.DiffConfig(provider_pb2.DiffRequest(id="here", urn=URN, olds=before, old_inputs=before, news=after))
    return {"differs": sorted(said.diffs), "replaces": sorted(said.replaces)}


def main() -> int:
    """Write the answers anew."""
    with provider({}) as stub:
        answers: dict[str, Any] = {
            "provider": stub.GetPluginInfo(empty_pb2.Empty()).version,
            "recorded": datetime.now(UTC).date().isoformat(),
            "configurations": {name: asked(stub, change) for name, change in CHANGES.items()},
        }
    with api_server() as kubeconfig:
        server = Api.of(kubeconfig)
        answers["server"] = server.get("/version")["gitVersion"]
        answers["changes"] = changes(provider, kubeconfig, server)
        answers["troubles"] = troubles(provider, kubeconfig, server)
    ANSWERS.write_text(json.dumps(answers, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
