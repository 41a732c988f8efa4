"""Names that are derived from others, and always fit."""

from __future__ import annotations

import hashlib

LONGEST = 63  # bytes of a PostgreSQL identifier
# What follows the name of something that is being built, and of the old part of a converted table.
NEXT, HISTORY = "_next", "_history"


def fitted(name: str) -> str:
    """`name`, with its end replaced by a checksum when PostgreSQL would cut it."""
    if len(name.encode()) <= LONGEST:
        return name
    kept = name.encode()[: LONGEST - 9].decode(errors="ignore")
    return f"{kept}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def aside(name: str) -> str:
    """What a part of a converted table is called, once its name belongs to the new table's."""
    return fitted(name + HISTORY)
