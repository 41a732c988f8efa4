"""All policies. A new one is a row in one of these files, and a bad example in tests/policy/bad.py."""

from __future__ import annotations

from policy.model import PolicyRule, StackRule
from policy.rules import compute, data, edge, kubernetes, network, operations, stack

RULES: tuple[PolicyRule, ...] = (
    *network.RULES,
    *compute.RULES,
    *data.RULES,
    *operations.RULES,
    *edge.RULES,
    *kubernetes.RULES,
)
STACK_RULES: tuple[StackRule, ...] = stack.RULES


def service(type_: str) -> str:
    """The service that a type belongs to: `aws:rds`, or the whole package where it has no services."""
    package, _, rest = type_.partition(":")
    return f"{package}:{rest.partition('/')[0]}" if package == "aws" else package


def services() -> set[str]:
    """Services that have a rule."""
    types = [type_ for rule in RULES for type_ in rule.types] + [type_ for rule in STACK_RULES for type_ in rule.types]
    return {service(type_) for type_ in types}
