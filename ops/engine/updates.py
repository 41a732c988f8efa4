"""Updates of a stack through Pulumi's Automation API: the repository's own program, in the present environment."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from catalog.engine_steps import EngineStep, of_metadata
from infra import half_written
from infra.thresholds import ENGINE_WAIT
from ops import stackfile
from ops.engine.deployment import PulumiError, exported, imported, printed
from ops.engine.interrupts import uninterrupted
from ops.engine.leftovers import forget
from ops.engine.runs import left_by_a_killed_one, locked_out, noted
from ops.errors import NO, UNUSABLE

if TYPE_CHECKING:
    from pulumi.automation import Stack
    from pulumi.automation.events import EngineEvent, ResourcePreEvent, ResOutputsEvent

T = TypeVar("T")
TOOLCHAIN = stackfile.ROOT / ".toolchain"
SAME = "same"
RETRY_SECONDS = 2
LAST_LINES = 12
LEFT_EMPTY = (
    "the file of facts beside the state of {stack} is empty, as an engine leaves it that was killed while it wrote; "
    "delete .pulumi/stacks/ascent/{stack}.json.attrs in the backend's directory, then try again"
)
NO_BACKEND = "PULUMI_ACCESS_TOKEN must be set"
LOGIN = 'pulumi is logged in to no backend; run: pulumi login; for the sandbox: eval "$(make -s env)"'


class EngineError(Exception):
    """A run of the engine failed. The text is its output."""

    code = NO


class UnaskedError(EngineError):
    """There is no engine, no login, or no such stack."""

    code = UNUSABLE


class RolloutEngine(Protocol):
    """Brings a stack up as its file says."""

    def update(self) -> None:
        """Bring the stack up. Doing so twice does nothing the second time."""

    def foreseen(self, *, config: Path | None = None) -> Sequence[EngineStep]:
        """What an update would do to each resource, in order; with another stack file, if one is given."""

    def outputs(self, *, again: bool = False) -> dict[str, Any]:
        """The stack's outputs as of the last update; `again` reads them anew, after an update elsewhere."""


class Automation:
    """The engine on PATH, else the one that `make setup` has put into the repository.

    Args:
        name: the stack.
        live: called with what is being done, for a person who watches.
        tell: called with messages that have to be seen.
    """

    def __init__(self, name: str, live: Callable[[str], None], tell: Callable[[str], None]) -> None:
        self._name = name
        self._live = live
        self._tell = tell
        self._stack: Stack | None = None
        self._outputs: dict[str, Any] | None = None
        self._errors: list[str] = []

    def update(self, replace: Sequence[str] = ()) -> None:
        """Bring the stack up.

        Args:
            replace: URNs of resources to replace even if nothing about them has changed.

        Raises:
            EngineError: with the output of the engine and the program.
        """
        stack = self._opened()
        # With or without success, the outputs that were read before are outdated.
        self._outputs = None
        run = partial(stack.up, on_event=self._on_event, color="never", show_secrets=False, replace=list(replace))
        with uninterrupted(self._tell):
            done = self._turn(run, locks=True)
        self._outputs = {key: one.value for key, one in done.outputs.items()}

    def forget(self) -> list[str]:
        """Remove leftovers of providers from the state. Returns the URNs of the resources that had some.

        Raises:
            EngineError: when the engine's command fails.
        """
        try:
            state = exported(printed, self._name)
            urns = forget(state)
            if urns:
                imported(printed, self._name, state)
        except PulumiError as error:
            raise EngineError(str(error)) from error
        return urns

    def refresh(self, urns: Sequence[str]) -> None:
        """Refresh these resources in the state.

        Raises:
            EngineError: with the output of the engine and the providers.
        """
        stack, self._outputs = self._opened(), None
        run = partial(stack.refresh, target=list(urns), on_event=self._on_event, color="never", show_secrets=False)
        with uninterrupted(self._tell):
            self._turn(run, locks=True)

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the state, secrets encrypted; none if the stack was never brought up.

        Raises:
            EngineError: with the engine's output, as when there is no such stack.
        """
        stack = self._opened()
        deployment = self._turn(stack.export_stack).deployment or {}
        return list(deployment.get("resources") or [])

    def look(self) -> list[EngineStep]:
        """What the providers find of each resource, without a change of the state.

        Raises:
            EngineError: with the output of the engine and the providers.
        """
        run = partial(self._opened().preview_refresh, color="never", show_secrets=False)
        return self._steps(run, lambda event: event.res_outputs_event)

    def foreseen(self, exclude: Sequence[str] = (), *, config: Path | None = None) -> list[EngineStep]:
        """What an update would do to each resource, in order.

        Args:
            exclude: URNs to leave out, which may have `*` and `**` in them.
            config: a file in place of the stack's own.

        Raises:
            EngineError: with the output of the engine and the program.
        """
        file = str(config) if config else None
        run = partial(self._opened().preview, color="never", exclude=list(exclude), config_file=file)
        return self._steps(run, lambda event: event.resource_pre_event)

    def outputs(self, *, again: bool = False) -> dict[str, Any]:
        """The stack's outputs.

        Args:
            again: whether to read them anew, because the stack may have been updated elsewhere.

        Raises:
            EngineError: with the engine's output, as when there is no such stack.
        """
        if self._outputs is None or again:
            stack = self._opened()
            self._outputs = {key: one.value for key, one in self._turn(stack.outputs).items()}
        return self._outputs

    def _steps(
        self, run: Callable[..., object], event_of: Callable[[EngineEvent], ResourcePreEvent | ResOutputsEvent | None]
    ) -> list[EngineStep]:
        """The steps of a run, from one kind of its events."""
        steps: list[EngineStep] = []

        def on_event(event: EngineEvent) -> None:
            self._on_event(event)
            if told := event_of(event):
                steps.append(of_metadata(told.metadata))

        with uninterrupted(self._tell):
            self._turn(lambda: run(on_event=on_event))
        return steps

    def _opened(self) -> Stack:
        if self._stack is None:
            # Its import takes a second, so only where it is needed.
            from pulumi.automation import LocalWorkspace, PulumiCommand, Stack

            class Unselecting(LocalWorkspace):
                def select_stack(self, stack_name: str) -> None:
                    """Selects nothing, so that a later plain `pulumi up` acts on the same stack as before."""

            found = shutil.which("pulumi")
            if found is None and not (TOOLCHAIN / "bin" / "pulumi").exists():
                raise UnaskedError("there is no pulumi; install it, or run: make setup")
            command = PulumiCommand(root=None if found else str(TOOLCHAIN))
            self._stack = Stack.select(self._name, Unselecting(str(stackfile.ROOT), pulumi_command=command))
        return self._stack

    def _turn(self, run: Callable[[], T], *, locks: bool = False) -> T:
        """Run the engine, and wait while another update holds the lock.

        Args:
            run: runs it.
            locks: whether it takes the stack's lock.

        Raises:
            EngineError: when it fails, or another update does not end.
        """
        from pulumi.automation import CommandError, ConcurrentUpdateError, StackNotFoundError

        until, told, pauses = time.monotonic() + ENGINE_WAIT.value * 60, False, iter(half_written.PAUSES)
        while True:
            self._errors.clear()
            if locks:
                noted(self._name)
            try:
                return run()
            except ConcurrentUpdateError as error:
                if locks:
                    locked_out(self._name)
                if self._freed(str(error)):
                    continue
                if time.monotonic() > until:
                    raise EngineError(f"another update of {self._name} did not end; {self._advice}") from None
                if not told:
                    self._tell(f"Waiting for another update of {self._name} to end; {self._advice}")
                    told = True
                time.sleep(RETRY_SECONDS)
            except StackNotFoundError:
                raise UnaskedError(f"there is no stack {self._name} at this backend; see: pulumi stack ls") from None
            except CommandError as error:
                said = str(error).partition("stderr:")[2].strip() or str(error)
                if NO_BACKEND in said:
                    raise UnaskedError(LOGIN) from None
                if half_written.SAYS in said:
                    if (pause := next(pauses, None)) is None:
                        raise UnaskedError(LEFT_EMPTY.format(stack=self._name)) from None
                    time.sleep(pause)
                    continue
                lines = [line.removeprefix("error: ") for line in said.splitlines()[-LAST_LINES:]]
                raise (EngineError if locks else UnaskedError)("\n".join(self._errors or lines)) from None

    @property
    def _advice(self) -> str:
        return f"if it is gone for good: pulumi cancel --stack {self._name}"

    def _freed(self, said: str) -> bool:
        """Remove the lock of an engine that was started here and killed."""
        if not left_by_a_killed_one(self._name, said):
            return False
        self._opened().cancel()
        self._tell("An engine was killed in the middle of an update; its lock is removed, and the update made again.")
        return True

    def _on_event(self, event: EngineEvent) -> None:
        if event.diagnostic_event and event.diagnostic_event.severity == "error":
            self._errors.append(event.diagnostic_event.message.strip())
        if event.resource_pre_event and event.resource_pre_event.metadata.op.value != SAME:
            metadata = event.resource_pre_event.metadata
            self._live(f"{metadata.op.value} {metadata.type.rpartition(':')[2]} {metadata.urn.rpartition('::')[2]}")
