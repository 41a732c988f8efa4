"""What ends a run, each with the one message that a person gets."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130


class RunError(Exception):
    """A run ends here. `code` is the process's exit code."""

    code = FAILED


class BadInputError(RunError):
    """The config, the environment or an argument cannot be used."""

    code = BAD_INPUT


class BlockedError(RunError):
    """The state of one table is in the way. The others go on, and it is told at the end."""


class RetryError(RunError):
    """Something that may pass is in the way. It is tried again; `advice` is for when that did not help."""

    advice = "run again"


class LockTimeoutError(RetryError):
    """Something else holds a lock that a statement needs."""

    advice = "end that transaction, and run again"


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
