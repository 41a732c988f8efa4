"""The command line: `python -m database COMMAND --config FILE`, with DATABASE_URL in the environment."""

from __future__ import annotations

import json
import os
import signal
import sys
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
from database import jobs, limits, runner
from database.action import Action, Executor
from database.connection import URL, Conn, Group, alone, connected, one, url_of
from database.errors import FAILED, BadInputError, RunError, masked
from database.step import Context
from database.views import refreshes

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="The runbooks' SQL, made safe: indexes, partitions, views, retention and health of a PostgreSQL database.",
    epilog=f"{URL} is the writer's direct address. Exit codes: 0 fine, 1 the answer is no or it failed, 2 bad input.",
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


def _run(command: str, path: Path, *, as_json: bool, work: Callable[[Run], tuple[bool, dict[str, Any]]]) -> None:
    """Config, connection, work, report, exit code; every failure is one message."""
    url = ""
    report: dict[str, Any]
    try:
        config = configs.load(path)
        url = url_of(os.environ)
        with connected(url, command, config.schema_) as conn:
            now: datetime = one(conn, "SELECT now() AS now")["now"]
            context = Context(conn, config, now.date())
            fine, report = work(Run(context, Executor(conn, config.locks, _say), now))
            for note in context.notes:
                _say(f"note: {note}")
            report = {"command": command, "ok": fine, **report, "notes": context.notes}
        code = 0 if fine else FAILED
    except (RunError, psycopg.Error) as error:
        message = masked(str(error), url)
        if isinstance(error, psycopg.Error):
            message = f"the database ended the run: {' '.join(message.split())}. Run again: it resumes."
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
    notes}
    """
    _run("plan", config, as_json=as_json, work=lambda run: _plan(run, replace or [], as_json=as_json))


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

    --json: {command, ok, ran: [{why, sql, transaction, seconds, ...}], notes}
    """

    def work(run: Run) -> tuple[bool, dict[str, Any]]:
        if dry_run:
            return _plan(run, replace or [], as_json=as_json)
        with alone(run.context.conn, "change", wait, _say):
            runner.apply(run.context, run.executor, replace or [], _say)
        if not as_json:
            typer.echo(f"applied: {len(run.executor.ran)} actions" if run.executor.ran else "nothing to do")
        return True, {"ran": run.executor.ran}

    _run("apply", config, as_json=as_json, work=work)


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

    _run(command, path, as_json=as_json, work=work)


@app.command()
def partitions(
    *,
    config: ConfigOption,
    dry_run: DryOption = False,
    wait: WaitOption = limits.RUNNER_WAIT,
    as_json: JsonOption = False,
) -> None:
    """Make the partitions of the months ahead. To be run daily.

    --json: {command, ok, reports: [{rule, made}], notes}
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

    --json: {command, ok, reports: [{rule, refreshed}], notes}
    """
    _job(
        "refresh",
        config,
        "refresh",
        wait,
        dry_run=dry_run,
        as_json=as_json,
        actions=lambda run: [("refresh", list(refreshes(run.context, run.context.config)))],
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
    purged}], notes}
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

    --json: {command, ok, checks: [{name, ok, value, limit, unit, advice, details}], notes}; ok null is information.
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
    try:
        app(prog_name="python -m database")
    except KeyboardInterrupt:
        _say("interrupted: run again, it resumes where it was.")
        sys.exit(130)
