"""`ascent transition`: what a move between two stages does and in which updates, and with --apply, makes them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.padding import Padding

from infra.config.problems import SettingsError
from infra.stages import STAGES
from ops.console import agreed, console, errors, progress, short
from ops.errors import INTERRUPTED, NO, AscentError, ascent_error, sentence
from ops.over_budget import AGREE, OverBudget
from ops.transition.model import SIGNS, Op, ResourceChange, Transition

if TYPE_CHECKING:
    from infra.config.settings import Settings
    from ops.cost.move import Bill
    from ops.engine.render import RenderedStack
    from ops.transition.matrix import Choices, Live
    from ops.transition.route import Route


def transition(
    came_from: Annotated[int, typer.Argument(min=1, max=7, metavar="FROM", help="Stage that the stack is at.")],
    to: Annotated[int, typer.Argument(min=1, max=7, metavar="TO", help="Stage to move to.")],
    *,
    stack: Annotated[str, typer.Option(help="Stack whose Pulumi.<stack>.yaml is read, and changed by --apply.")] = (
        "sandbox"
    ),
    engine: Annotated[bool, typer.Option("--engine", help="Ask the real engine, in a sandbox made for it.")] = False,
    apply: Annotated[
        bool, typer.Option("--apply", help="Make the updates. Run again, it goes on where it was stopped.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, also on a protected stack.")] = False,
    over_budget: OverBudget = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with the URNs instead of tables.")] = False,
) -> None:
    """Show what a move between two stages does, what is lost first, and the updates that it takes.

    A resource is lost if it holds data or identity that nothing else holds. What the platform rebuilds is not lost, nor
    are the copies in a region that is removed below stage 7: docs/transitions.md. A move that AWS refuses in one update
    is made in several. --apply changes the stack's file and makes the updates one after another. It previews each one,
    and refuses one that would lose something.

    JSON: {stack, from, to, create, update, replace, delete: [URN], stateful: {replace, delete: [URN]}, changes: [{urn,
    type, name, op, properties, replaces: [PATH], lost, rebuilt: text or null, refused}], errors: {URN: text}, updates:
    [{stage, sizes: {key: value}}], broken: [{law, reason, source, urns}], then: [COMMAND]}. updates is empty where no
    sequence of updates is possible; broken says why one update is not; then has commands to run after the updates;
    cost: {before: {low, high, expected}, after, budget, unpriced: [URN]}, in US dollars a month. With --apply
    also done: [TEXT].

    --apply refuses a move after which a normal month costs more than the stack's budget, unless --over-budget agrees.

    Exit codes: 0 nothing is lost or all updates were taken, 1 something is lost or refused, or an update failed, 2 the
    stack cannot be at one of the stages.

    Examples:

        ascent transition 4 5 --stack prod

        ascent transition 4 7 --stack prod --engine

        ascent transition 4 7 --stack prod --apply
    """
    with progress() as live, _explained(live):
        # The SDK takes a second to import: not before it is needed.
        from ops.transition.apply import TransitionRefusedError
        from ops.transition.matrix import choices, plans
        from ops.transition.route import Planner

        can = choices(stack)
        for stage in (came_from, to):
            if stage in can.refused:
                raise SettingsError([f"{stack} cannot be at stage {stage}.", *can.refused[stage]])
        rendered = plans(stack, {stage: can.settings[stage] for stage in (came_from, to)}, live)
        route = Planner(stack, rendered, live).route(came_from, to)
        found = _transition(stack, came_from, to, can, rendered, live, engine=engine)
        then = _then(stack, can.settings[came_from], can.settings[to])
        bill = _bill(rendered, can, came_from, to)
        done: list[str] = []
        if not as_json:
            live("")
            _show(stack, found, route, then)
            console.print(f"Cost: {bill}", markup=False, soft_wrap=True)
        if apply:
            live("")
            if not found.clear:
                raise TransitionRefusedError(f"nothing was done: the move is not clear; {found.problems[0]}")
            if bill.exceeds and not over_budget:
                raise TransitionRefusedError(f"nothing was done: {bill.excess}; {AGREE}")
            _confirm(stack, can, yes=yes, question=f"Take {stack} from stage {came_from} to {to}?")
            done = _take(stack, found, rendered, live, quiet=as_json)
    if as_json:
        document = {"stack": stack, **found.as_dict(), **found.details(), **route.as_dict(), "then": then}
        document["cost"] = bill.as_dict()
        print(json.dumps(document | ({"done": done} if apply else {}), indent=2))  # noqa: T201
    if not apply and not (found.clear and route.steps):
        raise typer.Exit(NO)


def _transition(
    stack: str,
    came_from: int,
    to: int,
    can: Choices,
    rendered: Mapping[int, RenderedStack],
    live: Live,
    *,
    engine: bool,
) -> Transition:
    if engine:
        from ops.transition.engine import moves

        return moves(stack, can.settings, came_from, [to], live)[0]
    from ops.transition.differ import between

    return between(rendered[came_from], rendered[to], can.authoritative(came_from, to))


def _bill(rendered: Mapping[int, RenderedStack], can: Choices, came_from: int, to: int) -> Bill:
    from ops.cost import estimate
    from ops.cost.move import Bill

    before, after = (estimate(rendered[stage], can.settings[stage]) for stage in (came_from, to))
    return Bill(before=before, after=after, budget=can.settings[to].sizes.budget.monthly_usd)


def _take(
    stack: str, found: Transition, rendered: Mapping[int, RenderedStack], live: Live, *, quiet: bool
) -> list[str]:
    """Make the updates. Returns what was done, a line each."""
    from ops.engine.updates import Automation
    from ops.stackedit import EditedFile
    from ops.transition.apply import TransitionRunner

    done: list[str] = []

    def tell(line: str) -> None:
        done.append(line)
        if not quiet:
            errors.print(line, markup=False)

    file, came_from, to = EditedFile(stack), found.came_from, found.to
    engine = Automation(stack, live, tell)
    with file.held():
        TransitionRunner(
            file=file, came_from=came_from, to=to, plans=rendered, engine=engine, tell=tell, live=live
        ).take()
    return done


@contextmanager
def _explained(live: Live) -> Iterator[None]:
    """Turn each expected error into one message and an exit code."""
    from ops.engine.updates import EngineError
    from ops.stackedit import FileBusyError
    from ops.transition.apply import TransitionRefusedError
    from ops.transition.engine import FailedError

    try:
        yield
    except (FailedError, EngineError, TransitionRefusedError, FileBusyError) as error:
        raise ascent_error(error, sentence(error)) from None
    except KeyboardInterrupt:
        raise AscentError("Interrupted. To go on, run the same command again.", code=INTERRUPTED) from None
    finally:
        live("")


def _confirm(stack: str, can: Choices, *, yes: bool, question: str) -> None:
    """Ask before a protected stack changes."""
    if yes or not any(settings.protect for settings in can.settings.values()):
        return
    agreed(question, why=f"{stack} is protected, and ")


def _then(stack: str, before: Settings, after: Settings) -> list[str]:
    """Commands to run after the updates: S3 replicates to a new region's buckets only what is written from then on."""
    new = set(after.active_regions[1:]) - set(before.active_regions)
    return [f"ascent backfill --stack {stack} --wait"] if new else []


def _show(stack: str, found: Transition, route: Route, then: Sequence[str]) -> None:
    """What is lost first, then what else goes, what changes and what comes, and the updates."""
    ends = [f"{stage} ({STAGES[stage].name})" for stage in (found.came_from, found.to)]
    console.print(f"[bold]{stack} from stage {ends[0]} to {ends[1]}[/bold]\n")
    for text in found.problems:
        console.print(text[:1].upper() + text[1:], style="red", markup=False, soft_wrap=True)
    if not found.problems:
        console.print("[green]Nothing that holds data or identity is replaced or deleted.[/green]")
    kept = [one for one in found.changes if one.rebuilt is not None]
    _list("Goes, and loses nothing", [(one, one.rebuilt or "") for one in kept])
    _list(
        "Replaced",
        [(one, ", ".join(one.replaces)) for one in found.changes if one.op is Op.REPLACE and one not in kept],
    )
    _list("Updated", [(one, ", ".join(one.properties)) for one in found.changes if one.op is Op.UPDATE])
    _list("Deleted", [(one, "") for one in found.changes if one.op is Op.DELETE and one not in kept and not one.lost])
    _count("Created", [one for one in found.changes if one.op is Op.CREATE])
    console.print()
    _updates(route)
    for one in then:
        console.print(
            f"Then: {one}\n(copies what is in the buckets by then; until then ascent failover refuses)", markup=False
        )


def _list(title: str, rows: Sequence[tuple[ResourceChange, str]]) -> None:
    if not rows:
        return
    console.print(f"\n[bold]{title}: {len(rows)}[/bold]")
    kinds = [short(one.type) for one, _ in rows]
    widest, longest = max(map(len, kinds)), max(len(one.name) for one, _ in rows)
    for kind, (one, text) in zip(kinds, rows, strict=True):
        head = f"{SIGNS[one.op]} {kind:{widest}}  {one.name:{longest}}"
        # On a line of its own if the line is full: a type that is broken over two lines is hard to search for.
        beside = len(head) + 2 + len(text) <= console.width
        console.print(escape(head.rstrip() if not text or not beside else head), end="", soft_wrap=True)
        console.print(f"  [dim]{escape(text)}[/dim]" if text and beside else "", soft_wrap=True)
        if text and not beside:
            console.print(Padding(f"[dim]{escape(text)}[/dim]", (0, 0, 0, 4), expand=False))


def _count(title: str, changes: Sequence[ResourceChange]) -> None:
    if not changes:
        return
    counts = Counter(one.type for one in changes)
    listed = ", ".join(f"{type_.rpartition(':')[2]} {count}" for type_, count in sorted(counts.items()))
    console.print(f"\n[bold]{title}: {len(changes)}[/bold]\n{listed}", soft_wrap=True)


def _updates(route: Route) -> None:
    if not route.steps:
        console.print(f"No updates lead there: {route.reasons}", style="red", markup=False, soft_wrap=True)
        return
    if route.broken:
        console.print(f"Not in one update: {route.reasons}.", markup=False, soft_wrap=True)
    for number, step in enumerate(route.steps, start=1):
        console.print(f"Update {number}: {step}", markup=False)
