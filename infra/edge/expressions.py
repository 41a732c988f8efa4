"""Pieces of Cloudflare's rules language. No regular expressions: they need the Business plan."""

from __future__ import annotations

from collections.abc import Iterable

from infra.edge.rules import RulesetScope

PATH = "http.request.uri.path"
# A path that an application would read as another one is another one here too.
READ_PATH = f"url_decode({PATH})"
ANY_CASE_PATH = f"lower({READ_PATH})"


def text(value: str) -> str:
    """A string literal.

    Raises:
        ValueError: where it would need escapes.
    """
    if not value.isascii() or not value.isprintable() or set(value) & set('"\\'):
        raise ValueError(f"{value!r} cannot be written into an expression as it is")
    return f'"{value}"'


def one_of(field: str, values: Iterable[str]) -> str:
    """`field` is one of `values`."""
    return f"{field} in {{{' '.join(text(value) for value in values)}}}"


def either(*expressions: str) -> str:
    """At least one holds."""
    return f"({' or '.join(expressions)})" if len(expressions) > 1 else expressions[0]


def both(*expressions: str) -> str:
    """All hold. What is joined by `or` must come from `either`, which puts it in parentheses."""
    return " and ".join(expressions)


def below(prefixes: Iterable[str], path: str = PATH) -> str:
    """The path starts with one of `prefixes`."""
    return either(*(f"starts_with({path}, {text(prefix)})" for prefix in prefixes))


def host(*names: str) -> str:
    """The host is exactly one of these."""
    return one_of("http.host", names) if len(names) > 1 else f"http.host eq {text(names[0])}"


def named(*names: str) -> str:
    """The host is one of these, however it is written: with capitals, a port, or a dot at its end."""
    return either(*(f"starts_with(lower(http.host), {text(name)})" for name in names))


def about(site: RulesetScope) -> str:
    """The request is for the site."""
    return named(*(name for one in site.hosts for name in (one.app, one.storage)))
