"""What a rule of the guard is, what it knows, and what it finds."""

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
# What is bad enough to stop an update, here as in the policy pack.
STOPS: tuple[Severity, ...] = ("critical", "high")


class SkippedError(Exception):
    """A rule cannot judge this preview; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CostLimit:
    """How much more a month may cost: so many US dollars, or so many percent of what it costs."""

    amount: float
    unit: Literal["USD", "percent"]

    def of(self, cost: float) -> float:
        """US dollars that a rise may be, from this cost on."""
        return self.amount if self.unit == "USD" else cost * self.amount / 100


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleContext:
    """What is known beside the steps.

    ours: whether it is a stack of Ascent.
    stack_urn: URN that stands for the whole stack.
    settings: those of the preview; None where they are not known, and `unsettled` says why.
    facts, facts_before: what policies want to know of them, and of those that hold now.
    authoritative: regions with the original of the data; none where they are not known.
    outputs: what the stack put out after its last update.
    before, after: all resources as they are, and as they would be; None where not all of them are known, and `partial`
        says why.
    cost_before, cost_after: what those cost; None where that is unknown, and `unpriced` says why.
    max_rise: how much more it may cost, where that was allowed.
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
        """Whether deleting or replacing it, or having lost it, loses what nothing else holds."""
        return is_lost(step.urn, step.inputs, step.region, self.authoritative)

    def guards(self, step: PreviewStep) -> bool:
        """Whether what is there may be the original."""
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
    """What a rule sees. path: of the property, empty for the whole resource. message: in words, without a secret."""

    urn: str
    path: str
    message: str


StepCheck = Callable[[PreviewStep, RuleContext], Iterator[Observation]]
WholeCheck = Callable[[Sequence[PreviewStep], RuleContext], Iterator[Observation]]


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardRule:
    """A kind of finding.

    reason: why it matters.
    types: tokens of the types it looks at; none for all of them.
    step: looks at one step. whole: looks at all of them; it raises `SkippedError` where it cannot judge.
    """

    name: str
    severity: Severity
    reason: str
    types: tuple[str, ...] = ()
    step: StepCheck | None = None
    whole: WholeCheck | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something bad that an update would do."""

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
