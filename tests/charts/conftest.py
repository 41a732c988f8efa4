"""Helm, and the real servers that the charts' configuration is tried with."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from scripts.helm import find_helm
from scripts.say import ProblemError
from scripts.servers import Server, find_server
from tests.charts.helm import Helm, merged
from tests.charts.pools import USERS, Pool, Start, Values, started, values_for
from tests.charts.postgres import Postgres, running_postgres
from tests.charts.processes import free_ports, public_directory


@pytest.fixture(scope="session")
def helm() -> Helm:
    return Helm(find_helm())


def server(name: str) -> Server:
    try:
        return find_server(name)
    except ProblemError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def pgbouncer_program() -> Server:
    return server("pgbouncer")


@pytest.fixture(scope="session")
def redis_programs() -> list[Server]:
    return [server("redis-server"), server("redis-cli")]


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    with public_directory() as path:
        yield path


@pytest.fixture(scope="module")
def postgres(directory: Path, pgbouncer_program: Server) -> Iterator[Postgres]:
    assert pgbouncer_program
    home = directory / "postgres"
    home.mkdir()
    with running_postgres(home) as running:
        yield running


@pytest.fixture
def start(
    helm: Helm, pgbouncer_program: Server, postgres: Postgres, directory: Path, tmp_path: Path
) -> Iterator[Start]:
    """Starts PgBouncer as a pod would, with a change of the values, a list of users, and what else is mounted."""
    running: list[Pool] = []

    def from_values(
        change: Values | None = None, users: str = USERS, mounts: Mapping[str, Mapping[str, bytes]] | None = None
    ) -> Pool:
        (port,) = free_ports(1)
        values = merged(values_for(postgres, port), change or {})
        files = {"auth": {"userlist.txt": users.encode()}, **(mounts or {})}
        running.append(started(helm, pgbouncer_program, directory, tmp_path, values, files))
        return running[-1]

    yield from_values
    for pool in running:
        pool.process.stop(signal.SIGKILL)
