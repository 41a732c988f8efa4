"""`ascent report`: a stack as one page, for people who would rather look."""

from __future__ import annotations

import json
import re
import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from ops import stackfile
from ops.console import errors, progress
from ops.errors import AscentError, ascent_error
from scripts.places import put

_STDOUT = "-"


def report(
    *,
    stage: Annotated[int | None, typer.Option(min=1, max=7, help="Scaling stage. Default: the stack's own.")] = None,
    stack: Annotated[str, typer.Option(help="Stack whose Pulumi.<stack>.yaml is read.")] = "sandbox",
    out: Annotated[str, typer.Option(help="File to write; - for standard output.")] = "report.html",
    drawing: Annotated[str | None, typer.Option(help="Also write the drawing alone, as SVG, to this file.")] = None,
    day: Annotated[
        str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="Date that the page bears. Default: none.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write a page about a stack: drawing, sizes, capacity, cost, the next stage and the way back, data, and alarms.

    One HTML file that needs nothing else: no script, no network. It is made to be read on a phone, at a desk and on
    paper. The same stack, program and date give the same bytes. It takes some seconds, as the stages beside are
    rendered too. Nothing in it is secret, but what it says of addresses and limits is not for everybody.

    JSON: {stack, stage, files: [{file, bytes}]}.

    Exit codes: 0 written, 2 the stack's file, the stage or the date is not usable, or the page cannot be written.

    Examples:

        ascent report --stack prod

        ascent report --stack prod --stage 6 --out prod-6.html --date 2026-12-01

        ascent report --stack prod --out - | gzip > report.html.gz
    """
    _judge_day(day)
    if as_json and out == _STDOUT:
        raise AscentError("--json: standard output takes one of the two; give --out a file")
    stackfile.settings(stack, stage)
    _judge_files(out, drawing)
    # The SDK takes a second to import: not before the input is known to be good.
    from ops.drawing.picture import picture
    from ops.report.facts import facts
    from ops.report.page import page

    with progress() as live:
        found = facts(stack, stage, live)
        text = page(found, day=day, live=live)
    texts = {out: text}
    if drawing is not None:
        texts[drawing] = picture(found.here.settings, found.here.plan.resources) + "\n"
    if out == _STDOUT:
        sys.stdout.write(texts.pop(out))
    for file, one in texts.items():
        _write(file, one, quiet=as_json)
    if as_json:
        files = [{"file": file, "bytes": len(one.encode())} for file, one in texts.items()]
        print(json.dumps({"stack": stack, "stage": found.stage, "files": files}, indent=2))  # noqa: T201


def _judge_day(day: str | None) -> None:
    try:
        if day is not None and not (re.fullmatch(r"\d{4}-\d\d-\d\d", day) and date.fromisoformat(day)):
            raise ValueError
    except ValueError:
        raise AscentError(f"--date: given {day!r}; it should be a day such as 2026-12-01") from None


def _judge_files(out: str, drawing: str | None) -> None:
    """Refuse names that cannot be written, before the page is made."""
    if drawing == _STDOUT:
        raise AscentError("--drawing: given '-'; it should be a file: standard output is for --out alone")
    for option, file, usual in (("--out", out, "report.html"), ("--drawing", drawing, "stack.svg")):
        if file is None or file == _STDOUT:
            continue
        if not file or Path(file).is_dir():
            what = ", which is a folder; it should be a file in it" if file else "; it should be the name of a file"
            raise AscentError(f"{option}: given {file!r}{what}, such as {Path(file) / usual}")
        if not Path(file).absolute().parent.is_dir():
            raise AscentError(f"{file}: there is no folder {Path(file).parent}; make it, or name another file")
    if drawing is not None and Path(out).resolve() == Path(drawing).resolve():
        raise AscentError(f"--drawing: given {drawing!r}, which is the file of --out; name another file")


def _write(file: str, text: str, *, quiet: bool) -> None:
    """Write a file, whole or not at all, and say so. A link stays one, and a device or a pipe is written to."""
    path = Path(file)
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
        else:
            put(path.resolve(), text)
    except OSError as error:
        raise ascent_error(error, f"{file}: {error.strerror}") from None
    if not quiet:
        errors.print(f"Wrote {file}, {len(text.encode()) // 1024 + 1} KB.", markup=False)
