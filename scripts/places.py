"""Where things are: in the repository, and in the cache that outlives it."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.say import ProblemError, say

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLCHAIN = ROOT / ".toolchain"
SANDBOX = ROOT / ".sandbox"
TOOLS = ROOT / "tools"


def cache_dir() -> Path:
    """What is slow to build or fetch lies outside the repository, so that a fresh clone is ready in seconds."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "ascent"


def digest(*files: Path) -> str:
    """One short hash over the contents of some files, in the order given."""
    total = hashlib.sha256()
    for file in files:
        total.update(file.read_bytes())
        total.update(b"\0")
    return total.hexdigest()[:16]


@contextmanager
def locked(path: Path, waiting_for: str) -> Iterator[None]:
    """Hold an exclusive lock. The kernel lets go of it when the process dies, so none is ever stale."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = path.open("a")
    except OSError as error:
        raise ProblemError(f"Cannot write to {path.parent}: {error.strerror}.") from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Waiting for {waiting_for}...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
