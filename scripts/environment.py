"""The virtual environment: the program's, the commands' and the tests' alike, exactly as locked."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from scripts.places import ROOT, TOOLCHAIN, VENV, digest, locked
from scripts.process import run
from scripts.say import ProblemError, free_space, progress
from scripts.uv import find_uv, uv_environment

LOCK = ROOT / "requirements.txt"
OLDEST_PYTHON = (3, 11)


def stamp_file(venv: Path = VENV) -> Path:
    """Written last: an environment without it is not finished."""
    return venv / "ascent-stamp.json"


def _unfinished(venv: Path) -> Path:
    return venv / "ascent-unfinished"


def python_version(venv: Path) -> str | None:
    """What the environment was made with, as its own configuration says."""
    try:
        lines = (venv / "pyvenv.cfg").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        key, _, value = line.partition("=")
        if key.strip() in ("version", "version_info"):
            return value.strip()
    return None


def read_stamp(venv: Path = VENV) -> dict[str, Any]:
    """What the environment was installed from; empty where it never was, or only half."""
    try:
        stamp = json.loads(stamp_file(venv).read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def is_current(venv: Path = VENV, lock: Path = LOCK) -> bool:
    """Whether the environment is finished, from this very lock, where it was made, and its Python still there."""
    return (
        os.access(venv / "bin" / "python", os.X_OK)
        and not _unfinished(venv).exists()
        and read_stamp(venv) == _stamp(venv, lock)
    )


def _stamp(venv: Path, lock: Path) -> dict[str, Any]:
    return {"lock": digest(lock), "python": python_version(venv), "path": str(venv)}


def ensure_environment() -> None:
    """Make the environment what the lock says. Costs two small reads when it already is."""
    if is_current():
        return
    with locked(TOOLCHAIN / "setup.lock", "another set-up in this directory"):
        if not is_current():
            _install()


def _reusable() -> bool:
    """An environment that is whole can be brought up to date; one that was interrupted starts over."""
    return (
        not _unfinished(VENV).exists()
        and os.access(VENV / "bin" / "python", os.X_OK)
        and read_stamp().get("path", str(VENV)) == str(VENV)
        and run([VENV / "bin" / "python", "-I", "-c", f"import pip, sys; assert sys.version_info >= {OLDEST_PYTHON}"])
        .code == 0
    )  # fmt: skip


def _install() -> None:
    uv, env = find_uv(), uv_environment()
    try:
        with progress("Installing the Python dependencies"):
            if not _reusable():
                base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
                # The engine's language host asks the environment's pip what is installed: hence --seed.
                _must([uv, "venv", "--quiet", "--seed", "--clear", "--python", base, VENV], env)
            stamp_file().unlink(missing_ok=True)
            _unfinished(VENV).touch()
            _must(
                [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", VENV / "bin" / "python", LOCK],
                env,
            )
            stamp_file().write_text(json.dumps(_stamp(VENV, LOCK)))
            _unfinished(VENV).unlink()
    except OSError as error:
        raise ProblemError(f"Could not set up {VENV}: {error.strerror} ({free_space(ROOT)}).") from error


def _must(command: list[str | Path], env: dict[str, str]) -> None:
    done = run(command, env=env)
    if done.full_disk:
        raise ProblemError(f"The disk is full: {VENV} has {free_space(ROOT)}. Make room and run make again.")
    if done.code:
        raise ProblemError(
            f"Could not install the Python dependencies:\n{done.tail()}\n"
            "Nothing half-installed is used: run make again once the cause is gone."
        )
