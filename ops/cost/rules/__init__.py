"""Price rules: from a resource's inputs to amounts of priced items. A new type is one row in one of these files."""

from __future__ import annotations

from ops.cost.around import Rule
from ops.cost.rules import compute, data, edge, network, operations

_PARTS = (compute, data, edge, network, operations)
RULES: dict[str, Rule] = {type_: rule for part in _PARTS for type_, rule in part.RULES.items()}
# type: why it has no price of its own
FREE: dict[str, str] = {type_: reason for part in _PARTS for type_, reason in part.FREE.items()}
_FREE_PREFIXES = {"kubernetes:": "runs on nodes, which are priced with the cluster"}


def free(type_: str) -> str | None:
    """Why a type has no price of its own, or None where it has one or that is not known."""
    if type_ in RULES:
        return None
    prefix = next((reason for start, reason in _FREE_PREFIXES.items() if type_.startswith(start)), None)
    return FREE.get(type_, prefix)
