"""Where things are: in the repository, and in the cache that outlives it."""

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.say import ProblemError, free_space, say

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLCHAIN = ROOT / ".toolchain"
SANDBOX = ROOT / ".sandbox"
TOOLS = ROOT / "tools"
FULL = (errno.ENOSPC, errno.EDQUOT)
REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)


def cache_dir() -> Path:
    """The directory for slow builds and downloads: outside the repository, so that a new clone is ready in seconds."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "ascent"


def digest(*files: Path) -> str:
    """One short hash over the contents of some files, in the order given."""
    total = hashlib.sha256()
    for file in files:
        total.update(file.read_bytes())
        total.update(b"\0")
    return total.hexdigest()[:16]


def put(path: Path, text: str) -> None:
    """Write a file atomically: beside its final place, then renamed. Nothing is left where that fails."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def unwritable(place: Path, error: OSError) -> str:
    """Why nothing can be written to a directory, and what helps."""
    if error.errno in FULL:
        return f"The disk is full: {place} has {free_space(place)}. Make room, then run it again."
    said = f"Cannot write to {place}: {error.strerror}."
    if error.errno in REFUSED and place.is_relative_to(ROOT):
        said += "\nMake the checkout writable for this user, or work on a copy of it."
    return said


@contextmanager
def locked(path: Path, waiting_for: str) -> Iterator[None]:
    """Hold an exclusive lock. The kernel releases it when the process ends, so none is ever stale."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a")
    except OSError as error:
        raise ProblemError(unwritable(path.parent, error)) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Waiting for {waiting_for}...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
