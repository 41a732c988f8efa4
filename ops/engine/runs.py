"""Recognizes the lock of an engine that was started here and killed.

The engine's lock names a host and a process. That is not unique: containers share host names, and each counts its
processes from 1. So each start is noted with ids that no two machines or containers share. Where the kernel has no such
ids (it is no Linux), no lock is taken for ours.
"""

from __future__ import annotations

import json
import os
import re
import socket
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

# pulumi, pkg/backend/diy/lock.go: checkForLock.
HOLDER = re.compile(r"created by \S+@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<at>\S+)")
BOOT, PROCESSES = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
# From the engine's start to its lock: seconds on any machine that can run it. Locks have whole seconds.
SOON = timedelta(minutes=1)
CUT = timedelta(seconds=1)
MOST = 20  # How many starts are kept.


def noted(stack: str) -> None:
    """Note that an engine that locks a stack is started here."""
    _keep(stack, [*_starts(stack), datetime.now(UTC)][-MOST:])


def locked_out(stack: str) -> None:
    """Note that the engine started last did not get the lock."""
    _keep(stack, _starts(stack)[:-1])


def left_by_a_killed_one(stack: str, said: str) -> bool:
    """Whether all of a stack's locks are of an engine that was started here and no longer exists.

    Args:
        stack: its name.
        said: the engine's message about the locks.
    """
    holders = [match.groupdict() for match in HOLDER.finditer(said)]
    return bool(holders) and all(_ours(stack, **one) for one in holders)


def _ours(stack: str, host: str, pid: str, at: str) -> bool:
    try:
        late = [datetime.fromisoformat(at) - start for start in _starts(stack)]
    except (ValueError, TypeError):
        return False
    return host == socket.gethostname() and any(-CUT <= one < SOON for one in late) and not _alive(int(pid))


def _starts(stack: str) -> list[datetime]:
    """When engines were started here for a stack, since the last boot and in this container."""
    try:
        note = json.loads(_path(stack).read_text(encoding="utf-8"))
        starts = [datetime.fromisoformat(one) for one in note.pop("at")]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
    return starts if note == _here() else []


def _keep(stack: str, starts: list[datetime]) -> None:
    here = _here()
    if here is None:
        return
    with suppress(OSError):
        path = _path(stack)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**here, "at": [one.isoformat() for one in starts]}), encoding="utf-8")


def _here() -> dict[str, str] | None:
    """This machine since it was started, and this container's processes."""
    try:
        return {"boot": BOOT.read_text(encoding="ascii").strip(), "processes": str(PROCESSES.readlink())}
    except OSError:
        return None


def _path(stack: str) -> Path:
    return Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi") / "ascent" / f"{stack}.json"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
