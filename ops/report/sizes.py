"""How big everything may get."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.capacity.connections import SERVERLESS
from infra.config.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class SizeRow:
    """One size.

    least, most: bounds; None where there is one number, which `most` has.
    unit: what they count. kind: what each is. own: whether the stack's file sets a part of it.
    """

    what: str
    least: float | None
    most: float
    unit: str
    kind: str
    own: bool


def sizes(settings: Settings) -> list[SizeRow]:
    """The sizes of what the stack has."""
    own = {name for name, fields in settings.overrides().items() if fields}
    return [
        SizeRow(what=what, least=least, most=most, unit=unit, kind=kind, own=not own.isdisjoint(sections.split()))
        for sections, what, least, most, unit, kind in _rows(settings)
    ]


def _rows(settings: Settings) -> Iterator[tuple[str, str, float | None, float, str, str]]:
    size, runtime = settings.sizes, settings.runtime
    if runtime.on_ec2:
        fleet = size.fleet
        yield (
            "fleet",
            "Instances",
            fleet.minimum,
            fleet.maximum,
            "per region and color",
            ", ".join(fleet.instance_types),
        )
    if runtime.on_kubernetes:
        pod = f"{size.pods.cpu:g} vCPU, {size.pods.memory:,} MiB"
        yield "hpa pods", "Pods", size.hpa.minimum, size.hpa.maximum, "per region and color", pod
    if settings.makes_clusters:
        yield "nodes", "Nodes, together", None, size.nodes.cpu, "vCPUs a region", f"{size.nodes.memory:,} GiB of memory"
    if settings.external_database is None:
        database = size.database
        if database.instance_class == SERVERLESS:
            kind = "Aurora Serverless, 2 GiB of memory each"
            yield "database", "Database capacity", database.min_acu, database.max_acu, "ACUs an instance", kind
        else:
            yield "database", "Database", None, 1, "writer", database.instance_class
        if size.readers is not None:
            readers = size.readers
            yield "readers", "Readers", readers.minimum, readers.maximum, "of the database", "follow their load"
    if size.cache is not None and settings.external_cache is None:
        kind = "Redis in the cluster" if size.cache.in_cluster else size.cache.node_type
        yield "cache", "Cache", None, size.cache.nodes, "nodes a region", kind
    if size.workers is not None:
        yield "workers", "Workers", size.workers.minimum, size.workers.maximum, "of the queues", "grow with the queues"
