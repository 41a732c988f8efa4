"""docs/policy.md: all policies, and what no move up may weaken."""

from __future__ import annotations

from ops.documents.model import Document, table
from policy.monotonic import GUARDS
from policy.rules import RULES, STACK_RULES


def policies() -> str:
    """All policies."""
    rows = [(rule.name, rule.severity, rule.reason, rule.frameworks) for rule in RULES]
    rows += [(rule.name, rule.severity, rule.reason, rule.frameworks) for rule in STACK_RULES]
    lines = [[f"`{name}`", severity, reason, ", ".join(asked)] for name, severity, reason, asked in rows]
    return table(["policy", "severity", "why", "asked for by"], lines)


def guards() -> str:
    """Properties that no move up may weaken."""
    by_type: dict[str, list[str]] = {}
    for guard in GUARDS:
        for type_ in guard.types:
            by_type.setdefault(type_.rpartition(":")[2], []).append(f"`{guard.path}`")
    rows = [[type_, ", ".join(paths)] for type_, paths in sorted(by_type.items())]
    return table(["resource", "what may not get weaker"], rows)


DOCUMENT = Document(file="docs/policy.md", tables={"policies": policies, "guards": guards})
