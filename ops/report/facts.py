"""What a report is made of: a stack as it is rendered, and as it would be a stage further and a stage back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from infra.config.problems import SettingsError
from infra.config.settings import Settings
from infra.stages import STAGES
from ops import stackfile
from ops.cost import Estimate, estimate
from ops.engine.render import RenderedStack, render

Live = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """A stack at a stage: its settings, its resources, and what a month costs."""

    settings: Settings
    plan: RenderedStack
    cost: Estimate


@dataclass(frozen=True, kw_only=True, slots=True)
class StackFacts:
    """A stack, and its neighbors.

    stack: its name. here: as it is.
    beside: a stage further and a stage back, by stage. refused: the problems at those that it cannot be at.
    """

    stack: str
    here: Rendered
    beside: Mapping[int, Rendered]
    refused: Mapping[int, tuple[str, ...]]

    @property
    def stage(self) -> int:
        """The stage that it is at."""
        return self.here.settings.stage


def facts(stack: str, stage: int | None, live: Live = lambda _: None) -> StackFacts:
    """Render a stack at its own stage or at `stage`, and at the stages beside it.

    Raises:
        SettingsError: when its file or the stage is not usable.
    """
    settings = stackfile.settings(stack, stage)
    beside: dict[int, Rendered] = {}
    refused: dict[int, tuple[str, ...]] = {}
    here = _rendered(stack, settings, live)
    for number in (settings.stage + 1, settings.stage - 1):
        if number in STAGES:
            try:
                beside[number] = _rendered(stack, stackfile.settings(stack, number), live)
            except SettingsError as error:
                refused[number] = tuple(error.problems)
    return StackFacts(stack=stack, here=here, beside=beside, refused=refused)


def _rendered(stack: str, settings: Settings, live: Live) -> Rendered:
    live(f"Rendering {stack} at stage {settings.stage}")
    plan = render(settings, stack)
    return Rendered(settings=settings, plan=plan, cost=estimate(plan, settings))
