"""Reads and repairs what earlier runs left behind: stacks, locks, damaged or half-written state."""

import json
import os
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.commands.layout import Layout
from scripts.places import put
from scripts.say import ProblemError

ENGINE_NAMES = ("pulumi",)


@dataclass(frozen=True)
class EngineLock:
    """A file by which an engine process says that it is at work on a stack."""

    file: Path
    pid: int
    host: str

    @property
    def alive(self) -> bool:
        """Whether that process may still be at work. One on another host cannot be asked."""
        return self.host != socket.gethostname() or _is_engine(self.pid)


def _is_engine(pid: int) -> bool:
    """Process ids are used again: it has to be an engine as well as be there."""
    try:
        said = subprocess.run(
            ["ps", "-o", "stat=,comm=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout.split(maxsplit=1)
    except OSError:
        said = _from_proc(pid)
    return len(said) == 2 and not said[0].startswith("Z") and Path(said[1].strip()).name in ENGINE_NAMES


def _from_proc(pid: int) -> list[str]:
    try:
        name, rest = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split("(", 1)[1].rsplit(")", 1)
    except (OSError, ValueError, IndexError):
        return []
    return [rest.split()[0], name]


def engine_locks(layout: Layout, stack: str) -> list[EngineLock]:
    """Every lock on a stack. One that cannot be read is of a process that died writing it."""
    locks = []
    directory = layout.engine_locks(stack)
    for file in sorted(directory.glob("*.json")) if directory.is_dir() else []:
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            locks.append(EngineLock(file, int(content["pid"]), str(content["hostname"])))
        except (OSError, ValueError, KeyError, TypeError):
            locks.append(EngineLock(file, 0, socket.gethostname()))
    return locks


def clear_stale_locks(layout: Layout, stack: str) -> int:
    """Remove the locks of processes that died; refuse where one is alive. Says how many were removed."""
    locks = engine_locks(layout, stack)
    for lock in locks:
        if lock.alive:
            where = "" if lock.host == socket.gethostname() else f" on {lock.host}"
            raise ProblemError(
                f"Another pulumi (process {lock.pid}{where}) is at work on this stack. Let it end, then try again.\n"
                f"If it is gone for good, delete {lock.file}."
            )
    for lock in locks:
        lock.file.unlink(missing_ok=True)
        lock.file.with_name(lock.file.name + ".attrs").unlink(missing_ok=True)
    return len(locks)


def stacks(layout: Layout) -> list[str]:
    """The stacks that have a state."""
    directory = layout.checkpoint("x").parent
    return sorted(file.stem for file in directory.glob("*.json")) if directory.is_dir() else []


def ensure_stack(layout: Layout, stack: str) -> None:
    """Create an empty stack. `pulumi stack init` would also write to the shipped config file."""
    checkpoint = layout.checkpoint(stack)
    if checkpoint.exists():
        return
    meta = layout.state / ".pulumi" / "meta.yaml"
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    if not meta.exists():
        put(meta, "version: 1\n")
    content = {"version": 3, "checkpoint": {"stack": f"organization/{layout.project_name}/{stack}", "latest": None}}
    put(checkpoint, json.dumps(content))


def parse(file: Path) -> dict[str, Any] | None:
    """The deployment in a state file; None where the file is damaged."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return dict(content["checkpoint"].get("latest") or {})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def deployment(layout: Layout, stack: str) -> dict[str, Any]:
    """The stack's state as the engine last saved it; empty where there is none."""
    return parse(layout.checkpoint(stack)) or {}


def resources(layout: Layout, stack: str) -> list[dict[str, Any]]:
    """The stack's resources."""
    return list(deployment(layout, stack).get("resources") or [])


def clear_damaged_sidecars(layout: Layout) -> None:
    """The file backend keeps a file of facts beside each file, and reads nothing whose facts it cannot read.

    A kill at the right moment leaves one empty. Without one it gets along.
    """
    for directory in (layout.state / ".pulumi", layout.checkpoint("x").parent):
        for sidecar in directory.glob("*.attrs") if directory.is_dir() else []:
            try:
                json.loads(sidecar.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                sidecar.unlink(missing_ok=True)


def keep(layout: Layout, stack: str) -> None:
    """Keep what a run finds, for a state that it damages. Links take no room: both files are only ever replaced."""
    shutil.rmtree(layout.kept, ignore_errors=True)
    layout.kept.mkdir(parents=True)
    for file in (layout.checkpoint(stack), layout.world):
        if file.exists():
            (layout.kept / file.name).hardlink_to(file)


def mend_checkpoint(layout: Layout, stack: str) -> str | None:
    """Put the newest readable earlier state in place of a damaged one. Says what it did, if anything.

    The engine damages one where the disk fills up: the file backend takes a write that failed for a whole one, both of
    the state and of its copy (gocloud.dev: WriteAll in blob/blob.go closes the writer of a failed write, and Close in
    blob/fileblob/fileblob.go renames what there is of it).
    """
    checkpoint = layout.checkpoint(stack)
    if not checkpoint.exists() or parse(checkpoint) is not None:
        return None
    backups, kept = layout.backups(stack), layout.kept / checkpoint.name
    earlier = sorted(backups.glob("*.json"), key=lambda file: file.stat().st_mtime) if backups.is_dir() else []
    for candidate in (checkpoint.with_name(checkpoint.name + ".bak"), kept, *reversed(earlier)):
        if candidate.exists() and parse(candidate) is not None:
            shutil.copyfile(checkpoint, checkpoint.with_name(checkpoint.name + ".damaged"))
            _put_back(candidate, checkpoint)
            # The facts beside it are those of the damaged one.
            checkpoint.with_name(checkpoint.name + ".attrs").unlink(missing_ok=True)
            if candidate != kept:
                return f"The state of {stack} was damaged; went back to the one saved before it ({candidate.name})."
            if (layout.kept / layout.world.name).exists():
                _put_back(layout.kept / layout.world.name, layout.world)
            else:
                layout.world.unlink(missing_ok=True)
            return f"The state of {stack} was damaged; went back to how everything was before the last run."
    raise ProblemError(
        f"The state of {stack} is damaged, and so is every earlier copy: {checkpoint}.\n"
        "This is the sandbox, nothing real is lost: make clean starts over."
    )


def _put_back(earlier: Path, file: Path) -> None:
    partial = file.with_name(f"{file.name}.partial{os.getpid()}")
    shutil.copyfile(earlier, partial)
    partial.rename(file)


def protected(layout: Layout, stack: str) -> list[str]:
    """The URNs of the resources that refuse to be deleted."""
    return [str(resource["urn"]) for resource in resources(layout, stack) if resource.get("protect")]


def pending(layout: Layout, stack: str) -> list[dict[str, Any]]:
    """The operations that were under way when an engine died."""
    return list(deployment(layout, stack).get("pending_operations") or [])
