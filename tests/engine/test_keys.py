"""The real engine decrypts a stack's secrets in another region, once the key's own region answers nobody."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest

from ops.failover.errors import StepError
from ops.failover.keys import Keys
from sandbox.commands.environ import engine_environment
from sandbox.commands.layout import Layout

HOME, OTHER = "us-east-1", "eu-west-1"
PROGRAM = 'import pulumi\npulumi.export("word", pulumi.Config().require_secret("word"))\n'


class Kms(ThreadingHTTPServer):
    """A multi-Region key: what it encrypts in one region, it decrypts in any of its own that answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replicas = {HOME, OTHER}
        self.lost: set[str] = set()
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Kms

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = re.search(r"Credential=[^/]+/\d+/([^/]+)/", self.headers["Authorization"])
        assert found is not None
        region = found[1]
        self.server.asked.append(region)
        if region in self.server.lost:
            return self._answer(503, {})
        if region not in self.server.replicas:
            return self._answer(400, {"__type": "IncorrectKeyException", "message": "no such key here"})
        if self.headers["X-Amz-Target"].endswith(".Encrypt"):
            return self._answer(200, {"KeyId": "mrk-1", "CiphertextBlob": _turned(query["Plaintext"])})
        return self._answer(200, {"KeyId": "mrk-1", "Plaintext": _turned(query["CiphertextBlob"])})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def _turned(text: str) -> str:
    return base64.b64encode(base64.b64decode(text)[::-1]).decode()


@pytest.fixture
def kms() -> Iterator[Kms]:
    server = Kms()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


class Project:
    """A stack of its own, whose secrets have the key."""

    def __init__(self, home: Path, kms: Kms) -> None:
        self._directory = home / "project"
        self._directory.mkdir()
        (self._directory / "Pulumi.yaml").write_text("name: keyed\nruntime: python\n")
        (self._directory / "__main__.py").write_text(PROGRAM)
        layout = Layout(home, self._directory)
        for directory in (layout.state, layout.pulumi_home):
            directory.mkdir(parents=True)
        self._environment = engine_environment(layout) | {
            "AWS_ENDPOINT_URL_KMS": kms.url,
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "y",
            "AWS_MAX_ATTEMPTS": "1",
        }
        self.file = self._directory / "Pulumi.test.yaml"

    def run(self, arguments: Sequence[str]) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self._directory,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StepError(done.stdout + done.stderr)
        return done.stdout

    def word(self) -> str:
        """Brings the stack up, and returns its secret."""
        self.run(["up", "--yes", "--skip-preview", "--stack", "test"])
        return self.run(["stack", "output", "word", "--show-secrets", "--stack", "test"]).strip()


@pytest.mark.parametrize("url", [f"awskms://alias/a?region={HOME}", f"awskms://mrk-1?awssdk=v2&region={HOME}"])
def test_secrets_are_decrypted_elsewhere_with_nothing_encrypted_anew(tmp_path: Path, kms: Kms, url: str) -> None:
    project = Project(tmp_path, kms)

    def clients(service: str, region: str) -> Any:
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
        return boto3.client(service, region_name=region, endpoint_url=kms.url, **keys)

    keys = Keys(stack="test", file=project.file, clients=clients, run=project.run)
    project.run(["stack", "init", "test", "--secrets-provider", url])
    project.run(["config", "set", "--secret", "word", "hunter2", "--stack", "test"])
    assert project.word() == "hunter2"
    before = project.file.read_text()
    kms.lost = {HOME}
    with pytest.raises(StepError, match="KMS"):
        project.word()

    kms.replicas = {HOME}
    with pytest.raises(StepError, match=r"does not decrypt in eu-west-1 .*multi-Region key"):
        keys.move(HOME, OTHER)
    assert project.file.read_text() == before

    kms.replicas, kms.asked = {HOME, OTHER}, []

    def interrupted(arguments: Sequence[str]) -> str:
        if "import" in arguments:
            raise StepError("the line went dead")
        return project.run(arguments)

    with pytest.raises(StepError, match="went dead"):
        replace(keys, run=interrupted).move(HOME, OTHER)
    assert keys.move(HOME, OTHER) is True
    assert project.file.read_text() == before.replace(HOME, OTHER)
    assert project.word() == "hunter2"
    assert set(kms.asked) == {OTHER}
    # Taken again, as after an interruption, it finds nothing left to do.
    assert keys.move(HOME, OTHER) is False
