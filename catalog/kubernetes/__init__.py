"""What only Kubernetes checks: objects against the API's own schemas, and what its validation adds to them."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.constraints import Failure
from catalog.kubernetes import names, networking, objects, pods, schemas, tables, workloads
from catalog.kubernetes.objects import AUTONAMED, complete, is_namespaced, kind_of, object_id
from catalog.schema import Schema
from catalog.values import Properties, Unknown, plain

__all__ = ["AUTONAMED", "complete", "failures", "is_namespaced", "kind_of", "object_id"]

_RULES = tables.RULES | workloads.RULES | networking.RULES


def failures(schema: Schema, inputs: Properties) -> Iterator[Failure]:
    """Every reason why the API server would refuse this object."""
    if schema.token.startswith(objects.HELM):
        return
    bare = plain({name: value for name, value in inputs.items() if not name.startswith("__")})
    version, kind = kind_of(schema.token)
    yield from names.metadata(kind, bare)
    against = schemas.validator(version, kind)
    if against is None:
        if not schema.open:
            yield Failure("kind", f'no matches for kind "{kind}" in version "{version}"')
        return
    found = list(schemas.violations(against, bare))
    yield from found
    if found or isinstance(bare.get("spec"), Unknown):
        return  # the rules presume the right shape
    yield from tables.violations(kind, bare)
    for rule in _RULES.get(kind, ()):
        yield from rule(bare)
    for where, template in objects.template_of(kind, bare):
        yield from pods.violations(where, template)
