"""Asks for an address as a visitor's browser does: by its name, and with its certificate checked.

It stands alone: Lambda runs this file. That nothing is raised is the good answer, and what is counted.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

PATIENCE = 10  # seconds
# An attack, a setting or a bot product has Cloudflare ask for proof first: a browser gets through, and this does not.
MITIGATED = "cf-mitigated"


class _NoRedirect(HTTPRedirectHandler):
    """Whoever has taken the name over, or parks it, sends visitors on."""

    def redirect_request(self, *_: Any) -> None:
        return None


def handler(event: Any, context: Any) -> str:
    """Ask for the address in `URL`, to be a success unless `ANY` is set.

    Raises:
        Exception: where it does not answer as it should; the text says how it does, and is no secret.
    """
    del event, context
    said = ask(os.environ["URL"], anything="ANY" in os.environ)
    print(said)  # noqa: T201  into the function's log
    return said


def ask(url: str, *, anything: bool) -> str:
    """What became of it: "200", or why it is good all the same.

    Args:
        url: whose certificate is checked.
        anything: whether that it is not there, or not for everybody, is an answer too.

    Raises:
        OSError: where nobody can be reached, or the certificate is not good.
        RuntimeError: where the answer is not what it should be.
    """
    # With a cookie, nothing is answered out of a cache: infra/edge/caching.py.
    request = Request(url, headers={"User-Agent": "ascent-outside", "Cookie": "ascent=outside"})  # noqa: S310
    try:
        with build_opener(_NoRedirect).open(request, timeout=PATIENCE) as answer:
            status, headers = answer.status, answer.headers
    except HTTPError as error:
        status, headers = error.code, error.headers
        error.close()
    if headers.get(MITIGATED) == "challenge":
        return f"{status}, a challenge: its name, its certificate and the edge are there"
    good = status // 100 in ((2, 4) if anything else (2,))
    if not good:
        raise RuntimeError(f"{url} answered {status}")
    return str(status)
