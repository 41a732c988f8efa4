"""A route is taken step by step, refuses what would be lost, and goes on where it was stopped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from catalog.engine_steps import EngineState, EngineStep
from infra import stages
from infra.stages import STAGES
from ops import stackfile
from ops.engine.render import RenderedStack, render
from ops.engine.updates import EngineError
from ops.stackedit import EditedFile, edited
from ops.transition.apply import TransitionRefusedError, TransitionRunner
from ops.transition.differ import between
from ops.transition.model import Op
from ops.transition.route import RouteStep, broken, pairs
from ops.transition.update_constraints import GROUP

STACK = "sandbox"
SAID = "  ascent:stage: 1\n"
KEY = "cache.nodeType"
LARGER = "cache.r7g.xlarge"


class Killed(BaseException):
    """Nothing may catch it, like SIGKILL."""


@dataclass
class Fake:
    """A stack of which an engine makes what its file says. `die_at`: the call that is the last one of a process."""

    file: Path
    stage: int
    plan: RenderedStack = field(init=False)
    updates: list[int] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    calls: int = 0
    die_at: int | None = None
    left: str | None = None
    fails: str | None = None
    preview_fails: str | None = None
    extra: list[Any] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.say(self.stage)
        self.plan = self._said()

    def say(self, stage: int) -> None:
        """Have the file say a stage, as people do by hand."""
        self.file.write_text(edited(self.file.read_text(), "stage", stage, "x"))

    @property
    def text(self) -> str:
        return self.file.read_text()

    def walk(self, came_from: int, to: int) -> None:
        """A new process that takes the way."""
        file = EditedFile(STACK)
        with file.held():
            TransitionRunner(
                file=file,
                came_from=came_from,
                to=to,
                plans={},
                engine=self,
                tell=self.told.append,
                live=lambda _: None,
            ).take()

    def walk_and_die(self, came_from: int, to: int, at: int | None) -> None:
        """The same, of a process that is killed: what it wrote by then is what it leaves."""
        self.die_at = at
        with suppress(Killed):
            self.walk(came_from, to)
        if self.left is not None:
            self.file.write_text(self.left)

    def update(self) -> None:
        plan = self._said()
        self._call(None)
        assert broken(pairs(self.plan, plan)) == ()
        if self.fails:
            raise EngineError(self.fails)
        self.plan, self.stage = plan, plan.stage
        self.updates.append(plan.stage)
        self._call(None)

    def forget(self) -> list[str]:
        found, self.leftovers = self.leftovers, []
        return found

    def foreseen(self) -> list[Any]:
        self._call(self.preview_fails)
        said = self._said()
        sides = [{one.urn: one for one in plan.resources} for plan in (self.plan, said)]
        found = []
        for one in between(self.plan, said, set()).changes:
            old, new = (side.get(one.urn) for side in sides)
            inputs = (old.inputs if old else None, new.inputs if new else None)
            found.append(step(one.urn, one.op.value, *inputs))
        return found + self.extra

    def outputs(self) -> dict[str, Any]:
        return {"stage": self.stage}

    def _said(self) -> RenderedStack:
        return render(stackfile.settings(STACK), STACK)

    def _call(self, fails: str | None) -> None:
        self.calls += 1
        if self.calls == self.die_at:
            self.left = self.text
            raise Killed
        if fails:
            raise EngineError(fails)


Inputs = Mapping[str, Any] | None


def step(urn: str, op: str, old: Inputs, new: Inputs) -> EngineStep:
    """A step that an engine foresees."""
    before, after = (None if inputs is None else EngineState(custom=True, inputs=inputs) for inputs in (old, new))
    return EngineStep(op=op, urn=urn, old=before if op != Op.CREATE else None, new=after if op != Op.DELETE else None)


Start = Callable[[int], Fake]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    file = tmp_path / f"Pulumi.{STACK}.yaml"
    shutil.copy(stackfile.ROOT / file.name, file)
    monkeypatch.setattr(stackfile, "ROOT", tmp_path)
    return lambda stage: Fake(file, stage)


def test_each_update_is_made_and_only_the_stage_changes(start: Start) -> None:
    stack = start(4)
    before = stack.text
    stack.walk(4, 7)
    assert stack.updates == [5, 7]
    assert stack.told == ["Done: sandbox is at stage 5.", "Done: sandbox is at stage 7."]
    assert stack.text == before.replace("ascent:stage: 4", "ascent:stage: 7")
    # Run again, it does nothing but make sure.
    stack.walk(4, 7)
    assert stack.updates == [5, 7, 7]


@pytest.mark.parametrize("die_at", range(1, 8))
def test_killed_anywhere_it_goes_on(start: Start, die_at: int) -> None:
    stack = start(6)
    stack.walk_and_die(6, 4, die_at)
    stack.walk(6, 4)
    assert [stage for at, stage in enumerate(stack.updates) if stage not in stack.updates[:at]] == [5, 4]
    assert "ascent:stage: 4\n" in stack.text
    assert stack.stage == 4


def test_what_an_update_leaves_in_the_state_is_forgotten_and_told(start: Start) -> None:
    fake = start(2)
    fake.leftovers = ["urn:pulumi:x::cache"]
    fake.walk(2, 3)
    assert fake.told == [
        "Removed an outdated value from the state: urn:pulumi:x::cache",
        "Done: sandbox is at stage 3.",
    ]


def test_an_update_that_fails_is_made_again(start: Start) -> None:
    stack = start(4)
    stack.fails = "no capacity"
    with pytest.raises(EngineError, match="no capacity"):
        stack.walk(4, 6)
    assert "ascent:stage: 5\n" in stack.text
    stack.fails = None
    stack.walk(4, 6)
    assert stack.updates == [5, 6]


def test_a_preview_that_fails_leaves_the_file_as_it_was(start: Start) -> None:
    stack = start(4)
    before = stack.text
    stack.preview_fails = "cannot be deleted because it is protected"
    with pytest.raises(EngineError, match="protected"):
        stack.walk(4, 5)
    assert stack.text == before


def test_what_would_be_lost_is_refused_and_the_file_as_it_was(start: Start) -> None:
    stack = start(4)
    before = stack.text
    lost = step("urn:pulumi:s::ascent::aws:rds/cluster:Cluster::sandbox-use1-db", "replace", {}, {})
    original, stack.extra = stack.foreseen, []
    looks = iter([[], [lost]])
    stack.foreseen = lambda: original() + next(looks)  # type: ignore[method-assign]
    with pytest.raises(
        TransitionRefusedError, match=r"would lose what nothing else holds:\n  replace .*sandbox-use1-db"
    ):
        stack.walk(4, 5)
    assert (stack.updates, stack.text) == ([], before)


def test_what_the_state_makes_illegal_is_refused(start: Start) -> None:
    """Somebody gave the group mixed instances by hand: bringing the warm pool back is two updates."""
    stack = start(5)
    urn = f"urn:pulumi:s::ascent::{GROUP}::x"
    group = step(urn, "update", {"mixedInstancesPolicy": {"a": 1}}, {"warmPool": {"b": 1}})
    original = stack.foreseen
    looks = iter([[], [group]])
    stack.foreseen = lambda: original() + next(looks)  # type: ignore[method-assign]
    with pytest.raises(TransitionRefusedError, match="warm pool or mixed instances"):
        stack.walk(5, 4)
    assert stack.updates == []


def test_it_begins_only_where_the_stack_is_as_its_file_says(start: Start) -> None:
    stack = start(4)
    stack.say(2)
    stack.plan = stack._said()
    stack.say(4)
    with pytest.raises(TransitionRefusedError, match=r"an update would make other changes as well .*first: pulumi up"):
        stack.walk(4, 5)
    stack.say(3)
    with pytest.raises(
        TransitionRefusedError, match="says stage 3, which is not on the way: stage 4, then stage 5, then stage 6"
    ):
        stack.walk(4, 6)
    stack.say(6)
    stack.stage = 2
    with pytest.raises(TransitionRefusedError, match="says stage 6, and the stack was last updated at stage 2"):
        stack.walk(4, 6)
    assert stack.updates == []


@pytest.fixture
def larger(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if stage 7 wanted larger nodes than stage 6."""
    size = STAGES[7].sizes.cache
    assert size is not None
    row = replace(STAGES[7], sizes=replace(STAGES[7].sizes, cache=replace(size, node_type=LARGER)))
    monkeypatch.setitem(stages.STAGES, 7, row)


@pytest.mark.usefixtures("larger")
@pytest.mark.parametrize("die_at", [None, *range(2, 6)])
def test_a_size_is_there_for_one_update_and_gone_after(start: Start, die_at: int | None) -> None:
    stack = start(6)
    before = stack.text
    stack.walk_and_die(6, 7, die_at)
    if die_at in (2, 3, 4):
        assert f"  ascent:stage: 6\n  ascent:cache: {{nodeType: {LARGER}}}\n" in stack.text
    stack.walk(6, 7)
    assert stack.updates[-2:] == [6, 7] or die_at is None
    assert stack.text == before.replace("ascent:stage: 6", "ascent:stage: 7")


def test_sizes_of_the_stacks_own_stay(start: Start) -> None:
    stack = start(7)
    stack.file.write_text(stack.text + "  ascent:cache:\n    nodes: 3 # enough\n")
    before = stack.text
    way = (RouteStep(stage=7), RouteStep(stage=6, sizes=((KEY, LARGER),)), RouteStep(stage=6))
    walk = TransitionRunner(
        file=EditedFile(STACK),
        came_from=7,
        to=6,
        plans={},
        engine=stack,
        tell=stack.told.append,
        live=stack.told.append,
    )
    stack.file.write_text(walk._text(before, way[1], way))
    assert stack.text.endswith(f"  ascent:cache:\n    nodes: 3 # enough\n    nodeType: {LARGER}\n")
    assert walk._said(way) == way[1]
    assert walk._text(stack.text, way[2], way) == before.replace("ascent:stage: 7", "ascent:stage: 6")
