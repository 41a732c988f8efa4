"""Records what a program registers as if after an update, and where every value comes from."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from google.protobuf.struct_pb2 import Value
from pulumi.runtime import rpc
from pulumi.runtime.proto import resource_pb2

from catalog.engine_steps import STACK_TYPE
from catalog.provider import Provider
from catalog.schema import resource_schema
from catalog.urns import provider_of
from catalog.values import Secret, decode_value, encode, plain
from ops.engine.provenance.answers import ProviderAnswer, answer
from ops.engine.provenance.model import ID, PROVIDERS, Derived, Source, Trace, Unknowns, config_of, resolved, sources
from ops.engine.recorder import SECRET, UNKNOWN, Recorder, signature

_SOURCES = resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES
_Dependencies = resource_pb2.RegisterResourceResponse.PropertyDependencies


@contextmanager
def sources_kept() -> Iterator[None]:
    """Have the SDK record the sources of each value, which by default it does only for remote components."""
    serialize = rpc.serialize_properties

    async def keeping(*arguments: Any, **options: Any) -> Any:
        return await serialize(*arguments, **options | {"keep_output_values": True})

    rpc.serialize_properties = keeping
    try:
        yield
    finally:
        rpc.serialize_properties = serialize


class Tracer(Recorder):
    """Answers every registration as if after an update; for programs that run within `sources_kept`.

    traces: of managed resources and of providers, by URN in the order of registration.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.traces: dict[str, Trace] = {}
        # Outputs that the preview of a new stack would not know: plans show them as unknown.
        self._unborn = Unknowns()
        self._aliases: dict[str, tuple[str, ...]] = {}

    def GetDeploymentInfo(self, request: Any) -> Any:  # noqa: N802  the name is the protocol's
        """Ask for the sources of values."""
        info = super().GetDeploymentInfo(request)  # type: ignore[no-untyped-call]
        info.supportedFeatures.append(_SOURCES)
        return info

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        """Record a registration, and answer with all outputs of such a resource."""
        response = super().RegisterResource(request)
        if request.type == STACK_TYPE:
            return response
        urn = response.urn
        self._aliases[urn] = self._former(request)
        if not request.custom:
            return response
        asked = {name: _traced(value) for name, value in request.object.fields.items()}
        given = self._answer_to(request, urn, asked)
        trace = self.traces[urn] = Trace(
            asked=asked,
            sources=sources(asked),
            added=given.added,
            provider=provider_of(request.provider) or None,
            depends={
                name: frozenset(one.partition("#")[0] for one in found.urns)
                for name, found in request.propertyDependencies.items()
            },
            ignores=tuple(request.ignoreChanges),
            replaces_on=tuple(request.replaceOnChanges),
            deletes_first=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
            aliases=self._aliases[urn],
        )
        self._unborn.add(urn, given.added, trace.inputs(self._unborn))
        # Without the resource itself, which the SDK adds.
        known = {name: _Dependencies(urns=[f"{urn}#{name}"]) for name in given.state}
        return resource_pb2.RegisterResourceResponse(
            urn=urn, id=given.id, object=encode(given.state), propertyDependencies=known
        )

    def _inputs(self, request: Any) -> dict[str, Any]:
        return {name: _shown(_traced(value), self._unborn) for name, value in sorted(request.object.fields.items())}

    def _answer_to(self, request: Any, urn: str, asked: dict[str, Any]) -> ProviderAnswer:
        """The provider's answer. Completes `asked` as the provider does."""
        inputs = {name: resolved(value) for name, value in asked.items()}
        if request.type.startswith(PROVIDERS):
            return ProviderAnswer(request.name, inputs, frozenset())
        schema = resource_schema(request.type)
        if schema is None:
            raise LookupError(f"the SDK has no resource type {request.type}")
        config = config_of(self.traces, provider_of(request.provider))
        # A renamed resource answers as it did under its old name.
        known = next(iter(self._aliases[urn]), urn)
        given = answer(Provider(request.type.partition(":")[0], config), schema, known, inputs)
        for name, value in inputs.items():
            asked[name] = _overlaid(asked.get(name), value)
        return given

    def _former(self, request: Any) -> tuple[str, ...]:
        """The URNs that a resource had before, by its own aliases and by its parent's."""
        parents = (request.parent, *self._aliases.get(request.parent, ()))
        found = [self.make_urn(parent, request.type, request.name) for parent in parents[1:]]
        for alias in request.aliases:
            if alias.urn:
                found.append(alias.urn)
                continue
            spec = alias.spec
            above = ("",) if spec.noParent else (spec.parentUrn,) if spec.parentUrn else parents
            found += [self.make_urn(parent, spec.type or request.type, spec.name or request.name) for parent in above]
        return tuple(dict.fromkeys(found))


def _traced(value: Value) -> Any:
    """An input as the program gave it."""
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        return [_traced(one) for one in value.list_value.values]
    if kind != "struct_value":
        return decode_value(value)
    fields, mark = value.struct_value.fields, signature(value.struct_value)
    if mark is None:
        return {key: _traced(one) for key, one in fields.items()}
    found = decode_value(value)
    urns = fields["dependencies"].list_value.values if mark == rpc._special_output_value_sig else ()
    if mark != rpc._special_output_value_sig and not isinstance(found, Secret):
        return found
    return Derived(plain(found), isinstance(found, Secret), _sources([one.string_value for one in urns]))


def _sources(urns: Collection[str]) -> frozenset[Source]:
    """The outputs behind dependencies. A resource without a property name stands for its id."""
    named = {(urn, name) for urn, mark, name in (one.partition("#") for one in urns) if mark}
    whole = {urn for urn, _ in named}
    return frozenset(named | {(urn, ID) for urn in urns if "#" not in urn and urn not in whole})


def _overlaid(asked: Any, completed: Any) -> Any:
    """The inputs, with those that the provider added."""
    if isinstance(asked, dict) and isinstance(completed, dict):
        return {key: _overlaid(asked.get(key), value) for key, value in completed.items()}
    return completed if asked is None else asked


def _shown(value: Any, unknown: Unknowns) -> Any:
    """An input as plans show it."""
    if isinstance(value, Derived):
        if value.secret:
            return dict(SECRET)
        return dict(UNKNOWN) if unknown(value.sources) else value.value
    if isinstance(value, dict):
        return {key: _shown(item, unknown) for key, item in sorted(value.items())}
    return [_shown(item, unknown) for item in value] if isinstance(value, list) else value
