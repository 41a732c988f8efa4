"""The command line: `python -m database COMMAND --config FILE`, with DATABASE_URL in the environment."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from database import config as configs
from database import health as healths
from database import jobs, limits, punctuality, runner
from database.action import Action, Executor
from database.connection import Conn, Group, alone, connected, explained, one
from database.environment import MAX_CONNECTIONS, OWNER, URL, environment
from database.errors import FAILED, INTERRUPTED, BadInputError, RunError, masked
from database.schedules import JOB_VARIABLE
from database.step import Context

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="The runbooks' SQL, made safe: indexes, partitions, views, retention and health of a PostgreSQL database.",
    epilog=(
        f"{URL} is the writer's direct address. {OWNER}, if set, is the role that owns the tables, and"
        f" {MAX_CONNECTIONS} what `health` compares the server's with. Exit codes: 0 fine, 1 the answer is no or it"
        " failed, 2 bad input."
    ),
)

ConfigOption = Annotated[Path, typer.Option("--config", help="Tables, columns and indexes; see docs/database.md.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Print what would run, and change nothing.")]
WaitOption = Annotated[int, typer.Option(help="Seconds to wait for another run to end.", min=0)]
ReplaceOption = Annotated[
    list[str] | None, typer.Option("--replace", help="A step to apply although its definition changed; repeatable.")
]


def _say(text: str) -> None:
    Console(stderr=True, soft_wrap=True, highlight=False).print(escape(text))


@dataclass(frozen=True, slots=True)
class Run:
    """An open run."""

    context: Context
    executor: Executor
    now: datetime


def _run(
    command: str,
    path: Path,
    *,
    as_json: bool,
    work: Callable[[Run], tuple[bool, dict[str, Any]]],
    dry_run: bool = False,
) -> None:
    """Config, connection, work, report, exit code; every failure is one message."""
    url = ""
    report: dict[str, Any]
    try:
        config = configs.load(path)
        found = environment(os.environ)
        url = found.url
        with connected(found, command, config.schema_) as conn:
            now: datetime = one(conn, "SELECT now() AS now")["now"]
            context = Context(conn, config, now.date(), found)
            if found.job and not dry_run:
                punctuality.begin(context, Executor(conn, config.locks, _say), _say)
            fine, report = work(Run(context, Executor(conn, config.locks, _say), now))
            fine = fine and not context.failed
            for note in context.notes:
                _say(f"note: {note}")
            failed = {step: masked(text, url) for step, text in context.failed.items()}
            for step, text in failed.items():
                _say(f"error: {step}: {text}")
            errors = [{"step": step, "error": text} for step, text in failed.items()]
            report = {"command": command, "ok": fine, **report, "notes": context.notes, "errors": errors}
        code = 0 if fine else FAILED
    except (RunError, psycopg.Error) as error:
        message = masked(str(error), url)
        if isinstance(error, psycopg.Error):
            message = f"the database ended the run: {masked(explained(error), url)} Run again: it resumes."
        code = error.code if isinstance(error, RunError) else FAILED
        report = {"command": command, "ok": False, "error": message}
        _say(f"error: {message}")
    if as_json:
        typer.echo(json.dumps(report, indent=2, default=str))
    raise SystemExit(code)


def _show(actions: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        return
    if not actions:
        typer.echo("-- nothing to do")
    for action in actions:
        typer.echo(f"-- {action['step']}: {action['why']}")
        lock, statement = action["lockTimeoutSeconds"], action["statementTimeoutSeconds"]
        typer.echo(f"-- lock_timeout {lock:g} s, statement_timeout {statement:g} s")
        statements = ["BEGIN", *action["sql"], "COMMIT"] if action["transaction"] else action["sql"]
        for statement in statements:
            typer.echo(f"{statement};")
        typer.echo()


def _plan(run: Run, replace: list[str], *, as_json: bool) -> tuple[bool, dict[str, Any]]:
    actions = runner.plan(run.context, replace)
    _show(actions, as_json=as_json)
    return True, {"dryRun": True, "actions": actions}


@app.command()
def plan(*, config: ConfigOption, replace: ReplaceOption = None, as_json: JsonOption = False) -> None:
    """Print the SQL that `apply` would run and why, and change nothing.

    --json: {command, ok, dryRun, actions: [{step, why, sql, transaction, lockTimeoutSeconds, statementTimeoutSeconds}],
    notes, errors}
    """
    _run("plan", config, as_json=as_json, work=lambda run: _plan(run, replace or [], as_json=as_json), dry_run=True)


@app.command()
def apply(
    *,
    config: ConfigOption,
    dry_run: DryOption = False,
    replace: ReplaceOption = None,
    wait: WaitOption = limits.RUNNER_WAIT,
    as_json: JsonOption = False,
) -> None:
    """Bring the database to what the config says. Repeatable, resumable, and beside the traffic.

    --json: {command, ok, ran: [{why, sql, transaction, seconds, ...}], notes, errors}
    """

    def work(run: Run) -> tuple[bool, dict[str, Any]]:
        if dry_run:
            return _plan(run, replace or [], as_json=as_json)
        with alone(run.context.conn, "change", wait, _say):
            runner.apply(run.context, run.executor, replace or [], _say)
        if not as_json:
            typer.echo(f"applied: {len(run.executor.ran)} actions" if run.executor.ran else "nothing to do")
        return True, {"ran": run.executor.ran}

    _run("apply", config, as_json=as_json, work=work, dry_run=dry_run)


def _job(
    command: str,
    path: Path,
    group: Group,
    wait: float,
    *,
    dry_run: bool,
    as_json: bool,
    actions: Callable[[Run], list[tuple[str, list[Action]]]],
    job: Callable[[Run], list[dict[str, Any]]],
) -> None:
    def work(run: Run) -> tuple[bool, dict[str, Any]]:
        conn: Conn = run.context.conn
        if dry_run:
            found = [
                {"step": step, **action.as_dict(conn, run.context.config.locks)}
                for step, several in actions(run)
                for action in several
            ]
            _show(found, as_json=as_json)
            return True, {"dryRun": True, "actions": found}
        with alone(conn, group, wait, _say):
            reports = job(run)
        if not as_json:
            for report in reports:
                typer.echo(", ".join(f"{key} {value}" for key, value in report.items()))
        return True, {"reports": reports}

    _run(command, path, as_json=as_json, work=work, dry_run=dry_run)


@app.command()
def convert(
    *,
    config: ConfigOption,
    table: Annotated[str, typer.Option("--table", help="The table, as `partitions` of the config names it.")],
    dry_run: DryOption = False,
    wait: WaitOption = limits.RUNNER_WAIT,
    as_json: JsonOption = False,
) -> None:
    """Turn a plain table into monthly partitions, in use and without copying a row. By hand only: it changes its key.

    --json: {command, ok, reports: [{rule, actions}], notes, errors}
    """
    _job(
        "convert",
        config,
        "change",
        wait,
        dry_run=dry_run,
        as_json=as_json,
        actions=lambda run: jobs.conversion_actions(run.context, table),
        job=lambda run: jobs.convert(run.context, run.executor, table, _say),
    )


@app.command()
def partitions(
    *,
    config: ConfigOption,
    dry_run: DryOption = False,
    wait: WaitOption = limits.RUNNER_WAIT,
    as_json: JsonOption = False,
) -> None:
    """Make the partitions of the months ahead. To be run daily.

    --json: {command, ok, reports: [{rule, made}], notes, errors}
    """
    _job(
        "partitions",
        config,
        "change",
        wait,
        dry_run=dry_run,
        as_json=as_json,
        actions=lambda run: jobs.partition_actions(run.context),
        job=lambda run: jobs.partitions(run.context, run.executor, _say),
    )


@app.command()
def refresh(
    *,
    config: ConfigOption,
    dry_run: DryOption = False,
    wait: WaitOption = limits.RUNNER_WAIT,
    as_json: JsonOption = False,
) -> None:
    """Refresh the materialized views while they are read. To be run hourly.

    --json: {command, ok, reports: [{rule, refreshed}], notes, errors}
    """
    _job(
        "refresh",
        config,
        "refresh",
        wait,
        dry_run=dry_run,
        as_json=as_json,
        actions=lambda run: jobs.refresh_actions(run.context),
        job=lambda run: jobs.refresh(run.context, run.executor, _say),
    )


@app.command()
def retain(
    *,
    config: ConfigOption,
    job: Annotated[
        list[str] | None, typer.Option("--job", help=f"{', '.join(jobs.RETAIN)}; repeatable, all without it.")
    ] = None,
    dry_run: DryOption = False,
    wait: WaitOption = limits.RUNNER_WAIT,
    as_json: JsonOption = False,
) -> None:
    """Delete what is past its retention, and archive what is old. cleanup daily, metrics weekly, archive monthly.

    --json: {command, ok, reports: [{rule, cutoff, deleted, batches, partitionsDropped} or {rule, cutoff, moved,
    purged}], notes, errors}
    """
    wanted = tuple(job or jobs.RETAIN)
    unknown = [name for name in wanted if name not in jobs.RETAIN]
    if unknown:
        _say(f"error: --job: given {unknown[0]}; it should be one of {', '.join(jobs.RETAIN)}.")
        raise SystemExit(BadInputError.code)
    _job(
        "retain",
        config,
        "change",
        wait,
        dry_run=dry_run,
        as_json=as_json,
        actions=lambda run: jobs.retain_actions(run.context, wanted, run.now),
        job=lambda run: jobs.retain(run.context, run.executor, wanted, run.now, _say),
    )


@app.command()
def health(*, config: ConfigOption, as_json: JsonOption = False) -> None:
    """Size, connections, slow queries, dead rows, indexes, partitions and views against their limits.

    --json: {command, ok, checks: [{name, ok, value, limit, unit, advice, details}], notes, errors}; ok null is
    information.
    """

    def work(run: Run) -> tuple[bool, dict[str, Any]]:
        found = healths.checks(run.context)
        if not as_json:
            _health_table(found)
        return all(check.ok is not False for check in found), {"checks": [check.as_dict() for check in found]}

    _run("health", config, as_json=as_json, work=work)


def _health_table(found: list[healths.Check]) -> None:
    table = Table("check", "", "value", "limit", "unit", "what to do")
    for check in found:
        mark = {True: "ok", False: "[red]NO[/red]", None: "info"}[check.ok]
        limit = "" if check.limit is None else f"{check.limit:g}"
        advice = "" if check.ok or not (check.value or check.ok is False) else check.advice
        table.add_row(check.name, mark, f"{check.value:.4g}", limit, check.unit, escape(advice))
    console = Console()
    console.print(table)
    for check in found:
        for row in check.details if check.ok is not True else []:
            values = ", ".join(f"{key} {value}" for key, value in row.items())
            console.print(escape(f"{check.name}: {values}"), soft_wrap=True, highlight=False)


def main() -> None:
    """Run, and end quietly when interrupted or told to stop: psycopg then cancels the statement that runs."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    started = time.monotonic()
    code = FAILED
    try:
        app(prog_name="python -m database")
    except KeyboardInterrupt:
        _say("interrupted: run again, it resumes where it was.")
        code = INTERRUPTED
        sys.exit(code)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else FAILED
        raise
    finally:
        ended(code, time.monotonic() - started)


def ended(code: int, seconds: float) -> None:
    """The last line of a scheduled run, one JSON object on standard error, which logs are asked for.

    {ascent_job: name of the schedule, result: "succeeded" or "failed", code: exit code, seconds}
    """
    job = os.environ.get(JOB_VARIABLE)
    if job:
        result = "failed" if code else "succeeded"
        line = {"ascent_job": job, "result": result, "code": code, "seconds": round(seconds, 1)}
        typer.echo(json.dumps(line), err=True)
