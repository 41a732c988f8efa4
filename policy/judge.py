"""Applies all policies to resources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from infra.authoritative import authoritative_regions
from infra.config.settings import Settings
from policy.model import Facts, PolicyRule, Resource, Severity, StackRule
from policy.rules import RULES, STACK_RULES


@dataclass(frozen=True, slots=True)
class Violation:
    """A resource that breaks a policy, and how."""

    rule: str
    severity: Severity
    urn: str
    message: str
    reason: str


def facts(settings: Settings) -> Facts:
    """The facts about a stack that policies need, from its settings."""
    return Facts(
        stage=settings.stage,
        capabilities=frozenset(one.value for one in settings.row.capabilities),
        protect=settings.protect,
        on_ec2=settings.runtime.on_ec2,
        on_kubernetes=settings.runtime.on_kubernetes,
        regions=settings.active_regions,
        authoritative=authoritative_regions(settings),
    )


def broken(rule: PolicyRule, one: Resource, known: Facts) -> str | None:
    """How a resource breaks a rule, or None."""
    if one.type not in rule.types or not rule.when(known) or (rule.guards and not known.keeps(one.region)):
        return None
    return rule.check(one.inputs)


def judge(
    found: Sequence[Resource],
    known: Facts,
    rules: Sequence[PolicyRule] = RULES,
    stack_rules: Sequence[StackRule] = STACK_RULES,
) -> Iterator[Violation]:
    """Every violation among a stack's resources."""
    for one in found:
        for rule in rules:
            message = broken(rule, one, known)
            if message is not None:
                yield Violation(rule.name, rule.severity, one.urn, message, rule.reason)
    for whole in stack_rules:
        if whole.when(known):
            for urn, message in whole.check(found, known):
                yield Violation(whole.name, whole.severity, urn, message, whole.reason)
