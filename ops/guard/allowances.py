"""The findings that a stack's config allows: the entries of `ascent:allow`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from infra.config.models.allowance import Allowance
from ops.guard.model import Finding
from ops.guard.rules import NAMES

# How long an entry that is suggested would hold: a review, and the update after it.
_DAYS = 3
Use = Literal["used", "unused", "expired", "ambiguous", "unknown"]


@dataclass(frozen=True, slots=True)
class Allowed:
    """An entry, and whether it was used.

    use: used; unused, if there is no such finding; expired; ambiguous, if several resources of that name have the
        finding; unknown, if the guard has no finding of that kind.
    urn: of the resource whose finding passes, if it is used.
    """

    entry: Allowance
    use: Use
    urn: str | None = None


def settled(entries: Iterable[Allowance], findings: Sequence[Finding], today: date) -> list[Allowed]:
    """Match each entry with the findings."""
    return [_settled(entry, findings, today) for entry in entries]


def _settled(entry: Allowance, findings: Sequence[Finding], today: date) -> Allowed:
    if entry.what not in NAMES:
        return Allowed(entry, "unknown")
    urns = {one.urn for one in findings if one.rule == entry.what and entry.resource in (one.urn, one.name)}
    if not urns:
        return Allowed(entry, "unused")
    if entry.until < today:
        return Allowed(entry, "expired")
    if len(urns) > 1:
        return Allowed(entry, "ambiguous")
    return Allowed(entry, "used", urns.pop())


def lines(findings: Sequence[Finding], today: date) -> dict[tuple[str, str], str]:
    """The entry of `ascent:allow` that would let each finding pass, as YAML, by rule and URN; its author says why."""
    alike: dict[tuple[str, str], set[str]] = {}
    for one in findings:
        alike.setdefault((one.rule, one.name), set()).add(one.urn)
    until = today + timedelta(days=_DAYS)
    return {
        (one.rule, one.urn): _line(one.rule, one.name if len(alike[one.rule, one.name]) == 1 else one.urn, until)
        for one in findings
    }


def _line(rule: str, resource: str, until: date) -> str:
    # As JSON, which is valid YAML for any name.
    return f'- {{what: {rule}, resource: {json.dumps(resource)}, until: {until}, why: ""}}'
