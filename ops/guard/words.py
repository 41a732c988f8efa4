"""The texts about a verdict that all its forms share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from infra.stages import STAGES
from ops.cost import CostSpan, Estimate
from ops.guard.causes import FindingGroup, grouped
from ops.guard.judge import GuardVerdict
from ops.guard.markdown import clean
from ops.guard.model import Finding, kind
from ops.guard.preview import OPS
from policy.rules import RULES, STACK_RULES

# How many resources are named at most.
_NAMED = 5
_POLICIES = {rule.name for rule in RULES} | {rule.name for rule in STACK_RULES}


def headline(verdict: GuardVerdict) -> str:
    """The answer."""
    stopping = len(verdict.stopping)
    if verdict.answer == "incomplete":
        seen = f"; as far as it goes, {_count(stopping, 'finding')} would stop it" if stopping else ""
        return f"the preview is not complete, so nothing is let pass{seen}"
    if verdict.answer == "stopped":
        return f"{_count(stopping, 'finding')} {'stop' if stopping != 1 else 'stops'} this change"
    passed = f"; {_count(len(verdict.passed), 'finding')} let pass" if verdict.passed else ""
    return f"nothing stops this change{passed}"


def stage(verdict: GuardVerdict) -> str | None:
    """From which stage to which; None for a stack that has none."""
    settings, before = verdict.context.settings, verdict.preview.outputs.get("stage")
    if settings is None:
        return None
    now = f"{settings.stage} ({settings.row.name})"
    if before == settings.stage:
        return f"stays {now}"
    return f"{before} ({STAGES[before].name}) → {now}" if before in STAGES else f"new, {now}"


def named(verdict: GuardVerdict, op: str) -> str | None:
    """The resources of an operation by type and name, the first of many; None where there are none."""
    found = [f"{kind(step.urn)} {step.name}" for step in verdict.preview.steps if step.op == op and step.is_real]
    if not found:
        return None
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return clean(f"{', '.join(found[:_NAMED])}{more}")


def alike(group: FindingGroup) -> str:
    """How many resources the group has, and their common cause; empty for a single one."""
    if len(group.findings) == 1:
        return ""
    because = f", as {kind(group.cause.urn)} {group.cause.name} is replaced" if group.cause else ""
    return f"{len(group.findings)} resources{because}"


def changes(verdict: GuardVerdict) -> str:
    """How many resources of each operation."""
    counts = verdict.preview.counts
    return ", ".join(f"{counts[op]} {op}" for op in OPS if counts.get(op)) or "none"


def data(verdict: GuardVerdict) -> str:
    """What happens to what holds data or identity."""
    passed = {urn for rule, urn in verdict.passed if rule.startswith("data-")}
    lost = len(verdict.lost)
    said = (
        f"{_count(lost, 'resource')} would lose what nothing else holds" if lost else "nothing that holds data is lost"
    )
    notes = []
    if passed:
        notes.append(f"{len(passed)} of them let pass")
    if verdict.copies:
        notes.append(f"{_count(len(verdict.copies), 'copy', 'copies')} in other regions would go")
    if verdict.rebuilt:
        notes.append(f"{len(verdict.rebuilt)} would go that are made anew when needed")
    text = "; ".join([said, *notes])
    return f"as far as the preview goes, {text}" if verdict.errors else text


def cost(verdict: GuardVerdict) -> str | None:
    """A normal month before and after; None where that is unknown."""
    bill = verdict.context.bill
    return str(bill) if bill else None


def capacity(verdict: GuardVerdict) -> str | None:
    """Whether the stack would carry what its stage states; None for a stack that has none."""
    found = verdict.capacity
    if found is None:
        return None
    if not found.holds:
        return "does not hold"
    room = f", {found.total} of {found.limit} connections" if found.limit is not None else ""
    return f"holds{room}"


def policies(verdict: GuardVerdict) -> str:
    """How many policies would be broken that are not so now."""
    broken = [one for one in verdict.findings if one.rule in _POLICIES]
    if not broken:
        return "no new violation"
    stop = sum(one.stops for one in broken)
    return f"{_count(len(broken), 'new violation')}, {stop} of high or critical severity"


def facts(verdict: GuardVerdict) -> list[tuple[str, str]]:
    """The lines at the top, each with its title."""
    lines = [
        ("Stage", stage(verdict)),
        ("Data", data(verdict)),
        ("Cost", cost(verdict)),
        ("Capacity", capacity(verdict)),
        ("Policies", policies(verdict)),
        ("Changes", changes(verdict)),
        ("Deleted", named(verdict, "delete")),
        ("Replaced", named(verdict, "replace")),
    ]
    return [(name, text) for name, text in lines if text is not None]


def components(verdict: GuardVerdict) -> list[tuple[str, str, str]]:
    """Components whose cost would change: name, before and after."""
    before, after = verdict.context.cost_before, verdict.context.cost_after
    if after is None:
        return []
    old, new = before.by_component if before else {}, after.by_component
    shown = []
    for name in [*new, *(name for name in old if name not in new)]:
        was, comes = (_range(side.get(name)) for side in (old, new))
        if was != comes:
            shown.append((name, was, comes))
    return shown


def reasoned(findings: Iterable[Finding], verdict: GuardVerdict) -> Iterator[tuple[FindingGroup, str]]:
    """Findings by cause. Only the first of each kind has the reason why they matter."""
    said = set()
    for group in grouped(findings, verdict.preview.steps, lambda one: letting_pass(one, verdict)):
        yield group, "" if group.first.rule in said else group.first.reason
        said.add(group.first.rule)


def letting_pass(finding: Finding, verdict: GuardVerdict) -> str:
    """The entry that lets a finding pass; empty if none does."""
    for one in verdict.allowed:
        if one.use == "used" and (one.entry.what, one.urn) == (finding.rule, finding.urn):
            return f"let pass until {one.entry.until}: {one.entry.why}"
    return ""


def _range(found: Estimate | CostSpan | None) -> str:
    return f"${found.low:,.0f}..${found.high:,.0f}" if found else "nothing"


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
