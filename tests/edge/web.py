"""Requests and responses, and what Cloudflare's rules see of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.edge.language import Fields

UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


@dataclass(frozen=True, kw_only=True)
class Response:
    """What the origin answers."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What somebody asks for: `target` is the path and query as they were sent."""

    host: str
    target: str = "/"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    secure: bool = True

    @property
    def path(self) -> str:
        """The path after the normalization that the zone is set to."""
        return normalized(self.target.partition("?")[0])

    @property
    def query(self) -> str:
        """What follows the question mark."""
        return self.target.partition("?")[2]

    @property
    def fields(self) -> Fields:
        """The fields that rules see before the origin answers."""
        lowered = {name.lower(): value for name, value in self.headers.items()}
        last = self.path.rpartition("/")[2]
        return {
            "ssl": self.secure,
            "http.host": self.host,
            "http.cookie": lowered.get("cookie", ""),
            "http.request.method": self.method,
            "http.request.uri.path": self.path,
            "http.request.uri.path.extension": last.rpartition(".")[2].lower() if "." in last else "",
            # As they were sent, though Cloudflare documents them in lower case: rules must not depend on that.
            "http.request.headers.names": list(self.headers),
        }


def normalized(path: str) -> str:
    """Cloudflare's normalization, type `cloudflare`: of percent-encoding, dot segments, slashes and backslashes."""
    path = re.sub(r"%([0-9a-fA-F]{2})", _decoded, path).replace("\\", "/")
    path = re.sub(r"/{2,}", "/", path if path.startswith("/") else f"/{path}")
    kept: list[str] = []
    parts = path.split("/")[1:]
    for part in parts:
        if part == "..":
            del kept[-1:]
        elif part != ".":
            kept.append(part)
    if parts[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _decoded(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if character in UNRESERVED else found[0].upper()
