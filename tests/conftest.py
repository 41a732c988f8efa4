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
# Folders and files that a fast run leaves out, as they take seconds: real engines, servers, shells and commands,
# stand-ins of AWS behind boto3, and renders that no other test shares.
SLOW = (
    "aws", "boot", "charts", "cluster", "database", "engine", "roles", "commands/test_engine",
    "commands/test_environment", "commands/test_errors", "commands/test_toolchain",
    "drift/test_command", "guard/test_reader", "policy/test_pack", "quotas/test_account",
    "quotas/test_command", "report/test_browser", "restore/test_perform", "rollout/test_commands", "rollout/test_walk",
    "sandbox/test_aws", "sandbox/test_plugin", "scaling/test_hpa_upstream", "scaling/test_rules",
    "transition/test_apply", "transition/test_commands", "unit/test_account",
    "unit/test_authorities", "unit/test_backfill_role", "unit/test_cache_engine", "unit/test_commands",
    "unit/test_components", "unit/test_config_file", "unit/test_documents", "unit/test_endpoints",
    "unit/test_engine_version", "unit/test_existing_network", "unit/test_failover_cloud", "unit/test_failover_fence",
    "unit/test_fleet", "unit/test_proxied", "unit/test_readers", "unit/test_regions", "unit/test_rotation",
    "unit/test_serving",
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


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """In a fast run, do not even import what is slow."""
    return True if renders.FAST in os.environ and _is_below(collection_path, SLOW) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the engine's tests, the longest first: one left for the end would keep a process waiting."""
    for item in items:
        if _is_below(item.path, AGAINST_CLOCKS):
            item.add_marker(pytest.mark.flaky(reruns=TRIES - 1))
    items.sort(key=lambda item: ("engine" not in item.path.parts, item.path.stem != "test_walk"))


def _is_below(path: Path, places: tuple[str, ...]) -> bool:
    here = Path(__file__).parent
    return path.is_relative_to(here) and str(path.relative_to(here)).startswith(places)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind. The process that others work for ends last."""
    if OWNED in config.stash:
        shutil.rmtree(config.stash[OWNED], ignore_errors=True)
        del os.environ[world.STORE]
