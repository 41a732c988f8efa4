"""Findings by their cause: one replaced VPC that replaces fifty others is one thing to decide, and not fifty-one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass

from ops.guard.model import ORDER, Finding
from ops.guard.preview import PreviewStep


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """Findings of one kind with one cause.

    findings: one at least.
    cause: the step whose replacement forces those of the others; None where only their
        message is the same.
    """

    findings: tuple[Finding, ...]
    cause: PreviewStep | None = None

    @property
    def first(self) -> Finding:
        """The finding to show for the group: that of the cause, if it has one."""
        return next((one for one in self.findings if self.cause and one.urn == self.cause.urn), self.findings[0])


def grouped(
    findings: Iterable[Finding], steps: Iterable[PreviewStep], passed: Callable[[Finding], str] = lambda _: ""
) -> list[FindingGroup]:
    """Findings by cause: the worst first, and of those the causes that lead to most.

    Args:
        findings: those to group.
        steps: of the whole preview.
        passed: the entry that lets a finding pass; findings with the same entry form one group.
    """
    replaced = {step.urn: step for step in steps if step.op == "replace"}
    roots = {urn: _root(urn, replaced) for urn in replaced}
    leading = {root for urn, root in roots.items() if root != urn}
    found: dict[Hashable, list[Finding]] = {}
    for one in findings:
        root = roots.get(one.urn)
        why = (root,) if root in leading else ("", one.path, one.message)
        found.setdefault((one.rule, one.severity, passed(one), *why), []).append(one)
    groups = [_group(alike, replaced, roots) for alike in found.values()]
    return sorted(groups, key=lambda one: (ORDER[one.first.severity], -len(one.findings)))


def _group(alike: list[Finding], replaced: Mapping[str, PreviewStep], roots: Mapping[str, str]) -> FindingGroup:
    root = roots.get(alike[0].urn)
    # A replacement that no other resource forces is grouped by its message.
    forced = any(roots.get(one.urn, one.urn) != one.urn for one in alike)
    return FindingGroup(tuple(alike), replaced[root] if forced and root else None)


def _root(urn: str, replaced: Mapping[str, PreviewStep]) -> str:
    """The first of the replacements that lead to this one."""
    seen = {urn}
    while True:
        before = next((one for one in replaced[urn].forced_by if one in replaced and one not in seen), None)
        if before is None:
            return urn
        seen.add(before)
        urn = before
