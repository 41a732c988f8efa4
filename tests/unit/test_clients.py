"""Which endpoint is asked, and what is said of one that does not answer."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import boto3  # type: ignore[import-untyped]
import pytest
from botocore.config import Config  # type: ignore[import-untyped]

from infra.clients import clients, explained, told
from ops.failover.errors import CloudError
from ops.failover.errors import explained as step
from ops.quotas.account import NoAccountError, QuotaClient
from scripts.places import ROOT

REGION = "us-east-1"


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> str:
    """An endpoint at which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    for name in [one for one in os.environ if one.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    return url


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"])
def test_an_endpoint_that_does_not_answer_is_named_with_its_variable(
    silent: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, silent)
    sts = clients(seconds=1)("sts", REGION)
    assert sts.meta.endpoint_url == silent
    says = rf"nothing answers at {silent}/, which {name} names; start what should answer there, or unset {name}$"
    with pytest.raises(CloudError, match=f"^sts in us-east-1: {says}"), step("sts", REGION):
        sts.get_caller_identity()
    with pytest.raises(RuntimeError, match=f"^sts: {says}"), explained(RuntimeError, "sts"):
        sts.get_caller_identity()
    with pytest.raises(NoAccountError, match=f"^{says}"):
        QuotaClient(clients(seconds=1)).number(REGION)


def test_the_endpoint_of_a_service_is_before_that_of_all(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", silent)
    with pytest.raises(RuntimeError, match="AWS_ENDPOINT_URL_STS names"), explained(RuntimeError, "sts"):
        clients(seconds=1)("sts", REGION).get_caller_identity()
    assert clients()("rds", REGION).meta.endpoint_url == "http://127.0.0.1:1"


def test_a_role_is_taken_at_the_endpoint_too(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", silent)
    asked = clients("arn:aws:iam::123456789012:role/deploy", seconds=1)("rds", REGION)
    assert asked.meta.endpoint_url == silent
    with pytest.raises(RuntimeError, match=f"nothing answers at {silent}/"), explained(RuntimeError, "rds"):
        asked.describe_db_clusters()


def test_without_a_variable_the_sdk_says_it(silent: str) -> None:
    once = Config(retries={"total_max_attempts": 1})
    sts = boto3.client("sts", region_name=REGION, endpoint_url=silent, config=once)
    with pytest.raises(RuntimeError, match="Could not connect to the endpoint URL"), explained(RuntimeError, "sts"):
        sts.get_caller_identity()
    assert told(ValueError("of\n two lines")) == "of two lines"


def test_a_page_in_the_place_of_an_answer_is_one_short_line() -> None:
    """A proxy's, such as one that does not reach AWS."""
    page = b"<!doctype html>\n<p>Bad gateway " + b"x" * 5000

    class Proxy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(502)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        once, keys = Config(retries={"total_max_attempts": 1}), {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
        url = f"http://127.0.0.1:{server.server_port}"
        rds = boto3.client("rds", region_name=REGION, endpoint_url=url, config=once, **keys)
        with (
            pytest.raises(RuntimeError, match=r"rds: Unable to parse response") as raised,
            explained(RuntimeError, "rds"),
        ):
            rds.describe_db_clusters()
        server.shutdown()
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500


def test_a_job_s_credentials_come_from_the_endpoint(silent: str) -> None:
    """What runs it as a process of its own: tests/workflows/test_credentials.py."""
    code = (
        "from scripts import credentials\n"
        "credentials._token = lambda url, bearer: 'token'\n"
        "credentials.PAUSES = (None,)\n"
        "raise SystemExit(credentials.main())"
    )
    said = {"ASCENT_ROLE": "arn:aws:iam::123456789012:role/deploy", "AWS_REGION": REGION, "AWS_ENDPOINT_URL": silent}
    said |= {"ACTIONS_ID_TOKEN_REQUEST_URL": "x", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x"}
    line = [sys.executable, "-c", code]
    done = subprocess.run(line, cwd=ROOT, env=os.environ | said, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert silent in done.stderr
