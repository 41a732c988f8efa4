"""All moves of a stack between all the stages that it can be at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Any

from infra.authoritative import authoritative_regions
from infra.config.problems import SettingsError
from infra.config.settings import Settings
from infra.stages import STAGES
from ops import stackfile
from ops.engine.render import RenderedStack, render
from ops.transition.differ import between
from ops.transition.model import Transition
from ops.transition.route import Planner, Route

Live = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """A stack's settings at each stage.

    settings: by stage.
    refused: the problems at the other stages.
    """

    settings: Mapping[int, Settings]
    refused: Mapping[int, tuple[str, ...]]

    def authoritative(self, *stages: int) -> Set[str]:
        """The regions with the original of the data, at any of these stages."""
        return authoritative_regions(*(self.settings[stage] for stage in stages))


@dataclass(frozen=True, kw_only=True, slots=True)
class Matrix:
    """A stack's moves.

    transitions: all but those from and to a stage that the stack cannot be at.
    refused: why it cannot be at those.
    several: the updates of moves that take more than one, by both stages; none where no updates lead there.
    """

    stack: str
    transitions: tuple[Transition, ...]
    refused: Mapping[int, tuple[str, ...]]
    several: Mapping[tuple[int, int], Route]

    @property
    def clear(self) -> bool:
        """Whether every move can be made, and none loses anything."""
        return all(one.clear for one in self.transitions) and all(route.steps for route in self.several.values())

    def as_dict(self) -> dict[str, Any]:
        """As `ascent matrix --json` prints it."""
        refused = [{"stage": stage, "problems": list(problems)} for stage, problems in self.refused.items()]
        return {
            "stack": self.stack,
            "transitions": [one.as_dict() for one in self.transitions],
            **({"refused": refused} if refused else {}),
        }


def choices(stack: str) -> Choices:
    """The stages that a stack can be at.

    Raises:
        SettingsError: when its file is not usable even at its own stage.
    """
    stackfile.settings(stack)
    settings, refused = {}, {}
    for stage in STAGES:
        try:
            settings[stage] = stackfile.settings(stack, stage)
        except SettingsError as error:
            refused[stage] = tuple(error.problems)
    return Choices(settings=settings, refused=refused)


def plans(stack: str, chosen: Mapping[int, Settings], live: Live) -> dict[int, RenderedStack]:
    """A render of each stage."""
    found = {}
    for stage, settings in chosen.items():
        live(f"Rendering {stack} at stage {stage}")
        found[stage] = render(settings, stack)
    return found


def several(stack: str, rendered: Mapping[int, RenderedStack], live: Live) -> dict[tuple[int, int], Route]:
    """The moves of a stack that take more than one update."""
    planner = Planner(stack, rendered, live)
    routes = {(one, other): planner.route(one, other) for one in rendered for other in rendered}
    return {ends: route for ends, route in routes.items() if len(route.steps) != 1}


def offline(stack: str, live: Live = lambda _: None) -> Matrix:
    """All moves of a stack, by comparing renders.

    Raises:
        SettingsError: when its file is not usable even at its own stage.
    """
    can = choices(stack)
    rendered = plans(stack, can.settings, live)
    moves = [
        between(before, after, can.authoritative(one, other))
        for one, before in rendered.items()
        for other, after in rendered.items()
    ]
    return Matrix(stack=stack, transitions=tuple(moves), refused=can.refused, several=several(stack, rendered, live))
