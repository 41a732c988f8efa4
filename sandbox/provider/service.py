"""The provider protocol's server side: turns messages into calls and answers, errors into statuses."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from catalog import check, invokes, kubernetes, naming, sdk
from catalog import config as configuration
from catalog import diff as differ
from catalog.constraints import Failure
from catalog.errors import CloudRefusedError
from catalog.naming import Proposal
from catalog.paths import written
from catalog.provider import Provider
from catalog.schema import Schema, resource_schema
from catalog.urns import type_of
from catalog.values import Properties, decode, encode, plain
from sandbox.provider import resources
from sandbox.provider.admission import Namespaces
from sandbox.provider.errors import WorldError
from sandbox.provider.faults import Faults
from sandbox.provider.outage import UnreachableRegions
from sandbox.provider.world import World

_EXPECTED = (CloudRefusedError, WorldError, sdk.SdkError)
_MODES = ("propose", "enforce", "disable")
_KINDS = {differ.ADD: 0, differ.DELETE: 2, differ.UPDATE: 4}  # PropertyDiff.Kind; one more where it replaces
Method = TypeVar("Method", bound=Callable[..., Any])


def _answering(method: Method) -> Method:
    """Turns what `method` raises into a status with one clear message."""

    @functools.wraps(method)
    def wrapped(self: Service, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except _EXPECTED as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except Exception as error:
            if not context.is_active() or type(error) is Exception:  # abort() itself raises a bare Exception
                raise
            context.abort(
                grpc.StatusCode.INTERNAL, f"the sandbox's {self.name} provider failed: {type(error).__name__}: {error}"
            )

    return wrapped  # type: ignore[return-value]


class Service(provider_pb2_grpc.ResourceProviderServicer):
    """The stand-in for one provider."""

    def __init__(
        self,
        name: str,
        world: World,
        faults: Faults,
        stop: threading.Event | None = None,
        outage: UnreachableRegions | None = None,
    ) -> None:
        self.name = name
        self._world = world
        self._faults = faults
        self._outage = outage or UnreachableRegions({})
        self._config: Properties = {}
        self._stop = stop or threading.Event()
        self._namespaces = Namespaces(world)

    @property
    def _provider(self) -> Provider:
        return Provider(self.name, self._config)

    def _schema(self, request: Any) -> Schema:
        token = request.type or type_of(request.urn)
        found = resource_schema(token) if token.split(":", 1)[0] == self.name else None
        if found is None:
            raise CloudRefusedError(f"{token} is not a resource type of {self.name} {sdk.sdk_version(self.name)}")
        return found

    def _before(self, operation: str, token: str) -> None:
        self._outage.before(operation, token, self._config)
        self._faults.before(operation, token)

    # The plugin itself

    @_answering
    def GetPluginInfo(self, _request: Any, _context: Any) -> plugin_pb2.PluginInfo:  # noqa: N802
        """Version of the SDK that this stands in for."""
        return plugin_pb2.PluginInfo(version=sdk.sdk_version(self.name))

    @_answering
    def GetSchema(self, _request: Any, _context: Any) -> provider_pb2.GetSchemaResponse:  # noqa: N802
        """Name and version only: the program uses the real SDK."""
        schema = {"name": self.name, "version": sdk.sdk_version(self.name)}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def Attach(self, _request: plugin_pb2.PluginAttach, _context: Any) -> empty_pb2.Empty:  # noqa: N802
        """Serve another engine: nothing to do, no connection to one is kept."""
        return empty_pb2.Empty()

    def Cancel(self, _request: Any, _context: Any) -> empty_pb2.Empty:  # noqa: N802
        """Operations are too short to be interrupted."""
        return empty_pb2.Empty()

    # Configuration

    @_answering
    def CheckConfig(self, request: provider_pb2.CheckRequest, _context: Any) -> provider_pb2.CheckResponse:  # noqa: N802
        """Refuse a configuration that the provider does not have."""
        raw = decode(request.news)
        parsed = configuration.parsed(self.name, raw)
        found = configuration.failures(self.name, parsed) + self._outage.failures(self.name, parsed)
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(found))

    @_answering
    def DiffConfig(self, request: provider_pb2.DiffRequest, _context: Any) -> provider_pb2.DiffResponse:  # noqa: N802
        """Some changes, such as another region, replace the provider and all it manages."""
        old = configuration.parsed(self.name, decode(request.old_inputs or request.olds))
        new = configuration.parsed(self.name, decode(request.news))
        changed = configuration.changed(old, new)
        replaces = configuration.replacing(self.name, old, new)
        return provider_pb2.DiffResponse(
            changes=_changes(bool(changed)), diffs=changed, replaces=replaces, deleteBeforeReplace=bool(replaces)
        )

    @_answering
    def Configure(self, request: provider_pb2.ConfigureRequest, _context: Any) -> provider_pb2.ConfigureResponse:  # noqa: N802
        """Take the configuration and say what this provider can do."""
        self._config = configuration.parsed(self.name, decode(request.args))
        for failure in self._outage.failures(self.name, self._config):
            raise CloudRefusedError(f"configuring the provider: {failure.reason}")
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True,
            supportsPreview=True,
            acceptResources=True,
            acceptOutputs=False,
            supports_autonaming_configuration=True,
        )

    # Functions

    @_answering
    def Invoke(self, request: provider_pb2.InvokeRequest, _context: Any) -> provider_pb2.InvokeResponse:  # noqa: N802
        """Answer a function call."""
        self._before("invoke", request.tok)
        args = decode(request.args)
        if not invokes.known(args):
            raise CloudRefusedError(f"{request.tok} is called with arguments that are not known yet")
        message = provider_pb2.InvokeResponse()
        args |= self._found(request.tok, plain(args))
        found = invokes.answer(request.tok, args, self._config) | self._listed(request.tok, plain(args))
        getattr(message, "return").CopyFrom(encode(found))
        return message

    def _found(self, token: str, args: Properties) -> Properties:
        """What the world has of the thing that a function is asked about."""
        kind = invokes.sought(token)
        if kind is None:
            return {}
        scope = str(args.get("region") or configuration.region(self._config))
        entry = self._world.transact(lambda view: view.find(kind, str(args.get("id")), scope))
        if entry is None:
            raise CloudRefusedError(f"no matching {kind.rpartition(':')[2]} found: {args.get('id')} in {scope}")
        return entry.properties

    def _listed(self, token: str, args: Properties) -> Properties:
        """What there is in the world, for functions that list things."""
        rule = invokes.listing(token)
        if rule is None:
            return {}
        where = rule["where"]
        entries = self._world.transact(lambda view: list(view.all(rule["type"])))
        there = [one.properties | {"id": key} for key, one in entries if one.properties.get(where) == args.get(where)]
        return {rule["as"]: [{name: one.get(name, "") for name in rule["each"]} for one in there]}

    # Resources

    @_answering
    def Check(self, request: provider_pb2.CheckRequest, _context: Any) -> provider_pb2.CheckResponse:  # noqa: N802
        """Complete the inputs and say everything that is wrong with them."""
        schema = self._schema(request)
        inputs, olds = decode(request.news), decode(request.olds)
        found: list[Failure] = []
        inputs |= self._provider.default_tagged(schema, inputs)
        if self.name == "kubernetes":
            kubernetes.complete(schema.token, inputs, olds, request.urn, request.randomSeed, plain(self._config))
        proposal = Proposal()
        if request.HasField("autonaming"):
            proposal = Proposal(_MODES[request.autonaming.mode], request.autonaming.proposed_name)
        problem = naming.autoname(schema, request.urn, inputs, olds, request.randomSeed, proposal)
        if problem:
            found.append(problem)
        found += check.failures(schema, inputs)
        if self.name == "kubernetes" and not found:
            found += self._namespaces.failures(schema.token, inputs, self._provider.scope(schema, inputs))
        return provider_pb2.CheckResponse(inputs=encode(inputs), failures=_failures(found))

    @_answering
    def Diff(self, request: provider_pb2.DiffRequest, _context: Any) -> provider_pb2.DiffResponse:  # noqa: N802
        """What an update would change, and whether that takes a replacement."""
        schema = self._schema(request)
        olds, old_inputs, news = decode(request.olds), decode(request.old_inputs), decode(request.news)
        regions = None
        if self.name == "aws":
            here = configuration.region(self._config)
            regions = (str(plain(olds.get("region")) or here), here)
        ignored, config = list(request.ignoreChanges), plain(self._config)
        outcome = differ.compare(schema, old_inputs, news, ignored, config, regions, olds)
        if outcome.errors:
            raise CloudRefusedError("; ".join(dict.fromkeys(outcome.errors)))
        changes = outcome.changes

        def named(change: differ.PropertyChange) -> str:
            return written(self.name, change.path if self.name == "kubernetes" else change.path[:1])

        return provider_pb2.DiffResponse(
            changes=_changes(bool(changes)),
            diffs=sorted({str(change.path[0]) for change in changes}),
            replaces=sorted({named(change) for change in changes if change.replaces}),
            deleteBeforeReplace=outcome.delete_first,
            detailedDiff={
                written(self.name, change.path): provider_pb2.PropertyDiff(
                    kind=_KINDS[change.kind] + (1 if change.replaces else 0),  # type: ignore[arg-type]
                    inputDiff=True,
                )
                for change in changes
            },
            hasDetailedDiff=True,
        )

    @_answering
    def Create(self, request: provider_pb2.CreateRequest, _context: Any) -> provider_pb2.CreateResponse:  # noqa: N802
        """Create it, or return what a preview would show."""
        schema = self._schema(request)
        inputs = decode(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(
                properties=encode(resources.preview_create(self._provider, schema, inputs))
            )
        self._before("create", schema.token)
        identifier, state = resources.create(self._provider, self._world, schema, request.urn, inputs)
        self._faults.after("create", schema.token)
        return provider_pb2.CreateResponse(id=identifier, properties=encode(state))

    @_answering
    def Read(self, request: provider_pb2.ReadRequest, _context: Any) -> provider_pb2.ReadResponse:  # noqa: N802
        """What exists under an id; an empty answer when nothing does."""
        schema = self._schema(request)
        self._before("read", schema.token)
        state, inputs = decode(request.properties), decode(request.inputs)
        found = resources.read(self._provider, self._world, schema, request.id, state, inputs)
        self._faults.after("read", schema.token)
        if found is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(id=request.id, properties=encode(found[0]), inputs=encode(found[1]))

    @_answering
    def Update(self, request: provider_pb2.UpdateRequest, _context: Any) -> provider_pb2.UpdateResponse:  # noqa: N802
        """Update it, or return what a preview would show."""
        schema = self._schema(request)
        if not request.preview:
            self._before("update", schema.token)
        state = resources.update(
            self._provider,
            self._world,
            schema,
            request.urn,
            request.id,
            decode(request.olds),
            decode(request.old_inputs),
            decode(request.news),
            preview=request.preview,
        )
        if not request.preview:
            self._faults.after("update", schema.token)
        return provider_pb2.UpdateResponse(properties=encode(state))

    @_answering
    def Delete(self, request: provider_pb2.DeleteRequest, _context: Any) -> empty_pb2.Empty:  # noqa: N802
        """Delete it."""
        schema = self._schema(request)
        self._before("delete", schema.token)
        resources.delete(self._provider, self._world, schema, request.id, decode(request.properties))
        self._faults.after("delete", schema.token)
        return empty_pb2.Empty()


def _failures(found: list[Failure]) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(property=failure.property, reason=failure.reason) for failure in found]


def _changes(some: bool) -> Any:  # noqa: FBT001
    response = provider_pb2.DiffResponse
    return response.DIFF_SOME if some else response.DIFF_NONE
