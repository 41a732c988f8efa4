"""As much of Cloudflare's rules language as the rules in infra/edge use: a parser and an evaluator.

Anything else is a SyntaxError or a LookupError. Text is handled as bytes are, one character for each (latin-1).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any
from urllib.parse import unquote_to_bytes

Value = bool | int | str | list[Any]
Fields = Mapping[str, Value]

_TOKEN = re.compile(
    r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<each>\[\*\])|(?P<sign>[(){},])|(?P<word>[a-z_][a-z0-9_.]*|[0-9]+))',
    re.ASCII,
)


@dataclass(frozen=True)
class Field:
    """A field; `each` for every item of an array."""

    name: str
    each: bool = False


@dataclass(frozen=True)
class Call:
    """A function and its arguments; `each` for every item of the array that it answers with."""

    name: str
    arguments: tuple[Node, ...]
    each: bool = False


@dataclass(frozen=True)
class Literal:
    """A string."""

    value: str


@dataclass(frozen=True)
class Compare:
    """A comparison with a string, with several for `in`, with a number for `ge`."""

    left: Node
    operator: str
    right: str | int | tuple[str, ...]


@dataclass(frozen=True)
class Logic:
    """`and` or `or` of several."""

    operator: str
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Not:
    """A negation."""

    item: Node


Node = Field | Call | Literal | Compare | Logic | Not


@cache
def parse(expression: str) -> Node:
    """The tree of an expression.

    Raises:
        SyntaxError: where it is not one, or uses what is not known here.
    """
    parser = _Parser(_tokens(expression))
    tree = parser.either()
    if parser.tokens:
        raise SyntaxError(f"{parser.tokens[0]!r} is left over")
    return tree


def _tokens(expression: str) -> list[str]:
    tokens, position = [], 0
    while position < len(expression.rstrip()):
        found = _TOKEN.match(expression, position)
        if found is None:
            raise SyntaxError(f"not understood: {expression[position:]}")
        tokens.append(found.group(0).strip())
        position = found.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def either(self) -> Node:
        """`or` binds least."""
        return self._joined("or", self._all)

    def _all(self) -> Node:
        return self._joined("and", self._one)

    def _joined(self, operator: str, part: Callable[[], Node]) -> Node:
        items = [part()]
        while self._take(operator):
            items.append(part())
        return items[0] if len(items) == 1 else Logic(operator, tuple(items))

    def _one(self) -> Node:
        if self._take("not"):
            return Not(self._one())
        if self._take("("):
            inner = self.either()
            self._expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Node:
        left = self._value()
        for operator in ("eq", "ne", "contains", "wildcard"):
            if self._take(operator):
                return Compare(left, operator, self._text())
        if self._take("ge"):
            return Compare(left, "ge", self._number())
        if self._take("in"):
            self._expect("{")
            values = []
            while not self._take("}"):
                values.append(self._text())
            return Compare(left, "in", tuple(values))
        return left

    def _value(self) -> Node:
        if not self.tokens:
            raise SyntaxError("something is missing at the end")
        if self.tokens[0].startswith('"'):
            return Literal(self._text())
        name = self.tokens.pop(0)
        if not re.fullmatch(r"[a-z_][a-z0-9_.]*", name):
            raise SyntaxError(f"{name!r} is not a field")
        if not self._take("("):
            return Field(name, each=self._take("[*]"))
        arguments = [self._comparison()]
        while self._take(","):
            arguments.append(self._comparison())
        self._expect(")")
        return Call(name, tuple(arguments), each=self._take("[*]"))

    def _text(self) -> str:
        token = self.tokens.pop(0) if self.tokens else ""
        if not token.startswith('"'):
            raise SyntaxError(f"{token!r} is not a string")
        return re.sub(r"\\(.)", r"\1", token[1:-1])

    def _number(self) -> int:
        token = self.tokens.pop(0) if self.tokens else ""
        if not token.isdigit():
            raise SyntaxError(f"{token!r} is not a number")
        return int(token)

    def _take(self, token: str) -> bool:
        if self.tokens and self.tokens[0] == token:
            self.tokens.pop(0)
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise SyntaxError(f"expected {token!r} before {self.tokens[:1]}")


def _lower(text: str) -> str:
    """Of ASCII alone, as Cloudflare's."""
    return "".join(chr(ord(one) + 32) if "A" <= one <= "Z" else one for one in text)


def _url_decode(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ").encode("latin-1")).decode("latin-1")


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "any": any,
    "concat": lambda *parts: "".join(parts),
    "ends_with": str.endswith,
    "lower": _lower,
    "starts_with": str.startswith,
    "url_decode": _url_decode,
}
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: left == right,
    "ge": lambda left, right: left >= right,
    "ne": lambda left, right: left != right,
    "contains": lambda left, right: right in left,
    "wildcard": lambda left, right: fnmatchcase(left.lower(), right.lower()),
    "in": lambda left, right: left in right,
}


def evaluate(node: Node, fields: Fields) -> Any:
    """What an expression says of a request with these fields.

    Raises:
        LookupError: for a field or function that is not known.
    """
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Field):
        return fields[node.name]
    if isinstance(node, Not):
        return not evaluate(node.item, fields)
    if isinstance(node, Logic):
        results = [evaluate(item, fields) for item in node.items]
        return all(results) if node.operator == "and" else any(results)
    if isinstance(node, Compare):
        left, compare = evaluate(node.left, fields), _OPERATORS[node.operator]
        return [compare(one, node.right) for one in left] if isinstance(left, list) else compare(left, node.right)
    arguments = [evaluate(one, fields) for one in node.arguments]
    function = _FUNCTIONS[node.name]
    first, *rest = arguments
    over_items = isinstance(first, list) and node.name != "any"
    return [function(one, *rest) for one in first] if over_items else function(*arguments)


def matches(expression: str, fields: Fields) -> bool:
    """Whether an expression matches a request with these fields."""
    return bool(evaluate(parse(expression), fields))
