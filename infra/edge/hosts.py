"""Which host names have a certificate at the edge, by the name of their zone."""

from __future__ import annotations

# What registries of countries mostly sell names below, as in example.co.uk. The Public Suffix List has more and changes
# each week: a zone of those says its name, as one below another zone does.
_SOLD_BELOW = frozenset({"ac", "co", "com", "edu", "gov", "net", "org"})
_COUNTRY = 2  # letters


def registered(host: str) -> str:
    """The registered domain of a host name, and so most likely its zone: example.com."""
    labels = host.split(".")
    country = len(labels) > 2 and len(labels[-1]) == _COUNTRY and labels[-2] in _SOLD_BELOW
    return ".".join(labels[-3 if country else -2 :])


def inside(host: str, zone: str) -> bool:
    """Whether a host name is the zone's own or below it."""
    return host == zone or host.endswith(f".{zone}")


def covered(host: str, zone: str) -> bool:
    """Whether the certificate that every zone has is good for a host of it.

    It is for the zone's own name and exactly one level below it: Cloudflare, Universal SSL: limitations, full setup.
    """
    return host == zone or host.partition(".")[2] == zone


def sibling(word: str, host: str, zone: str) -> str:
    """A name for something else of `host`'s, beside it rather than below: storage-app.example.com."""
    return f"{word}.{host}" if host == zone else f"{word}-{host}"
