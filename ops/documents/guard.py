"""docs/guard.md: the guard's own findings, and the properties that it compares."""

from __future__ import annotations

from ops.documents.model import Document, table
from ops.guard.rules import OWN, connections, cost
from ops.guard.rules.protection import ANYWHERE
from policy.monotonic import GUARDS


def findings() -> str:
    """The guard's own findings, and the line that lets each pass."""
    of_stack = {rule.name for rule in (*connections.RULES, *cost.RULES)}
    rows = []
    for rule in OWN:
        resource = "ascent-prod" if rule.name in of_stack else "NAME"
        allowed = f'`{{what: {rule.name}, resource: {resource}, until: DAY, why: "..."}}`'
        rows.append([f"`{rule.name}`", rule.severity, rule.reason, allowed])
    return table(["finding", "severity", "why", "let pass by"], rows)


def compared() -> str:
    """Properties that may not get weaker, by what they protect from."""
    by_about: dict[str, list[str]] = {}
    for guard in (*GUARDS, *ANYWHERE):
        if guard.about != "size":
            by_about.setdefault(guard.about, []).append(f"`{guard.path}`")
    rows = [[about, ", ".join(dict.fromkeys(paths))] for about, paths in by_about.items()]
    return table(["about", "properties that may not get weaker"], rows)


DOCUMENT = Document(file="docs/guard.md", tables={"findings": findings, "compared": compared})
