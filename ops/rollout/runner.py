"""Takes the steps: writes the file, has the engine apply it, verifies the result, and watches the alarms.

A step is: an atomic change of the file, without `since`; the update; a check of weights and targets; `since`. If it is
stopped anywhere, the file says what is wanted and that it is not finished. The next command finishes it: the update is
made again, which does nothing if it was complete.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn

from infra.config.models.rollout import WEIGHTS, Phase, Progress, Rollout, Strategy
from infra.config.settings import Settings
from infra.rollout_order import went_back
from infra.thresholds import HEALTHY_WAIT
from ops.engine.updates import RolloutEngine
from ops.rollout import state_machine
from ops.rollout.beside import waiting
from ops.rollout.capacity import overload
from ops.rollout.clock import TimeSource
from ops.rollout.divert import divert, is_diverted, put_right
from ops.rollout.gates import Gates
from ops.rollout.hold import hold
from ops.rollout.known import applied, known
from ops.rollout.observer import File, Look, RefreshFailedError
from ops.rollout.state_machine import AlarmedError, Evidence, NotYetError, RolloutRefusedError


@dataclass(kw_only=True)
class RolloutRunner:
    """One stack's rollout.

    tell: called with what was done, a line each.
    live: called with what is being done.

    Each command raises RolloutRefusedError when the answer is no, SettingsError for a config that is not allowed, and
    EngineError or GateError when something fails. The file has what was done until then.
    """

    file: File
    engine: RolloutEngine
    gates: Gates
    clock: TimeSource
    tell: Callable[[str], None]
    live: Callable[[str], None]
    # Regions whose weights could not be moved at once, as was printed.
    failed: set[str] = field(default_factory=set)

    @property
    def look(self) -> Look:
        """Reads the stack."""
        return Look(file=self.file, engine=self.engine, gates=self.gates, now=self.clock.now)

    def start(
        self,
        strategy: Strategy,
        image: str,
        bake: int | None = None,
        *,
        with_changes: bool = False,
        beside_alarms: bool = False,
    ) -> None:
        """Bring the new image up where it has no traffic, or in place; waits until it is healthy.

        Args:
            strategy: the steps.
            image: the new image.
            bake: minutes to watch each step; None for the strategy's own.
            with_changes: whether other changes of resources that serve requests may be made too.
            beside_alarms: whether to start although alarms fire, because the new version fixes their cause.
        """
        old = self.file.rollout()
        new = state_machine.start(old, strategy, image, self.clock.now(), bake)
        self._carries(self.file.settings(new), WEIGHTS)
        self.live("Looking up what else an update would change")
        self.look.same(old)
        firing = self.look.alarms(old.leading)
        if firing and not beside_alarms:
            told = firing_of(firing, self.look.gate_alarms(old.leading), old.leading)
            raise RolloutRefusedError(f"{told}; find out why first, or, if the new version fixes it: --beside-alarms")
        self._alone(state_machine.without_effect(old, new), with_changes=with_changes)
        self._go(old, new)

    def _alone(self, rollout: Rollout, *, with_changes: bool) -> None:
        """Print the other changes of the first update, and refuse those whose faults the rollout would be blamed for.

        Args:
            rollout: before it changes anything. The machine image is then kept as it is.
            with_changes: whether to refuse nothing.
        """
        regions = self.look.regions().values()
        alarms = {name for known in regions for names in known["alarms"].values() for name in names}
        with self.file.copy(rollout) as path:
            along = waiting(self.engine.foreseen(config=path), alarms)
        serving = [one for one in along if not one.apart]
        if serving and not with_changes:
            listed = "\n".join(f"  {one}" for one in serving)
            raise RolloutRefusedError(
                "an update would change more of what serves requests, and its faults would be taken for the new "
                f"version's:\n{listed}\n"
                f"First: pulumi up --stack {self.file.stack}; or accept them: --with-changes"
            )
        for one in along:
            self.tell(f"Also changes: {one}")

    def step(self) -> None:
        """Finish the step that was begun, or else take the next."""
        if not self._settle():
            self._next(state_machine.step, patient=False)

    def promote(self) -> None:
        """All traffic to the new color now, then the rest of the way."""
        self._settle()
        rollout = self.current()
        if rollout.colors[state_machine.under_way(rollout).to].weight < WEIGHTS:
            self._next(state_machine.promote, patient=False)
        self._finish()

    def rest(self) -> None:
        """Every step that is left, watching between them."""
        self.current()
        self._finish()

    def abort(self) -> None:
        """Roll back from any step, and remove the new color."""
        if known(self.look, again=True).progress is None:
            self._ended()
            return
        rollout = self.current()
        back = state_machine.abort(rollout)
        self.divert()
        if back != rollout:
            self._go(rollout, back)
        self._finish()

    def divert(self) -> bool:
        """Take the traffic off the new color at once. Changes nothing but the load balancers, so it needs no lock.

        Returns whether there is traffic to move: there is none in place, nor while the old color is cleaned up.
        """
        rollout = known(self.look, again=True)
        for failed in divert(self.look, rollout, self.tell):
            if failed not in self.failed:
                self.failed.add(failed)
                self.tell(f"The weights are left to an update: {failed}")
        return state_machine.old_shares(rollout) is not None

    def hold(self) -> None:
        """Keep the traffic off the new color until an update has rolled back as well."""
        hold(self.look, self.clock, self.tell, self.live)

    def _ended(self) -> None:
        """Print that a rollout was rolled back; refuse if none was."""
        rollout, last = self.file.rollout(), applied(self.look)
        runs = f"{rollout.leading} runs {rollout.colors[rollout.leading].image}"
        if last is None or last.colors != rollout.colors or not went_back(last):
            raise RolloutRefusedError(
                f"no rollout of {self.file.stack} is under way, and {runs}; an older version is brought by: "
                f"ascent rollout start --stack {self.file.stack} --strategy blue-green --image IMAGE"
            )
        self.tell(f"The rollout went back already: {runs}.")

    def _finish(self) -> None:
        while self.file.rollout().progress is not None:
            if not self._settle():
                self._next(state_machine.step, patient=True)

    def current(self) -> Rollout:
        """The file's rollout; the stack's instead, if the stack is further or the file has none.

        The stack's is then written into the file.
        """
        rollout, now = self.file.rollout(), known(self.look)
        if now.progress is None:
            raise RolloutRefusedError(
                f"no rollout of {self.file.stack} is under way; begin one with: "
                f"ascent rollout start --stack {self.file.stack} --strategy canary --image IMAGE"
            )
        if now != rollout:
            self.file.write(rollout, now)
            what = "was older than the stack" if rollout.progress else "had no rollout, and the stack is in one"
            self.tell(f"{self.file.name} {what}: taken over from the stack's outputs.")
        return now

    def _settle(self) -> bool:
        """Finish a step that was begun. Returns whether there was one."""
        rollout = self.current()
        if state_machine.under_way(rollout).since is not None:
            return False
        self._not_diverted(rollout)
        self.tell("Finishing the step that was begun.")
        self._follow(rollout)
        return True

    def _next(self, move: Callable[[Rollout, Evidence], Rollout], *, patient: bool) -> None:
        rollout = self.current()
        while True:
            self._not_diverted(rollout)
            self.look.same(rollout)
            evidence = self.look.evidence(rollout)
            try:
                new = move(rollout, evidence)
                break
            except AlarmedError as error:
                self._retreat(error)
            except NotYetError as error:
                ends = state_machine.waits(rollout, evidence.drain) + HEALTHY_WAIT.value * 60
                if not patient or evidence.waited > ends:
                    raise
                self.live(f"{_shares(rollout)}: {error}")
                self.clock.sleep(self.gates.poll)
        if new.progress is not None and new.progress.phase is Phase.FORWARD:
            self._carries(self.file.settings(new), new.colors[new.progress.to].weight)
        self._go(rollout, new)

    def _go(self, old: Rollout, new: Rollout) -> None:
        self.file.write(old, new)
        if new.progress is None:
            self._over(state_machine.under_way(old))
            return
        if old.leading != new.leading and self.file.settings(new).sizes.workers is not None:
            self.tell(f"With this step the workers change to {new.colors[new.leading].image}.")
        self._follow(new)

    def _follow(self, rollout: Rollout) -> None:
        """Apply the file to the stack, verify the result, and note that in the file."""
        progress, asked = state_machine.under_way(rollout), self.clock.now()
        self.live(f"Updating {self.file.stack}: {_shares(rollout)}")
        self.engine.update()
        if progress.phase is Phase.FORWARD:
            self._not_diverted(rollout)
        else:
            put_right(self.look, rollout, self.tell)
        self.look.same(rollout)
        self._come_up(rollout, asked)
        settled = state_machine.settled(rollout, self.clock.now())
        self.file.write(rollout, settled)
        self.tell(f"{SAYS[progress.phase]}: {_shares(rollout)}.")
        if settled.progress is None:
            self._over(progress)

    def _over(self, progress: Progress) -> None:
        rollout = self.file.rollout()
        self.tell(f"The {progress.strategy} is over: {rollout.leading} runs {rollout.colors[rollout.leading].image}.")

    def _not_diverted(self, rollout: Rollout) -> None:
        """Roll back if the traffic was taken off the new color: by an abort elsewhere, or in the console."""
        if is_diverted(self.look, rollout):
            self._retreat(AlarmedError(f"the traffic was taken off {state_machine.under_way(rollout).to}"))

    def _retreat(self, error: RolloutRefusedError) -> NoReturn:
        self.tell(f"Going back: {error}.")
        self.abort()
        raise RolloutRefusedError(f"{error}. The rollout went back to what was before") from None

    def _come_up(self, rollout: Rollout, asked: datetime) -> None:
        """Wait until a new color without traffic is healthy; in place, until the instance refresh has ended.

        In place, alarms count since the update was `asked` for: an engine that updates pods waits for them itself.
        """
        progress = state_machine.under_way(rollout)
        forward, in_place = progress.phase is Phase.FORWARD, state_machine.plan_of(progress).in_place
        if not in_place and not (forward and rollout.colors[progress.to].weight == 0):
            return
        began, look = self.clock.now(), self.look
        while True:
            try:
                refreshing = look.refreshing(progress) if in_place else []
            except RefreshFailedError as error:
                if forward:
                    self._retreat(error)
                raise
            unhealthy = [one.short for one in look.targets(progress.to) if one.short]
            if forward and in_place and (alarms := look.alarms(progress.to, asked)):
                self._retreat(AlarmedError(f"alarms of {progress.to}: {', '.join(alarms)}"))
            if not refreshing and not unhealthy:
                return
            if not refreshing and (self.clock.now() - began).total_seconds() > HEALTHY_WAIT.value * 60:
                raise RolloutRefusedError(
                    f"{progress.to} did not become healthy within {HEALTHY_WAIT.value} minutes ({'; '.join(unhealthy)})"
                )
            self.live("; ".join([*refreshing, *unhealthy]))
            self.clock.sleep(self.gates.poll)

    def _carries(self, settings: Settings, weight: int) -> None:
        problems = overload(settings, state_machine.under_way(settings.rollout).to, weight)
        if problems:
            raise RolloutRefusedError("; ".join(problems))


def firing_of(firing: Sequence[str], among: Mapping[str, Sequence[str]], color: str) -> str:
    """How many of a color's gate alarms fire, and which."""
    known = sum(len(names) for names in among.values())
    names = f": {', '.join(firing)}" if firing else ""
    return (
        f"{len(firing) or 'none'} of the {known} gate alarms of {color} {'fire' if len(firing) > 1 else 'fires'}{names}"
    )


SAYS = {Phase.FORWARD: "Done", Phase.BACK: "Went back", Phase.CLEANING: "Cleaned up"}


def _shares(rollout: Rollout) -> str:
    return ", ".join(f"{color} {one.weight} %" for color, one in rollout.colors.items())
