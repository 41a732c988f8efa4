"""`ascent doctor`: whether everything that ascent needs is here, and what to do about what is not.

What it needs of an AWS account, and of Cloudflare, for a stack is in `ops/commands/quotas.py`.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ops.errors import NO, AscentError
from scripts import engine, environment, golang, places, process, say

Status = Literal["ok", "warn", "fail"]
LEAST_FREE_GB = 1.0
PLUGIN_SECONDS = 20
MARKS: dict[Status, str] = {"ok": "[green]ok[/]", "warn": "[yellow]warn[/]", "fail": "[red]fail[/]"}


@dataclass(frozen=True)
class DoctorFinding:
    """One thing looked at."""

    name: str
    status: Status
    found: str
    advice: str = ""


def python() -> DoctorFinding:
    """The interpreter this runs on."""
    text = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    good = sys.version_info >= environment.OLDEST_PYTHON
    return DoctorFinding("python", "ok" if good else "fail", text, "" if good else "Python 3.11 or newer is needed.")


def dependencies() -> DoctorFinding:
    """The virtual environment against the lock."""
    if environment.is_current():
        return DoctorFinding("dependencies", "ok", ".venv is what requirements.txt says")
    if environment.read_stamp():
        return DoctorFinding("dependencies", "fail", ".venv is not from this requirements.txt", "Run: make setup")
    return DoctorFinding("dependencies", "fail", ".venv is missing or unfinished", "Run: make setup")


def uv() -> DoctorFinding:
    """uv, on PATH or in the cache."""
    found = process.which("uv") or next(iter(sorted(places.cache_dir().glob("uv-*/bin/uv"))), None)
    if found is None:
        return DoctorFinding("uv", "warn", "not here", "make setup installs one when it needs it.")
    return DoctorFinding("uv", "ok", f"{process.run([found, '--version']).output.split('(')[0].strip()}, {found}")


def go() -> DoctorFinding:
    """Go: only needed to build the engine."""
    found = golang.go_on_path()
    if found:
        return DoctorFinding("go", "ok", f"{'.'.join(map(str, golang.go_version(found)))}, {found}")
    return DoctorFinding("go", "ok", "none recent enough on PATH; make setup gets one if it has to build the engine")


def pulumi() -> DoctorFinding:
    """The engine, and how it was found."""
    record = engine.read_found()
    if not record:
        return DoctorFinding("pulumi", "fail", "not set up", "Run: make setup")
    if not engine.is_current():
        return DoctorFinding("pulumi", "fail", "what was found before has changed or gone", "Run: make setup")
    said = process.run([engine.BIN / "pulumi", "version"], env=os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"})
    if said.code:
        return DoctorFinding("pulumi", "fail", "does not start", f"Delete {places.TOOLCHAIN} and run: make setup")
    how = {"path": "from PATH", "release": "the official release", "built": "built from Go modules"}
    return DoctorFinding(
        "pulumi", "ok", f"{record['version']}, {how.get(record['how'], record['how'])}, {record['path']}"
    )


def language_host() -> DoctorFinding:
    """The engine's Python host and the script that it runs."""
    missing = [name for name in engine.PROGRAMS[1:] if not os.access(engine.BIN / name, os.X_OK)]
    if missing:
        return DoctorFinding("language host", "fail", f"{missing[0]} is missing", "Run: make setup")
    return DoctorFinding("language host", "ok", str((engine.BIN / engine.PROGRAMS[1]).resolve()))


def stand_ins() -> list[DoctorFinding]:
    """Each stand-in provider: does it start, and say the port it listens on, as the engine expects."""
    from sandbox.commands.environ import PROVIDERS, engine_environment
    from sandbox.commands.layout import Layout

    env = engine_environment(Layout(places.SANDBOX))
    programs = [(name, places.ROOT / "sandbox" / "bin" / f"pulumi-resource-{name}") for name in PROVIDERS]
    started = [(name, program, _start(program, env)) for name, program in programs]
    return [_stand_in(name, program, process) for name, program, process in started]


def _start(program: Path, env: dict[str, str]) -> subprocess.Popen[str] | None:
    try:
        return subprocess.Popen(
            [program, "127.0.0.1:9"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
        )
    except OSError:
        return None


def _stand_in(name: str, program: Path, started: subprocess.Popen[str] | None) -> DoctorFinding:
    title = f"stand-in {name}"
    if started is None:
        return DoctorFinding(
            title, "fail", f"cannot be started: {program.relative_to(places.ROOT)}", "Check the checkout."
        )
    with started:
        answer = _first_line(started)
        started.kill()
        complaint = "" if answer.isdigit() or started.stderr is None else started.stderr.read()
    if answer.isdigit():
        return DoctorFinding(title, "ok", "starts")
    last = complaint.strip().splitlines()[-1:] or ["it said nothing"]
    return DoctorFinding(title, "fail", f"does not start: {last[0]}", "Run: make setup")


def _first_line(started: subprocess.Popen[str]) -> str:
    """The first line a plugin prints, without waiting for ever."""
    import select

    deadline = time.monotonic() + PLUGIN_SECONDS
    while started.stdout and time.monotonic() < deadline:
        if select.select([started.stdout], [], [], 0.2)[0]:
            return started.stdout.readline().strip()
        if started.poll() is not None:
            break
    return ""


def cache() -> DoctorFinding:
    """The cache of built tools."""
    directory = places.cache_dir()
    size = sum(file.stat().st_size for file in directory.rglob("*") if file.is_file() and not file.is_symlink())
    return DoctorFinding("cache", "ok", f"{size / 1e6:.0f} MB in {directory}")


def sandbox_state() -> list[DoctorFinding]:
    """The sandbox's stacks, and whatever locks lie on them."""
    from sandbox.commands import state
    from sandbox.commands.layout import Layout

    layout = Layout(places.SANDBOX)
    try:
        names = state.stacks(layout)
    except say.ProblemError as problem:
        return [DoctorFinding("sandbox", "fail", str(problem), "Run this from a complete checkout.")]
    if not names:
        return [DoctorFinding("sandbox", "ok", "no stack yet; make up STAGE=1 brings one up")]
    return [_stack(state, layout, name) for name in names]


def _stack(state: Any, layout: Any, name: str) -> DoctorFinding:  # noqa: ANN401, RUF100 (imported late, hence untyped)
    title = f"sandbox {name}"
    if state.parse(layout.checkpoint(name)) is None:
        return DoctorFinding(
            title, "warn", "its state is damaged", "The next make up goes back to the state before it."
        )
    text = f"{len(state.resources(layout, name))} resources"
    under_way, locks = state.pending(layout, name), state.engine_locks(layout, name)
    alive = [lock for lock in locks if lock.alive]
    if alive:
        return DoctorFinding(title, "ok", f"{text}; process {alive[0].pid} is at work on it")
    if locks or under_way:
        return DoctorFinding(
            title, "warn", f"{text}; a run was killed half-way", "The next make up or down settles it."
        )
    return DoctorFinding(title, "ok", text)


def aws() -> DoctorFinding:
    """The AWS CLI: the kubeconfig of a cluster that a stack makes calls `aws eks get-token` (infra/kubeconfig.py)."""
    found = process.which("aws")
    if found is None:
        stacks = _with_clusters()
        if not stacks:
            return DoctorFinding("aws", "ok", "not here; only a stack that makes its own EKS cluster needs it")
        return DoctorFinding(
            "aws", "warn", "not here", f"{', '.join(stacks)} makes EKS clusters: install the AWS CLI 2."
        )
    said = process.run([found, "--version"]).output.split()
    version = said[0].removeprefix("aws-cli/") if said else "does not start"
    if not version.startswith("2."):
        return DoctorFinding("aws", "warn", f"{version}, {found}", "The AWS CLI has to be of version 2.")
    return DoctorFinding("aws", "ok", f"{version}, {found}")


def _with_clusters() -> list[str]:
    """The stacks that make EKS clusters of their own, as far as their files can be read."""
    from infra.config.problems import SettingsError
    from ops import stackfile

    found = []
    for stack in stackfile.names():
        with suppress(SettingsError):
            found += [stack] if stackfile.settings(stack).makes_clusters else []
    return found


def disk() -> DoctorFinding:
    """Room to work."""
    free = shutil.disk_usage(places.ROOT).free / 1e9
    if free < LEAST_FREE_GB:
        return DoctorFinding("disk", "warn", f"{free:.1f} GB free", "Make room: building the engine takes about 4 GB.")
    return DoctorFinding("disk", "ok", f"{free:.0f} GB free")


CHECKS: tuple[Callable[[], DoctorFinding | list[DoctorFinding]], ...] = (
    python, dependencies, uv, go, pulumi, language_host, aws, stand_ins, cache, sandbox_state, disk,
)  # fmt: skip


def examine() -> list[DoctorFinding]:
    """Look at everything."""
    findings: list[DoctorFinding] = []
    for check in CHECKS:
        found = check()
        findings += found if isinstance(found, list) else [found]
    return findings


def doctor(
    *,
    stack: Annotated[
        str | None, typer.Option(help="Look at what this stack needs of AWS and Cloudflare, instead.")
    ] = None,
    stage: Annotated[
        int | None, typer.Option(min=1, max=7, help="With --stack: at this stage, instead of the stack's own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Is everything here that ascent needs, and what to do if not. With --stack: do AWS and Cloudflare let the stack.

    --json prints {"ok": bool, "checks": [{"name", "status": "ok" | "warn" | "fail", "found", "advice"}, ...]}.
    Exits with 0 if nothing fails, else with 1.

    With --stack, what the stack needs at its most (both colors at their maximum, all instances being replaced) is
    held against the quotas of the account that the environment's credentials, or the stack's assumeRole, are of.
    Nothing is changed. fail: the need alone is more than the account has. warn: it is more than is left; this stack
    may be part of what is used. unknown: AWS did not say. Without credentials the needs stand beside AWS' defaults:
    a need above one is a warn, and the rest is unknown.

    Where Cloudflare has the zone, what the stack needs to be allowed there is held against the token of
    CLOUDFLARE_API_TOKEN. A token may mostly not see its own rights: then it is asked to read what it is to write, and
    fail is what it may not even read.

    --stack --json prints {stack, stage, account: its number or null, why: text, why the account was not looked at,
    ok: bool, cloudflare: null, or {why: text, why the token was not looked at, addOns: [text, ...], rights:
    [{verdict: as of a quota, permission, of: "zone" | "account", for, why}]},
    quotas: [{verdict: "fail" | "warn" | "unknown" | "ok", service, code, name, unit, region: its name, or
    null for all together, need: number or null, default, quota: number that the account has or null, used: number or
    null, why, raise: {to, command} or null}]}, the worst first.
    Exits with 0 if nothing fails, else with 1; with 2 if the stack cannot be looked at.

    Examples:

        ascent doctor

        ascent doctor --stack prod --stage 6
    """
    if stack is not None:
        # Only here: the program and its SDKs take a second to import.
        from ops.commands.quotas import quotas

        raise typer.Exit(quotas(stack, stage, as_json=as_json))
    if stage is not None:
        raise AscentError("--stage is of a stack: give --stack as well")
    findings = examine()
    healthy = all(finding.status != "fail" for finding in findings)
    if as_json:
        typer.echo(json.dumps({"ok": healthy, "checks": [asdict(finding) for finding in findings]}, indent=2))
    else:
        _show(findings)
    raise typer.Exit(0 if healthy else NO)


def _show(findings: list[DoctorFinding]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from ops.console import console

    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        text = escape(finding.found.replace(str(Path.home()), "~"))
        advice = f"\n[bold]{escape(finding.advice)}[/]" if finding.advice and finding.status != "ok" else ""
        table.add_row(MARKS[finding.status], finding.name, text + advice)
    console.print(table)
