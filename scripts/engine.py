"""Finds the Pulumi engine, fetches it or builds it, and links what was found into .toolchain/bin."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.build import EXECUTOR, build, sources
from scripts.environment import python_version
from scripts.places import TOOLCHAIN, VENV, cache_dir, digest, locked, put, unwritable
from scripts.process import outside_path, run, version_tuple, which
from scripts.release import ReleaseUnavailableError, fetch_release
from scripts.say import ProblemError, say

VERSION = "3.258.0"
PROGRAMS = ("pulumi", "pulumi-language-python", EXECUTOR)
BIN = TOOLCHAIN / "bin"
FOUND = TOOLCHAIN / "found.json"

NOTHING_WORKED = """\
Ascent needs the Pulumi engine, and there is no way to get it from here:
{tried}
Any one of these helps, then run make again:
  - install Pulumi {version} or newer with its Python language host, and put it on PATH
  - let this machine reach get.pulumi.com and github.com
  - install Go 1.25.11 or newer, with a module proxy it can reach"""


def read_found() -> dict[str, Any]:
    """How the toolchain was found last time; empty where it was not."""
    try:
        record = json.loads(FOUND.read_text())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def ensure_engine() -> None:
    """Make .toolchain/bin hold a working engine. Costs a few file system look-ups when it already does."""
    if is_current():
        return
    with locked(TOOLCHAIN / "engine.lock", "another set-up in this directory"):
        if not is_current():
            _find()


def is_current() -> bool:
    """Whether what was found is still there and unchanged, and the user has not put another engine on PATH since."""
    record = read_found()
    return (
        record.get("key") == _key()
        and record.get("on_path") == _mark(which("pulumi"))
        and all(
            record.get("marks", {}).get(name) == _mark(BIN / name) is not None for name in PROGRAMS
        )
    )  # fmt: skip


def _key() -> str:
    return f"{VERSION}-{digest(*sources())}"


def _mark(path: Path | None) -> str | None:
    """Enough to notice that a file went away or is another one, without starting it."""
    if path is None:
        return None
    try:
        facts = path.stat()
    except OSError:
        return None
    return f"{path.resolve()}:{facts.st_size}:{facts.st_mtime_ns}"


def _find() -> None:
    tried: list[str] = []
    on_path = which("pulumi")
    where, reason = usable_on_path(outside_path())
    how = "path"
    if where is None:
        tried.append(f"  - on PATH: {reason}")
        how, where = _cached(reason, tried)
    try:
        _link(how, where, on_path)
    except OSError as error:
        raise ProblemError(unwritable(TOOLCHAIN, error)) from error


def usable_on_path(path: str) -> tuple[dict[str, Path] | None, str]:
    """The engine on a search path with its language host, or the reason why it will not do."""
    pulumi = shutil.which("pulumi", path=path)
    if pulumi is None:
        return None, "there is no pulumi"
    said = run([pulumi, "version"], env=os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"})
    version = said.output.strip().splitlines()[-1] if said.code == 0 and said.output.strip() else "unknown"
    if version_tuple(version) < version_tuple(VERSION):
        return None, f"{pulumi} is version {version}, and {VERSION} or newer is needed"
    # The engine prefers programs beside it to those on PATH.
    beside = os.pathsep.join([str(Path(pulumi).resolve().parent), path])
    programs = {name: shutil.which(name, path=beside) for name in PROGRAMS[1:]}
    missing = [name for name, program in programs.items() if program is None]
    if missing:
        return None, f"{pulumi} has no {missing[0]} beside it"
    return {"pulumi": Path(pulumi)} | {name: Path(program) for name, program in programs.items() if program}, ""


def _cached(reason: str, tried: list[str]) -> tuple[str, dict[str, Path]]:
    """The pinned engine from the cache, where it is put first if it is missing: completely or not at all."""
    cache = cache_dir()
    for how, home in (("release", cache / f"pulumi-{VERSION}"), ("built", cache / f"pulumi-{_key()}")):
        if complete(home / "bin"):
            return how, programs_in(home / "bin")
    with locked(cache / "pulumi.lock", "another set-up that is getting Pulumi"):
        release, built = cache / f"pulumi-{VERSION}", cache / f"pulumi-{_key()}"
        for how, home in (("release", release), ("built", built)):
            if complete(home / "bin"):
                return how, programs_in(home / "bin")
        say(f"Getting Pulumi {VERSION} ({reason}).")
        try:
            _into(release, lambda into: fetch_release(VERSION, into))
        except ReleaseUnavailableError as error:
            tried.append(f"  - the official release: {error}")
            why = f"{reason}, and the official release is out of reach: {error}"
        else:
            return "release", programs_in(release / "bin")
        try:
            _into(built, lambda into: build(VERSION, into, why))
        except ProblemError as error:
            tried.append(f"  - building it from Go modules: {error}")
            raise ProblemError(NOTHING_WORKED.format(tried="\n".join(tried), version=VERSION)) from error
        return "built", programs_in(built / "bin")


def complete(directory: Path) -> bool:
    """Whether every program is there and can be started."""
    return all(os.access(directory / name, os.X_OK) for name in PROGRAMS)


def programs_in(directory: Path) -> dict[str, Path]:
    """Every program of the engine's in a directory."""
    return {path.name: path for path in sorted(directory.glob("pulumi*"))}


def _into(home: Path, fill: Callable[[Path], None]) -> None:
    """Fill a directory beside its final place and rename it, so that it is never incomplete."""
    partial = home.with_name(f"{home.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        (partial / "bin").mkdir(parents=True)
        fill(partial / "bin")
        if not complete(partial / "bin"):
            raise ReleaseUnavailableError("it lacks one of " + ", ".join(PROGRAMS))
        shutil.rmtree(home, ignore_errors=True)
        partial.rename(home)
    except OSError as error:
        raise ProblemError(unwritable(home.parent, error)) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _link(how: str, programs: dict[str, Path], on_path: Path | None) -> None:
    BIN.mkdir(parents=True, exist_ok=True)
    FOUND.unlink(missing_ok=True)
    for old in BIN.iterdir():
        old.unlink()
    for name, program in programs.items():
        (BIN / name).symlink_to(program.absolute())
    said = run([BIN / "pulumi", "version"], env=os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"})
    if said.code:
        raise ProblemError(f"Pulumi was found ({programs['pulumi']}) but does not run:\n{said.tail()}")
    record = {
        "how": how,
        "version": said.output.strip().splitlines()[-1].lstrip("v"),
        "path": str(programs["pulumi"]),
        "go": str(which("go") or "") or None,
        "uv": str(which("uv") or next(iter(sorted(cache_dir().glob("uv-*/bin/uv"))), "")) or None,
        "python": python_version(VENV),
        "key": _key(),
        "on_path": _mark(on_path),
        "marks": {name: _mark(BIN / name) for name in PROGRAMS},
    }
    put(FOUND, json.dumps(record, indent=2) + "\n")
