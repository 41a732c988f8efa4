"""What ends a run, each with the one message that a person gets."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

FAILED, BAD_INPUT = 1, 2


class RunError(Exception):
    """A run ends here. `code` is the process's exit code."""

    code = FAILED


class BadInputError(RunError):
    """The config, the environment or an argument cannot be used."""

    code = BAD_INPUT


class LockTimeoutError(RunError):
    """Something else holds a lock that a statement needs. It is tried again."""


def masked(text: str, url: str) -> str:
    """`text` without the database's URL and password, should either have got into it."""
    try:
        password = urlsplit(url).password
    except ValueError:
        password = None
    for secret in (url, password, unquote(password) if password else None):
        if secret:
            text = text.replace(secret, "***")
    return text
