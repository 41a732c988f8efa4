"""Records what the real Kubernetes provider answers: `python -m tests.kubernetes.record`, in seconds.

It needs no cluster: what is asked here, the provider answers from the configurations alone. The answers are kept with
its version and the day; `tests/kubernetes/test_answers.py` holds the stand-in against them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from scripts.kubernetes_provider import find_provider
from tests.kubernetes.configurations import CHANGES, Change

ANSWERS = Path(__file__).with_name("answers.json")
URN = "urn:pulumi:test::test::pulumi:providers:kubernetes::here"


@contextmanager
def provider() -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    """The real one, for as long as the block."""
    process = subprocess.Popen([find_provider()], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield provider_pb2_grpc.ResourceProviderStub(channel)
    finally:
        process.terminate()
        process.wait()


def asked(stub: provider_pb2_grpc.ResourceProviderStub, change: Change) -> dict[str, list[str]]:
    """What a change of the configuration differs in, and what of it replaces everything."""
    before, after = struct_pb2.Struct(), struct_pb2.Struct()
    before.update(change.before)
    after.update(change.after)
    said = stub.DiffConfig(provider_pb2.DiffRequest(id="here", urn=URN, olds=before, old_inputs=before, news=after))
    return {"differs": sorted(said.diffs), "replaces": sorted(said.replaces)}


def main() -> int:
    """Write the answers anew."""
    with provider() as stub:
        answers: dict[str, Any] = {
            "provider": stub.GetPluginInfo(empty_pb2.Empty()).version,
            "recorded": datetime.now(UTC).date().isoformat(),
            "configurations": {name: asked(stub, change) for name, change in CHANGES.items()},
        }
    ANSWERS.write_text(json.dumps(answers, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
