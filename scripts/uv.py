"""Finds uv, which installs the dependencies quickly, or installs it for ourselves."""

import os
import re
import shutil
import sys
from pathlib import Path

from scripts.places import TOOLS, cache_dir, digest, locked
from scripts.process import run, which
from scripts.say import ProblemError, free_space, progress

# Older ones lack options used here, or read hashes differently.
OLDEST = (0, 5)


def private_venv(name: str) -> Path:
    """A virtual environment in the cache holding one pinned tool; keyed by its lock and complete or absent."""
    lock = TOOLS / name / "requirements.txt"
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    home = cache_dir() / f"{name}-{digest(lock)}-py{python}"
    # A virtual environment cannot be moved, so a file written last says that it is complete.
    complete = home / "complete"
    with locked(cache_dir() / f"{name}.lock", f"another set-up that is installing {name}"):
        if complete.exists() and (home / "bin" / "python").exists():
            return home
        shutil.rmtree(home, ignore_errors=True)
        with progress(f"Installing {name} into the cache"):
            commands: tuple[list[str | Path], ...] = (
                [sys.executable, "-m", "venv", home],
                [
                    home / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                    "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", lock,
                ],
            )  # fmt: skip
            for command in commands:
                done = run(command)
                if done.code:
                    shutil.rmtree(home, ignore_errors=True)
                    raise ProblemError(_why(name, done.output, home))
        complete.touch()
    return home


def _why(name: str, output: str, home: Path) -> str:
    if "ensurepip" in output:
        return (
            "This Python cannot create virtual environments (its ensurepip is missing).\n"
            "On Debian and Ubuntu: apt install python3-venv. Or install uv itself, then run make again."
        )
    if "no space left" in output.lower():
        return f"The disk is full: {home} has {free_space(home)}. Make room and run make again."
    last = "\n".join("    " + line for line in output.strip().splitlines()[-5:])
    return f"Could not install {name} from the package index:\n{last}" + (
        "\nInstall uv yourself, then run make again." if name == "uv" else ""
    )


def find_uv() -> Path:
    """The uv on PATH if it is recent enough, else a pinned one in the cache."""
    found = which("uv")
    if found:
        said = run([found, "--version"])
        match = re.search(r"uv (\d+)\.(\d+)", said.output)
        if said.code == 0 and match and (int(match[1]), int(match[2])) >= OLDEST:
            return found
    return private_venv("uv") / "bin" / "uv"


def uv_environment() -> dict[str, str]:
    """uv reads none of pip's settings, so an index or a certificate that is configured for pip is passed on."""
    env = dict(os.environ)
    for theirs, ours in (
        ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"),
        ("PIP_EXTRA_INDEX_URL", "UV_INDEX"),
        ("PIP_CERT", "SSL_CERT_FILE"),
    ):
        if env.get(theirs):
            env.setdefault(ours, env[theirs])
    env.pop("VIRTUAL_ENV", None)
    return env
