"""Renders that tests share. One takes seconds, and many tests look at the same: each is made once a run."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import SecretStr

if TYPE_CHECKING:
    from infra.config.settings import Settings
    from ops.engine.render import RenderedStack

# Environment variable with the directory that all processes of a run share.
STORE = "ASCENT_TEST_RENDERS"
T = TypeVar("T")
_HELD: dict[str, Any] = {}


def kept(key: str, make: Callable[[], T]) -> T:
    """What `make` returns, from this process, from another one of this run, or made now. Not to be changed."""
    if key not in _HELD:
        file = Path(os.environ[STORE]) / hashlib.sha256(key.encode()).hexdigest()
        if file.exists():
            _HELD[key] = pickle.loads(file.read_bytes())  # noqa: S301  written by a process of this run
        else:
            _HELD[key] = make()
            # Whole or not there: another process may look at any moment.
            fresh = file.with_suffix(f".{os.getpid()}")
            fresh.write_bytes(pickle.dumps(_HELD[key]))
            fresh.replace(file)
    return cast(T, _HELD[key])


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
