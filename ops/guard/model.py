"""The rules of the guard: their context, observations and findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from catalog.data_loss import is_lost, may_be_original
from infra.config.settings import Settings
from ops.cost import Estimate
from ops.cost.move import Bill
from ops.engine.recorder import Recorded
from ops.guard.preview import PreviewStep
from policy.model import Facts, Severity

ORDER: Mapping[Severity, int] = {"critical": 0, "high": 1, "medium": 2, "low": 3}
# Severities that stop an update, here as in the policy pack.
STOPS: tuple[Severity, ...] = ("critical", "high")


class SkippedError(Exception):
    """A rule cannot judge this preview; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CostLimit:
    """How much more a month may cost: an amount in US dollars, or a percentage of the present cost."""

    amount: float
    unit: Literal["USD", "percent"]

    def of(self, cost: float) -> float:
        """The allowed rise in US dollars, from this cost on."""
        return self.amount if self.unit == "USD" else cost * self.amount / 100


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleContext:
    """What rules can read beside the steps.

    ours: whether it is a stack of Ascent.
    stack_urn: URN that stands for the whole stack.
    settings: those of the preview; None where they are not known, and `unsettled` says why.
    facts, facts_before: what policies need of these settings, and of the present ones.
    authoritative: regions with the original of the data; none where they are not known.
    outputs: of the stack's last update.
    before, after: all resources as they are, and as they would be; None where not all of them are known, and `partial`
        says why.
    cost_before, cost_after: what those cost; None where that is unknown, and `unpriced` says why.
    max_rise: the allowed rise of the cost, if one was given.
    """

    ours: bool
    stack_urn: str
    settings: Settings | None
    unsettled: str
    facts: Facts
    facts_before: Facts
    authoritative: frozenset[str]
    outputs: Mapping[str, Any] = field(default_factory=dict)
    before: Sequence[Recorded] | None = None
    after: Sequence[Recorded] | None = None
    partial: str = ""
    cost_before: Estimate | None = None
    cost_after: Estimate | None = None
    unpriced: str = ""
    max_rise: CostLimit | None = None

    def loses(self, step: PreviewStep) -> bool:
        """Whether its deletion or replacement is a data loss."""
        return is_lost(step.urn, step.inputs, step.region, self.authoritative)

    def guards(self, step: PreviewStep) -> bool:
        """Whether its region may hold the original of the data."""
        return may_be_original(step.region, self.authoritative)

    @property
    def bill(self) -> Bill | None:
        """What a month costs before and after; None where that is unknown."""
        if self.cost_after is None or self.settings is None:
            return None
        return Bill(before=self.cost_before, after=self.cost_after, budget=self.settings.sizes.budget.monthly_usd)

    @property
    def moves(self) -> bool:
        """Whether the stage changes."""
        return self.facts.stage != self.facts_before.stage


@dataclass(frozen=True, slots=True)
class Observation:
    """What a rule found. path: of the property, empty for the whole resource. message: text without a secret."""

    urn: str
    path: str
    message: str


StepCheck = Callable[[PreviewStep, RuleContext], Iterator[Observation]]
WholeCheck = Callable[[Sequence[PreviewStep], RuleContext], Iterator[Observation]]


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardRule:
    """A kind of finding.

    reason: why it matters.
    types: tokens of the types it checks; none for all of them.
    step: checks one step. whole: checks all of them; it raises `SkippedError` where it cannot judge.
    """

    name: str
    severity: Severity
    reason: str
    types: tuple[str, ...] = ()
    step: StepCheck | None = None
    whole: WholeCheck | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A problem that an update would cause."""

    rule: str
    severity: Severity
    urn: str
    path: str
    message: str
    reason: str

    @property
    def stops(self) -> bool:
        """Whether it is bad enough to stop the update."""
        return self.severity in STOPS

    @property
    def name(self) -> str:
        """Name of the resource in the program."""
        return self.urn.rpartition("::")[2]

    @property
    def kind(self) -> str:
        """Its type without module and package."""
        return kind(self.urn)


def kind(urn: str) -> str:
    """The type in a URN, without module and package."""
    return urn.split("::")[-2].rpartition(":")[2]
