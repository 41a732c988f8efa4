"""Removes what make made in this directory. The cache of built tools is shared by all checkouts and stays."""

import fcntl
import shutil

from sandbox.cluster.local import LocalCluster
from sandbox.commands import state
from sandbox.commands.layout import Layout
from scripts.places import ROOT, SANDBOX, TOOLCHAIN, VENV, cache_dir
from scripts.say import ProblemError, say

LOCKS = (
    (TOOLCHAIN / "setup.lock", "a set-up"),
    (TOOLCHAIN / "engine.lock", "a set-up"),
    (SANDBOX / "run.lock", "a sandbox run"),
)
LAYOUT = Layout(SANDBOX)


def clean() -> None:
    """Remove the environment, the links to the toolchain and the sandbox's state, unless something is using them."""
    for file, who in LOCKS:
        if not file.exists():
            continue
        with file.open() as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ProblemError(f"Not cleaning: {who} is running here. Let it end first.") from error
    for stack in state.stacks(LAYOUT):
        for lock in state.engine_locks(LAYOUT, stack):
            if lock.alive:
                raise ProblemError(
                    f"Not cleaning: pulumi (process {lock.pid}) is at work on {stack}. Let it end first."
                )
    for home in (SANDBOX / "clusters").glob("*"):
        # Servers that outlive the command which started them, unless the stack was taken down.
        LocalCluster(home).stop()
    removed = [directory.name for directory in (SANDBOX, TOOLCHAIN, VENV) if directory.exists()]
    for directory in (SANDBOX, TOOLCHAIN, VENV):
        shutil.rmtree(directory, ignore_errors=True)
    if left := [directory.name for directory in (SANDBOX, TOOLCHAIN, VENV) if directory.exists()]:
        raise ProblemError(f"Cannot remove {', '.join(left)} from {ROOT}: is it read-only, or owned by another user?")
    say(f"Removed {', '.join(removed)}." if removed else "Nothing to remove.")
    say(f"Built tools stay in {cache_dir()}; delete that directory to get rid of them too.")
