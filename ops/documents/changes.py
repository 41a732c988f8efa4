"""docs/changes.md: the drift that is expected."""

from __future__ import annotations

from ops.documents.model import Document, table
from ops.drift.ledger import LEDGER


def ledger() -> str:
    """Expected drift, by type."""
    rows = [
        [f"`{row.type}`", f"`{row.path}`{' (in a rollout)' if row.in_rollout else ''}", row.owner, row.reason]
        for row in LEDGER
    ]
    return table(["type", "property", "changed by", "why"], rows)


DOCUMENT = Document(file="docs/changes.md", tables={"ledger": ledger})
