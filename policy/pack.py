"""The policies as a CrossGuard pack: `pulumi preview --policy-pack policy`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi_policy as crossguard
from pulumi_policy import policy as sdk
from pulumi_policy.proxy import _DictProxy, _is_unknown, _ListProxy

from infra.config.loading import parse
from infra.config.problems import SettingsError
from policy.judge import broken, facts
from policy.model import UNKNOWN, Facts, PolicyRule, Props, Severity, StackRule
from policy.rules import RULES, STACK_RULES

NAME = "ascent"
# Severities that stop an update. `--policy-pack-config` can change that for single policies.
_STOPS: tuple[Severity, ...] = ("critical", "high")


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """A resource as the engine shows it to the pack."""

    urn: str
    type: str
    name: str
    inputs: Props
    region: str | None
    protect: bool


@dataclass(slots=True)
class Known:
    """The facts about the stack. Everything else waits until the engine sends its config."""

    facts: Facts = field(default_factory=Facts)


def serve() -> None:
    """Answer the engine until it ends."""
    known = Known()
    _listen(known)
    crossguard.PolicyPack(name=NAME, policies=policies(known))


def policies(known: Known) -> list[crossguard.Policy]:
    """All policies, for the stack that `known` will describe."""
    return [*(_resource_policy(rule, known) for rule in RULES), *(_stack_policy(rule, known) for rule in STACK_RULES)]


def facts_of(project: str, config: Mapping[str, str], encrypted: Iterable[str]) -> Facts:
    """The facts from the engine's config. To a stack that is not Ascent's, only the rules of every stage apply.

    Args:
        project: name of the project.
        config: values by whole key, as the engine sends them: text, or JSON for lists and maps.
        encrypted: the keys among them that are secret.
    """
    prefix = f"{project}:"
    values = {key.removeprefix(prefix): _decoded(text) for key, text in config.items() if key.startswith(prefix)}
    try:
        return facts(parse(values, "the stack's config", {key.removeprefix(prefix) for key in encrypted}))
    except SettingsError:
        return Facts()


def plain(value: Any) -> Any:
    """A value as checks read it: without the SDK's wrappers, whole numbers as integers, `UNKNOWN` for unknown ones."""
    if isinstance(value, _DictProxy | _ListProxy):
        return plain(value["__target"])
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return dict(UNKNOWN) if _is_unknown(value) else value


def _listen(known: Known) -> None:
    """Read the stack's config from the engine's message; Python's SDK drops it."""
    inherited = sdk._PolicyAnalyzerServicer.ConfigureStack

    def configure(servicer: Any, request: Any, context: Any) -> Any:
        known.facts = facts_of(request.project, dict(request.config), request.config_secret_keys)
        return inherited(servicer, request, context)

    setattr(sdk._PolicyAnalyzerServicer, "ConfigureStack", configure)  # noqa: B010  mypy allows no assignment


def _resource_policy(rule: PolicyRule, known: Known) -> crossguard.ResourceValidationPolicy:
    def validate(args: crossguard.ResourceValidationArgs, report: crossguard.ReportViolation) -> None:
        if args.resource_type in rule.types:
            message = broken(rule, _declared(args), known.facts)
            if message is not None:
                report(message, None)

    return crossguard.ResourceValidationPolicy(validate=validate, **_about(rule))


def _stack_policy(rule: StackRule, known: Known) -> crossguard.StackValidationPolicy:
    def validate(args: crossguard.StackValidationArgs, report: crossguard.ReportViolation) -> None:
        if rule.when(known.facts):
            for urn, message in rule.check([_declared(one) for one in args.resources], known.facts):
                report(message, urn)

    return crossguard.StackValidationPolicy(validate=validate, **_about(rule))


def _about(rule: PolicyRule | StackRule) -> dict[str, Any]:
    level = crossguard.EnforcementLevel
    return {
        "name": rule.name,
        "description": rule.reason,
        "severity": crossguard.Severity(rule.severity),
        "enforcement_level": level.MANDATORY if rule.severity in _STOPS else level.ADVISORY,
        "framework": crossguard.PolicyComplianceFramework(reference=", ".join(rule.frameworks)),
    }


def _declared(one: crossguard.ResourceValidationArgs | crossguard.PolicyResource) -> Declared:
    provider = plain(one.provider.props) if one.provider is not None else {}
    region = provider.get("region")
    return Declared(
        urn=one.urn,
        type=one.resource_type,
        name=one.name,
        inputs=plain(one.props),
        region=region if isinstance(region, str) else None,
        protect=one.opts.protect,
    )


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
