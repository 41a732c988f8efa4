"""docs/truth.md: who says what the sandbox's rows say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from catalog import tables
from ops.documents.model import Document, table

_AREAS = {"aws": "AWS", "cloudflare": "Cloudflare"}


def rows_table() -> str:
    """Rows about what is refused and what is replaced, by where each is from."""
    refused = {
        "generated": _by_area(tables.generated().items()),
        "documented": _by_area((type_, _sourced(rows)) for type_, rows in tables.documented().items()),
        "none": _by_area((type_, _unsourced(rows)) for type_, rows in tables.documented().items()),
    }
    replaced = {
        "generated": Counter[str](),
        "documented": _by_area((type_, [row]) for type_, row in tables.replacement().items() if row.get("source")),
        "none": _by_area((type_, [row]) for type_, row in tables.replacement().items() if not row.get("source")),
    }
    lines = [
        [f"what {title} refuses", *(refused[kind][area] for kind in refused)] for area, title in _AREAS.items()
    ] + [
        [f"what {title} replaces on, types", *(replaced[kind][area] for kind in replaced)]
        for area, title in {**_AREAS, "kubernetes": "Kubernetes", "random": "random"}.items()
    ]
    return table(["rows", "made from models", "by hand, with the document", "without a source"], lines)


def _by_area(rows: Iterable[tuple[str, list[Any]]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for type_, some in rows:
        found[type_.partition(":")[0]] += len(some)
    return found


def _sourced(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [row for row in rows if row.get("source")]


def _unsourced(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [row for row in rows if not row.get("source")]


DOCUMENT = Document(file="docs/truth.md", tables={"rows": rows_table})
