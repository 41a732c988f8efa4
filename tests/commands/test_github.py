"""One comment and one issue, against a GitHub that pretends: never two, and never somebody else's."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from scripts.github import AUTHOR, LONGEST, main, quoted

MARKER = "<!-- ascent:guard prod -->"
TOKEN = "a-token-nobody-should-see"
COMMENTS = "/repos/team/stack/issues/7/comments"
ISSUES = "/repos/team/stack/issues"


@dataclass
class Pretend:
    """What GitHub has, by address; and what it was asked."""

    lists: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {COMMENTS: [], ISSUES: []})
    asked: list[str] = field(default_factory=list)
    refuses: int = 0

    def add(self, address: str, body: str | None, author: str = AUTHOR, state: str = "open") -> None:
        number = 1 + sum(map(len, self.lists.values()))
        made = {"id": number, "number": number, "body": body, "user": {"login": author}, "state": state}
        self.lists[address].append(made)

    def get(self, address: str, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        size, page = int(query["per_page"][0]), int(query["page"][0])
        wanted = [one for one in self.lists[address] if "state" not in query or one["state"] == query["state"][0]]
        return wanted[(page - 1) * size : page * size]

    def patch(self, address: str, content: dict[str, Any]) -> dict[str, Any]:
        where = COMMENTS if "/comments/" in address else ISSUES
        (one,) = [one for one in self.lists[where] if address.endswith(f"/{one['id']}")]
        one.update(content)
        return one

    def bodies(self, address: str) -> list[str]:
        return [str(one["body"]) for one in self.lists[address] if one["user"]["login"] == AUTHOR]


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pretend]:
    pretend = Pretend()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            address = urlsplit(self.path)
            content = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
            pretend.asked.append(f"{self.command} {address.path}")
            answer: Any = {"message": "Resource not accessible by integration"}
            if self.headers["Authorization"] == f"Bearer {TOKEN}" and not pretend.refuses:
                if self.command == "GET":
                    answer = pretend.get(address.path, parse_qs(address.query))
                elif self.command == "POST":
                    pretend.add(address.path, content["body"])
                    answer = pretend.lists[address.path][-1]
                else:
                    answer = pretend.patch(address.path, content)
            self.send_response(pretend.refuses or 200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        do_GET = do_POST = do_PATCH = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    monkeypatch.setenv("GITHUB_API_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("GITHUB_REPOSITORY", "team/stack")
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("no_proxy", "*")
    yield pretend
    server.shutdown()
    server.server_close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "comment.md"
    written.write_text(f"{MARKER}\n## First")
    return written


def test_a_comment_is_written_once_and_then_edited(github: Pretend, file: Path) -> None:
    assert main(["comment", "7", str(file)]) == 0
    file.write_text(f"{MARKER}\n## Second")
    assert main(["comment", "7", str(file)]) == 0
    assert github.bodies(COMMENTS) == [f"{MARKER}\n## Second"]


def test_it_is_found_behind_hundreds_of_others_and_nobody_elses_is_touched(github: Pretend, file: Path) -> None:
    github.add(COMMENTS, f"{MARKER}\nby somebody who copied it", "mallory")
    github.add(COMMENTS, None, "ghost")
    github.add(COMMENTS, "<!-- ascent:guard prod-eu -->\nanother stack's")
    github.add(COMMENTS, f"> {MARKER}\nquoted")
    for index in range(250):
        github.add(COMMENTS, f"talk {index}", "alice")
    github.add(COMMENTS, f"{MARKER}\nold")
    assert main(["comment", "7", str(file)]) == 0
    assert github.asked.count(f"GET {COMMENTS}") == 3
    assert [one for one in github.asked if not one.startswith("GET")] == [f"PATCH {ISSUES}/comments/255"]
    assert github.lists[COMMENTS][0]["body"] == f"{MARKER}\nby somebody who copied it"
    assert github.lists[COMMENTS][-1]["body"] == f"{MARKER}\n## First"
    assert len(github.lists[COMMENTS]) == 255


def test_one_issue_is_opened_edited_closed_and_opened_anew(github: Pretend, tmp_path: Path) -> None:
    text = tmp_path / "drift.txt"
    marker = "<!-- ascent:drift prod -->"
    for said in ("one thing", "two things"):
        text.write_text(said)
        assert main(["issue", marker, "prod has drifted", str(text)]) == 0
    assert github.bodies(ISSUES) == [f"{marker}\n```text\ntwo things\n```\n"]
    for _ in range(2):
        assert main(["close", marker]) == 0
    assert [one["state"] for one in github.lists[ISSUES]] == ["closed"]
    assert main(["issue", marker, "prod has drifted", str(text)]) == 0
    assert [one["state"] for one in github.lists[ISSUES]] == ["closed", "open"]


def test_output_stays_what_it_is_and_within_what_an_issue_takes() -> None:
    assert quoted(MARKER, "```\n@everyone\n````") == f"{MARKER}\n`````text\n```\n@everyone\n````\n`````\n"
    assert LONGEST < len(quoted(MARKER, "x" * 100_000)) < 65_536


@pytest.mark.parametrize("status", [403, 422, 502])
def test_a_refusal_is_one_message_without_the_token(
    github: Pretend, file: Path, capsys: pytest.CaptureFixture[str], status: int
) -> None:
    github.refuses = status
    assert main(["comment", "7", str(file)]) == 1
    said = capsys.readouterr().err
    assert f"{status}" in said
    assert "not accessible" in said
    assert TOKEN not in said


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("## No marker", ["comment", "7", "FILE"], "does not begin with a marker"),
        ("", ["comment", "7", "FILE"], "does not begin with a marker"),
        (MARKER, ["comment", "7", "nowhere.md"], "nowhere.md"),
        (MARKER, ["close", "prod"], "does not begin with a marker"),
    ],
)
def test_bad_input_asks_github_nothing(
    github: Pretend, file: Path, capsys: pytest.CaptureFixture[str], text: str, words: list[str], said: str
) -> None:
    file.write_text(text)
    assert main([str(file) if word == "FILE" else word for word in words]) == 2
    assert said in capsys.readouterr().err
    assert github.asked == []


def test_outside_of_a_workflow_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("GITHUB_REPOSITORY", "team/stack")
    assert main(["comment", "7", str(file)]) == 2
    assert "GITHUB_TOKEN is not set" in capsys.readouterr().err
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("no_proxy", "*")
    assert main(["comment", "7", str(file)]) == 1
    assert "did not answer" in capsys.readouterr().err
