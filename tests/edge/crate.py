"""Rewrites expressions for the `wirefilter-engine` crate, which evaluates fields and operators and knows no functions.

`starts_with`, `ends_with` and `lower` become its regular expressions, so it decides them by itself. What `any` and
`url_decode` answer is handed over as a field of its own: those two are as our evaluator says.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.edge.language import Call, Compare, Field, Fields, Literal, Logic, Node, Not, evaluate, parse


class Rewriter:
    """Rewrites expressions, and collects what has to be handed over."""

    def __init__(self) -> None:
        self._handed: dict[Node, str] = {}
        self._known: dict[str, str] = {}

    @property
    def fields(self) -> dict[str, str]:
        """Kind of each field in what was rewritten."""
        handed = {name: "bool" if self._is_any(node) else "bytes" for node, name in self._handed.items()}
        return self._known | handed

    def values(self, request: Fields) -> dict[str, bool | str]:
        """A request's value of each of these fields."""
        values = {name: request[name] for name in self._known}
        values |= {name: evaluate(node, request) for node, name in self._handed.items()}
        return {name: value for name, value in values.items() if isinstance(value, bool | str)}

    def rewrite(self, node: Node) -> str:
        """The text of an expression for the crate."""
        if isinstance(node, Logic):
            return "(" + f" {node.operator} ".join(self.rewrite(item) for item in node.items) + ")"
        if isinstance(node, Not):
            return f"not {self.rewrite(node.item)}"
        if isinstance(node, Field):
            self._known[node.name] = "bool"
            return node.name
        if isinstance(node, Compare):
            return self._comparison(node)
        if isinstance(node, Call) and node.name in ("starts_with", "ends_with"):
            source, text = node.arguments
            assert isinstance(text, Literal)
            ends = ("^", "") if node.name == "starts_with" else ("", "$")
            return self._matches(source, ends, text.value)
        if isinstance(node, Call) and node.name == "any":
            return self._handed.setdefault(node, f"handed.f{len(self._handed)}")
        raise LookupError(f"no way to rewrite {node}")

    def _comparison(self, node: Compare) -> str:
        if isinstance(node.left, Call) and node.left.name == "lower":
            assert isinstance(node.right, str)
            ends = ("", "") if node.operator == "contains" else ("^", "$")
            matched = self._matches(node.left, ends, node.right)
            return f"not {matched}" if node.operator == "ne" else matched
        if isinstance(node.right, tuple):
            return f"{self._source(node.left)} in {{{' '.join(map(json.dumps, node.right))}}}"
        if node.operator == "wildcard":
            # It has newer operators than the crate.
            assert isinstance(node.right, str)
            pattern = "".join(".*" if one == "*" else one if one.isalnum() else f"[{one}]" for one in node.right)
            return f'{self._source(node.left)} matches "(?is)^{pattern}$"'
        return f"{self._source(node.left)} {node.operator} {json.dumps(node.right)}"

    def _matches(self, source: Node, ends: tuple[str, str], text: str) -> str:
        any_case = isinstance(source, Call) and source.name == "lower"
        inner = source.arguments[0] if isinstance(source, Call) and any_case else source
        escaped = "".join(one if one.isalnum() else f"[{one}]" for one in text)
        return f'{self._source(inner)} matches "{"(?i)" if any_case else ""}{ends[0]}{escaped}{ends[1]}"'

    def _source(self, node: Node) -> str:
        if isinstance(node, Field):
            self._known[node.name] = "bytes"
            return node.name
        assert isinstance(node, Call)
        assert node.name == "url_decode"
        return self._handed.setdefault(node, f"handed.f{len(self._handed)}")

    @staticmethod
    def _is_any(node: Node) -> bool:
        return isinstance(node, Call) and node.name == "any"


def decide(program: Path, expressions: Sequence[str], requests: Sequence[Fields]) -> list[list[bool]]:
    """Whether the crate says that each expression matches each request."""
    rewriter = Rewriter()
    filters = [rewriter.rewrite(parse(expression)) for expression in expressions]
    question = {
        "fields": rewriter.fields,
        "filters": filters,
        "requests": [rewriter.values(request) for request in requests],
    }
    done = subprocess.run([program], input=json.dumps(question), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers: list[list[bool]] = json.loads(done.stdout)
    return answers
