"""All rules of the guard. A new one is a row in one of these files; if it needs no state before, in policy/rules."""

from __future__ import annotations

from ops.guard.model import GuardRule
from ops.guard.rules import capacity, connections, cost, data, policies, protection, renames, versions

# Rules that compare before and after, which only the guard can do.
OWN: tuple[GuardRule, ...] = (
    *data.RULES,
    *renames.RULES,
    *versions.RULES,
    *protection.RULES,
    *connections.RULES,
    *capacity.RULES,
    *cost.RULES,
)
RULES: tuple[GuardRule, ...] = (*OWN, *policies.RULES)
NAMES = frozenset(rule.name for rule in RULES)
