"""What all tests share: renders, and stacks that the engine has brought up, each made once."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from ops.engine import render
from tests import renders
from tests.engine import world

OWNED = pytest.StashKey[str]()
# Folders and files of tests in which real servers, engines and shells run against each other's clocks, and some are
# killed at a certain moment. On a machine with more to do than time, one of them can come too late: that is seen by
# trying again. All others get one try.
AGAINST_CLOCKS = ("charts", "boot", "database/test_conversion", "database/test_safety", "commands/test_engine")
TRIES = 3
# Folders and files that a fast run leaves out: real engines, servers, shells and commands, and renders of whole stacks.
SLOW = (
    "boot", "charts", "cluster", "database", "engine", "roles", "transition/test_apply", "transition/test_commands",
    "commands/test_engine", "commands/test_toolchain", "commands/test_environment", "sandbox/test_plugin",
    "unit/test_commands", "unit/test_config_file", "unit/test_documents", "unit/test_regions", "quotas/test_command",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Have what is made once kept where the run's other processes find it; before any test is imported."""
    if world.STORE not in os.environ:
        os.environ[renders.STORE] = str(renders.store())
        os.environ[world.STORE] = config.stash[OWNED] = tempfile.mkdtemp(prefix="ascent-stacks-")
    # Examples are found by what they show. How long one takes says how busy the machine is.
    settings.register_profile("ascent", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("ascent")
    render.render = renders.remembered(render.render)  # type: ignore[assignment]  # it takes the same


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the engine's tests, the longest first: one left for the end would keep a process waiting."""
    for item in items:
        if _is_below(item, AGAINST_CLOCKS):
            item.add_marker(pytest.mark.flaky(reruns=TRIES - 1))
    if renders.FAST in os.environ:
        config.hook.pytest_deselected(items=[item for item in items if _is_below(item, SLOW)])
        items[:] = [item for item in items if not _is_below(item, SLOW)]
    items.sort(key=lambda item: ("engine" not in item.path.parts, item.path.stem != "test_walk"))


def _is_below(item: pytest.Item, places: tuple[str, ...]) -> bool:
    here = Path(__file__).parent
    return item.path.is_relative_to(here) and str(item.path.relative_to(here)).startswith(places)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind. The process that others work for ends last."""
    if OWNED in config.stash:
        shutil.rmtree(config.stash[OWNED], ignore_errors=True)
        del os.environ[world.STORE]
