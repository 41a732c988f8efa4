"""Takes a route: each step is a change of the stack's file, a preview, and the update.

If it is stopped anywhere, the file says which step was begun. Run again, it repeats that step, which does nothing if it
was complete, and goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

from catalog.engine_steps import EngineStep
from infra.authoritative import authoritative_regions
from ops import stackfile
from ops.engine.render import RenderedStack
from ops.errors import NO
from ops.stackedit import EditedFile, edited
from ops.transition.engine_run import of_steps, pairs_of
from ops.transition.model import Transition
from ops.transition.route import Planner, RouteStep, broken, nested
from ops.transition.update_constraints import UPDATE_CONSTRAINTS

SIZES = tuple(dict.fromkeys(key for one in UPDATE_CONSTRAINTS for key in one.sizes))


class TransitionRefusedError(Exception):
    """The answer is no. The text says why, and what to do first."""

    code = NO


class TransitionEngine(Protocol):
    """Brings a stack up as its file says."""

    def update(self) -> None:
        """Bring the stack up. Doing so twice does nothing the second time."""

    def forget(self) -> Sequence[str]:
        """Remove leftovers of providers from the state. Returns the URNs of the resources that had some."""

    def foreseen(self) -> Sequence[EngineStep]:
        """What an update would do to each resource."""

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs as of the last update."""


@dataclass(kw_only=True)
class TransitionRunner:
    """A stack on its way from one stage to another.

    plans: renders of stages with the file as it is.
    tell: called with what was done, a line each.
    live: called with what is being done.
    """

    file: EditedFile
    came_from: int
    to: int
    plans: Mapping[int, RenderedStack]
    engine: TransitionEngine
    tell: Callable[[str], None]
    live: Callable[[str], None]

    def take(self) -> None:
        """Take every step that is left.

        Raises:
            TransitionRefusedError: when the stack is not on this route, or a step would lose something.
            SettingsError: when the file is not usable.
            EngineError: when a preview or an update fails.
        """
        way = self._way()
        at = self._place(way)
        if at == 0:
            self._settled()
        elif self._applied() not in (way[at - 1].stage, way[at].stage):
            raise TransitionRefusedError(
                f"{self.file.name} says {way[at]}, and the stack was last updated at stage {self._applied()}; "
                f"bring both together first: pulumi up --stack {self.file.stack}"
            )
        for before, step in list(pairwise(way))[max(at - 1, 0) :]:
            self._take(before, step, way)

    def _take(self, before: RouteStep, step: RouteStep, way: Sequence[RouteStep]) -> None:
        text = self.file.text()
        fresh = self._text(text, step, way)
        if fresh != text:
            self.file.replace(fresh)
        try:
            self._look(before, step)
        except BaseException:
            # Nothing was done for it yet, unless it was begun before.
            if fresh != text:
                self.file.replace(text)
            raise
        self.live(f"Updating {self.file.stack}: {step}")
        self.engine.update()
        for urn in self.engine.forget():
            self.tell(f"Removed an outdated value from the state: {urn}")
        self.tell(f"Done: {self.file.stack} is at {step}.")

    def _look(self, before: RouteStep, step: RouteStep) -> None:
        """Refuse a step that would lose something, or that the provider cannot make in one update."""
        steps = self._foreseen(before, step)
        transition = self._transition(before.stage, step.stage, steps)
        if transition.losses:
            listed = "\n".join(f"  {one.op.value} {one.urn}" for one in transition.losses)
            raise TransitionRefusedError(f"{step} would lose what nothing else holds:\n{listed}")
        for one in broken(pairs_of(steps)):
            listed = "\n".join(f"  {urn}" for urn in one.urns)
            raise TransitionRefusedError(
                f"one update to {step} cannot be: {one.constraint.reason} ({one.constraint.source})\n{listed}"
            )

    def _settled(self) -> None:
        """Refuse to begin if an update would make other changes as well."""
        here = RouteStep(stage=self.came_from)
        waiting = self._transition(self.came_from, self.came_from, self._foreseen(here, here)).changes
        if waiting:
            counts = Counter(one.op.value for one in waiting)
            listed = ", ".join(f"{op} {count}" for op, count in sorted(counts.items()))
            raise TransitionRefusedError(
                f"the stack is not as {self.file.name} says: an update would make other changes as well ({listed}); "
                f"first: pulumi up --stack {self.file.stack}"
            )

    def _foreseen(self, before: RouteStep, step: RouteStep) -> Sequence[EngineStep]:
        self.live(f"Previewing the update from {before} to {step}")
        return self.engine.foreseen()

    def _transition(self, came_from: int, to: int, steps: Sequence[EngineStep]) -> Transition:
        regions = authoritative_regions(*(stackfile.settings(self.file.stack, stage) for stage in (came_from, to)))
        return of_steps(came_from, to, steps, regions)

    def _applied(self) -> Any:
        return self.engine.outputs().get("stage")

    def _way(self) -> tuple[RouteStep, ...]:
        """All steps, with where it starts."""
        start = RouteStep(stage=self.came_from)
        planners = [Planner(self.file.stack, self.plans, self.live)]
        if any(key in self._sizes() for key in SIZES):
            planners.append(Planner(self.file.stack, {}, self.live, SIZES))
        routes = [planner.route(self.came_from, self.to) for planner in planners]
        ways = [(start, *route.steps) for route in routes if route.steps]
        if not ways:
            raise TransitionRefusedError(
                f"no legal updates lead from stage {self.came_from} to {self.to}: {routes[0].reasons}"
            )
        # Sizes in the file may be those of a step that was begun.
        begun = (way for way in ways[1:] if self._said(way).sizes and self._said(way) in way)
        return next(begun, ways[0])

    def _place(self, way: Sequence[RouteStep]) -> int:
        said = self._said(way)
        if said not in way:
            steps = ", then ".join(map(str, way))
            raise TransitionRefusedError(f"{self.file.name} says {said}, which is not on the way: {steps}")
        return way.index(said)

    def _said(self, way: Sequence[RouteStep]) -> RouteStep:
        """The step that the file says."""
        keys = {key for step in way for key, _ in step.sizes}
        sizes = tuple((key, value) for key, value in self._sizes().items() if key in keys)
        return RouteStep(stage=stackfile.settings(self.file.stack).stage, sizes=sizes)

    def _sizes(self) -> dict[str, Any]:
        config = stackfile.config(self.file.stack)
        groups = {key.partition(".")[0] for key in SIZES}
        return {
            f"{group}.{name}": value
            for group in sorted(groups)
            for name, value in (config.get(group) or {}).items()
            if f"{group}.{name}" in SIZES
        }

    def _text(self, text: str, step: RouteStep, way: Sequence[RouteStep]) -> str:
        """The file's text for a step: its stage, and its sizes beside the stack's own."""
        text = edited(text, "stage", step.stage, self.file.name)
        config, wanted = stackfile.config(self.file.stack), nested(step.sizes)
        for group, names in nested(size for one in way for size in one.sizes).items():
            own = {name: value for name, value in (config.get(group) or {}).items() if name not in names}
            text = edited(text, group, {**own, **wanted.get(group, {})} or None, self.file.name)
        return text
