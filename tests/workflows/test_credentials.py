"""Credentials that are renewed: an SDK gets them by the very file that the workflow writes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest

from scripts.places import ROOT
from tests.workflows.read import job

ROLE = "arn:aws:iam::123456789012:role/up-prod"
PYTHON = ROOT / ".venv" / "bin" / "python"


class Both(BaseHTTPRequestHandler):
    """Stands in for GitHub, which gives a job identity tokens, and for STS, which gives credentials for one.

    The answer of STS has the form of the AWS Security Token Service API Reference, AssumeRoleWithWebIdentity.
    """

    asked: list[tuple[str, str | None]] = []  # noqa: RUF012

    def do_GET(self) -> None:
        """A token."""
        self.asked.append((self.path, self.headers["Authorization"]))
        self._answer(json.dumps({"value": "a.b.c"}))

    def do_POST(self) -> None:
        """Credentials."""
        body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        asked = {key: body[key] for key in ("Action", "RoleArn", "WebIdentityToken")}
        fits = asked == {"Action": ["AssumeRoleWithWebIdentity"], "RoleArn": [ROLE], "WebIdentityToken": ["a.b.c"]}
        # Unsigned, as there is nothing to sign with.
        if not fits or self.headers["Authorization"]:
            self.send_error(403)
            return
        ends = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        given = {"AccessKeyId": "ASIAMADEUP", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": ends}
        fields = "".join(f"<{key}>{value}</{key}>" for key, value in given.items())
        self._answer(
            '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
            f"<AssumeRoleWithWebIdentityResult><Credentials>{fields}</Credentials></AssumeRoleWithWebIdentityResult>"
            "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleWithWebIdentityResponse>"
        )

    def _answer(self, text: str) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A job's, with GitHub and STS on this machine."""
    Both.asked.clear()
    server = HTTPServer(("127.0.0.1", 0), Both)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    known = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    yield {
        **known,
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-job",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{address}/token?api-version=2",
        "ASCENT_ROLE": ROLE,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_STS": address,
        "AWS_REGION": "us-east-1",
        "GITHUB_ENV": str(tmp_path / "environment"),
        "REGION": "us-east-1",
        "ROLE": ROLE,
        "RUNNER_TEMP": str(tmp_path),
    }
    server.shutdown()
    server.server_close()


def ran(*line: str | Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_an_sdk_gets_credentials_of_the_role_as_often_as_it_asks(environment: dict[str, str]) -> None:
    script = job("actions/engine/action.yml", "Engine").step("Credentials that are renewed")
    done = ran("bash", "-eo", "pipefail", "-c", script, environment=environment)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    told = dict(line.split("=", 1) for line in Path(environment["GITHUB_ENV"]).read_text().splitlines())
    assert set(told) == {"AWS_CONFIG_FILE", "AWS_REGION", "ASCENT_ROLE"}
    code = (
        "import boto3, json; one = boto3.Session().get_credentials();"
        "print(json.dumps([type(one).__name__, one.method, one.get_frozen_credentials().access_key]))"
    )
    done = ran(PYTHON, "-c", code, environment=environment | told)
    kind, method, key = json.loads(done.stdout)
    # Kinds that botocore asks for again before they end.
    assert (kind, method) == ("RefreshableCredentials", "custom-process"), done.stderr
    assert key == "ASIAMADEUP"
    assert Both.asked == [("/token?api-version=2&audience=sts.amazonaws.com", "Bearer of-the-job")] * 2


def test_what_is_printed_is_what_sdks_expect(environment: dict[str, str]) -> None:
    done = ran(PYTHON, "scripts/credentials.py", environment=environment)
    given = json.loads(done.stdout)
    assert set(given) == {"Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}
    assert given["Version"] == 1
    left = datetime.fromisoformat(given["Expiration"]) - datetime.now(UTC)
    assert 3000 < left.total_seconds() <= 3600


@pytest.mark.parametrize(
    ("missing", "said"),
    [("ASCENT_ROLE", "ASCENT_ROLE is not set"), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "REQUEST_TOKEN is not set")],
)
def test_what_is_missing_is_one_line(environment: dict[str, str], missing: str, said: str) -> None:
    del environment[missing]
    done = ran(PYTHON, "scripts/credentials.py", environment=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_who_does_not_answer_is_one_line(environment: dict[str, str]) -> None:
    environment["ACTIONS_ID_TOKEN_REQUEST_URL"] = "http://127.0.0.1:9/token?x=1"
    done = ran(PYTHON, "scripts/credentials.py", environment=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no credentials: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "of-the-job" not in done.stderr
