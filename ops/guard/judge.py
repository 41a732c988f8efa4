"""Applies all rules to a preview."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Literal

from catalog.data_loss import holds_data
from catalog.stateful import stateful
from ops.capacity.report import CapacityVerdict
from ops.capacity.report import verdict as capacity
from ops.guard.allowances import Allowed, settled
from ops.guard.model import ORDER, Finding, GuardRule, Observation, RuleContext, SkippedError
from ops.guard.preview import Preview, PreviewStep
from ops.guard.rules import RULES


@dataclass(frozen=True, slots=True)
class Skipped:
    """Rules that could not judge, and why."""

    rules: tuple[str, ...]
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardVerdict:
    """The verdict on a preview.

    findings: the worst first.
    allowed: entries of `ascent:allow`, and whether each was used.
    skipped: rules that could not judge.
    errors: why the preview is not complete, or a rule failed; empty if all is well.
    lost: URNs of what would be deleted or replaced with what only it holds.
    copies: URNs of the same that are copies in other regions. rebuilt: of what is made anew by design.
    capacity: whether the stack would carry what its stage states; None for a stack that is not Ascent's.
    """

    preview: Preview
    context: RuleContext
    today: date
    findings: tuple[Finding, ...]
    allowed: tuple[Allowed, ...]
    skipped: tuple[Skipped, ...]
    errors: tuple[str, ...]
    lost: tuple[str, ...]
    copies: tuple[str, ...]
    rebuilt: tuple[str, ...]
    capacity: CapacityVerdict | None

    @property
    def passed(self) -> frozenset[tuple[str, str]]:
        """Rule and URN of the findings that an entry lets pass."""
        return frozenset((one.entry.what, one.urn) for one in self.allowed if one.use == "used" and one.urn)

    @property
    def stopping(self) -> tuple[Finding, ...]:
        """Findings that stop the update."""
        return tuple(one for one in self.findings if one.stops and (one.rule, one.urn) not in self.passed)

    @property
    def answer(self) -> Literal["fine", "stopped", "incomplete"]:
        """The verdict in one word. A preview that is not complete is never fine."""
        if self.errors:
            return "incomplete"
        return "stopped" if self.stopping else "fine"


def judge(preview: Preview, known: RuleContext, today: date, rules: Sequence[GuardRule] = RULES) -> GuardVerdict:
    """Judge a preview. `today` (UTC) decides which entries of `ascent:allow` have expired."""
    findings: dict[tuple[str, str, str], Finding] = {}
    skipped: dict[str, list[str]] = {}
    errors = list(preview.errors)
    real = [step for step in preview.steps if step.is_real]
    for rule in rules:
        for about, look in _looks(rule, real, known):
            try:
                for sight in look():
                    found = _finding(rule, sight)
                    findings.setdefault((found.rule, found.urn, found.path), found)
            except SkippedError as why:
                skipped.setdefault(str(why), []).append(rule.name)
            except Exception as error:
                # A rule that raises an error must not look like one that found nothing.
                errors.append(f"{about} could not be judged by {rule.name}: {type(error).__name__}")
    if known.ours and not preview.errors:
        # A stack of ours is fine only where everything was judged.
        errors += [f"{', '.join(names)} could not judge: {why}" for why, names in skipped.items()]
    ordered = sorted(findings.values(), key=lambda one: (ORDER[one.severity], one.rule, one.urn, one.path))
    settings = known.settings
    gone = [step for step in real if step.op in ("delete", "replace")]
    return GuardVerdict(
        preview=preview,
        context=known,
        today=today,
        findings=tuple(ordered),
        allowed=tuple(settled(settings.allow if settings else (), ordered, today)),
        skipped=tuple(Skipped(tuple(names), why) for why, names in skipped.items()),
        errors=tuple(errors),
        lost=tuple(step.urn for step in gone if known.loses(step)),
        copies=tuple(step.urn for step in gone if _is_copy(step, known)),
        rebuilt=tuple(
            step.urn for step in gone if known.ours and stateful(step.type) and not holds_data(step.urn, step.inputs)
        ),
        capacity=capacity(settings) if settings else None,
    )


def _looks(
    rule: GuardRule, steps: Sequence[PreviewStep], known: RuleContext
) -> Iterator[tuple[str, Callable[[], Iterator[Observation]]]]:
    """The steps that a rule checks, one after the other, each with its name for messages."""
    if rule.whole is not None:
        yield "the stack", partial(rule.whole, steps, known)
    if rule.step is not None:
        for step in steps:
            if not rule.types or step.type in rule.types:
                yield step.name, partial(rule.step, step, known)


def _finding(rule: GuardRule, sight: Observation) -> Finding:
    return Finding(
        rule=rule.name,
        severity=rule.severity,
        urn=sight.urn,
        path=sight.path,
        message=sight.message,
        reason=rule.reason,
    )


def _is_copy(step: PreviewStep, known: RuleContext) -> bool:
    return known.ours and holds_data(step.urn, step.inputs) and not known.loses(step)
