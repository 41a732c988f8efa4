"""The few calls to the local API server that the sandbox itself makes, with nothing but the standard library."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TIMEOUT = 30.0  # seconds, of one request
APPLY, MERGE, JSON = "application/apply-patch+yaml", "application/strategic-merge-patch+json", "application/json"
NOT_FOUND = 404


class ApiError(Exception):
    """A request was refused. `code` is its HTTP status; 0 where there was no answer."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(said)
        self.code = code


@dataclass
class Api:
    """An API server, as its one user.

    server: its URL.
    token: of the user.
    authority: file with its certificate.
    """

    server: str
    token: str
    authority: str
    _context: ssl.SSLContext = field(init=False)

    def __post_init__(self) -> None:
        self._context = ssl.create_default_context(cafile=self.authority)

    @classmethod
    def of(cls, kubeconfig: Path) -> Api:
        """The one that a kubeconfig of `scripts.api_server` names."""
        config = json.loads(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        return cls(cluster["server"], config["users"][0]["user"]["token"], cluster["certificate-authority"])

    def call(self, method: str, path: str, body: object = None, kind: str = JSON) -> Any:  # noqa: ANN401, RUF100 (JSON)
        """One request, and what was answered.

        Raises:
            ApiError: when it was refused, or there was no answer.
        """
        request = urllib.request.Request(  # noqa: S310 (https)
            self.server + path,
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": kind},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT, context=self._context) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ApiError(error.code, error.read().decode(errors="replace")) from error
        except (OSError, ValueError) as error:
            raise ApiError(0, str(error)) from error

    def get(self, path: str, missing: object = None) -> Any:  # noqa: ANN401, RUF100
        """What is there; `missing`, if given, where there is nothing."""
        try:
            return self.call("GET", path)
        except ApiError as error:
            if error.code == NOT_FOUND and missing is not None:
                return missing
            raise

    def patch(self, path: str, change: object) -> Any:  # noqa: ANN401, RUF100
        """Merge a change into what is there."""
        kind = "application/merge-patch+json" if path.startswith("/apis/eks.") else MERGE
        return self.call("PATCH", path, change, kind)

    def apply(self, path: str, thing: object, manager: str = "ascent-sandbox") -> Any:  # noqa: ANN401, RUF100
        """Make an object be so, whatever is there."""
        return self.call("PATCH", f"{path}?fieldManager={manager}&force=true", thing, APPLY)
