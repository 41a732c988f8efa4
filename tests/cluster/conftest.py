"""The cluster to try things on: what KUBECONFIG names, and only when `make test-cluster` asks for it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.core.exceptions import ConfigError

from scripts.helm import find_helm
from tests.charts.helm import Helm
from tests.cluster.api import GONE, Api
from tests.kubernetes.cases import Object

ASKED, CONTEXT = "ASCENT_TEST_CLUSTER", "ASCENT_TEST_CONTEXT"
BAD_INPUT = 2
# A cluster that happens to be in somebody's environment is none that `make test` may write to.
collect_ignore_glob = [] if os.environ.get(ASKED) else ["test_*.py"]
LEFT_OUT = pytest.StashKey[set[str]]()


def _config() -> SingleConfig:
    if not os.environ.get("KUBECONFIG"):
        pytest.exit(
            "KUBECONFIG is not set, and no other cluster is looked for: say which one may be written to, as in "
            "KUBECONFIG=~/.kube/config make test-cluster. The README says how to get one.",
            BAD_INPUT,
        )
    try:
        found = KubeConfig.from_env().get(os.environ.get(CONTEXT) or None)
    except ConfigError as error:
        pytest.exit(f"{os.environ['KUBECONFIG']}: {error}", BAD_INPUT)
    if found is None or found.user is None:
        pytest.exit(f"{os.environ['KUBECONFIG']}: it has no current context; choose one with CONTEXT=name", BAD_INPUT)
    return found


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LEFT_OUT] = set()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    kinds = config.stash[LEFT_OUT]
    for text in sorted(kinds):
        terminalreporter.write_line(f"Left out, since the cluster has no such kind: {text}")


@pytest.fixture(scope="session")
def api() -> Iterator[Api]:
    config = _config()
    found = Api(config)
    try:
        version = found.version()
    except (httpx2.HTTPError, OSError, ConfigError) as error:
        pytest.exit(f"{config.cluster.server}: no answer to these credentials: {error}", BAD_INPUT)
    print(f"\nKubernetes {version} at {config.cluster.server}")  # noqa: T201
    yield found
    found.close()


@pytest.fixture(scope="session")
def helm() -> Helm:
    return Helm(find_helm())


@pytest.fixture(scope="session")
def left_out(pytestconfig: pytest.Config) -> set[str]:
    """Kinds that the cluster does not have: told in the end."""
    return pytestconfig.stash[LEFT_OUT]


@pytest.fixture
def prefix() -> str:
    """Begins the name of everything that a test creates in the cluster."""
    return f"ascent-test-{secrets.token_hex(4)}"


@pytest.fixture
def create(api: Api) -> Iterator[Callable[[Object], list[str]]]:
    """Applies an object, and takes all of them away again, whatever happens. Says what the server objects to."""
    created: dict[tuple[str, str, str], Object] = {}

    def run(thing: Object) -> list[str]:
        metadata = thing["metadata"]
        created[thing["kind"], metadata.get("namespace", ""), metadata["name"]] = thing
        return api.apply(thing, dry=False).problems

    yield run
    spaces = [one for one in created.values() if one["kind"] == "Namespace"]
    things = [one for one in created.values() if one["kind"] != "Namespace"]
    for one in things:
        api.delete(one)
    remaining = api.left(things)
    for one in spaces:
        api.delete(one)
    for one in spaces if not remaining else []:
        api.finish(one)
    remaining += api.left(spaces)
    remaining += [orphan for one in spaces if not remaining for orphan in api.orphans(one)]
    if remaining:
        pytest.fail(f"still there {GONE:g} s after they were deleted; delete them by hand: {', '.join(remaining)}")
