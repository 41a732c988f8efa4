"""The shape of a rule, of the rules of a phase, and of the site that they are for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from infra.application import PROFILES, Application, Profile
from infra.edge.plans import ZonePlan


class Mode(StrEnum):
    """What happens to a request that a rule is about.

    LOG: it is written down, and let through.
    CHALLENGE: a browser has to show that it is one; what cannot show a page, such as a script's request, is refused.
    ENFORCE: as the rule says, which is mostly a refusal.
    """

    LOG = "log"
    CHALLENGE = "challenge"
    ENFORCE = "enforce"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hosts:
    """The host names of one stack.

    prefix: what the references of its rules begin with; nothing for the stack that writes them.
    app, storage: as a site's.
    buckets: names of its public buckets.
    """

    prefix: str
    app: str
    storage: str
    buckets: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RulesetScope:
    """What the rules are for.

    app: the application's host name.
    storage: host name of what the CDN serves out of storage.
    application: whose paths they are; those of other stacks in the zone are taken for the same.
    zone: name of the zone that both are in.
    hosted: whether external storage is behind it, and not this stack's buckets.
    plan: the zone's plan.
    others: hosts of other stacks in the zone, which are treated alike.
    rates, managed: what the rate limits and the managed rules do.
    """

    app: str
    storage: str
    zone: str
    hosted: bool
    plan: ZonePlan
    others: tuple[Hosts, ...] = ()
    rates: Mode = Mode.ENFORCE
    managed: Mode = Mode.ENFORCE
    application: Application = PROFILES[Profile.RUNBOOKS]

    @property
    def hosts(self) -> tuple[Hosts, ...]:
        """The hosts of every stack, this one's first."""
        return (Hosts(prefix="", app=self.app, storage=self.storage), *self.others)

    @property
    def apps(self) -> tuple[str, ...]:
        """Host names of applications."""
        return tuple(one.app for one in self.hosts)

    @property
    def storages(self) -> tuple[str, ...]:
        """Host names of public files."""
        return tuple(one.storage for one in self.hosts)


@dataclass(frozen=True, kw_only=True, slots=True)
class EdgeRule:
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
    rules: tuple[EdgeRule, ...]

    def as_inputs(self) -> Any:
        """The rules as the provider takes them. Their parameters are too many, and too much alike, to be types."""
        return [rule.as_input() for rule in self.rules]
