"""Service level objectives: what is promised, what may fail of it, and when people are told that it does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from infra.alarms import slo
from infra.alarms.objectives import OBJECTIVES
from infra.config.settings import Settings
from infra.thresholds import MONTH_DAYS
from infra.wiring.alarms import windows
from ops.engine.recorder import Recorded
from ops.report.alarms import COMPOSITE
from ops.report.words import long


@dataclass(frozen=True, kw_only=True, slots=True)
class Burn:
    """A pace of an error budget that people are told of.

    share: percent of the budget that is gone. within: of which time. page: whether it pages at any hour.
    """

    share: int
    within: str
    page: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectiveFacts:
    """An objective.

    name, says: what is promised. target: percent of good events.
    budget, of: how much may go wrong, and of what. burns: paces that people are told of.
    refused: paces that mean nothing at this traffic, and why.
    """

    name: str
    says: str
    target: str
    budget: str
    of: str
    burns: Sequence[Burn]
    refused: Sequence[str]


def objectives(settings: Settings, resources: Iterable[Recorded]) -> list[ObjectiveFacts]:
    """The objectives that a stack measures."""
    measured = {one.name for one in resources if one.type == COMPOSITE}
    found = []
    for one in OBJECTIVES:
        if not any(f"-{one.name}-" in name for name in measured):
            continue
        kept, refused = windows(one, settings)
        share = float(slo.budget(one.target))
        found.append(
            ObjectiveFacts(
                name=one.name.replace("-", " ").capitalize(),
                says=one.says,
                target=f"{_percent(one.target.value)} %",
                budget=long(share * slo.PERIOD)
                if one.events is None
                else f"{_percent(slo.BASIS - one.target.value)} %",
                of=f"of {MONTH_DAYS.value} days" if one.events is None else f"of requests in {MONTH_DAYS.value} days",
                burns=[Burn(share=each.share, within=long(each.long), page=each.page) for each in kept],
                refused=[f"{each.window.share} % within {long(each.window.long)}: {each.reason}" for each in refused],
            )
        )
    return found


def _percent(parts: int) -> str:
    return f"{parts * 100 / slo.BASIS:g}"
