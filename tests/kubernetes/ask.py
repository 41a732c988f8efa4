"""Asks the real Kubernetes provider what it makes of changed objects, at a real API server."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.cluster.api import Api
from tests.kubernetes.cases import Object
from tests.kubernetes.object_changes import CASES, CONFIGURED, IMMUTABLE, SPACE, UNFORCED, ObjectChange

Provider = provider_pb2_grpc.ResourceProviderStub
Start = Callable[[dict[str, str]], AbstractContextManager[Provider]]
MERGE = "application/merge-patch+json"
_KIND = provider_pb2.PropertyDiff.Kind
# Words of the server that change from time to time.
_LONGEST = 160


def configured(stub: Provider, kubeconfig: Path, more: dict[str, str]) -> None:
    """Lead the provider to the server."""
    arguments = {"kubeconfig": kubeconfig.read_text(), **more}
    stub.Configure(
        provider_pb2.ConfigureRequest(
            variables={f"kubernetes:config:{key}": text for key, text in arguments.items()},
            args=_struct(arguments),
            acceptSecrets=True,
            acceptResources=True,
        )
    )


class Asked:
    """One object that the provider has made, and what it says to a change of it."""

    def __init__(self, stub: Provider, change: ObjectChange) -> None:
        self._stub = stub
        self._urn = f"urn:pulumi:test::test::{change.token}::one"
        self.before = self._checked(change.base, {})
        self.after = self._checked(change.after, self.before)
        made = stub.Create(provider_pb2.CreateRequest(urn=self._urn, properties=_struct(self.before), timeout=30))
        self.id, self.state = made.id, made.properties

    def diff(self) -> dict[str, Any]:
        """What differs, by path; what is replaced by it, and whether that deletes first."""
        try:
            said = self._stub.Diff(
                provider_pb2.DiffRequest(
                    id=self.id,
                    urn=self._urn,
                    olds=self.state,
                    old_inputs=_struct(self.before),
                    news=_struct(self.after),
                )
            )
        except grpc.RpcError as error:
            return {"refused": _words(error)}
        differs = {path: _KIND.Name(one.kind).lower() for path, one in sorted(said.detailedDiff.items())}
        return {"differs": differs, "replaces": sorted(said.replaces), "deletes_first": said.deleteBeforeReplace}

    def update(self, *, preview: bool) -> str:
        """`done`, or why not."""
        try:
            self._stub.Update(
                provider_pb2.UpdateRequest(
                    id=self.id, urn=self._urn, olds=self.state, old_inputs=_struct(self.before),
                    news=_struct(self.after), preview=preview, timeout=30,
                )
            )  # fmt: skip
        except grpc.RpcError as error:
            return _words(error)
        return "done"

    @property
    def path(self) -> str:
        """Where the API has it, if it is a ConfigMap."""
        meta = self.before["metadata"]
        return f"/api/v1/namespaces/{meta['namespace']}/configmaps/{meta['name']}"

    def read(self) -> str:
        """`there`, or `gone`."""
        said = self._stub.Read(
            provider_pb2.ReadRequest(id=self.id, urn=self._urn, properties=self.state, inputs=_struct(self.before))
        )
        return "there" if said.id else "gone"

    def _checked(self, news: Object, olds: Object) -> Object:
        said = self._stub.Check(provider_pb2.CheckRequest(urn=self._urn, news=_struct(news), olds=_struct(olds)))
        assert not said.failures, said.failures
        return _plain(said.inputs)


def changes(start: Start, kubeconfig: Path, server: Api) -> dict[str, Any]:
    """The answers to all changes, each in a namespace of its own, as nobody takes away what is deleted here."""
    told: dict[str, Any] = {}
    for how in (CONFIGURED, IMMUTABLE):
        # A provider of its own: what one was configured with before, it keeps.
        with start(_variables(how)) as stub:
            configured(stub, kubeconfig, how)
            for name, change in CASES.items():
                if change.configured == how:
                    told[name] = _answer(Asked(stub, placed(change, server)))
    return {name: told[name] for name in CASES}


def troubles(start: Start, kubeconfig: Path, server: Api) -> dict[str, Any]:
    """What comes of a change whose object was deleted by hand, or has a field that another manager has taken."""
    told: dict[str, Any] = {}
    change = CASES["config map: data"]
    for name, how in (("with force", CONFIGURED), ("without force", UNFORCED)):
        with start(_variables(how)) as stub:
            configured(stub, kubeconfig, how)
            gone = Asked(stub, placed(change, server))
            server.call("DELETE", gone.path)
            told[f"deleted by hand, {name}"] = {"read": gone.read()} | _answer(gone)
            taken = Asked(stub, placed(change, server))
            server.call("PATCH", f"{taken.path}?fieldManager=k9s", {"data": {"key": "theirs"}}, MERGE)
            told[f"another manager's, {name}"] = {"read": taken.read()} | _answer(taken)
    return told


def _answer(asked: Asked) -> dict[str, Any]:
    answer = asked.diff()
    # A replacement is the engine's: it deletes and creates.
    if not answer.get("replaces"):
        answer |= {"preview": asked.update(preview=True), "update": asked.update(preview=False)}
    return answer


def _variables(how: dict[str, str]) -> dict[str, str]:
    """The provider that can be built knows this as a variable alone: sandbox/cluster/local.py."""
    return {"PULUMI_K8S_ENABLE_PATCH_FORCE": "true"} if how.get("enablePatchForce") else {}


def placed(change: ObjectChange, server: Api) -> ObjectChange:
    """The same change in a new namespace, or with a name of its own where the kind is in none."""
    meta, index = {**change.base["metadata"]}, secrets.token_hex(3)
    if "namespace" in meta:
        meta["namespace"] = f"{SPACE}-{index}"
        server.call("POST", "/api/v1/namespaces", {"metadata": {"name": meta["namespace"]}})
    else:
        meta["name"] = f"{meta['name']}-{index}"
    return change._replace(base={**change.base, "metadata": meta})


def _struct(value: Object) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(value)
    return made


def _plain(value: struct_pb2.Struct) -> Object:
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(value)


def _words(error: grpc.RpcError) -> str:
    told = " ".join(str(error.details()).split())
    return re.sub(r"-[0-9a-f]{6}\b", "", told)[:_LONGEST]
