"""One comment on a pull request, one issue about a stack: found by a hidden marker, and edited instead of repeated.

Run by the workflows in .github, with the standard library alone: the job that may write to a pull request runs none of
its dependencies. GitHub sets where its API is (GITHUB_API_URL), which repository this is (GITHUB_REPOSITORY), and
the workflow with what to ask (GITHUB_TOKEN).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.say import ProblemError, say

# Whose comments and issues are ours: what a workflow writes with the token that it is given is this one's.
AUTHOR = "github-actions[bot]"
MARKER = re.compile(r"<!-- ascent:[a-z]+ [A-Za-z0-9._-]+ -->")
PAGE = 100
# Where GitHub stops is 65,536 characters.
LONGEST = 60_000
SECONDS = 30


class GitHub:
    """The issues of one repository. A pull request is one of them."""

    def __init__(self, api: str, repository: str, token: str) -> None:
        self._issues = f"{api}/repos/{repository}/issues"
        self._token = token

    def comment(self, number: int, body: str) -> str:
        """Put `body`, which begins with its marker, on a pull request. Returns what was done.

        Raises:
            ProblemError: when GitHub refuses.
        """
        ours = self._ours(f"{self._issues}/{number}/comments", marker_of(body))
        if ours:
            self._ask("PATCH", f"{self._issues}/comments/{ours['id']}", {"body": body})
            return "edited the comment"
        self._ask("POST", f"{self._issues}/{number}/comments", {"body": body})
        return "wrote a comment"

    def issue(self, title: str, body: str) -> str:
        """Open an issue, or edit the open one with the same marker. Returns what was done.

        Raises:
            ProblemError: when GitHub refuses.
        """
        ours = self._ours(self._issues, marker_of(body), state="open", creator=AUTHOR)
        if ours:
            self._ask("PATCH", f"{self._issues}/{ours['number']}", {"title": title, "body": body})
            return "edited the issue"
        self._ask("POST", self._issues, {"title": title, "body": body})
        return "opened an issue"

    def close(self, marker: str) -> str:
        """Close the open issue with this marker, if there is one. Returns what was done.

        Raises:
            ProblemError: when GitHub refuses.
        """
        ours = self._ours(self._issues, marker, state="open", creator=AUTHOR)
        if not ours:
            return "no issue is open"
        self._ask("PATCH", f"{self._issues}/{ours['number']}", {"state": "closed", "state_reason": "completed"})
        return "closed the issue"

    def _ours(self, address: str, marker: str, **query: str) -> dict[str, Any] | None:
        """The oldest of ours with the marker, wherever in the list it is."""
        for one in self._listed(address, query):
            if one["user"]["login"] == AUTHOR and str(one.get("body") or "").startswith(marker):
                return one
        return None

    def _listed(self, address: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        page = 1
        while True:
            asked = urllib.parse.urlencode({**query, "per_page": str(PAGE), "page": str(page)})
            found = self._ask("GET", f"{address}?{asked}")
            yield from found
            if len(found) < PAGE:
                return
            page += 1

    def _ask(self, method: str, address: str, content: dict[str, str] | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310  from GitHub's own variables
            address,
            method=method,
            data=None if content is None else json.dumps(content).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            said = error.read(1_000).decode(errors="replace")
            raise ProblemError(f"GitHub refused {method} {address}: {error.code} {error.reason}: {said}") from None
        except (OSError, ValueError) as error:
            raise ProblemError(f"GitHub did not answer {method} {address}: {error}") from None


def marker_of(body: str) -> str:
    """The marker that a text begins with.

    Raises:
        ProblemError: when it begins with something else.
    """
    found = MARKER.match(body)
    if not found:
        raise ProblemError(f"The text does not begin with a marker such as <!-- ascent:guard prod -->: {body[:60]!r}")
    return found[0]


def quoted(marker: str, text: str) -> str:
    """A command's output below a marker, so that nothing in it is taken for Markdown."""
    if len(text) > LONGEST:
        text = text[:LONGEST] + "\n... and more; the workflow's log has all of it.\n"
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{marker}\n{fence}text\n{text.rstrip()}\n{fence}\n"


def main(words: list[str]) -> int:
    """0 fine, 1 GitHub refused, 2 bad input."""
    parser = argparse.ArgumentParser(prog="python -m scripts.github", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    comment = commands.add_parser("comment", help="comment on a pull request, or edit the comment")
    comment.add_argument("number", type=int)
    comment.add_argument("file", type=Path, help="Markdown, beginning with its marker")
    issue = commands.add_parser("issue", help="open an issue, or edit the open one")
    issue.add_argument("marker")
    issue.add_argument("title")
    issue.add_argument("file", type=Path, help="plain text")
    commands.add_parser("close", help="close the issue, if one is open").add_argument("marker")
    options = parser.parse_args(words)
    try:
        text = options.file.read_text(encoding="utf-8") if "file" in options else ""
        marker_of(text if options.command == "comment" else options.marker)
        github = GitHub(*(os.environ[name] for name in ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN")))
    except (ProblemError, OSError, UnicodeDecodeError) as error:
        say(str(error))
        return 2
    except KeyError as error:
        say(f"{error.args[0]} is not set; this is for GitHub's workflows.")
        return 2
    try:
        if options.command == "comment":
            say(github.comment(options.number, text))
        elif options.command == "issue":
            say(github.issue(options.title, quoted(options.marker, text)))
        else:
            say(github.close(options.marker))
    except ProblemError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
