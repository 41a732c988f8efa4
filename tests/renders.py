"""Renders that tests share. One takes seconds, and many tests look at the same: each is made once.

They are kept between runs too, below the user's cache, until something changes that decides what a render says.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import pickle
import shutil
import signal
import sys
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pytest
from pydantic import SecretStr

from scripts.places import ROOT, cache_dir
from tests.warm.server import import_sdks

if TYPE_CHECKING:
    from infra.config.settings import Settings
    from ops.engine.render import RenderedStack

# Environment variable with the directory of kept renders, for all processes of a run.
STORE = "ASCENT_TEST_RENDERS"
# Files and folders that decide what is rendered: the program, the recorder, answers to invokes, and mutations of tests.
DECIDING = (
    "Pulumi*.yaml", "__main__.py", "requirements.txt", "catalog", "charts", "database", "infra", "ops",
    "tests/renders.py", "tests/unit/configs.py", "tests/unit/runtime.py", "tests/guard",
)  # fmt: skip
UNUSED_DAYS = 3
# Environment variable that says that a run is to be short.
FAST = "ASCENT_TEST_FAST"
SECONDS_IN_A_FAST_RUN = 5.0
PATIENCE = 300.0  # seconds until a copy counts as stuck; the longest render takes some ten
T = TypeVar("T")
_HELD: dict[str, Any] = {}
_seconds = 0.0  # spent on renders in this process


def store() -> Path:
    """The directory for renders of what the checkout says now. Those that have not been used for days are removed."""
    # A render has paths of its checkout in it.
    digest = hashlib.sha256(f"{ROOT} {sys.version}".encode())
    for file in _deciding():
        digest.update(f"{file.relative_to(ROOT)}\0".encode())
        digest.update(file.read_bytes())
    folder = cache_dir() / "test-renders" / digest.hexdigest()[:24]
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder)
    for other in folder.parent.iterdir():
        with suppress(FileNotFoundError):  # another run may remove it, too
            if other.stat().st_mtime < time.time() - UNUSED_DAYS * 86_400:
                shutil.rmtree(other, ignore_errors=True)
    return folder


def _deciding() -> Iterator[Path]:
    for pattern in DECIDING:
        for found in sorted(ROOT.glob(pattern)):
            files = sorted(found.rglob("*")) if found.is_dir() else [found]
            yield from (one for one in files if one.is_file() and "__pycache__" not in one.parts)


def kept(key: str, make: Callable[[], T]) -> T:
    """What `make` returns, from this process, from another one or an earlier run, or made now. Not to be changed."""
    if key not in _HELD:
        file = Path(os.environ[STORE]) / hashlib.sha256(key.encode()).hexdigest()
        if not file.exists():
            _spend(file, make)
        _HELD[key] = pickle.loads(zlib.decompress(file.read_bytes()))  # noqa: S301  written by tests
    return cast(T, _HELD[key])


def _spend(file: Path, make: Callable[[], object]) -> None:
    """Make it. In a fast run, only some seconds are spent on what an earlier run has not kept."""
    global _seconds
    if os.environ.get(FAST) and _seconds > SECONDS_IN_A_FAST_RUN:
        pytest.skip("its render is not kept yet; `make test` and further fast runs make it", allow_module_level=True)
    started = time.monotonic()
    _import_sdks()
    if not _made_in_a_copy(make, file):
        _put(make(), file)
    _seconds += time.monotonic() - started


@cache
def _import_sdks() -> None:
    """Here, so that no copy has to. What they consist of stays, and is not looked through for garbage."""
    import_sdks()
    gc.collect()
    gc.freeze()


def _made_in_a_copy(make: Callable[[], T], file: Path) -> bool:
    """Make it in a copy of this process, and say whether that went well.

    With the copy ends all that a render leaves. Here, to look for it among everything else takes a fifth of the time.
    """
    with warnings.catch_warnings():
        # Other threads of this process do not go on in the copy, which does not need them.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 1
        try:
            gc.disable()
            _put(make(), file)
            code = 0
        finally:
            os._exit(code)
    until = time.monotonic() + PATIENCE
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status == 0
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return False
        time.sleep(0.01)


def _put(made: object, file: Path) -> None:
    """Whole or not there: another process may look at any moment."""
    fresh = file.with_suffix(f".{os.getpid()}")
    fresh.write_bytes(zlib.compress(pickle.dumps(made), 1))
    fresh.replace(file)


def remembered(render: Callable[[Settings, str], RenderedStack]) -> Callable[[Settings, str], RenderedStack]:
    """`render`, which makes the same plan only once a run."""

    def remembering(settings: Settings, stack: str) -> RenderedStack:
        return kept(f"plan {stack} {key_of(settings)}", lambda: render(settings, stack))

    return remembering


def key_of(settings: Settings) -> str:
    """What settings say. A test may give a stage other sizes than the table."""
    return f"{json.dumps(settings.model_dump(exclude_unset=True), default=_plain, sort_keys=True)} {settings.sizes}"


def _plain(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
