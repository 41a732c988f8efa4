"""The comment on a pull request: verdict first, details folded, and never too long."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ops.guard import words
from ops.guard.allowances import Allowed, lines
from ops.guard.judge import GuardVerdict
from ops.guard.markdown import Fold, code, document, prose
from ops.guard.model import Finding

# GitHub refuses more than 65,536 characters.
LONGEST = 64_000
_LONGEST_TITLE = 100
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~%/-]*)?")
_WORST = ("delete", "replace", "update", "create")
_SAID_OF_USE = {
    "used": "lets a finding pass",
    "unused": "has nothing to let pass: take it out",
    "expired": "has expired, and lets nothing pass",
    "ambiguous": "names several resources: give the URN of one",
    "unknown": "is about no finding of that name",
}


def marker(stack: str) -> str:
    """The hidden line by which a stack's comment is found again, to be edited."""
    return f"<!-- ascent:guard {_plain(stack)} -->"


def comment(verdict: GuardVerdict, stack: str, report: str | None = None) -> str:
    """The verdict in Markdown, `LONGEST` bytes at most.

    Args:
        verdict: of the guard. stack: its name.
        report: address of the stack's report, which was judged by `is_address`; None for none.
    """
    head = [marker(stack), f"### {code(stack, _LONGEST_TITLE)}: {prose(words.headline(verdict))}", ""]
    head += [f"- **{name}**: {prose(text)}" for name, text in words.facts(verdict)]
    return document([*head, *_link(report)], _folds(verdict, stack), LONGEST)


def unreadable(stack: str, problem: str, report: str | None = None) -> str:
    """The comment if there is no preview to judge."""
    head = [marker(stack), f"### {code(stack, _LONGEST_TITLE)}: there is no preview, so nothing is let pass", ""]
    return document([*head, f"- {prose(problem)}", *_link(report)], [], LONGEST)


def is_address(text: str) -> bool:
    """Whether a text may be put into a link: an address of HTTPS with nothing in it that ends one, or is markup."""
    return _ADDRESS.fullmatch(text) is not None


def _link(report: str | None) -> list[str]:
    return [] if report is None else [f"- **Report**: [drawing, capacity, cost, data and alarms]({report})"]


def _folds(verdict: GuardVerdict, stack: str) -> Iterator[Fold]:
    stopping = verdict.stopping
    stops = {id(one) for one in stopping}
    others = [one for one in verdict.findings if id(one) not in stops]
    yield Fold(
        f"Why the preview is not complete ({len(verdict.errors)})", [f"- {prose(one)}" for one in verdict.errors]
    )
    yield Fold(f"What stops it ({len(stopping)})", _findings(stopping, verdict))
    yield Fold(
        f"To let one of them pass, once: its line under ascent:allow in Pulumi.{_plain(stack)}.yaml, and why",
        [f"- {code(allow, 1000)}" for allow in lines(stopping, verdict.today).values()],
    )
    yield Fold(f"Other findings ({len(others)})", _findings(others, verdict))
    yield Fold("What ascent:allow says", [_allowed(one) for one in verdict.allowed])
    yield Fold(f"Data that would be lost ({len(verdict.lost)})", [f"- {code(urn, 600)}" for urn in verdict.lost])
    yield Fold(
        "Cost by component, least to most", [f"- {name}: {old} → {new}" for name, old, new in words.components(verdict)]
    )
    yield Fold(
        "What would make it hold", [f"- {prose(one)}" for one in (verdict.capacity.todo if verdict.capacity else ())]
    )
    yield Fold(
        "What was not judged", [f"- {code(', '.join(one.rules), 600)}: {prose(one.reason)}" for one in verdict.skipped]
    )
    yield Fold(
        f"Copies in other regions that would go ({len(verdict.copies)})",
        [f"- {code(urn, 600)}" for urn in verdict.copies],
    )
    yield Fold(
        f"What is made anew when needed ({len(verdict.rebuilt)})", [f"- {code(urn, 600)}" for urn in verdict.rebuilt]
    )
    changed = [step for step in verdict.preview.steps if step.op != "same" and step.is_real]
    changed.sort(key=lambda step: _WORST.index(step.op))
    yield Fold(
        f"All changes ({len(changed)})", [f"- {step.op} {code(step.type)} {code(step.name)}" for step in changed]
    )


def _findings(found: Sequence[Finding], verdict: GuardVerdict) -> list[str]:
    said = []
    for group, reason in words.reasoned(found, verdict):
        one, many = group.first, words.alike(group)
        where = f" {code(one.path)}" if one.path else ""
        what = prose(many) if many else code(f"{one.kind} {one.name}")
        text = f"- **{one.rule}** ({one.severity}) {what}{where}: {prose(one.message)}."
        passed = words.letting_pass(one, verdict)
        said.append(" ".join([text, *(prose(part) for part in (reason, passed) if part)]))
        if many:
            said += [f"  - {code(f'{each.kind} {each.name}')}" for each in group.findings]
    return said


def _allowed(one: Allowed) -> str:
    entry = one.entry
    what = f"{code(entry.what)} for {code(entry.resource)} until {entry.until}"
    return f"- {what} {_SAID_OF_USE[one.use]}: {prose(entry.why)}"


def _plain(stack: str) -> str:
    """A stack's name in the letters that Pulumi takes for one."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", stack)[:_LONGEST_TITLE] or "-"
