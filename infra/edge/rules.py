"""The shape of a rule, of the rules of a phase, and of the site that they are for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.edge.plans import Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """What the rules are for.

    app: the application's host name.
    storage: host name of what the CDN serves out of storage.
    hosted: whether somebody else's storage is behind it, and not this stack's buckets.
    plan: the zone's plan.
    """

    app: str
    storage: str
    hosted: bool
    plan: Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A rule of a Cloudflare ruleset.

    ref: its identity, which never changes: without one, removing a rule makes all that follow anew.
    why: what it is for, as the dashboard shows it.
    expression: which requests it is about, in Cloudflare's rules language.
    action: what happens to them.
    parameters, ratelimit: how, by the names of the provider's Python SDK.
    """

    ref: str
    why: str
    expression: str
    action: str
    parameters: Mapping[str, Any] | None = None
    ratelimit: Mapping[str, Any] | None = None

    def as_input(self) -> dict[str, Any]:
        """The rule as the provider takes it. What Cloudflare would fill in is said, so that no update shows it."""
        said = {
            "ref": self.ref,
            "description": self.why,
            "expression": self.expression,
            "action": self.action,
            "action_parameters": self.parameters,
            "ratelimit": self.ratelimit,
            "enabled": True,
        }
        return {key: value for key, value in said.items() if value is not None}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruleset:
    """The rules of one phase, in the order in which they are tried.

    key: part of the resource's name.
    name: its name at Cloudflare. Neither this nor the phase ever changes: a zone has one entry point per phase, so a
        replacement would fail, or leave the zone without rules meanwhile.
    phase: when Cloudflare tries the rules.
    """

    key: str
    name: str
    phase: str
    rules: tuple[Rule, ...]

    def as_inputs(self) -> Any:
        """The rules as the provider takes them. Their parameters are too many, and too much alike, to be types."""
        return [rule.as_input() for rule in self.rules]
