"""Which version of Ascent this checkout is."""

from __future__ import annotations

import subprocess
import tomllib

from ops import stackfile


def version() -> str:
    """The number of the last release, and the commit where git knows it: `0.1.0 (1a2b3c4)`."""
    text = (stackfile.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    number = str(tomllib.loads(text)["project"]["version"])
    try:
        asked = ["git", "-C", str(stackfile.ROOT), "describe", "--always", "--dirty", "--exclude=*"]
        commit = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return number
    return f"{number} ({commit})"
