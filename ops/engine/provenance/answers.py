"""The outputs of a resource once it exists, by the catalog's tables: the same in every render."""

from __future__ import annotations

from dataclasses import dataclass

from catalog import kubernetes, naming, outputs
from catalog.provider import Provider
from catalog.schema import Schema
from catalog.values import Properties, plain
from ops.engine.provenance.model import ID


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """A resource that exists.

    state: all its properties. added: names of those that only its provider knows.
    """

    id: str
    state: Properties
    added: frozenset[str]


def answer(provider: Provider, schema: Schema, urn: str, inputs: Properties) -> ProviderAnswer:
    """The resource that these inputs make. Completes `inputs` as its provider does when it checks them."""
    named = _complete(provider, schema, urn, inputs)
    if provider.stateless:
        # Random values: any will do that is always the same.
        identifier, extra = "none", {name: f"{name} of {urn}" for name in schema.computed}
    else:
        place, seed = provider.place(schema, inputs), f"{urn}#0"
        identifier = outputs.identifier(schema, inputs, seed, place)
        extra = outputs.computed(schema, inputs, outputs.context(schema, inputs, seed, place, identifier))
        extra |= provider.tagged(schema, inputs)
        if provider.name == "aws" and "region" in schema.inputs:
            extra["region"] = place["region"]
    added = {name.partition(".")[0] for name in extra}
    return ProviderAnswer(
        identifier, outputs.seal(schema, outputs.merge(inputs, extra)), frozenset({ID, *added, *named})
    )


def _complete(provider: Provider, schema: Schema, urn: str, inputs: Properties) -> list[str]:
    """Complete inputs. Returns which of them has a name that the provider chose."""
    inputs |= provider.default_tagged(schema, inputs)
    if provider.name == "kubernetes":
        kubernetes.complete(schema.token, inputs, {}, urn, b"", plain(provider.config))
        metadata = inputs.get("metadata")
        annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
        return ["metadata"] if kubernetes.AUTONAMED in (annotations or {}) else []
    naming.autoname(schema, urn, inputs, {}, b"", naming.Proposal())
    return list(inputs.get(naming.DEFAULTS, []))
