"""Physical names, as the provider makes them of a resource's own: whether AWS takes them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from catalog import naming
from catalog.schema import resource_schema
from tests.aws.judges import limits
from tests.aws.judges.calls import broken
from tests.aws.judges.model import CALLS, OWN, REGISTRY, Finding
from tests.aws.translate import translated
from tests.aws.values import plain, wrapped

URN = "urn:pulumi:test::ascent::{type}::{name}"


@cache
def property_of(type_: str) -> str | None:
    """The input that the provider fills in with a name; None for types that have none."""
    schema = resource_schema(type_)
    how = naming.rule(schema) if schema else None
    return how.property if how else None


def findings(type_: str, name: str, inputs: dict[str, object]) -> Iterator[Finding]:
    """What is wrong with the name of a resource that its program does not name."""
    schema, given = resource_schema(type_), property_of(type_)
    if schema is None or given is None:
        return
    named = plain(wrapped(inputs))
    refused = naming.autoname(schema, URN.format(type=type_, name=name), named, {}, b"", naming.Proposal())
    if refused is not None:
        yield Finding(OWN, refused.property, refused.reason)
    elif named[given] != inputs.get(given):
        yield from _judged(type_, given, named[given])


def _judged(type_: str, given: str, name: str) -> Iterator[Finding]:
    yield from limits.findings(type_, {given: name}, alone=True)
    for view in translated(type_, {given: name}):
        for place in view.places:
            if place.origin == (given,):
                source = CALLS if view.is_call else REGISTRY
                for one in broken(place.shape.facts, name, whole=view.is_call):
                    yield Finding(source, f"{view.name}.{place.target[-1]}", one)
