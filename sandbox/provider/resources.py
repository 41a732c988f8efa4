"""The life of a resource: created, read, updated and deleted in the world."""

from __future__ import annotations

from itertools import count

from catalog import kubernetes, naming, outputs, tables
from catalog.errors import CloudRefusedError
from catalog.provider import Provider
from catalog.schema import Schema
from catalog.values import UNKNOWN, Properties, digest, masked, plain, restored
from sandbox.provider import local_cluster, randoms, refusals
from sandbox.provider.world import Entry, World, WorldView


def preview_create(provider: Provider, schema: Schema, inputs: Properties) -> Properties:
    """State of a resource yet to be created."""
    state = outputs.preview(schema, inputs) | provider.tagged(schema, inputs)
    if provider.name == "aws" and "region" in schema.inputs:
        state["region"] = inputs.get("region") or provider.region(schema, inputs)
    return outputs.seal(schema, state)


def create(provider: Provider, world: World, schema: Schema, urn: str, inputs: Properties) -> tuple[str, Properties]:
    """Id and state of a new resource.

    Raises:
        CloudRefusedError: as the cloud would.
    """
    if provider.stateless:
        identifier, extra = randoms.generate(schema.token, inputs)
        return identifier, outputs.seal(schema, outputs.merge(inputs, extra))
    scope = provider.scope(schema, inputs)

    def run(view: WorldView) -> tuple[str, Properties]:
        refusals.unique(view, schema, inputs, scope)
        refusals.references(view, schema, inputs)
        refusals.requirements(view, schema, inputs)
        identifier, seed = _identifier(provider, view, schema, urn, inputs, scope)
        state = _state(provider, schema, inputs, seed, identifier)
        view.put(schema.token, identifier, _entry(schema, inputs, state, scope))
        return identifier, state

    return world.transact(run)


def _identifier(
    provider: Provider, view: WorldView, schema: Schema, urn: str, inputs: Properties, scope: str
) -> tuple[str, str]:
    """Id of a new resource, and the seed that its random-looking outputs come from."""
    if provider.name == "kubernetes" and not schema.token.startswith("kubernetes:helm.sh/"):
        identifier = kubernetes.object_id(inputs)
        if view.find(schema.token, identifier, scope) and not provider.config.get("upsertExistingObjects"):
            _, kind = kubernetes.kind_of(schema.token)
            raise CloudRefusedError(f'{kind} "{identifier}" already exists')
        namespace = identifier.split("/")[0] if "/" in identifier else ""
        known = tables.common()["kubernetes"]["namespaces"]
        if namespace and namespace not in known and not view.find("kubernetes:core/v1:Namespace", namespace, scope):
            raise CloudRefusedError(f'namespaces "{namespace}" not found')
        return identifier, f"{urn}#{identifier}"
    tried = ""
    for attempt in count():
        seed = f"{urn}#{attempt}"
        identifier = outputs.identifier(schema, inputs, seed, provider.place(schema, inputs))
        if not view.find(schema.token, identifier, scope):
            return identifier, seed
        if identifier == tried:
            raise CloudRefusedError(f"{outputs.kind(schema.token)} {identifier} already exists")
        tried = identifier
    raise AssertionError  # count() never ends


def _state(provider: Provider, schema: Schema, inputs: Properties, seed: str, identifier: str) -> Properties:
    given = outputs.context(schema, inputs, seed, provider.place(schema, inputs), identifier)
    extra = outputs.computed(schema, inputs, given)
    extra |= local_cluster.answers(schema.token)
    extra.pop("tagsAll", None)
    extra |= provider.tagged(schema, inputs)
    if provider.name == "aws" and "region" in schema.inputs:
        extra.setdefault("region", provider.region(schema, inputs))
    return outputs.seal(schema, outputs.merge(inputs, extra))


def _entry(schema: Schema, inputs: Properties, state: Properties, scope: str) -> Entry:
    asked = {name: masked(value) for name, value in inputs.items() if name != naming.DEFAULTS}
    seen = {name: masked(value) for name, value in state.items()}
    added = {name: value for name, value in seen.items() if name not in asked or asked[name] != value}
    # An input that the provider only sealed is no addition.
    added = {name: value for name, value in added.items() if not _same_but_sealed(inputs.get(name), value)}
    asked |= {name: seen[name] for name in asked if name not in added}
    return Entry(scope, str(plain(naming.physical(schema.token, inputs))), asked, added)


def _same_but_sealed(asked: object, seen: object) -> bool:
    return asked is not None and isinstance(seen, str) and seen == digest(asked)


def read(
    provider: Provider, world: World, schema: Schema, identifier: str, state: Properties, inputs: Properties
) -> tuple[Properties, Properties] | None:
    """State and inputs of what exists under `identifier`, or None when nothing does."""
    if provider.stateless:
        return outputs.seal(schema, state), inputs
    scope = provider.scope(schema, inputs or state)
    entry = world.transact(lambda view: view.find(schema.token, identifier, scope))
    if entry is None:
        return None
    found = restored(entry.properties, state)
    asked = restored(entry.inputs, inputs or state)
    if inputs.get(naming.DEFAULTS):
        asked[naming.DEFAULTS] = inputs[naming.DEFAULTS]
    return outputs.seal(schema, found), asked


def _there(view: WorldView, schema: Schema, identifier: str, scope: str) -> Entry:
    there = view.find(schema.token, identifier, scope)
    if there is None:
        raise CloudRefusedError(
            f"{outputs.kind(schema.token)} {identifier} does not exist (any more): refresh the stack"
        )
    return there


def update(
    provider: Provider,
    world: World,
    schema: Schema,
    urn: str,
    identifier: str,
    olds: Properties,
    old_inputs: Properties,
    news: Properties,
    *,
    preview: bool,
) -> Properties:
    """State of the resource with its new inputs.

    Raises:
        CloudRefusedError: as the cloud would.
    """
    kept = outputs.kept(schema, olds, old_inputs)
    anew = outputs.stale(schema, news, old_inputs)
    extra = {name: value for name, value in kept.items() if name not in news} | provider.tagged(schema, news)
    if preview:
        if provider.name == "kubernetes" and not schema.token.startswith("kubernetes:helm.sh/"):
            # The real one tries each update out at the API server, and so looks for the object.
            world.transact(lambda view: _there(view, schema, identifier, provider.scope(schema, news)))
        extra |= dict.fromkeys(anew, UNKNOWN)
        return outputs.seal(schema, _merged(schema, news, olds, extra))
    if anew:
        given = outputs.context(schema, news, f"{urn}#0", provider.place(schema, news), identifier)
        given.outputs = dict(kept)
        extra |= outputs.computed(schema, news, given, anew)
    state = outputs.seal(schema, _merged(schema, news, olds, extra))
    if provider.stateless:
        return state
    scope = provider.scope(schema, news)

    def run(view: WorldView) -> None:
        there = _there(view, schema, identifier, scope)
        refusals.waits(schema, there, olds, news)
        refusals.unique(view, schema, news, scope, identifier)
        refusals.references(view, schema, news)
        refusals.requirements(view, schema, news, identifier)
        view.put(schema.token, identifier, _entry(schema, news, state, scope))

    world.transact(run)
    return state


def _merged(schema: Schema, news: Properties, olds: Properties, extra: Properties) -> Properties:
    """New inputs, what the provider had added beside them, and what it had added within them."""
    nested = {}
    for path in tables.row(schema.token).get("outputs", {}):
        top, _, rest = path.partition(".")
        value = olds.get(top)
        if rest and top in news and isinstance(value, dict) and rest in value:
            nested[path] = value[rest]
    return outputs.merge(news, {**extra, **nested})


def delete(provider: Provider, world: World, schema: Schema, identifier: str, olds: Properties) -> None:
    """Delete the resource; one that does not exist is fine.

    Raises:
        CloudRefusedError: when it is protected or in use.
    """
    if provider.stateless:
        return
    scope = provider.scope(schema, olds)

    def run(view: WorldView) -> None:
        entry = view.find(schema.token, identifier, scope)
        if entry is None:
            return
        refusals.deletion(view, schema, identifier, entry)
        view.remove(schema.token, identifier, scope)
        if refusals.lingers(schema.token, entry):
            view.put(schema.token + refusals.LINGERING, identifier, entry)

    world.transact(run)
