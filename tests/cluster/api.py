"""A real API server, as plain objects: what it knows, what it says to them, and that they are gone again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import httpx2
from lightkube.config.client_adapter import Client, ConnectionParams
from lightkube.config.kubeconfig import SingleConfig

from tests.kubernetes.cases import Object

MANAGER = "ascent-test-cluster"
APPLY, JSON = "application/apply-patch+yaml", "application/json"
_TIMEOUT = 30.0  # seconds, of one request
GONE = 60.0  # seconds that a deletion may take
_STEP = 0.2
# What controllers put into a namespace, or keep from being deleted.
HELD = ("configmaps", "persistentvolumeclaims", "pods", "secrets", "serviceaccounts", "services")


@dataclass(frozen=True)
class Kind:
    """Where the API has a kind.

    plural: its name in paths.
    namespaced: whether its objects live in a namespace.
    """

    plural: str
    namespaced: bool


@dataclass(frozen=True)
class Answer:
    """What the server said to an object.

    refused: why it was refused; empty where it was not.
    warnings: what the server warns of nevertheless, as that pods of it could not start.
    body: the object as the server has it.
    """

    refused: str
    warnings: tuple[str, ...]
    body: Object

    @property
    def problems(self) -> list[str]:
        """All that is wrong."""
        return [*([self.refused] if self.refused else []), *(f"warning: {one}" for one in self.warnings)]


@dataclass
class Api:
    """The API server of a context of a kubeconfig."""

    config: SingleConfig
    _kinds: dict[str, dict[str, Kind]] = field(default_factory=dict)

    @cached_property
    def _http(self) -> httpx2.Client:
        return Client(self.config, ConnectionParams(timeout=httpx2.Timeout(_TIMEOUT)))

    @cached_property
    def controlled(self) -> bool:
        """Whether controllers run: the first of them gives each namespace this account (service account controller)."""
        answer = self._http.get("/api/v1/namespaces/default/serviceaccounts/default")
        # Who may not look is in somebody's cluster, and those have controllers.
        return answer.status_code != httpx2.codes.NOT_FOUND

    def version(self) -> str:
        """The server's version: `1.36.3`.

        Raises:
            httpx2.HTTPError: when it does not answer, or does not take the credentials.
        """
        answer = self._http.get("/version").raise_for_status()
        # Anybody may read the version: this asks whether the credentials are any good.
        self._http.get("/api/v1/namespaces", params={"limit": 1}).raise_for_status()
        return str(answer.json()["gitVersion"]).removeprefix("v")

    def kind(self, thing: Object) -> Kind | None:
        """Where the API has the kind of an object; None where it has no such kind."""
        version = thing["apiVersion"]
        if version not in self._kinds:
            answer = self._http.get(_base(version))
            listed = answer.json()["resources"] if answer.status_code == httpx2.codes.OK else []
            self._kinds[version] = {
                one["kind"]: Kind(one["name"], one["namespaced"]) for one in listed if "/" not in one["name"]
            }
        return self._kinds[version].get(thing["kind"])

    def looked_up(self, thing: Object) -> Kind | None:
        """The same, asked anew: a definition may have come."""
        self.forget(thing)
        return self.kind(thing)

    def forget(self, thing: Object) -> None:
        """Ask anew for the kinds of its group and version, the next time."""
        self._kinds.pop(thing["apiVersion"], None)

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def apply(self, thing: Object, *, dry: bool) -> Answer:
        """Server-side apply, with strict validation; `dry` changes nothing."""
        params = {"fieldManager": MANAGER, "fieldValidation": "Strict", "force": "true"}
        return self._said(
            self._http.patch(
                self._path(thing), params=params | _dry(dry=dry), json=thing, headers={"Content-Type": APPLY}
            )
        )

    def would_create(self, thing: Object) -> Answer:
        """What the server says to a new object, without creating it."""
        params = {"fieldManager": MANAGER, "fieldValidation": "Strict", **_dry(dry=True)}
        return self._said(self._http.post(self._path(thing).rpartition("/")[0], params=params, json=thing))

    def read(self, thing: Object) -> Object | None:
        """The object as the server has it, None where it has none."""
        answer = self._http.get(self._path(thing))
        if answer.status_code == httpx2.codes.NOT_FOUND:
            return None
        found: Object = answer.raise_for_status().json()
        return found

    def delete(self, thing: Object) -> None:
        """Delete an object, with all that belongs to it; one that is gone already is fine."""
        answer = self._http.delete(self._path(thing), params={"propagationPolicy": "Background"})
        if answer.status_code != httpx2.codes.NOT_FOUND:
            answer.raise_for_status()

    def finish(self, namespace: Object) -> None:
        """Let an emptied namespace go, where no controller does so: a bare API server runs none.

        Where one does, it deletes all that is left in there first; without its finalizer, that would stay for ever.
        """
        found = self.read(namespace)
        if found and found["metadata"].get("deletionTimestamp") and not self.controlled:
            found["spec"]["finalizers"] = []
            self._http.put(f"{self._path(namespace)}/finalize", json=found).raise_for_status()

    def left(self, things: list[Object], within: float = GONE) -> list[str]:
        """Which of `things` are still there when the time is over."""
        return [_name(one) for one in things if not until(lambda one=one: self.read(one) is None, within)]  # type: ignore[misc]

    def orphans(self, namespace: Object) -> list[str]:
        """What a namespace that is gone has left behind."""
        name = namespace["metadata"]["name"]
        listed = {kind: self._http.get(f"/api/v1/namespaces/{name}/{kind}").raise_for_status() for kind in HELD}
        return [
            f"{kind} {name}/{one['metadata']['name']}"
            for kind, answer in listed.items()
            for one in answer.json()["items"]
        ]

    def _path(self, thing: Object) -> str:
        kind = self.kind(thing)
        assert kind is not None, thing["kind"]
        space = f"/namespaces/{thing['metadata']['namespace']}" if kind.namespaced else ""
        return f"{_base(thing['apiVersion'])}{space}/{kind.plural}/{thing['metadata']['name']}"

    def _said(self, answer: httpx2.Response) -> Answer:
        body = answer.json()
        refused = "" if answer.is_success else str(body.get("message", body))
        return Answer(refused, tuple(_warnings(answer)), body)


def until(holds: Callable[[], bool], within: float) -> bool:
    """Whether something comes to hold within so many seconds."""
    end = time.monotonic() + within
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(_STEP)
    return True


def _base(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


def _dry(*, dry: bool) -> dict[str, str]:
    return {"dryRun": "All"} if dry else {}


def _name(thing: Object) -> str:
    return f"{thing['kind']} {thing['metadata'].get('namespace', '')}/{thing['metadata']['name']}"


def _warnings(answer: httpx2.Response) -> Iterator[str]:
    """Warnings come as headers: `299 - "text"`."""
    for header in answer.headers.get_list("warning"):
        yield header.partition('"')[2].rpartition('"')[0].replace('\\"', '"')
