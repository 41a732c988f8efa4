"""A provider service in this process, talked to as the engine does, with a world and a schema cache of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from catalog.values import Properties, decode, encode
from sandbox.provider.faults import Faults
from sandbox.provider.service import Service
from sandbox.provider.world import World


class Aborted(Exception):  # noqa: N818 (a status, not a fault of the test)
    """What the engine would get as an error."""


class _Context:
    """As much of gRPC's context as the service uses."""

    def abort(self, _code: grpc.StatusCode, details: str) -> None:
        """End the call with an error."""
        raise Aborted(details)

    def is_active(self) -> bool:
        """Whether the engine still waits."""
        return True


CONTEXT: Any = _Context()


def urn(token: str, name: str = "thing") -> str:
    """A resource's URN."""
    return f"urn:pulumi:test::ascent::{token}::{name}"


class Engine:
    """The engine's part of the conversation, in plain values."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def configure(self, **config: Any) -> None:
        """Give the provider its configuration."""
        self.service.Configure(provider_pb2.ConfigureRequest(args=encode(config)), CONTEXT)

    def check(
        self, token: str, news: Properties, olds: Properties | None = None, name: str = "thing"
    ) -> tuple[Properties, dict[str, str]]:
        """Checked inputs, and failures by property."""
        request = provider_pb2.CheckRequest(
            urn=urn(token, name), type=token, news=encode(news), olds=encode(olds or {}), randomSeed=b"seed"
        )
        response = self.service.Check(request, CONTEXT)
        return decode(response.inputs), {failure.property: failure.reason for failure in response.failures}

    def diff(
        self, token: str, old: Properties, new: Properties, *, state: Properties | None = None
    ) -> provider_pb2.DiffResponse:
        """The provider's view of a change of inputs."""
        request = provider_pb2.DiffRequest(
            urn=urn(token), type=token, olds=encode(state or old), old_inputs=encode(old), news=encode(new)
        )
        return self.service.Diff(request, CONTEXT)

    def create(
        self, token: str, inputs: Properties, *, name: str = "thing", preview: bool = False
    ) -> tuple[str, Properties]:
        """Id and state of a new resource."""
        request = provider_pb2.CreateRequest(
            urn=urn(token, name), type=token, properties=encode(inputs), preview=preview
        )
        response = self.service.Create(request, CONTEXT)
        return response.id, decode(response.properties)

    def read(
        self, token: str, identifier: str, state: Properties, inputs: Properties
    ) -> tuple[str, Properties, Properties]:
        """Id (empty when gone), state and inputs of what exists."""
        request = provider_pb2.ReadRequest(
            id=identifier, urn=urn(token), type=token, properties=encode(state), inputs=encode(inputs)
        )
        response = self.service.Read(request, CONTEXT)
        return response.id, decode(response.properties), decode(response.inputs)

    def update(  # noqa: PLR0913, RUF100
        self,
        token: str,
        identifier: str,
        state: Properties,
        old: Properties,
        new: Properties,
        *,
        preview: bool = False,
    ) -> Properties:
        """State after a change of inputs."""
        request = provider_pb2.UpdateRequest(
            id=identifier,
            urn=urn(token),
            type=token,
            olds=encode(state),
            old_inputs=encode(old),
            news=encode(new),
            preview=preview,
        )
        return decode(self.service.Update(request, CONTEXT).properties)

    def delete(self, token: str, identifier: str, state: Properties) -> None:
        """Delete a resource."""
        request = provider_pb2.DeleteRequest(id=identifier, urn=urn(token), type=token, properties=encode(state))
        self.service.Delete(request, CONTEXT)

    def invoke(self, token: str, **args: Any) -> Properties:
        """Call a function."""
        response = self.service.Invoke(provider_pb2.InvokeRequest(tok=token, args=encode(args)), CONTEXT)
        return decode(getattr(response, "return"))


Start = Callable[..., Engine]


@pytest.fixture(scope="session")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A schema cache that the tests share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_cache(schemas: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(schemas))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty world."""
    return World(tmp_path / "world.json")


@pytest.fixture
def start(world: World) -> Start:
    """Starts a provider over the test's world."""

    def started(name: str, environment: dict[str, str] | None = None, **config: Any) -> Engine:
        engine = Engine(Service(name, world, Faults(environment or {})))
        if name == "aws":
            config.setdefault("region", "us-east-1")
        engine.configure(**config)
        return engine

    return started


@pytest.fixture
def aws(start: Start) -> Engine:
    """The stand-in for AWS."""
    return start("aws")
