"""The plugins as the engine starts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import psutil  # type: ignore[import-untyped, unused-ignore]
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from catalog import sdk
from catalog.values import encode
from tests.sandbox.conftest import urn

_BIN = Path(__file__).resolve().parents[2] / "sandbox" / "bin"
_SECONDS = 20


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A running plugin and its port."""
    link = tmp_path / "pulumi-resource-aws"
    link.symlink_to(_BIN / "pulumi-resource-aws")
    environment = {
        **os.environ,
        "ASCENT_SANDBOX_WORLD": str(tmp_path / "world.json"),
        "ASCENT_SANDBOX_CRASH": "create:aws:sns/topic:Topic:1",
    }
    with subprocess.Popen([str(link)], stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment) as process:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())
        process.terminate()
        process.wait(timeout=_SECONDS)


def test_it_answers_on_the_loopback_address_only(plugin: tuple[subprocess.Popen[str], int]) -> None:
    process, port = plugin
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        assert stub.GetPluginInfo(empty_pb2.Empty(), timeout=_SECONDS).version == sdk.sdk_version("aws")
        with pytest.raises(grpc.RpcError) as refusal:
            stub.Call(provider_pb2.CallRequest(tok="aws:x:y"), timeout=_SECONDS)
        assert refusal.value.code() == grpc.StatusCode.UNIMPLEMENTED
    listening = {item.laddr.ip for item in psutil.Process(process.pid).net_connections() if item.status == "LISTEN"}
    assert {address.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_when_told(plugin: tuple[subprocess.Popen[str], int], number: signal.Signals) -> None:
    process, _ = plugin
    process.send_signal(number)
    assert process.wait(timeout=_SECONDS) == 0


def test_a_crash_comes_after_the_deed(plugin: tuple[subprocess.Popen[str], int], tmp_path: Path) -> None:
    process, port = plugin
    token = "aws:sns/topic:Topic"
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        stub.Configure(provider_pb2.ConfigureRequest(args=encode({"region": "us-east-1"})), timeout=_SECONDS)
        request = provider_pb2.CreateRequest(urn=urn(token), type=token, properties=encode({"name": "alarms"}))
        with pytest.raises(grpc.RpcError):
            stub.Create(request, timeout=_SECONDS)
    assert process.wait(timeout=_SECONDS) == 137
    assert "alarms" in (tmp_path / "world.json").read_text()


def test_it_goes_with_its_parent(tmp_path: Path) -> None:
    engine = "import subprocess, sys; p = subprocess.Popen([sys.argv[1]], stdout=subprocess.PIPE); " + (
        "p.stdout.readline(); print(p.pid, flush=True)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", engine, str(_BIN / "pulumi-resource-random")],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        timeout=_SECONDS,
    )
    pid, deadline = int(shown.stdout), time.monotonic() + _SECONDS
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "an orphan"
        time.sleep(0.1)


def test_it_names_what_it_does_not_stand_in_for() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sandbox.provider", "gcp"],
        capture_output=True,
        text=True,
        check=False,
        cwd=_BIN.parents[1],
        timeout=_SECONDS,
    )
    assert done.returncode == 2
    assert "usage" in done.stderr
