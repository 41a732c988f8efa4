"""PostgreSQL URLs taken apart, for pods that reach the database another way than instances do."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit, urlunsplit


def through(url: str, host: str, database: str) -> str:
    """`url` by way of a pooler at `host` that knows the database as `database`.

    Without TLS: the pooler is in the same namespace, and it is the one that encrypts what leaves the cluster.
    """
    parts = urlsplit(url)
    user, _, _ = parts.netloc.rpartition("@")
    return urlunsplit((parts.scheme, f"{user}@{host}", f"/{database}", "sslmode=disable", ""))


def port(url: str, default: int) -> int:
    """The port that `url` names, or `default`, also for a value that is encrypted, and so is no URL."""
    try:
        return urlsplit(url).port or default
    except ValueError:
        return default


def userlist(url: str) -> str:
    """The line of PgBouncer's user list for the user of `url`."""
    parts = urlsplit(url)
    user, password = (unquote(one or "").replace('"', '""') for one in (parts.username, parts.password))
    return f'"{user}" "{password}"\n'


def password(url: str) -> str:
    """The password in `url`; empty where there is none."""
    return unquote(urlsplit(url).password or "")
