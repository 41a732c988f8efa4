"""The virtual environment: the program's, the commands' and the tests' alike, exactly as locked."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from scripts.places import ROOT, TOOLCHAIN, VENV, digest, locked, put, unwritable
from scripts.process import run
from scripts.say import ProblemError, free_space, progress
from scripts.uv import find_uv, uv_environment

LOCK = ROOT / "requirements.txt"
BYTE_CODE = ROOT / "scripts" / "byte_code.py"
OLDEST_PYTHON = (3, 11)


def stamp_file(venv: Path = VENV) -> Path:
    """Removed first and written last: an environment without it is not finished."""
    return venv / "ascent-stamp.json"


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
    return os.access(venv / "bin" / "python", os.X_OK) and read_stamp(venv) == _stamp(venv, lock)


def _stamp(venv: Path, lock: Path) -> dict[str, Any]:
    made_from = {"lock": digest(lock), "byteCode": digest(BYTE_CODE)}
    return {**made_from, "python": python_version(venv), "path": str(venv)}


def ensure_environment() -> None:
    """Make the environment what the lock says. Costs two small reads when it already is."""
    if is_current():
        return
    with locked(TOOLCHAIN / "setup.lock", "another set-up in this directory"):
        if not is_current():
            _install()


def _reusable() -> bool:
    """A complete environment can be updated; an incomplete one is made anew."""
    return (
        os.access(VENV / "bin" / "python", os.X_OK)
        and read_stamp(VENV).get("path") == str(VENV)
        and run([VENV / "bin" / "python", "-I", "-c", f"import pip, sys; assert sys.version_info >= {OLDEST_PYTHON}"])
        .code == 0
    )  # fmt: skip


def _install() -> None:
    uv, env = find_uv(), uv_environment()
    reusable = _reusable()
    try:
        with progress("Installing the Python dependencies"):
            stamp_file(VENV).unlink(missing_ok=True)
            if not reusable:
                base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
                # The engine's language host asks the environment's pip what is installed: hence --seed.
                _must([uv, "venv", "--quiet", "--seed", "--clear", "--python", base, VENV], env)
            _must(
                [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", VENV / "bin" / "python", LOCK],
                env,
            )
            _keep_byte_code_whole()
            put(stamp_file(VENV), json.dumps(_stamp(VENV, LOCK)))
    except OSError as error:
        raise ProblemError(unwritable(VENV, error)) from error


def _keep_byte_code_whole() -> None:
    """Have each start of the environment's Python run `scripts/byte_code.py` (Python documentation, module site)."""
    for packages in VENV.glob("lib/python*/site-packages"):
        put(packages / "ascent_byte_code.py", BYTE_CODE.read_text())
        put(packages / "ascent_byte_code.pth", "import ascent_byte_code\n")


def _must(command: list[str | Path], env: dict[str, str]) -> None:
    done = run(command, env=env)
    if done.full_disk:
        raise ProblemError(f"The disk is full: {VENV} has {free_space(ROOT)}. Make room and run make again.")
    if done.code:
        raise ProblemError(
            f"Could not install the Python dependencies:\n{done.tail()}\n"
            "Nothing half-installed is used: run make again once the cause is gone."
        )
