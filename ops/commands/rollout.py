"""`ascent rollout`: brings a new version step by step over the two colors, watched by alarms."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from infra.config.models.rollout import Strategy
from infra.config.models.values import Image
from ops.console import agreed, console, errors, progress
from ops.engine.updates import Automation, EngineError
from ops.errors import INTERRUPTED, NO, AscentError, ascent_error, sentence
from ops.over_budget import AGREE, OverBudget
from ops.rollout import state_machine
from ops.rollout.gates import GateError, gates
from ops.rollout.hold import LONGEST
from ops.rollout.outlook import outlook
from ops.rollout.push import PushedFile
from ops.rollout.runner import RolloutRunner
from ops.rollout.stackfile import StackFile
from ops.rollout.state_machine import RolloutRefusedError
from ops.rollout.status import Status, status_of
from ops.stackedit import FileBusyError
from ops.tables import plain_table

NOT_PUSHED = 3
AT_ONCE = 10  # Seconds to wait for a region before the next one's weights are moved.
WAITING = "Another command runs the rollout; waiting until it has rolled back."

rollout = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Bring a new version step by step, watched by alarms, with automatic rollback. See docs/rollouts.md.",
    epilog="Exit codes: 0 fine, 1 the answer is no (an alarm, too early, too small) or an update failed, 2 bad input, "
    "or the engine or AWS cannot be asked, 3 not pushed, 130 interrupted.",
)

StackOption = Annotated[
    str, typer.Option("--stack", metavar="NAME", help="Stack whose Pulumi.<stack>.yaml is changed.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, not even on a protected stack.")]
Push = Annotated[
    str | None,
    typer.Option(
        "--push",
        metavar="BRANCH",
        help="Commit the stack's file to this branch of origin after each step, for a checkout that is thrown away.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object at the end, and nothing else.")]


def _image(given: str) -> str:
    try:
        return str(TypeAdapter(Image).validate_python(given))
    except ValidationError as error:
        (found,) = error.errors()
        unfit = found["msg"] if found["type"] == "registry" else "it has no tag or digest, or is no image name"
        raise typer.BadParameter(f"given {given}; {unfit}. It should be like registry.example.com/app:1.1.0") from None


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(max(seconds, 0))


@rollout.command()
def start(
    *,
    strategy: Annotated[Strategy, typer.Option(help="The steps.")],
    image: Annotated[str, typer.Option(callback=_image, help="The new image: registry/name:tag, or @sha256:digest.")],
    stack: StackOption = "sandbox",
    bake: Annotated[
        int | None,
        typer.Option(min=0, max=10_080, help="Minutes to watch each step. Default: the strategy's own."),
    ] = None,
    with_changes: Annotated[
        bool,
        typer.Option(
            "--with-changes",
            help="Start although the update also changes other things that serve requests.",
        ),
    ] = False,
    over_budget: OverBudget = False,
    beside_alarms: Annotated[
        bool,
        typer.Option(
            "--beside-alarms",
            help="Start although gate alarms of the running version fire: the new one fixes the cause.",
        ),
    ] = False,
    push: Push = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Bring a new version up without traffic, and wait until it is healthy.

    canary goes by 5, 25, 50 and 100 % with 30 minutes each, blue-green by 10, 25, 50 and 100 % with 10 minutes each,
    both on the idle color. rolling replaces the running color's instances or pods one after another.

    First it says what both versions side by side cost while they are watched, how long that takes, and which visitors
    it affects. If a normal month is then above the stack's budget, it is refused, unless --over-budget agrees.

    JSON: as `status`, and outlook: {cost: {before, after: with both versions all month, budget, unpriced}, extra: US
    dollars while it is watched, minutes, disturbs: text}.

    Examples:

        ascent rollout start --strategy canary --image registry.example.com/app:1.1.0 --stack prod

        ascent rollout start --strategy rolling --image registry.example.com/app:1.1.0 --stack dev --bake 0

        ascent rollout start --strategy canary --image registry.example.com/app:1.1.0 --stack prod --with-changes
    """
    question = f"Start a {strategy} of {image} on {stack}?"
    fields: dict[str, Any] = {}

    def tell(file: StackFile) -> None:
        old = file.rollout()
        new = state_machine.start(old, strategy, image, datetime.now(UTC), bake)
        found = outlook(stack, file.settings(), file.settings(new), new)
        fields["outlook"] = found.as_dict()
        if not as_json:
            for line in found.lines():
                errors.print(line, markup=False)
        if found.excess and not over_budget:
            raise RolloutRefusedError(f"nothing was done: {found.excess}; {AGREE}")

    with _walk(stack, as_json, push=push, question=None if yes else question, tell=tell, fields=fields) as walk:
        walk.start(strategy, image, bake, with_changes=with_changes, beside_alarms=beside_alarms)


@rollout.command()
def step(
    *,
    stack: StackOption = "sandbox",
    everything: Annotated[
        bool, typer.Option("--all", help="Take all steps that are left, watching the alarms between them.")
    ] = False,
    push: Push = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take the next step, or finish the one that was interrupted.

    Rolls back to the old version by itself, and exits with 1, when a gate alarm of the new one fires or has fired.

    JSON: as `status`.

    Examples:

        ascent rollout step --stack prod

        ascent rollout step --stack prod --all --yes

        ascent rollout step --stack prod --all --yes --push main
    """
    question = f"Give the new version of {stack} {'all its steps' if everything else 'its next step'}?"
    with _walk(stack, as_json, push=push, question=None if yes else question) as walk:
        if everything:
            walk.rest()
        else:
            walk.step()


@rollout.command()
def promote(*, stack: StackOption = "sandbox", push: Push = None, yes: Yes = False, as_json: Json = False) -> None:
    """Give the new version all the traffic now; the old one is removed after a last bake time.

    Skips the weights between, but not the alarms: an alarm rolls it back as long as the old color exists.

    JSON: as `status`.

    Example:

        ascent rollout promote --stack prod
    """
    question = f"Give the new version of {stack} all the traffic now?"
    with _walk(stack, as_json, push=push, question=None if yes else question) as walk:
        walk.promote()


@rollout.command()
def abort(
    *,
    stack: StackOption = "sandbox",
    weights_only: Annotated[
        bool,
        typer.Option(
            "--weights-only",
            help="Move the weights alone, by the load balancer's API, and keep them until an update has rolled back.",
        ),
    ] = False,
    push: Push = None,
    as_json: Json = False,
) -> None:
    """Roll back to the old version from any step, and remove the new one. Never asks.

    The traffic moves first, within seconds, by the load balancer's API, even while an update is under way. Updates
    follow. If another command runs the rollout, that one notices and rolls back; this one waits for it.

    With --weights-only it changes neither the file nor the stack. This is for credentials that may not do so, while
    another person or workflow runs the rollout or the rest of the abort.

    JSON: as `status`; with --weights-only {stack, done}.

    Examples:

        ascent rollout abort --stack prod

        ascent rollout abort --stack prod --weights-only
    """
    done: list[str] = []
    with _explained(), progress() as live:
        early = _new(StackFile(stack), done, quiet=as_json, live=live, seconds=AT_ONCE)
        if weights_only:
            early.hold()
            if as_json:
                print(json.dumps({"stack": stack, "done": done}, indent=2))  # noqa: T201
            return
        movable = early.divert()
    until = early.clock.now() + LONGEST

    def meanwhile() -> None:
        if early.clock.now() > until:
            raise FileBusyError(f"another command is still at work on {early.file.name}; let it end, or stop it")
        if WAITING not in done:
            early.tell(WAITING)
        early.divert()
        early.clock.sleep(early.gates.poll)

    # The command that runs the rollout notices that the traffic has moved. A rollout in place has no traffic to move.
    with _walk(stack, as_json, done, meanwhile if movable else None, push=push) as walk:
        walk.abort()


@rollout.command()
def status(*, stack: StackOption = "sandbox", as_json: Json = False) -> None:
    """Show the step of a rollout, the health of its color, and what comes next. Changes nothing.

    JSON: {stack, underWay, strategy, phase, to, settled, since, bakeMinutes, secondsLeft, colors: {blue, green: {image,
    weight}}, weights: {region: {target group: percent}}, workers, alarms, unhealthy, gates, targets: [{region, group,
    healthy, least}], verdict, next, done}. `workers` has the color that queue workers run, or null where the stage has
    none; `gates` says how many gate alarms fire, and `verdict` what the next step would do, in words; `targets` leaves
    out groups whose health is unknown; `done` is what the command did, a line each; `next` the command that goes on,
    or null.

    Exit codes: 0 fine or nothing under way, 1 the new color has alarms or is not healthy, 2 bad input.

    Examples:

        ascent rollout status --stack prod

        ascent rollout status --stack prod --json | jq -r .next
    """
    with _explained():
        file = StackFile(stack)
        file.rollout()
        walk = _new(file, [], quiet=True)
        found = status_of(walk, [])
    _show(found, as_json)
    if found.alarms or found.unhealthy:
        raise typer.Exit(NO)


def _new(
    file: StackFile,
    done: list[str],
    *,
    quiet: bool,
    live: Callable[[str], None] | None = None,
    seconds: int | None = None,
) -> RolloutRunner:
    def tell(line: str) -> None:
        done.append(line)
        if not quiet:
            errors.print(line, markup=False)

    show = live or (lambda _: None)
    eyes = gates(file.settings().account.assume_role, seconds=seconds)
    return RolloutRunner(
        file=file, engine=Automation(file.stack, show, tell), gates=eyes, clock=_Clock(), tell=tell, live=show
    )


@contextmanager
def _walk(
    stack: str,
    as_json: bool,  # noqa: FBT001  one of two ways to print
    done: list[str] | None = None,
    meanwhile: Callable[[], None] | None = None,
    push: str | None = None,
    question: str | None = None,
    tell: Callable[[StackFile], None] | None = None,
    fields: Mapping[str, Any] | None = None,
) -> Iterator[RolloutRunner]:
    """A rollout to work on, with what surrounds it: the lock, progress, messages, and the status at the end.

    Args:
        stack: its name.
        as_json: whether to print JSON at the end.
        done: what was done before.
        meanwhile: called while another command works on it. If None, that is refused.
        push: branch of origin that gets each step; None for none.
        question: asked before a protected stack changes, and before the lock is taken; None for no question.
        tell: called before the question. It prints what should be known, and may refuse.
        fields: further fields of the JSON.
    """
    done = [] if done is None else done
    with _explained():
        file = _file(stack, push)
        _confirm(file, question, tell)
        with file.held(meanwhile), progress() as live:
            walk = _new(file, done, quiet=as_json, live=live)
            try:
                yield walk
            except KeyboardInterrupt:
                raise AscentError(f"Interrupted. {_where(file)}", code=INTERRUPTED) from None
            except (EngineError, GateError) as error:
                # These errors stop a step in the middle; a refused step was not begun.
                raise ascent_error(error, f"{sentence(error)}\n{_where(file)}") from None
            except RolloutRefusedError as error:
                document: dict[str, Any] = {}
                if as_json:
                    with suppress(RolloutRefusedError, EngineError, GateError):
                        document = {**status_of(walk, done).as_dict(), **(fields or {})}
                raise ascent_error(error, sentence(error), document) from None
            finally:
                live("")
        _show(status_of(walk, done), as_json, fields)
        if isinstance(file, PushedFile) and file.failed:
            raise typer.Exit(NOT_PUSHED)


def _file(stack: str, push: str | None) -> StackFile:
    if push is None:
        return StackFile(stack)
    return PushedFile(stack, push, lambda line: errors.print(line, style="red", markup=False))


@contextmanager
def _explained() -> Iterator[None]:
    """Turn each expected error into one message and an exit code."""
    try:
        yield
    except (FileBusyError, RolloutRefusedError, GateError, EngineError) as error:
        raise ascent_error(error, sentence(error)) from None


def _confirm(file: StackFile, question: str | None, tell: Callable[[StackFile], None] | None) -> None:
    """Print what should be known, and ask before a protected stack changes."""
    if tell is not None:
        tell(file)
    if question is not None and file.settings().protect:
        agreed(question, why=f"{file.stack} is protected, and ")


def _where(file: StackFile) -> str:
    """The state after a stop in the middle, and how to go on."""
    rollout = file.rollout()
    shares = ", ".join(f"{color} {one.weight} %" for color, one in rollout.colors.items())
    if rollout.progress is None:
        return f"No rollout is under way; {file.name} says {shares}."
    finished = "and the stack is so" if rollout.progress.since else "and the update for it was not finished"
    return (
        f"{file.name} says {shares}, {finished}.\n"
        f"Go on with: ascent rollout step --stack {file.stack}\n"
        f"Go back with: ascent rollout abort --stack {file.stack}"
    )


def _show(
    found: Status,
    as_json: bool,  # noqa: FBT001  one of two ways to print
    fields: Mapping[str, Any] | None = None,
) -> None:
    if as_json:
        print(json.dumps({**found.as_dict(), **(fields or {})}, indent=2))  # noqa: T201
        return
    table = plain_table()
    for heading in ("", "Color", "Traffic", "Image"):
        table.add_column(heading, overflow="fold")
    for color, one in found.colors.items():
        marks = [what for what, where in (("new", found.to), ("workers", found.workers)) if where == color]
        table.add_row(", ".join(marks) if found.under_way else "", color, f"{one['weight']} %", one["image"] or "-")
    console.print(table)
    for line in found.lines():
        console.print(line, markup=False, soft_wrap=True)
