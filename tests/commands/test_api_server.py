"""What the bare API server says where it cannot be had. That it runs, `make test-cluster` shows."""

from pathlib import Path

import pytest

from scripts import api_server
from scripts.say import ProblemError


def test_without_a_command_there_is_nothing_to_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert api_server.main([]) == 2
    assert "make test-cluster" in capsys.readouterr().err


def test_without_etcd_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert api_server.main(["true"]) == 1
    assert "no etcd on PATH, and no apt to fetch one with: install etcd-server" in capsys.readouterr().err


def test_a_server_that_ends_early_is_quoted(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = ["/bin/sh", "-c", "echo no such flag; exit 1"]
    with api_server._server(log, command) as server:
        server.wait()
        with pytest.raises(ProblemError, match="did not get ready:\n    no such flag"):
            api_server.ready("https://127.0.0.1:1", tmp_path / "none", server, log)
