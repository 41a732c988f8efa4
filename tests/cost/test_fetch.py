"""The public price lists over HTTP: what is asked for, and what an answer that is no list leads to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops import cli
from ops.cost import price_list
from ops.cost.price_list import PriceListError, fetch
from tests.cost.test_prices import SAMPLE, table

__all__ = ["table"]  # a fixture
# AWS Billing User Guide, "Getting price list files manually": where the list of a service in a region is.
PATH = "/offers/v1.0/aws/AmazonEC2/current/eu-west-1/index.csv"
LIST = SAMPLE.read_bytes()
Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[list[str], list[Answer]]]:
    """A server in AWS' place: the paths that were asked for, and how to answer, where not with the list."""
    paths: list[str] = []
    answers: list[Answer] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            if answers:
                answers[0](self)
                return
            found = self.path == PATH
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(LIST) if found else 0))
            self.end_headers()
            self.wfile.write(LIST if found else b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setattr(price_list, "HOST", f"http://127.0.0.1:{server.server_port}")
    yield paths, answers
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_list_of_a_service_and_region_is_asked_for_once(asked: tuple[list[str], list[Answer]], table: Path) -> None:
    done = CliRunner().invoke(cli.app, ["prices", "--region", "eu-west-1", "--json"])
    assert done.exit_code == 0, done.output
    assert asked[0] == [PATH]
    found = {one["key"]: one["usd"] for one in json.loads(table.read_text())["prices"] if one["region"] == "eu-west-1"}
    assert found == {"ec2.t4g.small": 0.019, "vpc.nat-hour": 0.049}


def status(code: int) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def cut(handler: BaseHTTPRequestHandler) -> None:
    """Half of the list, and then the connection is gone."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(LIST)))
    handler.end_headers()
    handler.wfile.write(LIST[: LIST.rindex(b"\n", 0, len(LIST) // 2) + 1])
    handler.close_connection = True


def page(handler: BaseHTTPRequestHandler) -> None:
    """A page to log in at, as some networks put it in the way."""
    text = b"<html>log in first</html>\n" * 9
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(text)))
    handler.end_headers()
    handler.wfile.write(text)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (status(404), "HTTP Error 404"),
        (status(503), "HTTP Error 503"),
        (cut, "ended after"),
        (page, "is no AWS price list"),
    ],
    ids=["not there", "unavailable", "cut short", "another page"],
)
def test_what_is_no_list_leaves_the_table_as_it_is(
    asked: tuple[list[str], list[Answer]], table: Path, answer: Answer, words: str
) -> None:
    asked[1].append(answer)
    before = table.read_text()
    done = CliRunner().invoke(cli.app, ["prices", "--region", "eu-west-1"])
    assert done.exit_code == 2, done.output
    assert words in done.stderr
    assert "The table is as it was" in " ".join(done.stderr.split())
    assert table.read_text() == before


def test_bytes_that_are_no_text_are_refused(asked: tuple[list[str], list[Answer]]) -> None:
    def binary(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "3")
        handler.end_headers()
        handler.wfile.write(b"\xff\xfe\n")

    asked[1].append(binary)
    with pytest.raises(PriceListError, match="cannot be fetched"), fetch("AmazonEC2", "eu-west-1") as lines:
        list(lines)


def test_the_command_has_no_other_host() -> None:
    assert price_list.HOST == "https://pricing.us-east-1.amazonaws.com"
