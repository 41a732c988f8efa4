"""The sandbox's command line: `python -m sandbox up --stage 4`, or `make up STAGE=4`."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from sandbox.commands import aws as cloud
from sandbox.commands import recovery, report, state
from sandbox.commands.engine import INTERRUPTED, Result, Sandbox
from sandbox.commands.environ import local_cluster, shell_exports
from sandbox.commands.stackfile import shipped_region
from sandbox.commands.turns import our_turn
from scripts.arguments import checked_stack, checked_stage
from scripts.places import SANDBOX, unwritable
from scripts.say import ProblemError, free_space

FAILED, BAD_INPUT = 1, 2
# Less than this and a run may end with half a state.
LEAST_FREE_BYTES = 50_000_000
LISTED = 12
# What --kubernetes can be; and the stage from which a stack has clusters in several regions.
REAL, SEVERAL_REGIONS = "real", 7

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Run the real Pulumi engine on this program against stand-in providers. Nothing real is touched.",
)
StackOption = Annotated[str, typer.Option("--stack", metavar="NAME", help="A stack that has a Pulumi.NAME.yaml.")]
StageOption = Annotated[
    str, typer.Option("--stage", metavar="1..7", help="The scaling stage, instead of the one in the stack's file.")
]
KubernetesOption = Annotated[
    str,
    typer.Option(
        "--kubernetes",
        metavar="real",
        help="The real Kubernetes provider, on an API server on this machine, until the stack is taken down.",
    ),
]


@app.command(epilog="Example: python -m sandbox up --stage 4")
def up(stack: StackOption = "sandbox", stage: StageOption = "", kubernetes: KubernetesOption = "") -> None:
    """Bring the stack up."""
    with _run("up", stack, stage, kubernetes) as (box, number):
        # A shell that has the sandbox's environment keeps its AWS, even after a `make down`.
        if os.environ.get("AWS_ENDPOINT_URL") == cloud.expected(box.layout):
            cloud.start(box.layout)
        result = box.up(number)
        _done(box, result, "up")


@app.command(epilog="Example: python -m sandbox preview --stage 5")
def preview(stack: StackOption = "sandbox", stage: StageOption = "", kubernetes: KubernetesOption = "") -> None:
    """Show what bringing it up would change."""
    with _run("preview", stack, stage, kubernetes) as (box, number):
        result = box.preview(number)
        _finish(box, result, "The preview failed; the engine says why above. Nothing was changed.")
        _print(f"A preview: nothing was changed, in the sandbox or elsewhere ({report.took(result)}).")


@app.command(epilog="Example: edit .sandbox/world.json, then python -m sandbox refresh")
def refresh(stack: StackOption = "sandbox", stage: StageOption = "") -> None:
    """Compare what exists with the state, and take over the differences."""
    with _run("refresh", stack, stage) as (box, _):
        result = box.refresh()
        _finish(box, result)
        _print(f"The state now says what the sandbox's world is like: {report.changed(result)}.")


@app.command(epilog="Example: python -m sandbox down --stack prod --force")
def down(
    stack: StackOption = "sandbox",
    stage: StageOption = "",
    force: Annotated[  # noqa: FBT002, RUF100 (an option, always given by name)
        bool, typer.Option("--force", help="First bring it up without protection, so that all of it can go.")
    ] = False,
) -> None:
    """Take the stack down."""
    with _run("down", stack, stage) as (box, number):
        kept = state.protected(box.layout, stack)
        if kept and not force:
            raise ProblemError(_protected_message(stack, kept))
        if force and box.resources():
            _print("[bold]First an update that takes the protection away, as one would have to for real.[/]")
            unlocked = box.up(number or box.last_stage, protect=False)
            if unlocked.code == INTERRUPTED:
                _finish(box, unlocked)
            elif not unlocked.ok:
                _print("That update failed; going on without it.")
        result = box.destroy(ignore_protection=force)
        _finish(box, result)
        if not any(state.resources(box.layout, other) for other in state.stacks(box.layout)):
            cloud.stop(box.layout)
        if cluster := local_cluster(box.layout, stack):
            cluster.stop()
            _print("Its local Kubernetes cluster has ended, with all that was in it.")
        left = report.real(box.resources())
        if left:
            _print(f"{len(left)} resources are left:")
            report.console().print(report.kinds(left))
        else:
            outlive = [f"{token} {identifier}" for token, identifier, _ in sorted(recovery.ownerless(box.layout))]
            rest = f"{len(outlive)} resources outlive it" if outlive else "nothing of it is left"
            _print(f"Stack {stack} is down, {rest} ({report.changed(result)}, {report.took(result)}).")
            for what in outlive[:LISTED]:
                _print(f"  {what}")
            if outlive:
                _print("They are in no stack's state: retained on deletion, or made by hand. make clean forgets them.")


@app.command(epilog='Example: eval "$(make -s env)" && pulumi preview --stack sandbox')
def env(stack: StackOption = "sandbox", stage: StageOption = "") -> None:
    """Print exports that make plain `pulumi`, and clients of AWS, work in the sandbox."""
    _valid(lambda: checked_stack(stack))
    _valid(lambda: checked_stage(stage) if stage else None)
    with _problems():
        box = Sandbox(SANDBOX, stack)
        box.install()
        there = cloud.environment(cloud.start(box.layout), shipped_region(box.layout, stack))
        typer.echo(shell_exports(box.layout, stack, there))


@app.command(epilog="Example: python -m sandbox aws")
def aws() -> None:
    """Start the sandbox's AWS where there is none, and print its endpoint, what it has, and what it lacks."""
    with _problems():
        box = Sandbox(SANDBOX)
        server = cloud.start(box.layout)
        said = cloud.about(server) or {}
        _print(f"[bold]{server.url}[/], process {server.pid}")
        for title, key in (("In it, as in the world", "mirrored"), ("In the world alone", "lacking")):
            _print(f"{title}:")
            report.console().print(report.counted(said.get(key) or {}))
        for what, why in (said.get("problems") or {}).items():
            _print(f"Not in it, by an error: {what}: {why}")


def _print(text: str) -> None:
    report.console().print(text, soft_wrap=True)


def _tell(text: str) -> None:
    report.console(stderr=True).print(text, markup=False, soft_wrap=True)


@contextmanager
def _problems() -> Iterator[None]:
    """Turn each expected error into one message and an exit code."""
    try:
        yield
    except ProblemError as problem:
        _tell(str(problem))
        raise typer.Exit(FAILED) from None
    except KeyboardInterrupt:
        _tell("Interrupted.")
        raise typer.Exit(FAILED) from None
    except OSError as error:
        _tell(unwritable(Path(error.filename).parent if error.filename else SANDBOX, error))
        raise typer.Exit(FAILED) from None


def _valid(check: Callable[[], int | str | None]) -> int | str | None:
    try:
        return check()
    except ProblemError as problem:
        _tell(str(problem))
        raise typer.Exit(BAD_INPUT) from None


@contextmanager
def _run(command: str, stack: str, stage: str, kubernetes: str = "") -> Iterator[tuple[Sandbox, int | None]]:
    """Everything around a run: arguments, the lock, disk space, and repairs of an earlier run."""
    _valid(lambda: checked_stack(stack))
    number = _valid(lambda: checked_stage(stage) if stage else None)
    box = Sandbox(SANDBOX, stack, live=True)
    if kubernetes not in ("", REAL):
        _tell(f"--kubernetes is {kubernetes}, and can only be {REAL}. Leave it away for the stand-in.")
        raise typer.Exit(BAD_INPUT)
    with _problems(), our_turn(box.layout, f"{command} of stack {stack}", _tell):
        free = shutil.disk_usage(SANDBOX).free
        if free < LEAST_FREE_BYTES:
            raise ProblemError(f"The disk is full ({free_space(SANDBOX)}). Make room first; the state is untouched.")
        real = _cluster(box, number, asked=bool(kubernetes))
        stands = "the real Kubernetes provider, stand-ins for the others" if real else "stand-in providers"
        _print(f"[bold]Sandbox:[/] the real engine, {stands}. Nothing real is touched.")
        for note in [*box.prepare(), *([] if command == "preview" else box.recover())]:
            _tell(note)
        yield box, number if isinstance(number, int) else None


def _cluster(box: Sandbox, stage: int | str | None, *, asked: bool) -> bool:
    """Whether the stack has a local cluster, which then runs: it has got one now, or had it since an earlier run.

    Raises:
        ProblemError: when it is asked for and cannot be had.
    """
    cluster = local_cluster(box.layout, box.stack)
    if asked and not cluster:
        if any(str(one.get("type", "")).startswith("kubernetes:") for one in box.resources()):
            raise ProblemError(
                f"Stack {box.stack} is up with the stand-in for Kubernetes, and its objects are not in a real one.\n"
                f"Take it down first: make down STACK={box.stack}"
            )
        from sandbox.cluster.local import LocalCluster  # most runs have none

        cluster = LocalCluster(box.layout.cluster(box.stack))
    if cluster and (stage or box.stage or 0) >= SEVERAL_REGIONS:  # type: ignore[operator]
        raise ProblemError(
            f"The local Kubernetes cluster is one, and stage {SEVERAL_REGIONS} has one for each region: "
            f"use stages 1 to {SEVERAL_REGIONS - 1} with it."
        )
    if cluster:
        cluster.start()
    return cluster is not None


FAILURE = "It failed; the engine says why above. What was finished is kept: run it again to go on."


def _finish(box: Sandbox, result: Result, failure: str = FAILURE) -> None:
    """Stop unless the engine ended with success."""
    if result.ok:
        return
    if result.code == INTERRUPTED:
        raise ProblemError("Interrupted. What was finished is in the state; the same command goes on from there.")
    full = any("no space left" in error for error in result.errors)
    if full or shutil.disk_usage(box.home).free < LEAST_FREE_BYTES:
        raise ProblemError(f"The disk is full ({free_space(box.home)}). Make room, then run it again: it goes on.")
    if result.code < 0:
        raise ProblemError(f"The engine was killed (signal {-result.code}). Run it again: the next run settles it.")
    if not result.errors:
        raise typer.Exit(FAILED)
    raise ProblemError(failure)


def _done(box: Sandbox, result: Result, command: str) -> None:
    _finish(box, result)
    resources = box.resources()
    at = f"at stage {box.last_stage} " if box.last_stage else ""
    _print(
        f"[bold]Stack {box.stack} is {command} {at}in the sandbox:[/] {len(report.real(resources))} resources, "
        f"{report.changed(result)}, in {report.took(result)}."
    )
    report.console().print(report.kinds(report.real(resources)))
    _print(f"What was provisioned can be read in {os.path.relpath(box.layout.world)}.")


def _protected_message(stack: str, urns: list[str]) -> str:
    names = [f"  {urn.split('::')[2].split('$')[-1]}  {urn.split('::')[3]}" for urn in urns]
    more = [f"  and {len(names) - LISTED} more"] if len(names) > LISTED else []
    return "\n".join(
        [
            f"Nothing was deleted: {len(names)} resources of {stack} are protected: they hold data or identity.",
            *names[:LISTED],
            *more,
            f"To take them down here, in the sandbox: make down STACK={stack} FORCE=1",
        ]
    )
