"""What all tests share: renders, each made once a run."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest
from hypothesis import HealthCheck, settings

from ops import render
from tests import renders

OWNED = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Have every render of this run kept where its other processes find it; before any test is imported."""
    if renders.STORE not in os.environ:
        os.environ[renders.STORE] = config.stash[OWNED] = tempfile.mkdtemp(prefix="ascent-renders-")
    # Examples are found by what they show. How long one takes says how busy the machine is.
    settings.register_profile("ascent", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("ascent")
    render.render = renders.remembered(render.render)  # type: ignore[assignment]  # it takes the same


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the engine's tests, the longest first: one left for the end would keep a process waiting."""
    items.sort(key=lambda item: ("engine" not in item.path.parts, item.path.stem != "test_walk"))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind. The process that others work for ends last."""
    if OWNED in config.stash:
        shutil.rmtree(config.stash[OWNED], ignore_errors=True)
        del os.environ[renders.STORE]
