"""`ascent guard`: whether what a preview shows may be done."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from ops.console import console, errors
from ops.errors import NO, UNUSABLE, AscentError
from ops.tables import plain_table

if TYPE_CHECKING:
    from ops.guard.causes import FindingGroup
    from ops.guard.judge import GuardVerdict
    from ops.guard.model import CostLimit
    from ops.guard.preview import Preview

_STDIN = "-"
# How many members of a group, and lines of ascent:allow, are shown at most.
_SHOWN, _LINES = 8, 20


def guard(
    *,
    preview: Annotated[str, typer.Argument(help="What `pulumi preview --json` printed; - for stdin.")],
    stack: Annotated[str | None, typer.Option(help="Stack that the preview has to be of. Default: any.")] = None,
    max_rise: Annotated[
        str | None, typer.Option(help="How much more a month may cost: 500 for US dollars, 20% for a share.")
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a comment for the pull request.")] = False,
    report: Annotated[
        str | None, typer.Option(metavar="URL", help="Where the stack's report is, for the comment to link to.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Judge what an update would do, before it is made: docs/guard.md lists what it looks for.

    Make the preview with --show-sames. Without it the engine leaves out resources that stay the same, and with them
    whether one of them is no longer protected from deletion. Then they are rendered from the program here.

    Unless --max-rise says otherwise, a normal month may cost as much as the stack's budget.

    JSON: {stack, project, verdict: "fine" | "stopped" | "incomplete", stage: {from, to} | null, changes: {create,
    update, replace, delete, same}, data: {lost: [urn], copies: [urn], rebuilt: [urn]}, cost: {before: {low, high,
    expected} | null, after, budget, unpriced: [urn]} | null, capacity: {holds, todo: [text]} | null, findings: [{what,
    severity, urn, property, message, reason, stops, passed, allow}], groups: [{what, severity, cause: urn | null,
    message, urns}], allowed: [{what, resource, until, why, use: "used" | "unused" | "expired" | "ambiguous" |
    "unknown"}], skipped: [{rules, reason}], errors: [text]}. Costs are US dollars a month, from least to most, and in a
    normal month. allow is the line of ascent:allow that would let a finding pass, once its why is filled in. groups has
    the findings by their cause, the worst first: a resource whose replacement forces the others, or the same message.
    Values are null where they are unknown, as of a stack that is not Ascent's.

    Exit codes: 0 nothing stops the update, 1 something does, 2 the preview is not complete or not usable.

    Examples:

        pulumi preview --json --show-sames --stack prod > preview.json; ascent guard preview.json

        ascent guard preview.json --stack prod --markdown > comment.md

        pulumi preview --json --show-sames | ascent guard - --max-rise 20%
    """
    limit = _limit(max_rise)
    _judge_address(report, markdown=markdown)
    with errors.status("Judging"):
        found = _read(preview, stack, report, markdown=markdown)
        verdict = _judged(found, limit)
    name = found.stack or stack or "unknown"
    if markdown:
        from ops.guard.comment import comment

        print(comment(verdict, name, report), end="")  # noqa: T201
    elif as_json:
        from ops.guard.record import record

        print(json.dumps(record(verdict, name), indent=2))  # noqa: T201
    else:
        _show(verdict, name)
    raise typer.Exit({"fine": 0, "stopped": NO, "incomplete": UNUSABLE}[verdict.answer])


def _limit(text: str | None) -> CostLimit | None:
    from ops.guard.model import CostLimit

    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", text)
    if match is None:
        raise AscentError(f"--max-rise: given {text!r}; it should be US dollars such as 500, or a share such as 20%")
    return CostLimit(amount=float(match[1]), unit="percent" if match[2] else "USD")


def _judge_address(report: str | None, *, markdown: bool) -> None:
    from ops.guard.comment import is_address

    if report is None:
        return
    if not markdown:
        raise AscentError("--report: it is for the comment; give --markdown as well")
    if not is_address(report):
        raise AscentError(f"--report: given {report!r}; it should be an address such as https://github.com/a/b")


def _read(file: str, stack: str | None, report: str | None, *, markdown: bool) -> Preview:
    from ops.guard.reader import UnreadablePreviewError, read

    name = "stdin" if file == _STDIN else file
    try:
        if file == _STDIN:
            found = read(sys.stdin.buffer, name)
        else:
            with Path(file).open("rb") as opened:
                found = read(opened, name)
        if stack is not None and found.stack not in (None, stack):
            raise UnreadablePreviewError(f"{name}: this is a preview of {found.stack}, and not of {stack}")
    except (UnreadablePreviewError, OSError) as error:
        problem = f"{name}: {error.strerror}" if isinstance(error, OSError) else str(error)
        if markdown and stack is not None:
            from ops.guard.comment import unreadable

            print(unreadable(stack, problem, report), end="")  # noqa: T201
        raise AscentError(problem) from None
    return found


def _judged(found: Preview, limit: CostLimit | None) -> GuardVerdict:
    from ops.guard.context import context_of
    from ops.guard.judge import judge

    return judge(found, context_of(found, max_rise=limit), datetime.now(UTC).date())


def _show(verdict: GuardVerdict, stack: str) -> None:
    from ops.guard import words
    from ops.guard.allowances import lines
    from ops.guard.markdown import clean

    color = {"fine": "green", "stopped": "red", "incomplete": "yellow"}[verdict.answer]
    console.print(f"{clean(stack)}: {words.headline(verdict)}", style=f"bold {color}", markup=False)
    for name, text in words.facts(verdict):
        console.print(f"{name}: {text}", markup=False)
    for one in verdict.errors:
        errors.print(clean(one), style="yellow", markup=False)
    if verdict.findings:
        console.print()
        console.print(_findings(verdict))
    if verdict.stopping:
        console.print(
            f"\nTo let one pass, once, add its line to Pulumi.{clean(stack)}.yaml, and say why:", markup=False
        )
        console.print("ascent:allow:", markup=False)
        texts = list(lines(verdict.stopping, verdict.today).values())
        for text in texts[:_LINES]:
            console.print(f"  {clean(text)}", markup=False, soft_wrap=True)
        if len(texts) > _LINES:
            console.print(f"  # ... and {len(texts) - _LINES} more: --json")
    for entry in verdict.allowed:
        if entry.use != "used":
            errors.print(f"ascent:allow: {entry.entry.what} for {entry.entry.resource}: {entry.use}", markup=False)
    for skipped in verdict.skipped:
        errors.print(f"not judged: {', '.join(skipped.rules)}: {clean(skipped.reason)}", style="yellow", markup=False)


def _members(group: FindingGroup) -> list[str]:
    names = [f"{one.kind} {one.name}" for one in group.findings]
    return names if len(names) <= _SHOWN + 1 else [*names[:_SHOWN], f"... and {len(names) - _SHOWN} more: --json"]


def _findings(verdict: GuardVerdict) -> Table:
    from ops.guard import words
    from ops.guard.markdown import clean

    table = plain_table()
    for column in ("Finding", "Severity", "Resource", "What, and why it matters"):
        table.add_column(column, overflow="fold")
    for group, reason in words.reasoned(verdict.findings, verdict):
        one, many = group.first, words.alike(group)
        parts = [many, *_members(group), one.path] if many else [one.name, one.kind, one.path]
        where = "\n".join(clean(part) for part in parts if part)
        said = " ".join(part for part in (f"{one.message}.", reason, words.letting_pass(one, verdict)) if part)
        # As text, so that brackets in a name are not taken for Rich's markup.
        table.add_row(*map(Text, (one.rule, one.severity, where, clean(said))))
    return table
