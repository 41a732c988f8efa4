"""`Sandbox`: runs the real engine on a project against the stand-in providers, with a state and a world of its own.

    box = Sandbox(tmp_path)            # stack "sandbox", this repository's program
    result = box.up(stage=4)
    assert result.ok, result.output
    assert result.changes == {"create": 130}
    box.preview(stage=5).steps         # what moving on would do
    box.export()                       # the state, secrets left encrypted

Every call is one engine run from beginning to end; the output is collected unless `live` says that it goes to the
terminal.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalog.engine_steps import STACK_TYPE, EngineStep
from sandbox.commands import recovery, state
from sandbox.commands.environ import engine_environment, install_plugins, local_cluster
from sandbox.commands.events import Events, read_events
from sandbox.commands.layout import Layout
from sandbox.commands.process import run_in_terminal
from sandbox.commands.stackfile import shipped, shipped_stage, write_config
from scripts.places import ROOT, TOOLCHAIN, put
from scripts.say import ProblemError

DEFAULT_STACK = "sandbox"
INTERRUPTED = 130
# Runtimes with pods.
PODS = ("kubernetes", "both")
# Environment in which the engine writes its state once, at the end of a run, and not after every step: that is most of
# its time with hundreds of resources. Not for runs that may be cut off.
QUICK = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}


@dataclass(frozen=True)
class Result:
    """One engine run. `output` is empty for a live one: it went to the terminal."""

    code: int
    output: str
    events: Events
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether the engine says that all went well."""
        return self.code == 0

    @property
    def steps(self) -> list[EngineStep]:
        """What was done to each resource, in order; in a preview, what would be."""
        return self.events.steps

    @property
    def changes(self) -> dict[str, int]:
        """How many resources were created, updated, replaced, deleted: none of those that stayed the same."""
        return self.events.changed

    @property
    def errors(self) -> list[str]:
        """The engine's and the program's error messages."""
        return self.events.errors


@dataclass
class Sandbox:
    """A stack in a sandbox that lives in the directory `home`."""

    home: Path
    stack: str = DEFAULT_STACK
    project: Path = ROOT
    live: bool = False
    # Config values, without the project's name before them, that replace the shipped ones in every run.
    overrides: dict[str, Any] = field(default_factory=dict)
    # Environment variables on top of the sandbox's own, such as ASCENT_SANDBOX_FAIL.
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home = self.home.absolute()

    @property
    def layout(self) -> Layout:
        """Where everything is."""
        return Layout(self.home, self.project)

    def up(self, stage: int | None = None, **config: Any) -> Result:  # noqa: ANN401, RUF100 (config holds anything)
        """Bring the stack up, at a stage and with config values that replace the shipped ones."""
        result = self.run("up", "--yes", "--skip-preview", stage=stage, config=config)
        if result.ok:
            self._remember_stage(self.stage if stage is None else stage)
        return result

    def preview(self, stage: int | None = None, **config: Any) -> Result:  # noqa: ANN401, RUF100
        """What `up` would do."""
        return self.run("preview", stage=stage, config=config)

    def refresh(self) -> Result:
        """Refresh the state from the world."""
        return self.run("refresh", "--yes", "--skip-preview", stage=self.last_stage)

    def destroy(self, *, ignore_protection: bool = False) -> Result:
        """Delete everything; the engine refuses while something is protected, unless told to ignore that."""
        ignore = ["--ignore-protect"] if ignore_protection else []
        result = self.run("destroy", "--yes", "--skip-preview", *ignore, stage=self.last_stage)
        if result.ok:
            self._remember_stage(None)
        return result

    def export(self) -> dict[str, Any]:
        """The stack's deployment as `pulumi stack export` gives it, secrets encrypted."""
        return state.deployment(self.layout, self.stack)

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the state."""
        return state.resources(self.layout, self.stack)

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs; a secret one is a mapping with its ciphertext."""
        for resource in self.resources():
            if resource.get("type") == STACK_TYPE:
                return dict(resource.get("outputs") or {})
        return {}

    def world(self) -> dict[str, Any]:
        """The resources that the stand-ins have made, from their file."""
        try:
            content: dict[str, Any] = json.loads(self.layout.world.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return content

    @property
    def stage(self) -> int | None:
        """The stage that an update without one runs at: what the shipped file says."""
        return shipped_stage(self.layout, self.stack)

    @property
    def last_stage(self) -> int | None:
        """The stage of the last update that went well."""
        return self._stages().get(self.stack)

    def install(self) -> None:
        """Create everything that a run needs: directories, plugins, the stack."""
        if not (TOOLCHAIN / "bin" / "pulumi").exists():
            raise ProblemError("The Pulumi engine is not set up yet. Run: make setup")
        for directory in (self.layout.state, self.layout.pulumi_home):
            directory.mkdir(parents=True, exist_ok=True)
        install_plugins(self.layout)
        state.ensure_stack(self.layout, self.stack)

    def prepare(self) -> list[str]:
        """Prepare a run, and repair what an earlier one left. Returns the repairs as text."""
        self.install()
        notes = []
        if removed := state.clear_stale_locks(self.layout, self.stack):
            notes.append(f"Removed {removed} lock{'s' * (removed > 1)} of a run that died.")
        state.clear_damaged_sidecars(self.layout)
        if mended := state.mend_checkpoint(self.layout, self.stack):
            notes.append(mended)
        return notes

    def recover(self) -> list[str]:
        """Settle what was under way when an engine died: needed once before the next change."""
        under_way = state.pending(self.layout, self.stack)
        if not under_way:
            return []
        removed = recovery.remove_leftovers(self.layout, self.stack)
        quiet = Sandbox(self.home, self.stack, self.project, live=False, overrides=self.overrides)
        result = quiet.run(
            "refresh", "--yes", "--skip-preview", "--clear-pending-creates", stage=self.last_stage, mend=False
        )
        if not result.ok:
            raise ProblemError(
                "The last run was cut off, and its state could not be settled:\n"
                + "\n".join(result.errors or [result.output.strip()])
            )
        count = len(under_way)
        notes = [f"The last run was cut off with {count} operation{'s' * (count > 1)} under way; settled."]
        return notes + [f"  removed its half-made {what}" for what in removed]

    def run(
        self, command: str, *arguments: str, stage: int | None = None, config: dict[str, Any] | None = None,
        mend: bool = True,
    ) -> Result:  # fmt: skip
        """Run one of the engine's commands on the stack."""
        if mend:
            self.prepare()
            if command != "preview":
                self.recover()
        overrides = self._runtime() | self.overrides | (config or {}) | ({} if stage is None else {"stage": stage})
        file = write_config(self.layout, self.stack, overrides)
        environment = engine_environment(self.layout, self.stack) | self.environment
        # The event log is one of the flags that the engine shows only to those who debug it.
        environment["PULUMI_DEBUG_COMMANDS"] = "true"
        with _event_log() as log:
            line = [
                str(TOOLCHAIN / "bin" / "pulumi"), command, "--stack", self.stack, "--config-file", str(file),
                "--event-log", str(log), *arguments,
            ]  # fmt: skip
            before = recovery.ownerless(self.layout) if command == "up" else set()
            if command != "preview":
                state.keep(self.layout, self.stack)
            started = time.monotonic()
            if self.live:
                code, output = run_in_terminal(line, cwd=self.project, env=environment), ""
            else:
                done = subprocess.run(
                    [*line, "--non-interactive", "--color", "never"], cwd=self.project, env=environment,
                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                    errors="replace", check=False,
                )  # fmt: skip
                code, output = done.returncode, done.stdout
            # A damaged state has no resources; the next run restores it together with the world.
            whole = state.parse(self.layout.checkpoint(self.stack)) is not None
            if command == "up" and code != 0 and whole and not state.pending(self.layout, self.stack):
                recovery.remove_unanswered(self.layout, before)
            return Result(code, output, read_events(log), time.monotonic() - started)

    def _runtime(self) -> dict[str, str]:
        """A stack with a local cluster has something to run there, whatever the shipped file says."""
        if local_cluster(self.layout, self.stack) is None:
            return {}
        return {} if shipped(self.layout, self.stack, "runtime") in PODS else {"runtime": PODS[0]}

    def _stages(self) -> dict[str, int]:
        try:
            content = json.loads(self.layout.stages.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def _remember_stage(self, stage: int | None) -> None:
        stages = {**self._stages(), self.stack: stage}
        known = {stack: number for stack, number in stages.items() if number is not None}
        put(self.layout.stages, json.dumps(known))


@contextmanager
def _event_log() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ascent-") as directory:
        yield Path(directory) / "events.json"
