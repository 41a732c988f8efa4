"""A resource monitor that records what a program registers, in place of an engine."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.struct_pb2 import Struct, Value
from pulumi.runtime import mocks, resource, rpc
from pulumi.runtime.proto import resource_pb2, source_pb2
from pulumi.runtime.settings import SETTINGS

from catalog.engine_steps import STACK_TYPE
from catalog.location import Locations
from catalog.urns import provider_of

UNKNOWN = {"unknown": True}
SECRET = {"secret": True}
# Answers an invoke: token, arguments and the region of its provider in, result out.
Answer = Callable[[str, Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A registered resource.

    urn, type, name: as the engine would write them.
    parent: URN of the parent, or None below the stack.
    region: AWS region of its provider, or None.
    protect: whether the engine would refuse to delete it.
    inputs: plain data; `UNKNOWN` stands for a value that only the cloud knows, `SECRET` for one that must not be shown.
    custom: whether a provider manages it; a component is not.
    retained: whether it outlives its deletion from the stack (`retainOnDelete`).
    ignored: inputs that the program leaves to others, by `ignore_changes`.
    timeouts: how long the provider may take to create, update or delete it, as `20m`, if the program sets it.
    cluster_region: AWS region of the Kubernetes cluster that its provider leads to, or None.
    """

    urn: str
    type: str
    name: str
    parent: str | None
    region: str | None
    protect: bool
    inputs: Mapping[str, Any]
    custom: bool
    retained: bool = False
    ignored: tuple[str, ...] = ()
    timeouts: Mapping[str, str] = field(default_factory=dict)
    cluster_region: str | None = None

    @property
    def location(self) -> str | None:
        """AWS region that it is in, by its provider or by its cluster; None if neither has one."""
        return self.region or self.cluster_region


class Recorder(mocks.MockMonitor):
    """Records every registration, in order, including what mocks drop: protection, parents, secrets and unknowns."""

    def __init__(self, project: str, stack: str, answer: Answer) -> None:
        super().__init__(_NoMocks())
        # Passed in, as the SDK calls a monitor on threads without its context.
        self._project = project
        self._stack = stack
        self._answer = answer
        self._regions: dict[str, str] = {}
        self._locations = Locations()
        self.recorded: dict[str, Recorded] = {}

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """URN as the engine builds it: the types of all ancestors but the stack, then its own."""
        types = parent.split("::")[2] if parent else STACK_TYPE
        qualified = type_ if types == STACK_TYPE else f"{types}${type_}"
        return f"urn:pulumi:{self._stack}::{self._project}::{qualified}::{name}"

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  the name is the protocol's
        """Record a registration and answer as a preview does: with the inputs alone."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        if urn in self.recorded:
            raise ValueError(f"two resources have the URN {urn}")
        inputs = self._inputs(request)
        if request.type == "pulumi:providers:aws":
            self._regions[urn] = str(inputs["region"])
        if request.custom:
            self._locations.take(urn, request.provider, inputs)
        region = self._region(request)
        self.recorded[urn] = Recorded(
            urn=urn,
            type=request.type,
            name=request.name,
            parent=None if _is_stack(request.parent) else request.parent,
            region=region,
            protect=request.protect,
            inputs=inputs,
            custom=request.custom,
            retained=request.retainOnDelete,
            ignored=tuple(request.ignoreChanges),
            timeouts={one.name: text for one, text in request.customTimeouts.ListFields()},
            cluster_region=self._locations.of(urn, request.provider) if request.custom and not region else None,
        )
        return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        """Answer an invoke from the table of answers, which raises where it has none."""
        arguments = _plain_struct(request.args)
        provider = self.recorded.get(provider_of(request.provider))
        answer = Struct()
        answer.update(dict(self._answer(request.tok, arguments, provider.inputs if provider else {})))
        # `return` is a keyword of Python, so the field can only be set by name.
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").CopyFrom(answer)
        return response

    def _inputs(self, request: Any) -> dict[str, Any]:
        inputs = _plain_struct(request.object)
        # The SDK does not mark an unknown value as secret; the resource's type does.
        unknown_secrets = [name for name in request.additionalSecretOutputs if inputs.get(name) == UNKNOWN]
        return inputs | {name: dict(SECRET) for name in unknown_secrets}

    def _region(self, request: Any) -> str | None:
        providers = [request.provider, *request.providers.values()]
        urns = [provider_of(one) for one in providers if one]
        return next((self._regions[urn] for urn in urns if urn in self._regions), None)


async def settled(program: Callable[[], object]) -> None:
    """Run `program`, and wait until all that it began has ended, with or without an error.

    The SDK waits for one output after the other, each time among all of them: with hundreds of resources, that takes
    twice as long as the program itself. It still does so afterwards, and raises errors, but then it does not wait.
    """
    with _uncollected(), _unplaced():
        program()
        if SETTINGS.outputs:
            await asyncio.wait([*SETTINGS.outputs])


@contextmanager
def _uncollected() -> Iterator[None]:
    """Turn garbage collection off: all objects of a render are in use until its end, and a search doubles its time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _unplaced() -> Iterator[None]:
    """Keep the SDK from looking up which line registers a resource: a render does not use it, and it takes a tenth."""
    looked_up = resource._get_stack_trace
    resource._get_stack_trace = source_pb2.StackTrace
    try:
        yield
    finally:
        resource._get_stack_trace = looked_up


class _NoMocks(mocks.Mocks):
    """For the base class, which requires mocks; the recorder itself answers everything."""

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise NotImplementedError(args.token)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise NotImplementedError(args.typ)


def _is_stack(parent: str) -> bool:
    return not parent or parent.split("::")[2] == STACK_TYPE


def _plain_struct(struct: Struct) -> dict[str, Any]:
    return {key: _plain(value) for key, value in sorted(struct.fields.items())}


def _plain(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _special(value.struct_value)
    if kind == "list_value":
        return [_plain(one) for one in value.list_value.values]
    if kind == "string_value":
        return dict(UNKNOWN) if value.string_value == rpc.UNKNOWN else value.string_value
    if kind == "number_value":
        return int(value.number_value) if value.number_value.is_integer() else value.number_value
    return value.bool_value if kind == "bool_value" else None


def signature(struct: Struct) -> str | None:
    """The kind of a struct that is not just a map: a secret, a resource, an output."""
    # Reading a missing field would create it.
    return struct.fields[rpc._special_sig_key].string_value if rpc._special_sig_key in struct.fields else None


def _special(struct: Struct) -> Any:
    mark = signature(struct)
    if mark == rpc._special_secret_sig:
        return dict(SECRET)
    if mark == rpc._special_resource_sig:
        return struct.fields["urn"].string_value
    if mark == rpc._special_output_value_sig:
        return _plain(struct.fields["value"]) if "value" in struct.fields else dict(UNKNOWN)
    return _plain_struct(struct)
