"""The steps of a smoke run: stage 1 up, a request served, a password replaced, stage 2, down. Each is timed."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from catalog.engine_steps import EngineStep
from ops import stackfile
from ops.engine.updates import EngineError
from ops.smoke.differences import Difference, differences
from ops.stackedit import EditedFile, edited

_PAUSE = 10  # seconds between two requests
_TIMEOUT = 10  # seconds that one request may take
_NOTHING = ("same", "read", "refresh")


class SmokeEngine(Protocol):
    """What a run needs of the engine."""

    def update(self) -> None:
        """Bring the stack up as its file says."""

    def foreseen(self) -> Sequence[EngineStep]:
        """What another update would do."""

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the state."""

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SmokeStep:
    """A step that was made.

    seconds: how long it took. trouble: what was not as it should be; empty where all was.
    """

    name: str
    seconds: float
    trouble: str = ""


@dataclass(kw_only=True)
class SmokeRun:
    """One run.

    patience: seconds that the application may take to answer after an update.
    destroy: takes the stack down.
    left: what of the stack is still in the account, as ARNs.
    live: called with what is being done.
    """

    file: EditedFile
    engine: SmokeEngine
    destroy: Callable[[], None]
    left: Callable[[], Sequence[str]]
    live: Callable[[str], None]
    patience: float
    steps: list[SmokeStep] = field(default_factory=list)
    found: dict[tuple[str, str, str], Difference] = field(default_factory=dict)
    compared: int = 0  # resources, at the most of all updates

    @property
    def ok(self) -> bool:
        """Whether every step went well and nothing differs from the sandbox."""
        return not self.found and all(not one.trouble for one in self.steps)

    def take(self) -> None:
        """Make every step. What fails is a finding; the stack is taken down whatever happened before."""
        try:
            if self._updated("stage 1 up"):
                self._served("a request at stage 1")
                self._rotated()
                self._write("stage", 2)
                if self._updated("stage 2 up"):
                    self._served("a request at stage 2")
        finally:
            self._write("stage", 1)
            with self._step("down") as trouble:
                self.destroy()
            if not trouble:
                with self._step("nothing is left") as trouble:
                    trouble += self.left()

    @contextmanager
    def _step(self, name: str) -> Iterator[list[str]]:
        """Time a step. What is added to the list is its trouble."""
        self.live(name)
        trouble: list[str] = []
        start = time.monotonic()
        try:
            yield trouble
        except EngineError as error:
            trouble.append(str(error))
        self.steps.append(SmokeStep(name=name, seconds=time.monotonic() - start, trouble="\n".join(trouble)))

    def _updated(self, name: str, *, settles: bool = True) -> bool:
        """An update, after which another one would change nothing if it `settles`. Whether the update succeeded."""
        with self._step(name) as failed:
            self.engine.update()
        if failed:
            return False
        if settles:
            with self._step(f"{name}: another update would change nothing") as trouble:
                trouble += [f"{one.op} {one.urn}" for one in self.engine.foreseen() if one.op not in _NOTHING]
        resources = self.engine.resources()
        self.compared = max(self.compared, len(resources))
        for one in differences(resources):
            self.found[one.type, one.output, one.sandbox] = one
        return True

    def _served(self, name: str) -> None:
        path = stackfile.settings(self.file.stack).described.health_path
        with self._step(name) as trouble:
            trouble += _answered(f"{self.engine.outputs()['url']}{path}", self.patience)

    def _rotated(self) -> None:
        """Replace the application's password, which takes two updates."""
        config = stackfile.config(self.file.stack)
        if not (config.get("database") or {}).get("roles"):
            self.steps.append(
                SmokeStep(name="a password replaced", seconds=0, trouble="not tried: database.roles is off")
            )
            return
        before: Mapping[str, Any] = config.get("rotations") or {}
        self._write("rotations", {**before, "application": before.get("application", 0) + 1})
        first, second = "a password replaced, first update", "a password replaced, second update"
        # The second ends the old password: docs/passwords.md.
        if self._updated(first, settles=False) and self._updated(second):
            self._served("a request with the new password")

    def _write(self, key: str, value: Any) -> None:
        self.file.replace(edited(self.file.text(), key, value, self.file.name))


def _answered(url: str, patience: float) -> list[str]:
    """Nothing once the address answers with 200; else what it said at the last try."""
    until = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:  # noqa: S310  https, by the program
                said = "" if answer.status == 200 else f"{url}: {answer.status}"
        except (urllib.error.URLError, OSError) as error:
            said = f"{url}: {error}"
        if not said or time.monotonic() + _PAUSE > until:
            return [said] if said else []
        time.sleep(_PAUSE)
