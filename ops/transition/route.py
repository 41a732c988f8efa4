"""Splits a move that is not possible in one update into updates that keep all update constraints."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeVar

from pydantic.alias_generators import to_snake

from infra.config.problems import SettingsError
from infra.config.settings import Settings
from ops import stackfile
from ops.engine.render import RenderedStack, render
from ops.transition.update_constraints import UPDATE_CONSTRAINTS, Pair, UpdateConstraint

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteStep:
    """The stack's file for one update.

    sizes: keys that it has on top of the stack's own, as ("cache.nodeType", "cache.r7g.large").
    """

    stage: int
    sizes: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        extra = "".join(f" with {key}: {value}" for key, value in self.sizes)
        return f"stage {self.stage}{extra}"


def nested(sizes: Iterable[tuple[str, Any]]) -> dict[str, dict[str, Any]]:
    """Sizes as a stack's file holds them: {"cache": {"nodeType": "cache.r7g.large"}}."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in sizes:
        group, _, name = key.partition(".")
        found.setdefault(group, {})[name] = value
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """A constraint that one update would break, and with which resources."""

    constraint: UpdateConstraint
    urns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """The updates of a move between two stages.

    steps: the stack's file for each update, without the start; none where no sequence of updates is possible.
    broken: the constraints that a single update would break.
    """

    steps: tuple[RouteStep, ...]
    broken: tuple[Broken, ...]

    def as_dict(self) -> dict[str, Any]:
        """As `ascent transition --json` prints it."""
        return {
            "updates": [{"stage": step.stage, "sizes": dict(step.sizes)} for step in self.steps],
            "broken": [
                {
                    # The name in the JSON is from before the word changed.
                    "law": one.constraint.name,
                    "reason": one.constraint.reason,
                    "source": one.constraint.source,
                    "urns": list(one.urns),
                }
                for one in self.broken
            ],
        }

    @property
    def reasons(self) -> str:
        """Why a single update is not possible."""
        return "; ".join(f"{one.constraint.reason} ({one.constraint.source})" for one in self.broken)


def shortest(start: T, goal: T, between: Sequence[T], legal: Callable[[T, T], bool]) -> tuple[T, ...]:
    """The fewest possible updates from `start` to `goal`, as the steps after `start`; none where there is no way.

    Args:
        start: the present step.
        goal: the wanted step.
        between: steps that may lie between; of equally short ways, the one that comes first in it is taken.
        legal: whether one update may lead from one step to another.
    """
    ways: dict[T, tuple[T, ...]] = {start: ()}
    open_ = deque([start])
    while open_ and goal not in ways:
        here = open_.popleft()
        for there in (goal, *between):
            if there not in ways and legal(here, there):
                ways[there] = (*ways[here], there)
                open_.append(there)
    return ways.get(goal, ())


def pairs(before: RenderedStack, after: RenderedStack) -> list[Pair]:
    """Every resource that exists before or after."""
    sides = [{one.urn: one for one in plan.resources if one.custom} for plan in (before, after)]
    return [
        Pair(
            urn=urn,
            type=one.type,
            before=sides[0][urn].inputs if urn in sides[0] else None,
            after=sides[1][urn].inputs if urn in sides[1] else None,
        )
        for urn, one in (sides[0] | sides[1]).items()
    ]


def broken(found: Sequence[Pair], constraints: Sequence[UpdateConstraint] = UPDATE_CONSTRAINTS) -> tuple[Broken, ...]:
    """The constraints that one update would break."""
    by_constraint = [(constraint, tuple(sorted(constraint.broken(found)))) for constraint in constraints]
    return tuple(Broken(constraint=constraint, urns=urns) for constraint, urns in by_constraint if urns)


class Planner:
    """Finds the routes of one stack. Renders each step that it looks at once.

    Args:
        stack: the stack.
        plans: renders that are there already, by stage.
        live: told what goes on at the moment.
        without: sizes of the stack's file to leave out, where a step does not have them.
    """

    def __init__(
        self,
        stack: str,
        plans: Mapping[int, RenderedStack],
        live: Callable[[str], None],
        without: Sequence[str] = (),
    ) -> None:
        self._stack = stack
        self._without = tuple((key, None) for key in without)
        self._plans: dict[RouteStep, RenderedStack | None] = {
            RouteStep(stage=stage): plan for stage, plan in plans.items()
        }
        self._live = live

    def route(self, came_from: int, to: int) -> Route:
        """The route between two stages that the stack can be at."""
        start, goal = RouteStep(stage=came_from), RouteStep(stage=to)
        constraints = self._broken(start, goal) or ()
        if not constraints:
            return Route(steps=(goal,), broken=())
        keys = [key for one in constraints for key in one.constraint.sizes]
        steps = shortest(start, goal, list(self._between(came_from, to, keys)), self._legal)
        return Route(steps=steps, broken=constraints)

    def _between(self, came_from: int, to: int, keys: Sequence[str]) -> Iterator[RouteStep]:
        """Steps between: one end with sizes of the other, the lower first, as it has less; then stages between."""
        for here, there in sorted([(came_from, to), (to, came_from)]):
            if keys:
                sizes = tuple((key, _size(self._settings(RouteStep(stage=there)), key)) for key in keys)
                yield RouteStep(stage=here, sizes=sizes)
        up = came_from < to
        yield from (RouteStep(stage=stage) for stage in range(came_from, to, 1 if up else -1) if stage != came_from)

    def _legal(self, one: RouteStep, other: RouteStep) -> bool:
        return self._broken(one, other) == ()

    def _broken(self, one: RouteStep, other: RouteStep) -> tuple[Broken, ...] | None:
        """The constraints that an update breaks; None where the program refuses a step."""
        before, after = self._plan(one), self._plan(other)
        return None if before is None or after is None else broken(pairs(before, after))

    def _plan(self, step: RouteStep) -> RenderedStack | None:
        if step not in self._plans:
            self._live(f"Rendering {self._stack} at {step}")
            try:
                self._plans[step] = render(self._settings(step), self._stack)
            except SettingsError:
                self._plans[step] = None
        return self._plans[step]

    def _settings(self, step: RouteStep) -> Settings:
        return stackfile.settings(self._stack, step.stage, sizes=nested((*self._without, *step.sizes)))


def _size(settings: Settings, key: str) -> Any:
    return attrgetter(to_snake(key))(settings.sizes)
